"""Columns that have types, as Parquet and Arrow files have them: which ones have readable values."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.columns import COLUMNS
from claims_edit.errors import InputError
from claims_edit.intake.layout import column_of_line

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.layout import Layout
    from claims_edit.intake.mapping import Mapping

FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 -- extracts have no zone
NO_DAY = "a day outside the years 1 to 9999"


def refuse_odd_types(path: Path, schema: pl.Schema, layout: Layout, mapping: Mapping) -> None:
    """Check that every column that is read has plain values.

    Raises:
        InputError: one has lists, structures, bytes, or Booleans that the mapping does not translate.
    """
    odd = sorted({
        source for name, source in layout.sources.items() if not _is_plain(schema[source], name, mapping)
    })  # fmt: skip
    if odd:
        raise InputError(f"{path}: no plain values in {', '.join(odd)}. Use text, numbers or dates.")


def no_odd_days(batch: pl.DataFrame) -> pl.DataFrame:
    """Days that no calendar text can name (such files count them freely) as text that validation refuses."""
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
            # As shown in the raw values of a row, whatever the rows next to it.
            day = pl.when(named).then(pl.col(name)).cast(pl.String)
            odd.append(pl.when(named).then(day).when(pl.col(name).is_not_null()).then(pl.lit(NO_DAY)).alias(name))
    return batch.with_columns(odd)


def _is_plain(dtype: pl.DataType, name: str, mapping: Mapping) -> bool:
    """Whether a column has readable values; a Boolean only if the mapping translates it."""
    if isinstance(dtype, pl.Boolean):
        column = column_of_line(name)
        return column not in COLUMNS or column in mapping.values
    return not (dtype.is_nested() or isinstance(dtype, pl.Binary | pl.Time | pl.Duration))
