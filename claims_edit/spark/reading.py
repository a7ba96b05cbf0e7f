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
from claims_edit.errors import InputError, ResultsError
from claims_edit.intake import consulted
from claims_edit.runner.kept import FileRead
from claims_edit.runner.reading import Reading, file_state
from claims_edit.runner.revisions import REPEATED, RunRevisions, none_known
from claims_edit.spark.blocks import (
    EXPLAINED,
    FAULT,
    HELD,
    INFO,
    KEYS,
    PART,
    Block,
    unpacked,
)
from claims_edit.spark.first_pass import PieceRead, first_pass
from claims_edit.spark.pieces import Job, planned, tasks_for
from claims_edit.spark.repeats import PAIRS, highs_in, merged, repeats
from claims_edit.spark.second_pass import DIFFERING, Located, Resolved, second_pass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pyspark import RDD
    from pyspark.sql import SparkSession

    from claims_edit.intake import Discovered, Extract


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
        self._spark, self._partitions = spark, partitions
        self._job: Job
        self._first: RDD[Block]
        self._before: dict[Path, tuple[int, int]] = {}
        self._refused: list[int] = []

    def read(self, files: Discovered, fmt: str) -> Iterator[FileRead | InputError]:
        """See Reading: every extract is read before the first is returned."""
        paths = files.extracts
        self._before = {path: file_state(path) for path in paths}
        tasks = self._partitions or tasks_for(paths, self._spark.sparkContext.defaultParallelism)
        pieces, rows = planned(paths, fmt, self._mapping, self._scratch, tasks)
        context = consulted(files.inputs, fmt)
        self._job = Job(
            self._catalog, self._mapping, self._rules, fmt, context, self._accept_test_data, self._may_know,
            tuple(pieces), tasks, rows,
        )  # fmt: skip
        numbers = self._spark.sparkContext.parallelize(range(tasks), tasks)
        self._first = _kept(numbers.mapPartitions(partial(first_pass, job=self._job)))
        read = self._pieces_read(len(paths))
        for place in range(len(paths)):
            try:
                yield self._file_read(place, read[place])
            except InputError as error:
                self.forget(place)
                self._refused.append(place)
                yield error

    def _pieces_read(self, files: int) -> list[_File]:
        """What became of each extract."""
        read = [_File() for _ in range(files)]
        for block in _of_kinds(self._first, INFO, FAULT):
            if block.kind == FAULT:
                read[block.place].faults = read[block.place].faults or pickle.loads(block.payload)  # noqa: S301 -- of our tasks
            else:
                read[block.place].pieces.append(pickle.loads(block.payload))  # noqa: S301 -- of our tasks
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
        self._keep_parts(self._first, by_place)
        found = self._resolved(by_place)
        path = self._scratch / REPEATED
        found.write_parquet(path)
        resolved = Resolved(self._job, cast("dict[int, Located]", self._extracts), found)
        held = self._of_read_files(HELD)
        second = _kept(held.mapPartitions(partial(second_pass, resolved=resolved)))
        for block in _of_kinds(second, INFO):
            by_place[block.place].totals.add(pickle.loads(block.payload))  # noqa: S301 -- of our tasks
        self._keep_parts(second, by_place)
        second.unpersist()
        for file in read:
            if file_state(file.file.path) != self._before[file.file.path]:
                raise InputError(f"{file.file.path}: changed while it was read. Run again when it is complete.")
        if found.height:
            self._repeats_among_refused(pl.scan_parquet(path, glob=False), read)
            self._differing.compare(self._kept_candidates)

    def _of_read_files(self, *kinds: str) -> RDD[Block]:
        """The blocks of some kinds, of the extracts that were read to their end."""
        return self._first.filter(partial(_is_of, kinds=kinds, refused=frozenset(self._refused)))

    def _resolved(self, by_place: dict[int, FileRead]) -> pl.DataFrame:
        """The repeats of the run (`row`, `first`); the totals of plain rows that are none are added to their files'."""
        keys = self._of_read_files(KEYS, EXPLAINED).keyBy(attrgetter("bucket"))
        resolved = keys.partitionBy(self._job.buckets, int).mapPartitions(repeats)
        pairs = []
        for block in _collected(resolved):
            if block.name == PAIRS:
                pairs.append(unpacked(block.payload))
                continue
            for place, count, cents in pickle.loads(block.payload):  # noqa: S301 -- of our tasks
                amount = Decimal(cents or 0).scaleb(-2)
                totals = ControlTotals(rows_read=count, rows_accepted=count, read=amount, accepted=amount)
                by_place[place].totals.add(totals)
        return merged(pairs)

    def _keep_parts(self, blocks: RDD[Block], by_place: dict[int, FileRead]) -> None:
        """Write the parts of the extracts that were read, in the order of the run."""
        parts = blocks.filter(partial(_is_of, kinds=(PART,)))
        for block in _checked(lambda: parts.toLocalIterator(prefetchPartitions=True)):
            if (found := by_place.get(block.place)) is None:
                continue
            frame = unpacked(block.payload)
            if block.name == DIFFERING:
                self._differing.add(frame)
            else:
                self._keep(frame, found, block.name)
                self._parts += 1

    def revisions(self, known_claims: Callable[[pl.Series], pl.Series] = none_known) -> RunRevisions:
        """See Reading."""
        return _Revisions(self._scratch, self._payers, known_claims, highs_in_run=self._highs_in_run)

    def _highs_in_run(self, asked: pl.Series) -> pl.Series:
        """Which of these claims rows of the run have."""
        wanted = asked.alias("high").to_frame()
        found = self._of_read_files(KEYS).mapPartitions(partial(highs_in, wanted=wanted))
        frames = [unpacked(block.payload)["high"] for block in _collected(found)]
        return pl.concat(frames).unique() if frames else pl.Series("high", dtype=pl.UInt64)


class _Revisions(RunRevisions):
    """The revisions of a run whose keys are with Spark."""

    def __init__(self, *given: Any, highs_in_run: Callable[[pl.Series], pl.Series]) -> None:  # noqa: ANN401 -- passed on
        super().__init__(*given)
        self._highs = highs_in_run

    def _highs_in_run(self, asked: pl.Series) -> pl.Series:
        return self._highs(asked)


def _is_of(block: Block, kinds: tuple[str, ...], refused: frozenset[int] = frozenset()) -> bool:
    return block.kind in kinds and block.place not in refused


def _kept(blocks: RDD[Block]) -> RDD[Block]:
    """Blocks that several jobs read: computed once, kept on the disks of the executors."""
    from pyspark import StorageLevel  # noqa: PLC0415 -- an extra

    return blocks.persist(StorageLevel.DISK_ONLY)


def _of_kinds(blocks: RDD[Block], *kinds: str) -> list[Block]:
    """The blocks of some kinds, which are small, in order."""
    return sorted(_collected(blocks.filter(partial(_is_of, kinds=kinds))), key=attrgetter("piece"))


def _collected(blocks: RDD[Block]) -> list[Block]:
    return list(_checked(lambda: iter(blocks.collect())))


def _checked(blocks: Callable[[], Iterator[Block]]) -> Iterator[Block]:
    """The blocks of a job.

    Raises:
        ResultsError: the job failed.
    """
    from py4j.protocol import Py4JError  # noqa: PLC0415 -- an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an extra

    try:
        yield from blocks()
    except (Py4JError, PySparkException) as error:
        kind = type(error).__name__
        raise ResultsError(
            f"Spark: a job of the run failed ({kind}); nothing is published. See the log of the executors, then run"
            " again."
        ) from error
