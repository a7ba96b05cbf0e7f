"""Cells with the same difference, collapsed into ranges that people can read; every cell is in exactly one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claims_edit.governance.decision_space import Axes

ANY = "any"
OPEN, SPANS = "in", "across"
RANGE_SCHEMA: dict[str, pl.DataType] = {
    "change": pl.String(), "payer": pl.String(), "from": pl.Date(), "until": pl.Date(), "programs": pl.String(),
    "codes": pl.String(), "where": pl.String(), "old": pl.String(), "new": pl.String(),
}  # fmt: skip
_SPANNING = "the line spans both days"
_AT = ("at_contract", "at_hold", "at_trial", "at_site")
CELL_COLUMNS = (
    "change", "at_payer", "at_program", "hcpcs_code", "at_days", "place", "from", "until", "at_site", "at_trial",
    "at_hold", "at_contract", "at_claim", "old", "new",
)  # fmt: skip


def at_boundary() -> pl.Expr:
    """Whether a range is only about a boundary: lines that span a change of the rules, or a single day."""
    spans = pl.col("where").fill_null("").str.starts_with(_SPANNING)
    return (spans | (pl.col("from") == pl.col("until")).fill_null(value=False)).alias("boundary")


def collapse_ranges(cells: pl.DataFrame, space: Axes) -> pl.DataFrame:
    """The cells (CELL_COLUMNS) as ranges (RANGE_SCHEMA): `any` where all values of an axis are the same."""
    if cells.is_empty():
        return pl.DataFrame(schema=RANGE_SCHEMA)
    ranges = cells.select(CELL_COLUMNS)
    of_axis = {
        "at_contract": space.contracts["at_contract"].to_list(),
        "at_hold": space.holds["at_hold"].to_list(),
        "at_trial": space.trials["at_trial"].to_list(),
        "at_site": space.sites["at_site"].to_list(),
    }
    for axis in _AT:
        ranges = _joined(ranges, axis, of_axis[axis])
    ranges = _joined(_neighbors(ranges), "at_program", space.programs["at_program"].to_list())
    ranges = _joined(ranges, "hcpcs_code", ())
    return ranges.select(
        "change",
        pl.col("at_payer").alias("payer"),
        "from",
        "until",
        pl.col("at_program").alias("programs"),
        pl.col("hcpcs_code").alias("codes"),
        _where().alias("where"),
        "old",
        "new",
    )


def _joined(ranges: pl.DataFrame, axis: str, values: Sequence[str]) -> pl.DataFrame:
    """Rows that differ only in the axis, as one row."""
    others = [column for column in ranges.columns if column != axis]
    order = pl.col(axis).replace_strict({value: place for place, value in enumerate(values)}, default=len(values))
    return (
        ranges.sort(order, axis)
        .group_by(others, maintain_order=True)
        .agg(
            pl.when(pl.len() == (len(values) or -1))
            .then(pl.lit(ANY))
            .otherwise(pl.col(axis).str.join(", "))
            .alias(axis)
        )
        .select(ranges.columns)
    )


def _neighbors(ranges: pl.DataFrame) -> pl.DataFrame:
    """Periods that follow one another as one; lines across a boundary stay as they are."""
    others = [column for column in ranges.columns if column not in {"place", "from", "until"}]
    one_day = ranges.filter(pl.col("at_days") == OPEN).sort("place")
    run = one_day.with_columns(run=pl.col("place") - pl.int_range(pl.len()).over(others))
    merged = run.group_by([*others, "run"], maintain_order=True).agg(pl.col("from").first(), pl.col("until").last())
    across = ranges.filter(pl.col("at_days") == SPANS)
    columns = [*others, "from", "until"]
    return pl.concat([merged.select(columns), across.select(columns)])


def _where() -> pl.Expr:
    """Further conditions of the line; none for an axis where all values are the same."""
    conditions = [
        pl.when(pl.col("at_days") == SPANS).then(pl.lit(_SPANNING)),
        pl.when(pl.col("at_claim") != "current").then(pl.col("at_claim") + pl.lit(" claim")),
        *(
            pl.when(pl.col(f"at_{axis}") != ANY).then(pl.lit(f"{axis}: ") + pl.col(f"at_{axis}"))
            for axis in ("site", "trial", "hold", "contract")
        ),
    ]
    return pl.concat_str(conditions, separator="; ", ignore_nulls=True)
