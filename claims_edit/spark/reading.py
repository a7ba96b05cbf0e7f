"""The extracts of a run, read by Spark: what tasks leave is put where the run on one machine looks for it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from claims_edit.core.control_totals import ControlTotals
from claims_edit.errors import InputError
from claims_edit.intake import consulted
from claims_edit.runner.kept import FileRead
from claims_edit.runner.reading import Reading, file_state
from claims_edit.runner.revisions import REPEATED, RunRevisions, none_known
from claims_edit.spark.blocks import FAULT, INFO, Block, blocks_of, unpacked
from claims_edit.spark.deciding import decided_on_executors
from claims_edit.spark.first_pass import PieceRead, first_pass
from claims_edit.spark.jobs import AT_A_TIME, done
from claims_edit.spark.pieces import Job, planned, refuse_other, tasks_for
from claims_edit.spark.repeats import PAIRS, highs_in, merged, repeats
from claims_edit.spark.second_pass import DIFFERING, Located, Resolved, second_pass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from pyspark import RDD
    from pyspark.sql import SparkSession

    from claims_edit.intake import Discovered, Extract
    from claims_edit.runner.deciding import Deciding


@dataclass
class _File:
    """One extract: the pieces of it that were read, or its faults."""

    pieces: list[PieceRead] = field(default_factory=list)
    faults: tuple[str, ...] = ()


class SparkReading(Reading):
    """Reads all extracts of one run on the executors of a Spark session."""

    def __init__(self, *given: Any, spark: SparkSession, partitions: int | None = None, **named: Any) -> None:  # noqa: ANN401 -- passed on
        """`partitions` is how many tasks share the rows, and their keys; the other arguments are those of Reading."""
        super().__init__(*given, **named | {"text_bytes": 0})
        self._spark, self._partitions = spark.sparkContext, partitions
        self._job: Job
        self._held: dict[int, int] = {}  # by partition of the shuffle, the bytes that the second pass will give
        self._shuffled: RDD[tuple[int, Block]]
        self._before: dict[Path, tuple[int, int]] = {}

    def read(self, files: Discovered, fmt: str) -> Iterator[FileRead | InputError]:
        """See Reading: every extract is read before the first is returned."""
        paths = files.extracts
        self._before = {path: file_state(path) for path in paths}
        tasks = self._partitions or tasks_for(paths, self._spark.defaultParallelism)
        pieces, rows = planned(paths, fmt, self._mapping, self._scratch, tasks)
        context = consulted(files.inputs, fmt)
        self._job = Job(
            self._catalog, self._mapping, self._rules, fmt, context, self._accept_test_data, self._may_know,
            tuple(pieces), tasks, rows,
        )  # fmt: skip
        first = self._spark.parallelize(range(tasks), tasks).mapPartitions(partial(first_pass, job=self._job))
        # Its files on the disks of executors serve several jobs.
        self._shuffled = first.keyBy(attrgetter("bucket")).partitionBy(self._job.partitions, int)
        read = self._pieces_read(len(paths))
        for place in range(len(paths)):
            try:
                yield self._file_read(place, read[place])
            except InputError as error:
                self.forget(place)
                yield error

    def _pieces_read(self, files: int) -> list[_File]:
        """What became of each extract."""
        read = [_File() for _ in range(files)]
        of_pieces = range(self._job.buckets, self._job.partitions)
        found = self._done(partial(blocks_of, kinds=(INFO, FAULT)), of_pieces)
        for block in sorted(found, key=attrgetter("piece")):
            if block.kind == FAULT:
                read[block.place].faults = read[block.place].faults or pickle.loads(block.payload)  # noqa: S301 -- of our tasks
            else:
                piece: PieceRead = pickle.loads(block.payload)  # noqa: S301 -- of our tasks
                refuse_other(piece.release)
                read[block.place].pieces.append(piece)
                self._held[block.bucket] = self._held.get(block.bucket, 0) + piece.held
        return read

    def _file_read(self, place: int, read: _File) -> FileRead:
        if read.faults:
            raise InputError(*read.faults)
        one = read.pieces[0]
        found = FileRead(
            one.file, place, self._folder(place), columns=one.layout.columns, ignored=one.layout.ignored,
            waiting=sum(piece.rows for piece in read.pieces),
        )  # fmt: skip
        found.folder.mkdir()
        for piece in read.pieces:
            found.totals.add(piece.totals)
        found.totals.warnings_by_check.update(one.warnings)
        found.totals.rows_filtered = one.filtered
        self.refuse_empty(found, sum(piece.rejects for piece in read.pieces))
        located = Located(one.file, one.layout, one.line_bits, one.source_row, one.late_doubts, one.first_warned)
        self._extracts[place] = cast("Extract", located)
        self._on_rows(found.waiting)
        return found

    def _finish(self, read: list[FileRead]) -> None:
        """Resolve the repeats in Spark's shuffle, route what waited, and compare repeats with their firsts."""
        by_place = {found.place: found for found in read}
        found = self._resolved(by_place)
        path = self._scratch / REPEATED
        found.write_parquet(path)
        second = partial(second_pass, resolved=Resolved(self._job, cast("dict[int, Located]", self._extracts), found))
        for some in _together(self._held):
            for block in self._done(second, some):
                self._keep_block(block, by_place[block.place])
        for file in read:
            if file_state(file.file.path) != self._before[file.file.path]:
                raise InputError(f"{file.file.path}: changed while it was read. Run again when it is complete.")
        if found.height:
            self._repeats_among_refused(pl.scan_parquet(path, glob=False), read)
            self._differing.compare(self._kept_candidates)

    def _resolved(self, by_place: dict[int, FileRead]) -> pl.DataFrame:
        """The repeats of the run (`row`, `first`); the totals of plain rows that are none are added to their files'."""
        pairs = []
        for block in self._done(partial(repeats, read=frozenset(by_place)), range(self._job.buckets)):
            if block.name == PAIRS:
                pairs.append(unpacked(block.payload))
                continue
            for place, count, cents in pickle.loads(block.payload):  # noqa: S301 -- of our tasks
                amount = Decimal(cents or 0).scaleb(-2)
                totals = ControlTotals(rows_read=count, rows_accepted=count, read=amount, accepted=amount)
                by_place[place].totals.add(totals)
        return merged(pairs)

    def _keep_block(self, block: Block, found: FileRead) -> None:
        """Keep what the second pass made of some rows of a file."""
        if block.kind == INFO:
            found.totals.add(pickle.loads(block.payload))  # noqa: S301 -- of our tasks
        elif block.name == DIFFERING:
            self._differing.add(unpacked(block.payload))
        else:
            self._keep(unpacked(block.payload), found, block.name)
            self._parts += 1

    def _done(
        self, work: Callable[[Iterable[tuple[int, Block]]], Iterator[Block]], partitions: Iterable[int]
    ) -> list[Block]:
        """What the tasks of one job make of some partitions of the shuffle, in order.

        Raises:
            ResultsError: the job failed.
        """
        return done(self._spark, self._shuffled, work, partitions)

    def decided(self, parts: Iterator[pl.DataFrame], deciding: Deciding) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """See Reading."""
        return decided_on_executors(self._spark, parts, deciding)

    def revisions(self, known_claims: Callable[[pl.Series], pl.Series] = none_known) -> RunRevisions:
        """See Reading."""
        return _Revisions(self._scratch, self._payers, known_claims, highs_in_run=self._highs_in_run)

    def _highs_in_run(self, asked: pl.Series) -> pl.Series:
        """Which of these claims rows of the run have."""
        wanted = asked.alias("high").to_frame()
        found = self._done(partial(highs_in, wanted=wanted, read=frozenset(self._extracts)), range(self._job.buckets))
        frames = [unpacked(block.payload)["high"] for block in found]
        return pl.concat(frames).unique() if frames else pl.Series("high", dtype=pl.UInt64)


class _Revisions(RunRevisions):
    """The revisions of a run whose keys are with Spark."""

    def __init__(self, *given: Any, highs_in_run: Callable[[pl.Series], pl.Series]) -> None:  # noqa: ANN401 -- passed on
        super().__init__(*given)
        self._highs = highs_in_run

    def _highs_in_run(self, asked: pl.Series) -> pl.Series:
        return self._highs(asked)


def _together(held: dict[int, int]) -> Iterator[list[int]]:
    """The partitions in order, in groups whose results have a bounded size: the driver has them in memory."""
    group: list[int] = []
    size = 0
    for partition, number in sorted(held.items()):
        if group and size + number > AT_A_TIME:
            yield group
            group, size = [], 0
        group.append(partition)
        size += number
    if group:
        yield group
