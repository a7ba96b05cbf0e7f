"""Several policies of a payer on a line's service: which of them address the line, and which one decides it.

A policy addresses a line where it is in force on the start date, its scope has the line, its version lists the code and
names the program. Where it is not known whether it does (no usable diagnosis, no one program, an unknown history), it
may. The policies with the lowest order among those that do are asked, and those before them that may; where
their outcomes differ, none decides, and the line goes to a person. Where none does, those in force whose scope has
the line are asked, else all in force: each then sends the line to a person, or does not list its catch-all code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.facts.lookup import by_key
from claims_edit.facts.policy import PAYER_SERVICE
from claims_edit.model import CodeKind

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

OF_LINE = "of_line"
"""The line of a row, where a line has a row for each of several policies."""
_SCOPES = ("rank", "scope_sites", "scope_codes", "scope_programs")
OUTCOME = ("reason_code", "disposition", "group_code")
NO, MAYBE, YES = 0, 1, 2
_NONE = pl.lit(None, pl.String)


def with_timeline(lines: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `timeline`: the versions of the payer's policy that hold for the line's program; null without a policy.

    A line of a payer with several policies on the service has a row for each, in order; `line` then numbers the rows.
    """
    others = catalog.timelines.filter(pl.col("program").is_null()).drop("program")
    own = catalog.timelines.filter(pl.col("program").is_not_null())
    if catalog.contested.is_empty():
        held = by_key(lines, others.drop(_SCOPES), *PAYER_SERVICE)
    else:
        joined = lines.join(others, on=PAYER_SERVICE, how="left", maintain_order="left_right")
        held = joined.rename({"line": OF_LINE}).with_row_index("line")
    if not own.is_empty():
        by_program = (*PAYER_SERVICE, "policy_id", "program")
        named = own.select(*by_program, of_program="timeline")
        held = by_key(held, named, *by_program).with_columns(timeline=pl.coalesce("of_program", "timeline"))
    return held.drop("policy_id", "of_program", strict=False).with_columns(contending=_NONE, also_cited=_NONE)


def with_addressed_line(rows: pl.DataFrame) -> pl.DataFrame:
    """Add whether the policy of each row addresses its line, where the pack has several: `addresses` (NO, MAYBE, YES).

    A row of a policy that is not about the line says so in `contending`, so that it can decide nothing by itself: of
    several policies, or of an only one with a scope.
    """
    if OF_LINE not in rows.columns:
        return rows
    in_scope = pl.min_horizontal(_by_sites(), _by_codes(), _by_programs())
    known = rows.with_columns(in_scope=in_scope).with_columns(
        listed_on_service_day=pl.col("listed_on_service_day").any().over(OF_LINE)
    )
    names_it = pl.col("listed") & (pl.col("program").is_null() | pl.col("program_rule").is_not_null())
    elsewhere = ~pl.col("listed") & (pl.col("code_kind") == CodeKind.UNLISTED) & pl.col("listed_on_service_day")
    silent = elsewhere & pl.col(OF_LINE).is_duplicated()
    by_rules = (
        pl.when("history_unknown").then(MAYBE)
        .when(~pl.col("in_force") | ~names_it).then(NO)
        .when(pl.col("program").is_null()).then(MAYBE)
        .otherwise(YES)
    )  # fmt: skip
    out = pl.when(pl.col("in_force") & ((pl.col("in_scope") == NO) | silent))
    # Of an only policy, no other one can decide a line that may be outside of its sites.
    open_site = pl.col("in_force") & (_by_sites() == MAYBE) & ~pl.col(OF_LINE).is_duplicated()
    return known.with_columns(
        addresses=pl.min_horizontal("in_scope", by_rules),
        contending=out.then(pl.format("{} {} does not address the line", "policy_id", "policy_version"))
        .when(open_site)
        .then(pl.format("{} {} may not address the line", "policy_id", "policy_version")),
    ).drop("in_scope")


def _by_sites() -> pl.Expr:
    shared = pl.col("solid_sites").list.set_intersection("scope_sites").list.len().fill_null(0) > 0
    return (
        pl.when(pl.col("scope_sites").list.len().fill_null(0) == 0).then(YES)
        .when(pl.col("site_class").is_null()).then(MAYBE)
        .when(shared).then(YES)
        .otherwise(NO)
    )  # fmt: skip


def _by_codes() -> pl.Expr:
    """A claim's code (ICD-10-PCS, OPCS-4) is in no scope by codes, and in each: it names no line."""
    is_open = (pl.col("scope_codes").list.len().fill_null(0) == 0) | pl.col("of_claim")
    return pl.when(is_open | pl.col("scope_codes").list.contains(pl.col("hcpcs_code"))).then(YES).otherwise(NO)


def _by_programs() -> pl.Expr:
    return (
        pl.when(pl.col("scope_programs").list.len().fill_null(0) == 0).then(YES)
        .when(pl.col("program").is_null()).then(MAYBE)
        .when(pl.col("scope_programs").list.contains(pl.col("program"))).then(YES)
        .otherwise(NO)
    )  # fmt: skip


def shared(rows: pl.DataFrame) -> pl.Series:
    """Whether the line of each row has several rows."""
    return rows[OF_LINE].is_duplicated()


def asked(rows: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """The rows of the policies that are asked about their line, with the outcome of each by itself, the first first.

    Args:
        rows: of lines with several policies.
        outcomes: of each row: reason_code, disposition, group_code, liability_basis and citation.
    """
    own = rows.select(OF_LINE, "addresses", "rank", "in_force", "contending", "timeline")
    first_yes = pl.when(pl.col("addresses") == YES).then("rank").min().over(OF_LINE)
    known = own.with_columns(first_yes=first_yes)
    may = (pl.col("addresses") != NO) & (pl.col("first_yes").is_null() | (pl.col("rank") <= pl.col("first_yes")))
    about_it = pl.col("in_force") & pl.col("contending").is_null()
    # The best of a line's policies are asked: those that may address it, else those about it, those in force, or all.
    ranked = known.with_columns(best=pl.when(may).then(3).when(about_it).then(2).when("in_force").then(1).otherwise(0))
    is_asked = ranked.select(pl.col("best") == pl.col("best").max().over(OF_LINE)).to_series()
    in_order = pl.arg_sort_by(
        OF_LINE, "in_force", "addresses", "rank", "timeline",
        descending=[False, True, True, False, False], maintain_order=True,
    )  # fmt: skip
    with_own = pl.concat([rows, outcomes.rename({name: f"own_{name}" for name in outcomes.columns})], how="horizontal")
    return with_own.filter(is_asked)[own.filter(is_asked).select(in_order).to_series()]


def governing(rows: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """One row for each line, in order: that of the policy that decides it, without the columns of precedence.

    Args:
        rows: all rows, those of lines with one policy among them.
        held: `asked` of the lines with several.
    """
    named = pl.concat_str(
        "policy_id", pl.lit(" "), "policy_version", pl.lit(": "), "own_disposition", pl.lit(" ("), "own_reason_code",
        pl.lit(")"), ignore_nulls=True,
    )  # fmt: skip
    first_citation = pl.col("own_citation").first()
    cited = pl.col("own_citation").drop_nulls().unique(maintain_order=True)
    several = held.filter(pl.col(OF_LINE).is_duplicated())
    compared = several.group_by(OF_LINE, maintain_order=True).agg(
        pl.col("line").first(),
        differ=pl.struct(f"own_{name}" for name in OUTCOME).n_unique() > 1,
        all_named=named.str.join("; "),
        others=cited.filter((cited != first_citation).fill_null(value=True)).str.join("; ").replace("", None),
    )
    firsts = held["line"].filter(held[OF_LINE].is_first_distinct())
    single = ~pl.col("line").is_in(rows["line"].filter(shared(rows)).implode())
    chosen = rows.filter(single | pl.col("line").is_in(firsts.implode()))
    known = chosen.join(compared.drop(OF_LINE), on="line", how="left", validate="1:1", maintain_order="left")
    return (
        known.with_columns(
            contending=pl.when(pl.col("differ").fill_null(value=False)).then("all_named").otherwise("contending"),
            also_cited="others",
        )
        .sort(OF_LINE)
        .drop(OF_LINE, "line", "differ", "all_named", "others", "addresses", *_SCOPES)
    )
