"""The control segments around the claims: do they come in pairs, and do their counts and numbers agree?

What they say is never needed to read a claim, so a disagreement is a warning; but a transaction that has not as many
segments as it says may have lost what would save a line, so its lines are in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.x12.losses import INCOMPLETE
from claims_edit.intake.x12.vocabulary import ENVELOPE, KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.intake.x12.loops import FileRows
    from claims_edit.intake.x12.losses import LateDoubts
    from claims_edit.intake.x12.segments import Segments

_OTHER = "ST"  # of a transaction that is no 837: how it ends is not looked at
_CONTROL_NUMBERS = {"ISA": 13, "GS": 6, "ST": 2, "ST*837": 2, "SE": 2, "GE": 2, "IEA": 2}  # which element
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
    Level("ST*837", "SE", "segments", "se01-segment-count"),
    Level("GS", "GE", "transactions", "ge01-transaction-count"),
    Level("ISA", "IEA", "groups", "iea01-group-count"),
)


class ControlCounts:
    """Checks control segments as they come; keeps the last of each level, if it is yet to be closed."""

    def __init__(self, warn: Callable[[str, pl.Series], None], late_doubts: LateDoubts) -> None:
        """`warn` takes the name of a finding and the segments that show it.

        The lines of a transaction of another length are in `late_doubts`.
        """
        self._warn = warn
        self._late_doubts = late_doubts
        self._open = {level: pl.DataFrame(schema=_CONTROLS) for level in LEVELS}
        self._transactions = 0
        self._groups = 0

    def check(self, rows: FileRows, segments: Segments, *, last: bool) -> None:
        """Check the control segments among rows that were not there before; `last`: the file ends here."""
        rows = rows.where(rows.are(*ENVELOPE))
        if rows.kind.size:
            controls = self._controls(rows, segments)
            self._transactions, self._groups = controls["transactions"][-1], controls["groups"][-1]
            for depth, level in enumerate(LEVELS):
                around = [kind for outer in LEVELS[depth:] for kind in (outer.opening, outer.closing)]
                around += [_OTHER] if depth == 0 else []
                self._check(level, controls.filter(pl.col("kind").is_in(around)))
        if last:
            for level in LEVELS:
                is_open = pl.col("kind") == level.opening
                self._warn(f"{level.closing.lower()}-missing", self._open[level].filter(is_open)["segments"])

    def _controls(self, rows: FileRows, segments: Segments) -> pl.DataFrame:
        kind = pl.Series(KINDS).gather(rows.kind)
        number_at = kind.replace_strict(_CONTROL_NUMBERS, return_dtype=pl.Int64).to_numpy()
        return pl.DataFrame({
            "kind": kind,
            "told": segments.elements(rows.segment, 1).cast(pl.Int64, strict=False),
            "number": segments.elements(rows.segment, number_at),
            "segments": rows.number,
            "transactions": rows.are("ST", "ST*837").cumsum() + self._transactions,
            "groups": rows.are("GS").cumsum() + self._groups,
        })  # fmt: skip

    def _check(self, level: Level, new: pl.DataFrame) -> None:
        """Check one level: `new` are its control segments, and those around it."""
        if new.is_empty():
            return
        controls = pl.concat([self._open[level], new])
        kind, counted = pl.col("kind"), pl.col(level.counts)
        follows_opening = (kind.shift(1) == level.opening).fill_null(value=False)
        follows_other = (kind.shift(1) == _OTHER).fill_null(value=False)
        is_closing = kind == level.closing
        contents = counted - counted.shift(1) + (level.counts == "segments")  # ST and SE are counted too
        has_number = pl.col("number").eq_missing(pl.col("number").shift(1))
        name = level.closing.lower()
        findings = {
            f"{name}-missing": follows_opening & ~is_closing,
            level.count_check: is_closing & follows_opening & pl.col("told").ne_missing(contents),
            f"{name}02-control-number": is_closing & ~(follows_opening & has_number) & ~follows_other,
        }
        shown = controls.select(**findings)
        for check in findings:
            if shown[check].any():
                self._warn(check, controls["segments"].filter(shown[check]))
        if level.closing == "SE" and (wrong := shown[level.count_check]).any():
            opened, closed = controls["segments"].shift(1).filter(wrong), controls["segments"].filter(wrong)
            self._late_doubts.add(INCOMPLETE, opened, closed, closed)
        self._open[level] = controls.tail(1).filter(kind.is_in((level.opening, _OTHER)))
