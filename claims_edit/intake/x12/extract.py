"""X12 837 extracts: the claim lines of professional, institutional and dental claims.

A file is read in chunks. Each chunk gives the lines of the claims that it finishes; an unfinished claim is read
again at the beginning of the next one, after the few segments that define the current loops. So nothing depends
on where a chunk ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl

from claims_edit.intake.extract import FAULT, FIRST_WARNED, ORDINAL, REJECTS_SCHEMA, Extract
from claims_edit.intake.x12.chunk_carryover import Carried, carry
from claims_edit.intake.x12.claim_lines import claim_ids, claim_lines
from claims_edit.intake.x12.contents import Contents
from claims_edit.intake.x12.envelope import ControlCounts
from claims_edit.intake.x12.interchange import LONGEST_SEGMENT, texts, too_long
from claims_edit.intake.x12.kinds import tabulate
from claims_edit.intake.x12.layout import layout_of
from claims_edit.intake.x12.loops import locate
from claims_edit.intake.x12.losses import LateDoubts
from claims_edit.intake.x12.segments import Segments
from claims_edit.intake.x12.service_lines import transaction_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping
    from claims_edit.intake.x12.interchange import Piece
    from claims_edit.intake.x12.loops import Chunk, FileRows
    from claims_edit.intake.x12.segments import Numbers

LONGEST_CLAIM = 64_000_000  # bytes
_BYTES_A_LINE = 64  # of a file; there are rarely fewer


class X12Extract(Extract):
    """An 837 file; ORDINAL is the number of the SV1, SV2 or SV3 segment in the file."""

    CHUNK_BYTES: ClassVar[int] = 2 * 1024 * 1024

    def __init__(self, file: SourceFile, mapping: Mapping) -> None:
        """Nothing is read yet."""
        super().__init__(file, layout_of(mapping))
        self._late_doubts = LateDoubts()
        self._controls = ControlCounts(self._warn, self._late_doubts)
        self._rejected: list[pl.DataFrame] = []
        self._contents = Contents()

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract; a batch is cut between claims, and holds what CHUNK_BYTES do, however many rows are wished."""
        carried = Carried()
        for piece in texts(self.file, min(self.CHUNK_BYTES, rows * _BYTES_A_LINE)):
            lines, carried = self._read(piece, carried)
            if lines.height:
                yield lines
            del piece, lines  # the next ones need the room
        self._contents.check(self.file.path)

    def rejects(self) -> pl.DataFrame:
        """See Extract: claims without lines, and lines without a service."""
        return pl.concat([pl.DataFrame(schema=REJECTS_SCHEMA), *self._rejected]).sort("source_row", "check")

    def late_doubts(self) -> pl.DataFrame:
        """See Extract: doubts from an HL, a person without a claim, or a final count that shows lost segments."""
        return self._late_doubts.ranges()

    def _read(self, piece: Piece, carried: Carried) -> tuple[pl.DataFrame, Carried]:
        """The lines that a piece of the file finishes, and the state for the next; all findings are counted."""
        segments = Segments.unindented(carried.text + piece.text, carried.components + piece.components)
        if len(segments) and (segments.ends - segments.begins).max() > LONGEST_SEGMENT:
            raise too_long(self.file.path, "a segment", LONGEST_SEGMENT)
        known = carried.context.kind.size
        tabulated = tabulate(segments, known, carried.loop, is_former=carried.is_former)
        file_rows = carried.followed_by(tabulated.rows)
        new = slice(int(np.searchsorted(file_rows.number, carried.read, "right")), None)
        self._note(file_rows.where(new), segments, last=piece.last)
        outside = carried.numbers(tabulated.outside)
        self._warn("segment-unreadable", pl.Series(outside[outside > carried.read]))
        chunk = locate(file_rows, segments, last=piece.last)
        lines = claim_lines(chunk)
        for check, found in lines.found.items():
            self._warn(check, pl.Series(chunk.rows.number[found]), claim_ids(chunk, found[:FIRST_WARNED]))
        for check, rejected in lines.rejected.items():
            self._reject(check, chunk, rejected)
        carried = carry(chunk, carried, tabulated)
        if len(carried.text) > LONGEST_CLAIM:
            raise too_long(self.file.path, "a claim", LONGEST_CLAIM)
        return lines.frame.select(*self.layout.sources, ORDINAL, FAULT), carried

    def _note(self, new: FileRows, segments: Segments, *, last: bool) -> None:
        """Check the control segments among new rows, and count what is unreadable."""
        self._controls.check(new, segments, last=last)
        self._contents.note(new, segments)
        self._late_doubts.check_hierarchy(new, segments, last=last)
        self._late_doubts.check_claims(new, last=last)
        self._warn("transaction-not-837", pl.Series(new.where(new.are("ST")).number))
        self._warn("segment-unreadable", pl.Series(new.where(new.unreadable).number))

    def _warn(self, check: str, segments: pl.Series, claims: pl.Series | None = None) -> None:
        """Count the segments that show a finding; `claims` are the ids of the first ones' claims."""
        first = segments.head(FIRST_WARNED).to_list()
        self.warn(check, zip(first, claims if claims is not None else [None] * len(first), strict=True), len(segments))

    def _reject(self, check: str, chunk: Chunk, rows: Numbers) -> None:
        """Store rows for `rejects`, with the transaction of each."""
        if rows.size:
            place = "ST " + transaction_numbers(chunk, rows).fill_null("-") + ": "
            text = place + chunk.segments.whole(chunk.rows.segment[rows])
            rejected = {"source_row": chunk.rows.number[rows], "check": check, "text": text}
            self._rejected.append(pl.DataFrame(rejected, schema=REJECTS_SCHEMA))


def open_extract(file: SourceFile, mapping: Mapping, _scratch: Path) -> X12Extract:
    """See Reader."""
    return X12Extract(file, mapping)
