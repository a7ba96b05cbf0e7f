"""First pass, on executors: every row is screened, and those held back are validated; their keys go to the shuffle.

A row of another task may rank before one of these, so rows held back are routed in the second pass.
"""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.control_totals import ControlTotals
from claims_edit.core.route import rejected
from claims_edit.errors import InputError
from claims_edit.intake.extract import read_to_end
from claims_edit.intake.gathering import gathered
from claims_edit.intake.keys import place_in_run
from claims_edit.runner.held_back import KEY_COLUMNS, HeldBack
from claims_edit.runner.kept import LEAST_ROWS, FileRead
from claims_edit.runner.revisions import rejected_revisions
from claims_edit.spark.blocks import (
    EXPLAINED,
    FAULT,
    HELD,
    INFO,
    KEYS,
    PART,
    Block,
    Spool,
    packed,
)
from claims_edit.spark.pieces import release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.core.process import CheckedRows, ProcessedBatch
    from claims_edit.intake import Extract, SourceFile
    from claims_edit.intake.layout import Layout
    from claims_edit.spark.pieces import Job, Piece, Release

HALF = 1 << 32  # of the 64 bits of a hash the higher ones choose the bucket


@dataclass(frozen=True)
class PieceRead:
    """What the driver has to know of a piece that was read: all of it small.

    Attributes:
        file: the extract.
        layout: of the extract.
        rows: that were processed.
        totals: of the rows that could not be split.
        rejects: how many those are.
        filtered: the rows that the mapping skips.
        warnings: of the reader, and `first_warned` their first places.
        line_bits, source_row, late_doubts: see `Extract`.
        held: about how many bytes the second pass will give the driver.
        release: what the process that read it runs.
    """

    file: SourceFile
    layout: Layout
    rows: int
    line_bits: int
    source_row: pl.DataFrame
    late_doubts: pl.DataFrame
    held: int
    release: Release
    totals: ControlTotals = field(default_factory=ControlTotals)
    rejects: int = 0
    filtered: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    first_warned: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)


def first_pass(tasks: Iterable[int], job: Job) -> Iterator[Block]:
    """The blocks of the pieces of some tasks, given by number."""
    for task in tasks:
        for number, piece in enumerate(job.pieces):
            if piece.task == task:
                yield from _blocks(number, piece, job)


def _blocks(number: int, piece: Piece, job: Job) -> Iterator[Block]:
    with tempfile.TemporaryDirectory(prefix="claims-edit-") as scratch:
        reading = _PieceReading(number, piece, job, Path(scratch))
        try:
            read = reading.read()
        except InputError as error:
            yield Block(FAULT, "", piece.place, number, reading.own_bucket, 0, pickle.dumps(error.faults))
            return
        yield from reading.spool
        yield Block(
            HELD, "", piece.place, number, reading.own_bucket, 0, b""
        )  # the second pass knows its pieces by this
        yield Block(INFO, "", piece.place, number, reading.own_bucket, 0, pickle.dumps(read))


class _PieceReading:
    """Reads one piece to its end."""

    def __init__(self, number: int, piece: Piece, job: Job, scratch: Path) -> None:
        self._number, self._piece, self._job, self._scratch = number, piece, job, scratch
        self.own_bucket = job.buckets + piece.task
        self.spool = Spool(scratch)
        self._made = self._held_bytes = 0

    def read(self) -> PieceRead:
        opened = self._job.open(self._piece, self._scratch)
        extract, rows = read_to_end(opened, self._processed)
        rejects = extract.rejects()
        totals = ControlTotals()
        if rejects.height:
            totals, frame = rejected(rejects, self._job.rules.codes)
            self._part("rejects", frame)
            self._part("rejected-revisions", rejected_revisions(rejects))
        return PieceRead(
            extract.file,
            extract.layout,
            rows,
            extract.LINE_BITS,
            extract.source_row(),
            extract.late_doubts(),
            self._held_bytes,
            release(),
            totals,
            rejects.height,
            extract.filtered(),
            extract.warnings,
            extract.first_warned,
        )

    def _processed(self, extract: Extract) -> int:
        self.spool.clear()
        self._held_bytes = 0
        processing = self._job.processing(extract.layout)
        held = HeldBack(FileRead(extract.file, self._piece.place, self._scratch), processing)
        rows = 0
        for raw in gathered(extract.batches(self._job.rows), LEAST_ROWS):
            rows += raw.height
            batch = processing.process_batch(raw)
            keys = batch.keys.with_columns(place_in_run(raw, self._piece.place))
            self._plain(batch, keys)
            for some in held.add(raw.hstack(keys).filter(~batch.plain)):
                self._held(some, held)
        for some in held.rest():
            self._held(some, held)
        return rows

    def _plain(self, batch: ProcessedBatch, keys: pl.DataFrame) -> None:
        """The keys of plain rows, with their charges in cents."""
        cents = batch.charge.to_physical().cast(pl.Int64).alias("cents")
        self._keys(keys.with_columns(cents, plain=pl.lit(value=True)).filter(batch.plain))

    def _held(self, rows: pl.DataFrame, held: HeldBack) -> None:
        raw = rows.drop(KEY_COLUMNS)
        checked: CheckedRows = held.processing.check(raw, rows.select(KEY_COLUMNS))
        self._keys(checked.keys.with_columns(cents=pl.lit(None, pl.Int64), plain=pl.lit(value=False)))
        if checked.explained is not None:
            self._bucketed(EXPLAINED, checked.explained)
        self._add(HELD, "rows", self.own_bucket, packed(raw.hstack(checked.keys)))

    def _keys(self, keys: pl.DataFrame) -> None:
        self._bucketed(KEYS, keys)
        if (known := self._job.may_know(keys["low"])) is not None:
            self._part("met", keys.filter(known).select(KEY_COLUMNS))

    def _bucketed(self, kind: str, keys: pl.DataFrame) -> None:
        """Keys by the bucket of their line: all rows of a line have one."""
        place = pl.col("low").fill_null(0) // HALF * self._job.buckets // HALF
        split = keys.with_columns(bucket=place).partition_by("bucket", as_dict=True, include_key=False)
        for (bucket,), rows in sorted(split.items()):
            self._add(kind, "", int(bucket), packed(rows, compressed=False))

    def _part(self, name: str, frame: pl.DataFrame) -> None:
        if frame.height:
            self._add(PART, name, self.own_bucket, packed(frame))

    def _add(self, kind: str, name: str, bucket: int, payload: bytes) -> None:
        self.spool.add(Block(kind, name, self._piece.place, self._number, bucket, self._made, payload))
        self._made += 1
        self._held_bytes += len(payload) if bucket == self.own_bucket else 0
