"""The facts in single segments about their loop, claim or line (their `owner`, a row)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.digits import DAY, are_days, are_periods
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.strings import nothing
from claims_edit.intake.x12.vocabulary import KINDS

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.runs import Composites
    from claims_edit.intake.x12.segments import Flags, Numbers

_OF_ONE_DAY = r"\*D8\*([0-9]{8})$"  # the end of a DTP


class Facts:
    """The segments of a chunk, by owner and kind; if an owner has several of a kind, the first one counts."""

    def __init__(self, chunk: Chunk) -> None:
        """Segments are found on demand."""
        self._segments = chunk.segments
        owned = np.flatnonzero((chunk.owner != NONE) & (chunk.rows.kind >= 0))  # an unknown kind is asked for by nobody
        by_kind = owned[np.argsort(chunk.rows.kind[owned], kind="stable")]
        self._places, self._owners = chunk.rows.segment[by_kind], chunk.owner[by_kind]
        self._ends = np.cumsum(np.bincount(chunk.rows.kind[owned], minlength=len(KINDS)))
        self._size = chunk.owner.size
        self._first: dict[str, Numbers] = {}

    def _of(self, kind: str) -> tuple[Numbers, Numbers]:
        """The segments of a kind: their owners and their places, in file order."""
        number = KINDS.index(kind)
        rows = slice(self._ends[number - 1] if number else 0, self._ends[number])
        return self._owners[rows], self._places[rows]

    def first(self, owners: Numbers, kind: str) -> Numbers:
        """The first segment of a kind that each owner has; NONE where it has none."""
        if kind not in self._first:
            owner, place = self._of(kind)
            self._first[kind] = np.full(self._size + 1, NONE, dtype=np.int64)  # owner NONE is the last
            self._first[kind][owner[::-1]] = place[::-1]
        return self._first[kind][owners]

    def has(self, owners: Numbers, kind: str) -> Flags:
        """Whether each owner has a segment of a kind."""
        return np.not_equal(self.first(owners, kind), NONE)

    def element_text(self, owners: Numbers, kind: str, place: int) -> pl.Series:
        """For each owner an element of its segment of a kind."""
        if not self._of(kind)[0].size:
            return nothing(owners.size)
        first = self.first(owners, kind)
        if not np.not_equal(first, NONE).any():
            return nothing(first.size)
        return self._segments.elements(first, place)

    def composite(self, owners: Numbers, kind: str, place: int) -> Composites:
        """The same of a composite element."""
        return self._segments.composites(self.first(owners, kind), place)

    def with_npi(self, owners: Numbers, kind: str) -> Numbers:
        """The first segment of a provider (NM1) that each owner has, NONE if its NM109 is not an NPI (NM108 is XX)."""
        first = self.first(owners, kind)
        if not np.not_equal(first, NONE).any():
            return first
        (is_npi,), _ = self._segments.say(first, 8, "XX")
        return np.where(is_npi, first, NONE)

    def days(self, owners: Numbers, kind: str) -> tuple[pl.Series, pl.Series]:
        """The first day that a DTP gives and, of a period, the last; both null where an owner has none.

        A text that does not have the form of its qualifier, or is empty, is given with the qualifier: no other date is
        used in its place, and validation refuses it, because it is not a date.
        """
        first = self.first(owners, kind)
        begins, ends = self._segments.bounds(first, 3)
        (in_days, in_periods), _ = self._segments.say(first, 2, "D8", "RD8")
        is_day = in_days & are_days(self._segments, begins, ends)
        is_period = in_periods & are_periods(self._segments, begins, ends)
        is_odd = np.not_equal(first, NONE) & ~(is_period | is_day)
        if is_odd.any():
            return self._odd_days(owners, kind)
        last = nothing(owners.size)
        if is_period.any():
            last = self._segments.texts(np.where(is_period, ends - DAY, 0), np.where(is_period, ends, 0))
        return self._segments.texts(begins, np.minimum(begins + DAY, ends)), last

    def _odd_days(self, owners: Numbers, kind: str) -> tuple[pl.Series, pl.Series]:
        """The same where a text may have a blank at an end, or does not have the form of its qualifier."""
        text, is_given = self.element_text(owners, kind, 3), pl.Series(self.has(owners, kind))
        forms, _ = self._segments.say(self.first(owners, kind), 2, "D8", "RD8")
        in_days, in_periods = map(pl.Series, forms)
        is_period = (in_periods & text.str.contains(r"^[0-9]{8}-[0-9]{8}$")).fill_null(value=False)
        is_day = (in_days & text.str.contains(r"^[0-9]{8}$")).fill_null(value=False)
        is_odd = is_given & ~(is_period | is_day)
        form = self.element_text(owners, kind, 2).fill_null("")
        day = text.str.head(DAY).zip_with(~is_odd, form + "*" + text.fill_null(""))
        return day, text.str.tail(DAY).set(~is_period, None)

    def contradicted(self, owners: Numbers, *kinds: str) -> Flags:
        """Whether an owner has two segments of one of these kinds that differ; a day is a period of that day."""
        found = np.zeros(self._size + 1, dtype=np.bool_)
        for owner, place in map(self._of, kinds):
            again = np.flatnonzero(owner[1:] == owner[:-1])
            if again.size:
                one, other = (
                    self._segments.whole(places).str.strip_chars_end("*: ").str.replace(_OF_ONE_DAY, "*RD8*${1}-${1}")
                    for places in (place[again], place[again + 1])
                )
                differs = one != other
                found[owner[again[differs.to_numpy()]]] = True
        return found[owners]
