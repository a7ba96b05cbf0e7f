"""Whether the codes of an 835 adjustment may stand together, after the tables in remittance/."""

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
    """Every combination on record."""
    return tuple(combination for file in files for combination in file.combinations)


def mismatches(adjustment: Adjustment, combinations: Iterable[Combination]) -> list[Mismatch]:
    """What keeps the codes from being a combination on record; nothing if they are one.

    Where a CARC stands in several scenarios, one that fits is enough; else the nearest one tells what is wrong.
    """
    of_carc = [combination for combination in combinations if combination.carc == adjustment.carc]
    if not of_carc:
        return [
            Mismatch(
                "carc", f"CARC `{adjustment.carc}` is in no scenario of remittance/", "Correct it, or add it there"
            )
        ]
    return min((list(_against(adjustment, combination)) for combination in of_carc), key=len)


def _against(adjustment: Adjustment, combination: Combination) -> Iterator[Mismatch]:
    codes = f"CARC `{combination.carc}` (scenario {combination.scenario})"
    if adjustment.disposition not in combination.dispositions:
        may = " or ".join(combination.dispositions)
        yield Mismatch("disposition", f"{codes} may not serve a {adjustment.disposition}", f"Use it to {may} only")
    if adjustment.group_code is not None and adjustment.group_code not in combination.group_codes:
        allowed = ", ".join(combination.group_codes)
        yield Mismatch("group_code", f"`{adjustment.group_code}` does not go with {codes}", f"Use one of {allowed}")
    if combination.needs_remark and not adjustment.rarcs:
        allowed = ", ".join(combination.rarcs)
        yield Mismatch("rarcs", f"is empty, and {codes} needs a remark code", f"Add one of {allowed}")
    for rarc in adjustment.rarcs:
        if rarc not in combination.rarcs:
            remedy = "Correct it, or add it to the combination in remittance/"
            yield Mismatch("rarcs", f"`{rarc}` is not on record with {codes}", remedy)
