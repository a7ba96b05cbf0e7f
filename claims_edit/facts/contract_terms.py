"""Facts on the member's contract: the benefit terms on the service of payer and group, in force on the start date."""

from __future__ import annotations

import polars as pl

from claims_edit.model import Coverage

CONTRACT_FILE = "contract file"
KEY = ("payer", "group_id", "service", "service_start_date")
SERVICE = "service"
FIRST_ROW = ("effective_date", "end_date", "coverage", "group_code", "citation")


def with_contract_terms(lines: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """Add per coverage `contract_<coverage>` and its citation, and the excluding row's `contract_group_code`.

    A contract that names no service applies to every one. Several rows may be in force at once; each coverage is then
    true, with the values of its first row (by effective date).
    """
    wanted = lines.select(*KEY, terms_group=pl.col("group_id").str.strip_chars()).unique().drop_nulls()
    addressed = pl.col(SERVICE) if SERVICE in contracts.columns else pl.lit(None, pl.String)
    terms = contracts.with_columns(terms_group=pl.col("group_id").str.strip_chars(), terms_service=addressed).drop(
        "group_id", SERVICE, strict=False
    )
    held = (
        wanted.join(terms, on=["payer", "terms_group"], how="inner")
        .filter(
            (pl.col("terms_service") == pl.col(SERVICE)).fill_null(value=True),
            pl.col("service_start_date") >= pl.col("effective_date"),
            (pl.col("service_start_date") <= pl.col("end_date")).fill_null(value=True),
        )
        .sort(*FIRST_ROW, nulls_last=True)
        .group_by(KEY)
        .agg(_summary())
    )
    flags = [f"contract_{coverage}" for coverage in Coverage]
    return lines.join(held, on=KEY, how="left", validate="m:1", maintain_order="left").with_columns(
        pl.col(flags).fill_null(value=False)
    )


def _summary() -> list[pl.Expr]:
    """Whether any row has each coverage, the citation of the first such row, and the first exclusion's group code."""
    summary = []
    for coverage in Coverage:
        rows = pl.col("coverage") == coverage
        cited = pl.col("citation").fill_null(CONTRACT_FILE).filter(rows).first()
        summary += [
            rows.any().alias(f"contract_{coverage}"),
            cited.alias(f"contract_{coverage}_citation"),
        ]
    excluding = pl.col("group_code").filter(pl.col("coverage") == Coverage.EXCLUDED).first()
    return [*summary, excluding.alias("contract_group_code")]
