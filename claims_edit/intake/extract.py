"""One extract of any table format, read in order, in bounded batches, with what could not be split set apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.errors import InputError
from claims_edit.intake.files import Format, SourceFile
from claims_edit.intake.layout import Layout, read_header, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.mapping import Mapping

ORDINAL = "__ordinal"  # 1-based position among the rows that could be split (Int64), in every batch
FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 -- extracts have no zone
NO_DAY = "a day outside the years 1 to 9999"
REJECTS_SCHEMA = {"source_row": pl.Int64, "check": pl.String, "text": pl.String}


class Extract(ABC):
    """A readable extract: `batches` gives its rows as they stand, `rejects` what could not be split."""

    def __init__(self, file: SourceFile, layout: Layout) -> None:
        """Keep the file and how its columns become canonical ones."""
        self.file = file
        self.layout = layout

    @abstractmethod
    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of about `rows` rows: the canonical columns that the extract has, untouched, and ORDINAL.

        Raises:
            InputError: the file is cut off or damaged.
        """

    def rejects(self) -> pl.DataFrame:
        """Rows that could not be split (REJECTS_SCHEMA); complete once `batches` is exhausted."""
        return pl.DataFrame(schema=REJECTS_SCHEMA)

    def mended(self) -> Extract | None:
        """The extract to read in this one's stead, from its beginning, where a fault swallowed rows; else None.

        Raises:
            InputError: it cannot be mended.
        """
        return None

    def source_row(self) -> pl.DataFrame:
        """How ORDINAL becomes the row number in the file: from ordinal `after` on, `shift` is added (both Int64)."""
        return pl.DataFrame({"after": [0], "shift": [0]}, schema={"after": pl.Int64, "shift": pl.Int64})


class ParquetExtract(Extract):
    """A Parquet file, scanned by Polars; typed columns stay typed."""

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract."""
        scan = pl.scan_parquet(self.file.path, glob=False).select(
            pl.col(source).alias(name) for name, source in self.layout.sources.items()
        )
        seen = 0
        try:
            while True:  # slices: a query that hands out batches reads ahead of a slower reader without bound
                batch = scan.slice(seen, rows).collect(engine="in-memory")
                if batch.is_empty():
                    return
                yield _no_odd_days(batch).with_columns(pl.int_range(seen + 1, seen + batch.height + 1).alias(ORDINAL))
                seen += batch.height
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(self.file.path, error) from None


def _no_odd_days(batch: pl.DataFrame) -> pl.DataFrame:
    """Days that no calendar text can name (Parquet counts them freely) as text that the contract refuses."""
    odd = []
    for name, dtype in batch.schema.items():
        if isinstance(dtype, pl.Datetime) and dtype.time_unit != "ns":  # nanoseconds do not reach beyond 1677 to 2262
            moment = pl.col(name).dt.replace_time_zone(None)
            unit = pl.Datetime(dtype.time_unit)
            named = moment.is_between(pl.lit(FIRST_MOMENT).cast(unit), pl.lit(LAST_MOMENT).cast(unit))
        elif dtype == pl.Date:
            named = pl.col(name).is_between(FIRST_DAY, LAST_DAY)
        else:
            continue
        if not batch.select(named.all()).item():
            day = pl.when(named).then(pl.col(name).dt.date()).dt.to_string("iso")
            odd.append(pl.when(named).then(day).when(pl.col(name).is_not_null()).then(pl.lit(NO_DAY)).alias(name))
    return batch.with_columns(odd)


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: is damaged ({type(error).__name__} after the header). Ask the sender for it again.")


def _is_plain(dtype: pl.DataType) -> bool:
    return not (dtype.is_nested() or isinstance(dtype, pl.Binary | pl.Time | pl.Duration))


def open_extract(file: SourceFile, mapping: Mapping, scratch: Path) -> Extract:
    """The reader for a file, its columns resolved; `scratch` is a folder for what does not fit in memory.

    Raises:
        InputError: the header is not readable, or required columns are missing.
    """
    from claims_edit.intake.ndjson import JsonLinesExtract  # noqa: PLC0415 -- it imports this module
    from claims_edit.intake.text import DelimitedExtract  # noqa: PLC0415 -- it imports this module

    match file.format:
        case Format.PARQUET:
            try:
                schema = pl.scan_parquet(file.path, glob=False).collect_schema()
            except (pl.exceptions.PolarsError, OSError) as error:
                raise _damaged(file.path, error) from None
            layout = resolve(file.path, schema.names(), mapping)
            odd = sorted(source for source in set(layout.sources.values()) if not _is_plain(schema[source]))
            if odd:
                raise InputError(f"{file.path}: no plain values in {', '.join(odd)}. Store text, numbers or dates.")
            return ParquetExtract(file, layout)
        case Format.NDJSON:
            return JsonLinesExtract(file, mapping, scratch)
        case Format.DELIMITED:
            delimiter, names = read_header(file.path, file.head, mapping)
            layout = resolve(file.path, names, mapping)
            return DelimitedExtract(file, layout, scratch, delimiter=delimiter, names=names)
