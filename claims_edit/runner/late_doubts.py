"""Doubts that an extract reports only after the rows in doubt, such as a transaction with a wrong segment count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.doubts import SEPARATOR
from claims_edit.intake.extract import ORDINAL

if TYPE_CHECKING:
    from collections.abc import Iterator


def with_late_doubts(rows: pl.LazyFrame, late: pl.DataFrame | None) -> pl.LazyFrame:
    """Rows, sorted by ORDINAL, with the doubts of `late` (LATE_DOUBTS_SCHEMA) after their own."""
    for ranges in _by_name(late):
        own = ranges.select("first", pl.col("last").alias("__last"), pl.col("token").alias("__late")).sort("first")
        token = pl.when(pl.col(ORDINAL) <= pl.col("__last")).then("__late")
        joined = pl.concat_str("doubts", token, separator=SEPARATOR, ignore_nulls=True)
        rows = (
            rows.join_asof(own.lazy(), left_on=ORDINAL, right_on="first", strategy="backward")
            .with_columns(doubts=pl.when(joined != "").then(joined))
            .drop("first", "__last", "__late", strict=False)
        )
    return rows


def _by_name(late: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    if late is not None:
        yield from late.partition_by("name", maintain_order=True)
