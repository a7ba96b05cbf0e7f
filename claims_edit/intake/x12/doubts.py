"""The doubts of a chunk: data in the place of a fact that is not understood, with its segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.doubts import AT, SEPARATOR
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.placement import Placement
from claims_edit.intake.x12.strings import nothing

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Numbers


class Doubts:
    """Collects doubts, each about a claim or a line, and gives them to lines."""

    def __init__(self, chunk: Chunk) -> None:
        """Nothing is in doubt yet."""
        self._rows = chunk.rows
        self._found: list[pl.DataFrame] = []

    def add(self, name: str, owners: Numbers, segments: Numbers, elements: pl.Series | None = None) -> None:
        """Add a doubt of `claims_edit.doubts.DOUBTS` for each owner (the row at which its claim or line begins).

        `segments` are those in doubt (indexes into the chunk's Segments), and `elements` name the part (`HI02`).
        """
        if not owners.size:
            return
        row = np.searchsorted(self._rows.segment, segments, "right") - 1  # its own, or the last one before
        number = pl.Series(self._rows.number[row] + segments - self._rows.segment[row])
        token = f"{name}{AT}segment-" + number.cast(pl.String)
        self._found.append(
            pl.DataFrame({"owner": owners, "token": token if elements is None else token + "-" + elements})
        )

    def of(self, *owners: Numbers) -> pl.Series:
        """The doubts of lines, as the column `doubts` holds them; `owners` are the claim of each line, and its line."""
        if not self._found:
            return nothing(owners[0].size)
        joined = (
            pl.concat(self._found)
            .unique(maintain_order=True)
            .group_by("owner", maintain_order=True)
            .agg(pl.col("token").str.join(SEPARATOR))
        )
        found = [
            pl.DataFrame({"owner": each}).join(joined, on="owner", how="left", maintain_order="left")["token"]
            for each in owners
        ]
        tokens = pl.select(pl.concat_str(found, separator=SEPARATOR, ignore_nulls=True).alias("doubts")).to_series()
        return tokens.set(tokens == "", None)


def doubt_placements(doubts: Doubts, chunk: Chunk) -> None:
    """Doubt the claims, or lines, of which a segment is where no guide has it."""
    rows = np.flatnonzero((chunk.rows.placement == Placement.DOUBTFUL) & ~chunk.rows.kept)
    if rows.size:
        owners = np.where(chunk.line[rows] != NONE, chunk.line[rows], chunk.claim[rows])
        doubts.add("segment-misplaced", owners, chunk.rows.segment[rows])
