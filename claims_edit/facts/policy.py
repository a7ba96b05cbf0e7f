"""Facts on the rules in force: the code's validity, the policy version, its list and its program rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.doubts import OF_CLAIM, SEPARATOR, doubt_token
from claims_edit.facts.lookup import by_key, latest_begun
from claims_edit.model import LINE_CODE, PolicyKind

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

PAYER_SERVICE = ("payer", "service")
POLICY_KEY = (*PAYER_SERVICE, "timeline")
VERSION_KEY = (*POLICY_KEY, "policy_version")
START = pl.col("service_start_date")


def with_code(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add the code's `service`, `code_kind`, `valid_from`, `valid_until` (null: open), `code_citation`, `of_claim`.

    `of_claim`: it is a code of the claim as a whole, which does not show whether it is for this line. That is a doubt
    of the line where it is a code of lines.
    """
    codes = catalog.codes.rename({"kind": "code_kind"}).drop("members")
    known = by_key(lines, codes, LINE_CODE)
    column = pl.col("code_column").fill_null(LINE_CODE)
    of_claims = pl.col("of_claims").fill_null(value=False)
    unplaced = pl.when((column != LINE_CODE) & ~of_claims).then(pl.lit(doubt_token(OF_CLAIM, "")) + column)
    doubts = pl.concat_str("doubts", unplaced, separator=SEPARATOR, ignore_nulls=True)
    return known.with_columns(
        of_claim=of_claims | (column != LINE_CODE), doubts=pl.when(doubts != "").then(doubts)
    ).drop("of_claims")


def with_version(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add the version in force on the start date, `in_force`, `funding`, and the last `policy_boundary` by the end.

    `history_unknown`: the start is before the first version on file, and it is not known what was in force then.
    A version that ended before the start date leaves all its columns null: no date, no answer.
    """
    begun = latest_begun(lines, catalog.versions, POLICY_KEY, "service_start_date", "in_force_from")
    in_force = pl.col("in_force_from").is_not_null() & (pl.col("in_force_until") >= START).fill_null(value=True)
    version = [column for column in catalog.versions.columns if column not in POLICY_KEY]
    known = begun.with_columns(in_force=in_force).with_columns(pl.when("in_force").then(pl.col(version)).name.keep())
    is_before = (pl.col("first_day") > START).fill_null(value=True)
    known = by_key(known, catalog.histories, *POLICY_KEY).with_columns(
        history_unknown=is_before & pl.col("unknown_before").fill_null(value=False)
    )
    known = known.drop("first_day", "unknown_before")
    boundaries = catalog.boundaries.rename({"boundary": "policy_boundary"})
    return latest_begun(known, boundaries, POLICY_KEY, "service_end_date", "policy_boundary").with_columns(
        funding=pl.col("policy_kind").eq_missing(pl.lit(PolicyKind.FUNDING))
    )


def with_listing(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `listed` (by the version in force), `listed_citation` and `listed_on_service_day` (by any version, any day).

    A payer's versions do not overlap, so the list that began last by the end date is the one that ends last.
    """
    listings = catalog.listed_codes
    by_version = listings.select(*VERSION_KEY, "hcpcs_code", "listed_citation").with_columns(listed=pl.lit(value=True))
    periods = listings.select(
        *POLICY_KEY, "hcpcs_code", listed_from=pl.col("in_force_from"), listed_until=pl.col("in_force_until")
    )
    listed = by_key(lines, by_version, *VERSION_KEY, "hcpcs_code")
    by_period = latest_begun(listed, periods, (*POLICY_KEY, "hcpcs_code"), "service_end_date", "listed_from")
    reaches_start = (pl.col("listed_until") >= START).fill_null(value=True)
    return by_period.with_columns(
        pl.col("listed").fill_null(value=False),
        listed_on_service_day=pl.col("listed_from").is_not_null() & reaches_start,
    ).drop("listed_from", "listed_until")


def with_program_rule(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `program_rule` (applies, refer, review; null: the version does not address it) and `program_citation`."""
    rules = catalog.program_rules.rename({"rule": "program_rule"})
    return by_key(lines, rules, *VERSION_KEY, "program")
