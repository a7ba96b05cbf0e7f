"""The data frames that the library takes: any with an Arrow stream, their columns, and the types of their values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from claims_edit.columns import COLUMNS, REQUIRED
from claims_edit.errors import InputError, UsageError
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.layout import Layout, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.intake import Mapping

_FRAME = Path("/frame")  # its name in errors; at the root, as the folders of a path may give columns
_OF_FILES = ("rows", "rows_except", "lines", "fixed_width", "names", "skip_rows", "skip_footer")


class ArrowStream(Protocol):
    """An object that exports its columns through Arrow's C stream interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The stream."""
        ...


Frame = pl.DataFrame | pl.LazyFrame | ArrowStream


def as_frame(given: Frame, name: str) -> pl.DataFrame:
    """The frame that an argument, by its name in errors, gives.

    Raises:
        UsageError: it is not a data frame.
    """
    if isinstance(given, pl.LazyFrame):
        return given.collect()
    if isinstance(given, pl.DataFrame):
        return given
    if not hasattr(given, "__arrow_c_stream__"):
        raise UsageError(f"{name}: {type(given).__name__} is not a data frame. Pass one; run_batch reads files.")
    return pl.DataFrame(given)


def lines_of(frame: pl.DataFrame, mapping: Mapping | None) -> tuple[pl.DataFrame, Layout]:
    """The frame under canonical names, with ORDINAL, and every required column that it lacks as an empty one.

    Raises:
        UsageError: a column is not one of a claim line, or the mapping does not fit.
    """
    if mapping is None:
        _refuse_columns(frame, COLUMNS)
        layout = Layout({name: name for name in frame.columns}, {})
    else:
        layout = _mapped(frame.columns, mapping)
    had = {*layout.sources, *layout.constants}
    absent = [group[0] for group in REQUIRED if not had.intersection(group)]
    ordinal = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias(ORDINAL)
    raw = frame.select(
        ordinal,
        *(pl.col(source).alias(name) for name, source in layout.sources.items()),
        *(pl.lit(None, pl.String).alias(name) for name in absent),
    )
    return raw, Layout(layout.sources | {name: name for name in absent}, layout.constants, ignored=layout.ignored)


def _mapped(columns: list[str], mapping: Mapping) -> Layout:
    """The layout of a frame under a mapping; columns that no one asks for are ignored, as in an extract."""
    of_files = [name for name in _OF_FILES if getattr(mapping, name)]
    if of_files:
        raise UsageError(f"mapping: {', '.join(of_files)} describes files. Use run_batch, or prepare the frame.")
    try:
        return resolve(_FRAME, columns, mapping, partial=True)
    except InputError as error:
        raise UsageError(*(fault.removeprefix("/") for fault in error.faults)) from None


def with_types(frame: pl.DataFrame, schema: dict[str, pl.DataType], name: str) -> pl.DataFrame:
    """The frame with every column of a schema, of its type: null where it lacks one.

    Raises:
        UsageError: a column is not one of the schema, or has values that are not of its type.
    """
    _refuse_columns(frame, schema)
    try:
        typed = frame.select(
            _cast(column, frame.schema[column], dtype) if column in frame.columns else pl.lit(None, dtype).alias(column)
            for column, dtype in schema.items()
        )
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{name}: a column has another type ({type(error).__name__}). Compare its schema.") from None
    refuse_values({own.name: int((typed[own.name].is_null() & own.is_not_null()).sum()) for own in frame})
    return typed


def _cast(name: str, given: pl.DataType, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Date and given == pl.String:
        return pl.col(name).str.to_date("%Y-%m-%d", strict=False)
    return pl.col(name).cast(dtype, strict=False)


def _refuse_columns(frame: pl.DataFrame, known: Iterable[str]) -> None:
    if unknown := sorted(set(frame.columns) - set(known)):
        raise UsageError(f"no such column of a claim line: {', '.join(unknown)}. Rename or drop it.")


def refuse_values(unlike: dict[str, int]) -> None:
    """Refuse columns that have values of another kind; `unlike` says how many.

    Raises:
        UsageError: with a line for each such column, and without any value.
    """
    faults = [f"{name}: {count} values are not of its kind. Correct them." for name, count in unlike.items() if count]
    if faults:
        raise UsageError(*faults)
