"""How the extracts are divided over tasks: a Parquet file by its row groups, any other file whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from claims_edit import __version__
from claims_edit.core.process import Processing
from claims_edit.errors import InputError, UsageError
from claims_edit.intake import open_extract, sniff, text_bytes
from claims_edit.intake.keys import FILE_SHIFT, hash_probe
from claims_edit.intake.parquet import ParquetExtract
from claims_edit.intake.readers import PARQUET
from claims_edit.runner.kept import BATCH_ROWS
from claims_edit.runner.revisions import PayerIdentities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from claims_edit.core.plain_values import ScreenRules
    from claims_edit.intake import Extract, Mapping, SourceFile
    from claims_edit.intake.layout import Layout
    from claims_edit.policy import Catalog

ROWS_A_TASK = 1_000_000
BYTES_A_ROW = 200  # of text, about


class Release(NamedTuple):
    """What a process runs: the releases of claims-edit and of Polars, and the keys of made-up lines (`hash_probe`)."""

    claims_edit: str
    polars: str
    keys: tuple[int, ...]


@cache
def release() -> Release:
    """What this process runs."""
    return Release(__version__, pl.__version__, tuple(hash_probe()))


def refuse_other(executor: Release) -> None:
    """Check that an executor runs what this process, the driver, does: else its keys of lines may differ.

    Raises:
        UsageError: it runs something else.
    """
    driver = release()
    if executor[:2] != driver[:2]:
        theirs, own = (f"claims-edit {one.claims_edit} and Polars {one.polars}" for one in (executor, driver))
        raise UsageError(f"Spark: an executor has {theirs}, the driver {own}. Install the same on all of them.")
    if executor != driver:
        raise UsageError(
            f"Spark: an executor computes other keys of lines than the driver, with Polars {driver.polars} on both."
            " Install the same build of Polars on all of them."
        )


@dataclass(frozen=True)
class Piece:
    """The rows of one extract that one task reads.

    Attributes:
        place: of the extract in the run.
        path: of the extract.
        rows: the first one (from 0) and the one after the last; None for a whole file.
        task: the task that reads it.
    """

    place: int
    path: Path
    rows: tuple[int, int] | None = None
    task: int = 0

    def start(self) -> int:
        """The place in the run of the row before its first one (see `place_in_run`)."""
        return (self.place << FILE_SHIFT) + (0 if self.rows is None else self.rows[0])


@dataclass(frozen=True)
class Job:
    """What every task of a run needs; it goes with the functions to the executors.

    Attributes:
        catalog: the rules.
        mapping: of the extracts.
        rules: the screen's view of the rules.
        fmt: the value of `--format`.
        context: files that extracts refer to.
        accept_test_data: whether claims marked as test data are accepted.
        may_know: of lines, by hash, which an earlier run may have decided; None if it decided none.
        pieces: in the order of the run.
        buckets: of the shuffle of keys; behind them in the shuffle comes one partition for each task.
        rows: of a batch.
    """

    catalog: Catalog
    mapping: Mapping
    rules: ScreenRules
    fmt: str
    context: tuple[SourceFile, ...]
    accept_test_data: bool
    may_know: Callable[[pl.Series], pl.Series | None]
    pieces: tuple[Piece, ...]
    buckets: int
    rows: int = BATCH_ROWS

    @property
    def partitions(self) -> int:
        """Of the shuffle: the buckets of keys, and what else each task found."""
        return self.buckets + 1 + max(piece.task for piece in self.pieces)

    def open(self, piece: Piece, scratch: Path) -> Extract:
        """The reader of a piece.

        Raises:
            InputError: it cannot be read.
        """
        file = replace(sniff(piece.path, self.fmt), context=self.context)
        extract = open_extract(file, self.mapping, scratch)
        extract.decided = self.rules.codes.in_any_column
        if piece.rows is not None:
            assert isinstance(extract, ParquetExtract)  # noqa: S101 -- as planned
            extract.only = piece.rows
        return extract

    def processing(self, layout: Layout) -> Processing:
        """How batches of an extract are processed."""
        payers = PayerIdentities(self.catalog)
        return Processing(layout, self.mapping, self.rules, payers.of, self.accept_test_data)


def planned(paths: list[Path], fmt: str, mapping: Mapping, scratch: Path, tasks: int) -> tuple[list[Piece], int]:
    """The pieces of the extracts, in the order of the run, over at most so many tasks; and the rows of a batch.

    A file that cannot be opened is one piece: its task finds the fault.
    """
    tables = {path: table for path in paths if (table := _table(path, fmt, mapping, scratch)) is not None}
    sizes = {path: sum(count for _, count in table.slices(BATCH_ROWS)) for path, table in tables.items()}
    sizes |= {path: text_bytes(path) // BYTES_A_ROW + 1 for path in paths if path not in tables}
    share = max(1, -(-sum(sizes.values()) // tasks))
    rows = min(BATCH_ROWS, share)
    pieces: list[Piece] = []
    before = 0
    for place, path in enumerate(paths):
        of_table = _together(tables[path].slices(rows), share) if path in tables else []
        for first, count in of_table or [(None, sizes[path])]:
            span = None if first is None else (first, first + count)
            pieces.append(Piece(place, path, span, min(tasks - 1, before // share)))
            before += count
    return pieces, rows


def _table(path: Path, fmt: str, mapping: Mapping, scratch: Path) -> ParquetExtract | None:
    """The reader of a Parquet file whose rows can be read apart; None for other files, and for damaged ones."""
    try:
        file = sniff(path, fmt)
        if file.format != PARQUET:
            return None
        extract = open_extract(file, mapping, scratch)
        if not isinstance(extract, ParquetExtract):
            return None
        extract.slices(BATCH_ROWS)
    except InputError:
        return None
    return extract


def _together(slices: list[tuple[int, int]], share: int) -> list[tuple[int | None, int]]:
    """Neighboring slices put together until they have about `share` rows."""
    if not slices:
        return []
    found: list[tuple[int | None, int]] = []
    first = rows = 0
    for start, count in slices:
        if rows and rows + count > share:
            found.append((first, rows))
            first, rows = start, 0
        rows += count
    return [*found, (first, rows)]


def tasks_for(paths: list[Path], cores: int) -> int:
    """How many tasks suit so many cores: at least two for each, and about ROWS_A_TASK rows in one."""
    return max(2 * cores, sum(map(text_bytes, paths)) // (BYTES_A_ROW * ROWS_A_TASK))
