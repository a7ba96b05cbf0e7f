"""Which implementation guide a transaction follows, and which date of the claim each guide lets a line fall back on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.layout import CLAIM_DATES
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.segments import word
from claims_edit.intake.x12.strings import nothing

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers

_VERSION = len("005010")  # in GS08 and ST03, before X and the number of the guide: 005010X222A1
# The claim type of the claims of each guide.
GUIDES = {
    "098": "professional", "096": "institutional", "097": "undetermined",
    "222": "professional", "223": "institutional", "224": "undetermined",
    "298": "professional", "299": "institutional", "300": "undetermined",
}  # fmt: skip


def claim_days(chunk: Chunk, claims: Numbers, claim_types: pl.Series, facts: Facts) -> tuple[pl.Series, pl.Series]:
    """The first and the last day of the claim that each line may fall back on, null where its guide gives it none.

    `claims` (rows, NONE for none) and `claim_types` go by line; neither GS08 nor ST03 may name another guide than the
    line's service segment does.
    """
    found = np.full(claims.size, NONE, dtype=np.int64)
    days: list[tuple[pl.Series, pl.Series]] = []
    for claim_type, kind in CLAIM_DATES.items():
        which = np.flatnonzero(facts.has(claims, kind) & (claim_types == claim_type).to_numpy())
        for opened, place in ((chunk.group, 8), (chunk.transaction, 3)):
            which = which[_agrees(chunk, opened[claims[which]], place, claim_type)]
        if which.size:
            found[which] = np.arange(which.size) + sum(start.len() for start, _ in days)
            days.append(facts.days(claims[which], kind))
    if not days:
        return nothing(claims.size), nothing(claims.size)
    at = pl.Series(found).set(pl.Series(found == NONE), None)
    start, end = (pl.concat(each).gather(at) for each in zip(*days, strict=True))
    return start, end


def _agrees(chunk: Chunk, opened: Numbers, place: int, claim_type: str) -> Flags:
    """Whether the guide that an element of each opening segment names is of a claim type, or is not known."""
    begins, ends = chunk.segments.bounds(chunk.opening_of(opened), place)
    number = np.minimum(begins + _VERSION, ends)
    names_guide = chunk.segments.words(number, np.minimum(number + 1, ends)) == word("X")
    words = chunk.segments.words(np.minimum(number + 1, ends), np.minimum(number + 4, ends))
    agrees: Flags = ~(names_guide & np.isin(words, [word(of) for of, kind in GUIDES.items() if kind != claim_type]))
    return agrees
