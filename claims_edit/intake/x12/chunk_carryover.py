"""What one chunk of an 837 leaves to the next, so that nothing depends on where a chunk ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from claims_edit.intake.x12.loops import LEVELS, NONE, FileRows
from claims_edit.intake.x12.placement import OUTSIDE, Placement
from claims_edit.intake.x12.segment_ids import UNKNOWN

if TYPE_CHECKING:
    from claims_edit.intake.x12.kinds import Rows, Tabulated
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers

_NO_NUMBERS: Numbers = np.zeros(0, dtype=np.int64)
_NO_FLAGS: Flags = np.zeros(0, dtype=np.bool_)
_NO_ROWS = FileRows(
    _NO_NUMBERS,
    np.zeros(0, dtype=np.int16),
    _NO_FLAGS,
    _NO_NUMBERS,
    _NO_NUMBERS,
    number=_NO_NUMBERS,
    displaced=_NO_FLAGS,
    kept=_NO_FLAGS,
)


@dataclass(frozen=True)
class Carried:
    """The state at the beginning of a chunk.

    Attributes:
        context: the segments that open or describe the current loops, or that put them in doubt.
        text: of these, and of the unfinished claim behind them.
        components: the component separators: those before the first ISA of the text, and those of that ISA.
        before: how many segments of the file are before the unfinished claim.
        read: how many segments of the file were read.
        loop: the loop in force before the unfinished claim.
        is_former: whether the group in force there is of 004010.
    """

    context: FileRows = _NO_ROWS
    text: bytes = b""
    components: str = ":"
    before: int = 0
    read: int = 0
    loop: int = OUTSIDE
    is_former: bool = False

    def numbers(self, segments: Numbers) -> Numbers:
        """The numbers in the file of segments behind the context."""
        return segments - self.context.kind.size + self.before + 1

    def followed_by(self, rows: Rows) -> FileRows:
        """The rows of a text that begins with carried segments, as in the file."""
        known = self.context.kind.size
        new = rows.where(slice(int(np.searchsorted(rows.segment, known)), None))
        context = replace(self.context, segment=np.arange(known))
        return context.then(
            FileRows(
                new.segment,
                new.kind,
                new.unreadable,
                new.placement,
                new.before,
                number=self.numbers(new.segment),
                displaced=new.placement == Placement.DISPLACED,
                kept=np.zeros(new.kind.size, dtype=np.bool_),
            )
        )


def carry(chunk: Chunk, carried: Carried, tabulated: Tabulated) -> Carried:
    """The state for the next chunk, from this one's state (`carried`) and rows (`tabulated`)."""
    read = carried.before + len(chunk.segments) - carried.context.kind.size
    wanted = _context(chunk)
    is_claim_level = chunk.line[wanted] == NONE  # a line's own segments are done, and only put its claim in doubt
    context = chunk.rows.where(wanted)
    context = replace(
        context,
        kind=np.where(is_claim_level, context.kind, np.int16(UNKNOWN)),
        kept=np.ones(wanted.size, dtype=np.bool_),
    )
    text = chunk.segments.joined(context.segment)
    components = chunk.segments.last_component * (1 + int(context.are("ISA").sum()))
    if chunk.end == chunk.rows.kind.size:
        return Carried(context, text, components, read, read, tabulated.loop, tabulated.is_former)
    unfinished = chunk.segments.since(int(chunk.rows.segment[chunk.end]))
    before, loop = int(chunk.rows.number[chunk.end]) - 1, int(chunk.rows.before[chunk.end])
    return Carried(context, text + unfinished, components, before, read, loop, tabulated.is_former)


def _context(chunk: Chunk) -> Numbers:
    """The rows before the unfinished claim that define the current loops, and the doubts about them."""
    size = chunk.loop.size
    if not size:
        return _NO_NUMBERS
    here = min(chunk.end, size - 1)
    begun = (chunk.loop, chunk.provider, chunk.subscriber, chunk.transaction, chunk.group, chunk.interchange)
    rows = np.array([loops[here] for loops in begun])
    opens = chunk.rows.are(*LEVELS, "ISA", "GS", "ST", "ST*837")
    in_force = rows[(rows != NONE) & opens[rows]]
    doubts = (chunk.rows.unreadable, chunk.rows.displaced)
    before = np.arange(size) < chunk.end
    is_done = (chunk.claim == NONE) & ((chunk.line == NONE) | doubts[0] | doubts[1])
    kept = before & np.isin(chunk.loop, in_force) & is_done
    of_claims = before & (chunk.loop == chunk.loop[here]) & (chunk.claim != NONE)
    for doubtful in doubts:
        for row in np.flatnonzero(of_claims & doubtful)[-1:]:
            kept[[row, chunk.claim[row]]] = True
    return np.flatnonzero(kept)
