"""The location of a row: its file and number, from its position in the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.schema import FIRST
from claims_edit.intake.keys import FILE_SHIFT, PLACE_BITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claims_edit.intake import Extract

ORDINAL_BITS = (1 << FILE_SHIFT) - 1


def file_place(row: pl.Expr) -> pl.Expr:
    """The position in the run of the file with a row."""
    return (row & PLACE_BITS) // (1 << FILE_SHIFT)


def source_rows(extract: Extract, ordinals: pl.Series) -> pl.Series:
    """The row numbers in the file for ordinals of its rows, in any order."""
    rows = pl.DataFrame({"row": ordinals // (1 << extract.LINE_BITS)}).with_row_index("at").sort("row")
    shifted = rows.join_asof(
        extract.source_row(), left_on="row", right_on="after", strategy="backward", allow_exact_matches=False
    )
    return shifted.sort("at").select(pl.col("row") + pl.col("shift")).to_series()


def places_of(rows: pl.Series, extracts: Mapping[int, Extract]) -> pl.DataFrame:
    """The file and the row number (FIRST) of each position in the run, in order; null if there is none."""
    place = pl.col("row") & PLACE_BITS
    given = pl.DataFrame({"row": rows}).with_row_index("at").drop_nulls()
    split = given.select("at", file_place(pl.col("row")).alias("file"), (place & ORDINAL_BITS).alias("ordinal"))
    found = [
        of_file.select("at").with_columns(
            pl.lit(extracts[int(file)].file.path.as_posix()).alias(FIRST[0]),
            source_rows(extracts[int(file)], of_file["ordinal"]).alias(FIRST[1]),
        )
        for (file,), of_file in split.partition_by("file", as_dict=True).items()
    ]
    schema = {"at": pl.UInt32(), FIRST[0]: pl.String(), FIRST[1]: pl.Int64()}
    placed = pl.concat([pl.DataFrame(schema=schema), *found])
    every = pl.DataFrame({"row": rows}).with_row_index("at")
    return every.join(placed, on="at", how="left", maintain_order="left").select(*FIRST)
