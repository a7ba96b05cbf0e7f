"""What the damage of every format has in common: lines as they were sent, and files in which one thing is damaged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "{v}"  # noqa: S105 -- in ids of a template; each file that is written has a number of its own there
DENY, REVIEW, REFER, PASS, RETURN, REFUSED = "deny", "review", "refer", "pass", "return", "refused"


@dataclass(frozen=True)
class Line:
    """A candidate line as it was sent, and the outcome that it has when nothing is damaged.

    No two lines of a file have the same charge, so that the charge tells which line a row is.
    """

    claim_id: str
    member_id: str
    payer: str
    provider: str
    charge: str
    outcome: str
    day: str = ""

    @property
    def identity(self) -> dict[str, str]:
        """The columns of a decision that say whose line it is, where the claims of a file differ in them."""
        return {
            "claim_id": self.claim_id,
            "member_id": self.member_id,
            "payer_raw": self.payer,
            "billing_npi": self.provider,
        }


@dataclass(frozen=True)
class Variant:
    """A sound file (`damage` is "sound"), or one in which one thing is damaged.

    Attributes:
        source: the name of the sound file.
        format: `837P`, `837I`, `837D`, `fhir-ndjson`, `fhir-json`, `csv`, `parquet` or `ndjson`.
        mapping: the name of the mapping that it is read with.
        damage: the kind of damage, such as "segment-lost".
        place: what is damaged, such as "REF*P4 2300".
        content: the file, with TOKEN in its ids.
        lines: what the sound file has.
        owners: for each row of the file (segment, resource, table row, in order), the lines that it is part of.
        kept: the lines that must still be accounted for.
        alone: it cannot share a file with others.
    """

    source: str
    format: str
    mapping: str
    damage: str
    place: str
    content: str
    lines: tuple[Line, ...]
    owners: tuple[tuple[int, ...], ...]
    kept: tuple[int, ...]
    alone: bool = False
    head: str = field(default="", compare=False)

    @property
    def kind(self) -> str:
        """What findings are counted by."""
        return f"{self.damage} {self.place}"


class Possible(NamedTuple):
    """A damage that a draw may take: its kind, and the file that it makes. Most are never taken, so never made."""

    damage: str
    made: Callable[[], Variant]


def ready(variant: Variant) -> Possible:
    """A file that is made already."""
    return Possible(variant.damage, lambda: variant)
