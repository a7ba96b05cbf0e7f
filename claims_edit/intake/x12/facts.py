"""What single segments say of the loop, the claim or the line in which they stand (their `owner`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.vocabulary import KINDS

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers


class Facts:
    """The segments of a chunk, asked by owner and kind; where an owner has several of a kind, the first one speaks."""

    def __init__(self, chunk: Chunk) -> None:
        """Nothing is looked for before it is asked for."""
        self._segments = chunk.segments
        owned = chunk.rows.filter(pl.col("owner") > 0)
        self._kinds = owned["kind"].to_physical().fill_null(len(KINDS)).to_numpy()
        self._owners = owned["owner"].to_numpy()
        self._places = owned["segment"].to_numpy()
        self._size = chunk.rows.height + 1

    def _of(self, kind: str) -> tuple[Numbers, Numbers]:
        """The segments of a kind: their owners and their places, in file order."""
        rows = np.flatnonzero(self._kinds == KINDS.index(kind))
        return self._owners[rows], self._places[rows]

    def first(self, owners: pl.Series, kind: str) -> Numbers:
        """The first segment of a kind that each owner has; -1 where it has none."""
        owner, place = self._of(kind)
        first = np.full(self._size, -1, dtype=np.int64)
        first[owner[::-1]] = place[::-1]
        return first[owners.to_numpy()]

    def told(self, owners: pl.Series, **wanted: tuple[str, int]) -> pl.DataFrame:
        """For each owner the wanted columns: of which kind of segment, which element."""
        return pl.DataFrame([
            self._segments.elements(self.first(owners, kind), place).alias(name)
            for name, (kind, place) in wanted.items()
        ])  # fmt: skip

    def has(self, owners: pl.Series, kind: str) -> pl.Series:
        """Whether each owner has a segment of a kind."""
        return pl.Series(self.first(owners, kind) >= 0)

    def contradicted(self, owners: pl.Series, *kinds: str) -> pl.Series:
        """Whether an owner has two segments of one of these kinds that differ."""
        found: Flags = np.zeros(self._size, dtype=np.bool_)
        for owner, place in map(self._of, kinds):
            again = np.flatnonzero(owner[1:] == owner[:-1])
            differs = self._segments.whole(place[again]) != self._segments.whole(place[again + 1])
            found[owner[again[differs.to_numpy()]]] = True
        return pl.Series(found[owners.to_numpy()])


def npi(facts: Facts, owners: pl.Series, kind: str) -> pl.Series:
    """The NPI of a provider: NM109 where NM108 is XX."""
    told = facts.told(owners, qualifier=(kind, 8), identifier=(kind, 9))
    return told.select(pl.when(pl.col("qualifier") == "XX").then("identifier")).to_series()


def days(facts: Facts, owners: pl.Series, kind: str, *, moments: bool) -> pl.DataFrame:
    """The `start` and, of a range, the `end` day that a DTP says; `moments` may have a time of day.

    A text that does not have the form that its qualifier says is given with the qualifier: no other date is taken in
    its stead, and the contract refuses it, as it is no date.
    """
    form, period = pl.col("form"), pl.col("period")
    is_range = ((form == "RD8") & period.str.contains(r"^[0-9]{8}-[0-9]{8}$")).fill_null(value=False)
    is_day = (form == "D8") & period.str.contains(r"^[0-9]{8}$")
    if moments:
        is_day |= (form == "DT") & period.str.contains(r"^[0-9]{8}([0-9]{4})?$")
    odd = pl.concat_str(form.fill_null(""), pl.lit("*"), period.fill_null(""))
    told = facts.told(owners, form=(kind, 2), period=(kind, 3)).with_columns(facts.has(owners, kind).alias("is_told"))
    return told.select(
        start=pl.when(is_range | is_day.fill_null(value=False)).then(period.str.head(8)).when("is_told").then(odd),
        end=pl.when(is_range).then(period.str.tail(8)),
    )
