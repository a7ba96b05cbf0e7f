"""Parquet extracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from claims_edit.errors import InputError
from claims_edit.intake.extract import ORDINAL, Extract
from claims_edit.intake.layout import resolve
from claims_edit.intake.parquet_checks import FileChecks
from claims_edit.intake.parquet_pages import DamagedPageError
from claims_edit.intake.readers import PARQUET, reader_of
from claims_edit.intake.typed_values import no_odd_days, refuse_odd_types

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

MAGIC, SMALLEST = reader_of(PARQUET).magic, 12  # bytes: two magic words and the length of a footer
READ_FAULTS = (
    pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, pa.ArrowException, DamagedPageError,
)  # fmt: skip


class ParquetExtract(Extract):
    """A Parquet file, scanned by Polars; typed columns stay typed."""

    def __init__(self, file: SourceFile, mapping: Mapping) -> None:
        """Read the footer, and resolve the columns."""
        _check_end(file.path)
        try:
            schema = pl.scan_parquet(file.path, glob=False, hive_partitioning=False).collect_schema()
        except READ_FAULTS as error:
            raise _damaged(file.path, error) from None
        super().__init__(file, resolve(file.path, schema.names(), mapping))
        self.only: tuple[int, int] | None = None  # of its slices those that begin from this row until before that one
        refuse_odd_types(file.path, schema, self.layout, mapping)

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract."""
        scan = pl.scan_parquet(self.file.path, glob=False, hive_partitioning=False, row_index_name=ORDINAL).select(
            pl.col(ORDINAL).cast(pl.Int64) + 1,
            *(pl.col(source).alias(name) for name, source in self.layout.sources.items()),
        )
        try:
            checks = FileChecks(self.file.path, self.layout.sources)
            for first, count in self._slices(checks.sizes, rows):
                if self.only is not None and not self.only[0] <= first < self.only[1]:
                    continue
                checks.check_pages(first, count)
                # Slices: a query that hands out batches reads ahead of a slower reader without bound.
                batch = scan.slice(first, count).collect(engine="in-memory")
                checks.check_values(batch, first)
                yield no_odd_days(batch)
        except READ_FAULTS as error:
            raise _damaged(self.file.path, error) from None

    def slices(self, rows: int) -> list[tuple[int, int]]:
        """First row (from 0) and count of the slices that `batches` reads.

        Raises:
            InputError: the file is damaged.
        """
        try:
            return list(self._slices(FileChecks(self.file.path, self.layout.sources).sizes, rows))
        except READ_FAULTS as error:
            raise _damaged(self.file.path, error) from None

    @staticmethod
    def _slices(sizes: list[int], rows: int) -> Iterator[tuple[int, int]]:
        """First row and count of slices of at most about `rows` rows that end where row groups end, if they can."""
        first, waiting = 0, 0
        for group in sizes:
            if waiting and waiting + group > rows:
                yield first, waiting
                first, waiting = first + waiting, 0
            waiting += group
            while waiting > rows:
                yield first, rows
                first, waiting = first + rows, waiting - rows
        if waiting:
            yield first, waiting


def _damaged(path: Path, error: BaseException) -> InputError:
    return InputError(f"{path}: is damaged ({type(error).__name__} after the header). Ask the sender to resend it.")


def _check_end(path: Path) -> None:
    """Check that a file ends as it begins: one that was cut off does not."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - len(MAGIC)))
        if file.read() != MAGIC or size < SMALLEST:
            raise InputError(f"{path}: the Parquet file is cut off (no footer). Ask the sender to resend it.")


def open_extract(file: SourceFile, mapping: Mapping, _scratch: Path) -> ParquetExtract:
    """See Reader."""
    return ParquetExtract(file, mapping)
