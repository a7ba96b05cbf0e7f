"""Whether the codes of an 835 adjustment are an approved combination, per the tables in remittance/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.policy.pack import Combination, RemittanceFile


@dataclass(frozen=True)
class Adjustment:
    """The codes of one adjustment, and the disposition that it serves (`deny` or `return`)."""

    disposition: str
    group_code: str | None
    carc: str
    rarcs: tuple[str, ...]


@dataclass(frozen=True)
class Mismatch:
    """What is wrong with an adjustment: the field of it, the problem, the remedy."""

    field: str
    problem: str
    remedy: str


def combinations_of(files: Iterable[RemittanceFile]) -> tuple[Combination, ...]:
    """Every approved combination."""
    return tuple(combination for file in files for combination in file.combinations)


def mismatches(adjustment: Adjustment, combinations: Iterable[Combination]) -> list[Mismatch]:
    """Why the codes are not an approved combination; nothing if they are one.

    Where a CARC is in several scenarios, one match is enough; else the nearest one shows what is wrong.
    """
    of_carc = [combination for combination in combinations if combination.carc == adjustment.carc]
    if not of_carc:
        return [
            Mismatch(
                "carc",
                f"CARC `{adjustment.carc}` is not in an approved combination of remittance/",
                "Correct it, or add it there",
            )
        ]
    return min((list(_against(adjustment, combination)) for combination in of_carc), key=len)


def _against(adjustment: Adjustment, combination: Combination) -> Iterator[Mismatch]:
    codes = f"CARC `{combination.carc}` (scenario {combination.scenario})"
    if adjustment.disposition not in combination.dispositions:
        may = " or ".join(combination.dispositions)
        yield Mismatch(
            "disposition", f"{codes} is not approved for a {adjustment.disposition}", f"Use it only to {may}"
        )
    if adjustment.group_code is not None and adjustment.group_code not in combination.group_codes:
        allowed = ", ".join(combination.group_codes)
        yield Mismatch("group_code", f"`{adjustment.group_code}` does not go with {codes}", f"Use one of {allowed}")
    if combination.needs_remark and not adjustment.rarcs:
        allowed = ", ".join(combination.rarcs)
        yield Mismatch("rarcs", f"is empty, but {codes} needs a remark code", f"Add one of {allowed}")
    for rarc in adjustment.rarcs:
        if rarc not in combination.rarcs:
            remedy = "Correct it, or add it to the combination in remittance/"
            yield Mismatch("rarcs", f"`{rarc}` is not an approved combination with {codes}", remedy)
