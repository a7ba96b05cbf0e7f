"""Runs of claim lines, as the ledger of `tests/lib/ledger.py` takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal

ORIGINAL, REPLACEMENT, VOID = "1", "7", "8"


class Claim(NamedTuple):
    """Whose claim it is, and its number. Tables have no billing provider."""

    payer: str
    data_source: str
    member: str
    provider: str | None
    claim_id: str


class Line(NamedTuple):
    """A line of a claim: of an original, a replacement or a void."""

    claim: Claim
    number: int
    frequency: str


@dataclass(frozen=True)
class Row:
    """One row of an extract, with the decision that it gets where nothing supersedes it or casts doubt on it."""

    claim: Claim
    number: int = 1
    frequency: str = ORIGINAL
    original: str | None = None
    amount: Decimal | None = None
    decides: tuple[str, ...] = ()  # whatever else decides the line: code, dates, diagnoses …
    disposition: str = "deny"
    candidate: bool = True
    accepted: bool = True

    @property
    def line(self) -> Line:
        return Line(self.claim, self.number, self.frequency)

    @property
    def facts(self) -> tuple[object, ...]:
        """What must be the same for a repeat within a run to be harmless."""
        return self.candidate, self.amount, self.decides


@dataclass(frozen=True)
class Night:
    """One published run. A run that was killed, or skipped as done before, is none."""

    as_of: date
    run: int
    files: Mapping[str, Sequence[Row]]
    shadow: bool = False
