"""Facts on the position in force: what the claim shows of its criteria, and the position on this line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.facts.diagnosis import ICD_9
from claims_edit.facts.policy import VERSION_KEY
from claims_edit.model import Criteria, Position

if TYPE_CHECKING:
    from claims_edit.policy import Catalog


def with_position(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `criteria` (met, unmet, unknown; null: the version has none), and make `position` that on the line.

    A line that meets all criteria is covered; one that is known not to meet one is what the version says `otherwise`.
    `criteria_unmet` and `criteria_unknown` are the numbers of the version's criteria that are so, as lists.
    """
    if catalog.criteria.is_empty():
        return lines.with_columns(_NONE_SHOWN).drop("otherwise")
    shown = _shown(lines, catalog)
    known = lines.join(shown, on="line", how="left", validate="1:1", maintain_order="left")
    criteria = (
        pl.when(pl.col("criteria_unmet").list.len() > 0).then(pl.lit(Criteria.UNMET))
        .when(pl.col("criteria_unknown").list.len() > 0).then(pl.lit(Criteria.UNKNOWN))
        .when(pl.col("criteria_unmet").is_not_null()).then(pl.lit(Criteria.MET))
    )  # fmt: skip
    covered = pl.lit([Position.COVERED.value], dtype=pl.List(pl.String))
    has_otherwise = pl.col("otherwise").list.len() > 0
    position = (
        pl.when(pl.col("criteria") == Criteria.MET).then(covered)
        .when((pl.col("criteria") == Criteria.UNMET) & has_otherwise).then("otherwise")
        .otherwise("position")
    )  # fmt: skip
    return known.with_columns(criteria=criteria).with_columns(position=position).drop("otherwise")


_NUMBERS = pl.List(pl.Int64)
_NONE_SHOWN = (
    pl.lit(None, pl.String).alias("criteria"),
    pl.lit(None, _NUMBERS).alias("criteria_unmet"),
    pl.lit(None, _NUMBERS).alias("criteria_unknown"),
)


def _shown(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """The criteria of each line whose version has some: `line`, `criteria_unmet`, `criteria_unknown`."""
    due = lines.join(catalog.criteria, on=VERSION_KEY, how="inner", maintain_order="left_right")
    usable = pl.col("diagnosis_code_type").ne_missing(pl.lit(ICD_9)) & (pl.col("diagnosis_codes").list.len() > 0)
    sites = pl.col("solid_sites").list.set_intersection("values").list.len().fill_null(0) > 0
    is_met = (
        pl.when(pl.col("checked_by") == "sites").then(pl.when(usable).then(sites))
        .when(pl.col("checked_by") == "diagnoses").then(pl.when(usable).then(_begins(due)))
        .when(pl.col("checked_by") == "codes").then(pl.col("values").list.contains(pl.col("hcpcs_code")))
        .when(pl.col("checked_by") == "modifiers")
        .then(pl.col("modifiers").list.set_intersection("values").list.len() > 0)
        .when(pl.col("checked_by") == "place_of_service")
        .then(pl.when(pl.col("place_of_service_code").is_not_null())
              .then(pl.col("values").list.contains(pl.col("place_of_service_code"))))
        .when(pl.col("checked_by") == "units_at_most").then(pl.col("service_unit_quantity") <= pl.col("at_most"))
    )  # fmt: skip
    numbered = due.select("line", "criterion", is_met=is_met)
    return numbered.group_by("line", maintain_order=True).agg(
        criteria_unmet=pl.col("criterion").filter(~pl.col("is_met")),
        criteria_unknown=pl.col("criterion").filter(pl.col("is_met").is_null()),
    )


def _begins(due: pl.DataFrame) -> pl.Expr:
    """Whether a diagnosis of each row begins with a value of its criterion."""
    pairs = (
        due.lazy()
        .with_row_index("place")
        .filter(pl.col("checked_by") == "diagnoses")
        .select("place", "diagnosis_codes", "values")
        .explode("diagnosis_codes")
        .explode("values")
        .filter(pl.col("diagnosis_codes").str.starts_with(pl.col("values")))
        .select(pl.col("place").unique())
        .collect()
    )
    return pl.int_range(pl.len(), dtype=pl.UInt32).is_in(pairs["place"].implode())
