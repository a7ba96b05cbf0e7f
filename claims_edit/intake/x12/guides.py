"""Which implementation guide a transaction follows, and which date of the claim each guide lets a line fall back on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

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
# The claim type whose lines may take the claim's date, and the date: of service (837D), of the statement (837I).
# A line of an 837P has a date of its own, and no guide makes the day of admission (435) a date of service.
CLAIM_DATES = {"institutional": "DTP*434", "undetermined": "DTP*472"}


def claim_days(chunk: Chunk, claims: Numbers, claim_types: pl.Series, facts: Facts) -> tuple[pl.Series, pl.Series]:
    """The first and the last day of the claim that each line may fall back on, null where its guide gives it none.

    `claims` (rows, NONE for none) and `claim_types` go by line; neither GS08 nor ST03 may name another guide than the
    line's service segment does.
    """
    start = end = nothing(claims.size)
    for claim_type, kind in CLAIM_DATES.items():
        is_given = facts.has(claims, kind)
        if not is_given.any():
            continue
        is_given &= (claim_types == claim_type).to_numpy()
        for opened, place in ((chunk.group, 8), (chunk.transaction, 3)):
            is_given &= _agrees(chunk, np.where(claims == NONE, NONE, opened[claims]), place, claim_type)
        first, last = facts.days(np.where(is_given, claims, NONE), kind)
        taken = pl.Series(is_given)
        start, end = first.zip_with(taken, start), last.zip_with(taken, end)
    return start, end


def _agrees(chunk: Chunk, opened: Numbers, place: int, claim_type: str) -> Flags:
    """Whether the guide that an element of each opening segment names is of a claim type, or is not known."""
    begins, ends = chunk.segments.bounds(chunk.opening_of(opened), place)
    number = np.minimum(begins + _VERSION, ends)
    names_guide = chunk.segments.words(number, np.minimum(number + 1, ends)) == word("X")
    words = chunk.segments.words(np.minimum(number + 1, ends), np.minimum(number + 4, ends))
    agrees: Flags = ~(names_guide & np.isin(words, [word(of) for of, kind in GUIDES.items() if kind != claim_type]))
    return agrees
