"""The control segments around the claims: do they come in pairs, and do their counts and numbers agree?

What they say is never needed to read a claim, so a disagreement is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.x12.vocabulary import ENVELOPE

if TYPE_CHECKING:
    from collections import Counter

    from claims_edit.intake.x12.segments import Segments

_CONTROL_NUMBERS = {"ISA": 13, "GS": 6, "ST": 2, "SE": 2, "GE": 2, "IEA": 2}  # which element
_CONTROLS = {
    "kind": pl.String,
    "told": pl.Int64,  # what a closing segment says that it closes
    "number": pl.String,
    "segments": pl.Int64,
    "transactions": pl.Int64,
    "groups": pl.Int64,
}


@dataclass(frozen=True)
class Level:
    """A pair of control segments: what the closing one counts, and what the check of its count is called."""

    opening: str
    closing: str
    counts: str
    count_check: str


LEVELS = (
    Level("ST", "SE", "segments", "se01-segment-count"),
    Level("GS", "GE", "transactions", "ge01-transaction-count"),
    Level("ISA", "IEA", "groups", "iea01-group-count"),
)


class ControlCounts:
    """Checks control segments as they come; keeps those that are open."""

    def __init__(self, warnings: Counter[str]) -> None:
        """Findings are counted in `warnings`."""
        self._warnings = warnings
        self._open = {level: pl.DataFrame(schema=_CONTROLS) for level in LEVELS}
        self._transactions = 0
        self._groups = 0

    def check(self, rows: pl.DataFrame, segments: Segments, *, last: bool) -> None:
        """Check the control segments among rows that were not there before; `last`: the file ends here."""
        rows = rows.filter(pl.col("kind").is_in(ENVELOPE))
        if rows.is_empty() and not last:
            return
        kind, place = rows["kind"].cast(pl.String), rows["segment"].to_numpy()
        number_at = kind.replace_strict(_CONTROL_NUMBERS, return_dtype=pl.Int64).to_numpy()
        controls = pl.DataFrame({
            "kind": kind,
            "told": segments.elements(place, 1).cast(pl.Int64, strict=False),
            "number": segments.elements(place, number_at),
            "segments": rows["number"],
            "transactions": (kind == "ST").cast(pl.Int64).cum_sum() + self._transactions,
            "groups": (kind == "GS").cast(pl.Int64).cum_sum() + self._groups,
        })  # fmt: skip
        if controls.height:
            self._transactions, self._groups = controls["transactions"][-1], controls["groups"][-1]
        for depth, level in enumerate(LEVELS):
            around = [kind for outer in LEVELS[depth:] for kind in (outer.opening, outer.closing)]
            self._check(level, controls.filter(pl.col("kind").is_in(around)), last=last)

    def _check(self, level: Level, new: pl.DataFrame, *, last: bool) -> None:
        """Check one level: `new` are its control segments, and those around it."""
        controls = pl.concat([self._open[level], new])
        kind, counted = pl.col("kind"), pl.col(level.counts)
        follows_opening = (kind.shift(1) == level.opening).fill_null(value=False)
        is_closing = kind == level.closing
        contents = counted - counted.shift(1) + (level.counts == "segments")  # ST and SE are counted too
        name = level.closing.lower()
        found = controls.select(
            (follows_opening & ~is_closing).sum().alias(f"{name}-missing"),
            (is_closing & follows_opening & pl.col("told").ne_missing(contents)).sum().alias(level.count_check),
            (is_closing & ~(follows_opening & pl.col("number").eq_missing(pl.col("number").shift(1))))
            .sum()
            .alias(f"{name}02-control-number"),
        ).row(0, named=True)
        is_open = controls.height > 0 and controls["kind"][-1] == level.opening
        found[f"{name}-missing"] += last and is_open
        self._warnings.update({check: count for check, count in found.items() if count})
        self._open[level] = controls.tail(1 if is_open else 0)
