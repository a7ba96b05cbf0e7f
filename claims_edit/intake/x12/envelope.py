"""The control segments around the claims: do they come in pairs, and do their counts and numbers agree?

They are never needed to read a claim, so a disagreement is a warning; but a transaction with a wrong segment count may
have lost a fact that would prevent a denial, so its lines are in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.losses import INCOMPLETE
from claims_edit.intake.x12.segments import NOWHERE
from claims_edit.intake.x12.vocabulary import ENVELOPE, KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.intake.x12.loops import FileRows
    from claims_edit.intake.x12.losses import LateDoubts
    from claims_edit.intake.x12.segments import Flags, Kinds, Numbers, Segments

_OTHER = "ST"  # of a transaction that is not an 837: its end is not checked
_CONTROL_NUMBERS = {"ISA": 13, "GS": 6, "ST": 2, "ST*837": 2, "SE": 2, "GE": 2, "IEA": 2}  # which element
_NUMBER_AT = np.array([_CONTROL_NUMBERS.get(kind, NOWHERE) for kind in KINDS])
_NO_NUMBER = -1


@dataclass(frozen=True)
class _Controls:
    """Control segments.

    Attributes:
        kind: their places in KINDS.
        counted: the count in a closing one; _NO_NUMBER if that is not a number.
        number: the control number of each.
        so_far: by kind, the number in the file up to each.
    """

    kind: Kinds
    counted: Numbers
    number: pl.Series
    so_far: dict[str, Numbers]

    def where(self, which: Flags | slice) -> _Controls:
        """Some of them."""
        number = self.number[which] if isinstance(which, slice) else self.number.filter(which)
        so_far = {name: counts[which] for name, counts in self.so_far.items()}
        return _Controls(self.kind[which], self.counted[which], number, so_far)

    def then(self, others: _Controls) -> _Controls:
        """These, and the others behind them."""
        return _Controls(
            np.concatenate((self.kind, others.kind)),
            np.concatenate((self.counted, others.counted)),
            pl.concat([self.number, others.number]),
            {name: np.concatenate((counts, others.so_far[name])) for name, counts in self.so_far.items()},
        )

    def are(self, *kinds: str) -> Flags:
        """Which are of one of these kinds."""
        return np.isin(self.kind, [KINDS.index(kind) for kind in kinds])


@dataclass(frozen=True)
class Level:
    """A pair of control segments: what the closing one counts, and the name of its check."""

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
        self._open: dict[Level, _Controls] = {}
        self._transactions = 0
        self._groups = 0

    def check(self, rows: FileRows, segments: Segments, *, last: bool) -> None:
        """Check the control segments among rows that were not there before; `last`: the file ends here."""
        rows = rows.where(rows.are(*ENVELOPE))
        if rows.kind.size:
            controls = self._controls(rows, segments)
            self._transactions, self._groups = (int(controls.so_far[name][-1]) for name in ("transactions", "groups"))
            for depth, level in enumerate(LEVELS):
                around = [kind for outer in LEVELS[depth:] for kind in (outer.opening, outer.closing)]
                around += [_OTHER] if depth == 0 else []
                self._check(level, controls.where(controls.are(*around)))
        if last:
            for level, left in self._open.items():
                self._warn(
                    f"{level.closing.lower()}-missing", pl.Series(left.so_far["segments"][left.are(level.opening)])
                )

    def _controls(self, rows: FileRows, segments: Segments) -> _Controls:
        counted = segments.elements(rows.segment, 1).cast(pl.Int64, strict=False).fill_null(_NO_NUMBER)
        so_far = {
            "segments": rows.number,
            "transactions": rows.are("ST", "ST*837").cumsum() + self._transactions,
            "groups": rows.are("GS").cumsum() + self._groups,
        }
        return _Controls(rows.kind, counted.to_numpy(), segments.elements(rows.segment, _NUMBER_AT[rows.kind]), so_far)

    def _check(self, level: Level, new: _Controls) -> None:
        """Check one level: `new` are its control segments, and those around it."""
        if not new.kind.size:
            return
        controls = self._open[level].then(new) if level in self._open else new
        is_opening, is_other, is_closing = (controls.are(kind) for kind in (level.opening, _OTHER, level.closing))
        follows_opening, follows_other = (np.append(np.False_, before[:-1]) for before in (is_opening, is_other))
        # ST and SE are counted too
        contents = np.diff(controls.so_far[level.counts], prepend=0) + (level.counts == "segments")
        has_number = controls.number.eq_missing(controls.number.shift(1)).to_numpy()
        name, at = level.closing.lower(), controls.so_far["segments"]
        findings = {
            f"{name}-missing": follows_opening & ~is_closing,
            level.count_check: is_closing & follows_opening & (controls.counted != contents),
            f"{name}02-control-number": is_closing & ~(follows_opening & has_number) & ~follows_other,
        }
        for check, shown in findings.items():
            if shown.any():
                self._warn(check, pl.Series(at[shown]))
        if level.closing == "SE" and (wrong := np.flatnonzero(findings[level.count_check])).size:
            opened, closed = pl.Series(at[wrong - 1]), pl.Series(at[wrong])
            self._late_doubts.add(INCOMPLETE, opened, closed, closed)
        last = controls.where(slice(-1, None))
        self._open[level] = last.where(last.are(level.opening, _OTHER))
