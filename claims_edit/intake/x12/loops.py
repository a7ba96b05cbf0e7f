"""The location of each segment: loop of the hierarchy, claim, line; and the unfinished part of a chunk.

Loops, claims and lines are named by the row at which they begin; NONE is none. A segment belongs to what began last
before it, so that all of it is a matter of what came latest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from claims_edit.intake.x12.kinds import Rows
from claims_edit.intake.x12.runs import latest
from claims_edit.intake.x12.vocabulary import ENVELOPE, SERVICES

if TYPE_CHECKING:
    from claims_edit.intake.x12.segments import Flags, Numbers, Segments

NONE = -1
LEVELS = ("HL", "HL*20", "HL*22", "HL*23")


@dataclass(frozen=True)
class FileRows(Rows):
    """The rows of a chunk, as in the file.

    Attributes:
        number: the number of the segment in the file, from 1.
        displaced: it cannot be at this position: the HL or CLM before it was lost.
        kept: it was already processed, and is here as context.
    """

    number: Numbers
    displaced: Flags
    kept: Flags


@dataclass(frozen=True)
class Chunk:
    """The segments of one chunk, behind those that were kept for it; all but `segments` and `end` go by row.

    Attributes:
        segments: their text.
        rows: what they are.
        loop: the loop or envelope of a row; `claim` and `line` likewise.
        owner: which of these three it describes; NONE in loops 2320 and 2330, which are other payers'.
        provider: the 2000A in force; `subscriber` the 2000B.
        transaction: the ST in force; `group` the GS, `interchange` the ISA.
        last: of the loop, envelope or claim that begins at a row, the last row of its own.
        follower: of the claim that begins at a row, the next claim or envelope.
        unreadable_before: whether anything is unreadable from the beginning of the loop to there.
        displaced_before: the same for displaced segments.
        end: the row at which the unfinished part begins.
    """

    segments: Segments
    rows: FileRows
    loop: Numbers
    claim: Numbers
    line: Numbers
    owner: Numbers
    provider: Numbers
    subscriber: Numbers
    transaction: Numbers
    group: Numbers
    interchange: Numbers
    last: Numbers
    follower: Numbers
    unreadable_before: Flags
    displaced_before: Flags
    end: int

    def finished(self, *kinds: str) -> Numbers:
        """The complete rows of these kinds that were not processed before."""
        found = np.flatnonzero(self.rows.are(*kinds) & ~self.rows.kept)
        return found[found < self.end]

    def opening_of(self, begun: Numbers) -> Numbers:
        """The segments that open loops, claims or lines, or envelopes around them; NONE of none."""
        return np.where(begun == NONE, NONE, self.rows.segment[begun])


def locate(rows: FileRows, segments: Segments, *, last: bool) -> Chunk:
    """Locate each row; `last`: the file ends here."""
    envelope, of_20, of_22 = (latest(rows.are(*kinds)) for kinds in (ENVELOPE, ("HL*20",), ("HL*22",)))
    loop = np.maximum(envelope, latest(rows.are(*LEVELS)))
    opened = latest(rows.are("ST*837"))
    claim = _inside(latest(rows.are("CLM")), loop)
    line = _lines(rows, np.maximum(loop, claim))
    is_other_payer = (claim != NONE) & (latest(rows.are("SBR")) > claim)
    owner = np.where(is_other_payer, NONE, np.where(claim != NONE, claim, loop))
    is_claim = rows.are("CLM")
    ends_claim = is_claim | rows.are(*ENVELOPE)
    return Chunk(
        segments,
        rows,
        loop=loop,
        claim=claim,
        line=line,
        owner=np.where(line != NONE, line, owner),
        provider=_inside(of_20, envelope),
        subscriber=_inside(of_22, np.maximum(envelope, of_20)),
        transaction=np.where(opened == envelope, opened, NONE),
        group=_inside(latest(rows.are("GS")), latest(rows.are("GE", "ISA", "IEA"))),
        interchange=_inside(latest(rows.are("ISA")), latest(rows.are("IEA"))),
        last=_next(ends_claim | rows.are(*LEVELS)) - 1,
        follower=_next(ends_claim),
        unreadable_before=latest(rows.unreadable) >= np.maximum(loop, 0),
        displaced_before=latest(rows.displaced) >= np.maximum(loop, 0),
        end=rows.kind.size if last else _end(is_claim, ends_claim, line),
    )


def _inside(begun: Numbers, closed: Numbers) -> Numbers:
    """What has begun, unless something that ends it began later."""
    return np.where(begun > closed, begun, NONE)


def _lines(rows: FileRows, above: Numbers) -> Numbers:
    """The line of each row: it begins with an LX, or with a service that has no LX of its own."""
    is_service = rows.are(*SERVICES)
    service_before = np.concatenate(([NONE], latest(is_service)))[: is_service.size]
    lx = latest(rows.are("LX"))
    has_no_lx = is_service & (lx <= np.maximum(above, service_before))
    return _inside(latest(rows.are("LX") | has_no_lx), above)


def _next(begins: Flags) -> Numbers:
    """For each row at which something begins, the next such row, or the end."""
    places = np.flatnonzero(begins)
    following = np.full(begins.size, NONE, dtype=np.int64)
    following[places] = np.append(places[1:], begins.size)[: places.size]
    return following


def _end(is_claim: Flags, ends_claim: Flags, line: Numbers) -> int:
    """The row at which the claim begins that is not over yet, or the line without claim."""
    last = np.flatnonzero(ends_claim)[-1:]
    if is_claim[last].any():
        return int(last[0])
    return int(line[-1]) if line.size and line[-1] != NONE else line.size
