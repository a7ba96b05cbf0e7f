"""Decide candidate lines: facts, edits, one primary edit, and the remittance values. Pure: no input or output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.doubts import doubt_names
from claims_edit.edits import EDITS, HOLDING_FACTS, TABLE_EDITS
from claims_edit.edits.coverage import contract_excludes
from claims_edit.edits.notes import policy_stale
from claims_edit.facts import resolve
from claims_edit.facts.precedence import OF_LINE, OUTCOME, asked, governing, shared
from claims_edit.model import DECISION_COLUMNS, Disposition, StalePolicy

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

_MONEY = pl.Decimal(18, 2)
_NOT_TEXT: dict[str, pl.DataType] = {
    "source_row": pl.Int64(),
    "claim_line_number": pl.Int64(),
    "service_start_date": pl.Date(),
    "service_end_date": pl.Date(),
    "modifiers": pl.List(pl.String()),
    "diagnosis_codes": pl.List(pl.String()),
    "units": pl.Float64(),
    "charge_amount": _MONEY,
    "paid_amount": _MONEY,
    "edits": pl.List(pl.String()),
    "rarcs": pl.List(pl.String()),
    "adjustment_amount": _MONEY,
    "policy_stale": pl.Boolean(),
}
DECISION_SCHEMA: dict[str, pl.DataType] = {name: _NOT_TEXT.get(name, pl.String()) for name in DECISION_COLUMNS}
_BATCH_ADDS = ("run_id", "mode")
_CITED_IN = {
    "statement": "statement_citation",
    "codes": "codes_citation",
    "program": "program_citation",
    "code": "code_citation",
}


def facts(
    candidates: pl.DataFrame, catalog: Catalog, *, revisions: pl.LazyFrame, contracts: pl.DataFrame
) -> pl.DataFrame:
    """The resolved facts of each candidate line, in order: one column a fact, null where the fact does not exist.

    Where a payer has several policies on the line's service, the facts are those of the one that decides; where they
    disagree without an order between them, `contending` names each with its outcome.
    """
    return facts_and_policies(candidates, catalog, revisions=revisions, contracts=contracts)[0]


def facts_and_policies(
    candidates: pl.DataFrame, catalog: Catalog, *, revisions: pl.LazyFrame, contracts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The facts of each line, and those of each policy that is asked about a line that has several: a row for each.

    The second is None where no payer of the pack has several policies on a service. It has the number of the line
    (`of_line`), and the outcome of each policy by itself (`own_reason_code`, `own_liability_basis`, …).
    """
    rows = resolve(candidates, catalog, revisions=revisions, contracts=contracts)
    if OF_LINE not in rows.columns:
        return rows, None
    contested = rows.filter(shared(rows))
    held = asked(contested, evaluate(contested, catalog).select(*OUTCOME, "liability_basis", "citation"))
    return governing(rows, held), held


def decide(
    candidates: pl.DataFrame,
    catalog: Catalog,
    *,
    revisions: pl.LazyFrame,
    contracts: pl.DataFrame,
    stale_policy: StalePolicy = StalePolicy.WARN,
) -> pl.DataFrame:
    """One decision per candidate line, in order: `DECISION_SCHEMA` without `run_id` and `mode`.

    `candidates` are accepted lines with every canonical column; `revisions` are the run's replacements and voids (only
    those that name a claim of this batch are read into memory); `contracts` may be empty. With `stale_policy` review,
    a line that would be denied with `policy-stale` triggered is suspended, and `policy-stale` is its reason.

    Raises:
        RuntimeError: the engine broke one of its own promises (a bug, never a fault of the data).
    """
    known = facts(candidates, catalog, revisions=revisions, contracts=contracts)
    _require(not known["code_kind"].has_nulls(), "a line without a code of the rule pack is not a candidate")
    _require(known.height == candidates.height, "facts and candidates differ in number")
    money = candidates.select(
        "charge_amount", "paid_amount", "billing_npi", "rendering_npi", units="service_unit_quantity"
    )
    decided = pl.concat([evaluate(known, catalog, stale_policy), money], how="horizontal")
    decided = decided.with_columns(
        _adjustment(), doubt_names(pl.col("doubts")).alias("doubts"), rules_hash=pl.lit(catalog.rules_hash)
    )
    _check(decided)
    return decided.select(
        pl.col(name).cast(dtype) for name, dtype in DECISION_SCHEMA.items() if name not in _BATCH_ADDS
    )


def evaluate(known: pl.DataFrame, catalog: Catalog, stale_policy: StalePolicy = StalePolicy.WARN) -> pl.DataFrame:
    """The facts of each line with its edits, reason, disposition, liability and citation.

    Only `decide` refuses outcomes that no rule pack may have, so that a proof of the rules can show them.

    Raises:
        RuntimeError: a line without a primary edit, or an edit without an outcome.
    """
    evaluated = pl.concat([known, _outcomes(known, catalog, stale_policy)], how="horizontal")
    return evaluated.with_columns(*_liability(), _citation())


def hits_of(known: pl.DataFrame) -> pl.DataFrame:
    """Whether each edit is triggered, by its id (Boolean), line by line.

    Raises:
        RuntimeError: an edit is null on a line.
    """
    hits = known.select(edit.hit.alias(edit.id) for edit in EDITS)
    unsure = [column.name for column in hits if column.has_nulls()]
    _require(not unsure, f"null outcome of {', '.join(unsure)}")
    return hits


def _outcomes(known: pl.DataFrame, catalog: Catalog, stale_policy: StalePolicy) -> pl.DataFrame:
    """For each line the edits triggered, the primary one, and its reason's columns.

    Each line's edits become one number, a bit per edit; there are few distinct numbers, and only these are expanded.
    """
    hits = hits_of(known)
    bits = [pl.col(edit.id).cast(pl.UInt64) * pl.lit(1 << place, pl.UInt64) for place, edit in enumerate(EDITS)]
    lines = hits.select(pl.sum_horizontal(bits).cast(pl.UInt64).alias("hits"), policy_stale=policy_stale.id)
    named = [
        pl.when((pl.col("hits") & pl.lit(1 << place, pl.UInt64)) > 0).then(pl.lit(edit.id))
        for place, edit in enumerate(EDITS)
    ]
    outcomes = lines.unique().with_columns(
        edits=pl.concat_list(named).list.drop_nulls(), reason_code=pl.coalesce(named[: len(TABLE_EDITS)])
    )
    _require(not outcomes["reason_code"].has_nulls(), "a line without a primary edit")
    reasons = catalog.reasons.rename({"group_code": "default_group_code"})
    if stale_policy is StalePolicy.REVIEW:
        outcomes, reasons = _suspended(outcomes, reasons)
    outcomes = outcomes.drop("policy_stale").join(reasons, on="reason_code", how="left", validate="m:1")
    _require(not outcomes["disposition"].has_nulls(), "an edit without a disposition")
    return lines.join(outcomes, on="hits", how="left", validate="m:1", maintain_order="left").drop("hits")


def _suspended(outcomes: pl.DataFrame, reasons: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Where a stale policy would deny, `policy-stale` becomes the reason, and the line goes to review.

    Only a denial can harm if the policy is out of date: lines that a person sees anyway stay the same,
    and so do those that do not depend on the policy (refer, return, pass).
    """
    denying = reasons.filter(pl.col("disposition") == Disposition.DENY)["reason_code"]
    is_stale = pl.lit(policy_stale.id)
    suspended = pl.col("policy_stale") & pl.col("reason_code").is_in(denying.implode())
    disposition = pl.when(pl.col("reason_code") == is_stale).then(pl.lit(Disposition.REVIEW))
    return (
        outcomes.with_columns(reason_code=pl.when(suspended).then(is_stale).otherwise("reason_code")),
        reasons.with_columns(disposition=disposition.otherwise("disposition")),
    )


def _liability() -> list[pl.Expr]:
    """Who is liable for the amount, per the contract, the policy, or the reason's default."""
    deny = pl.col("disposition") == Disposition.DENY
    by_contract = (pl.col("reason_code") == contract_excludes.id) & pl.col("contract_group_code").is_not_null()
    by_policy = deny & pl.col("liability_group_code").is_not_null()
    by_default = deny | (pl.col("disposition") == Disposition.RETURN)
    group_code = (
        pl.when(by_contract).then("contract_group_code")
        .when(by_policy).then("liability_group_code")
        .when(by_default).then("default_group_code")
    )  # fmt: skip
    basis = (
        pl.when(by_contract).then(pl.lit("contract"))
        .when(by_policy).then(pl.lit("policy"))
        .when(by_default).then(pl.lit("default"))
    )  # fmt: skip
    return [group_code.alias("group_code"), basis.alias("liability_basis")]


def _citation() -> pl.Expr:
    """The citation of the primary edit, from the source named by its reason; else that of the version's statement."""
    review_date = pl.when(pl.col("reason_code") == policy_stale.id).then("review_citation")
    cited = [pl.when(pl.col("cites") == place).then(column) for place, column in _CITED_IN.items()]
    # Of several contract rows, the deciding one is the first in the order of the edits.
    terms = pl.coalesce([f"contract_{coverage}_citation" for coverage in ("covered", "review", "excluded")])
    in_contract = pl.when(pl.col("cites") == "contract").then(terms)
    deciding = pl.coalesce([review_date, *cited, in_contract, "statement_citation"])
    # Of several policies that address the line, each is cited.
    several = pl.when(pl.col("also_cited").is_not_null())
    both = pl.concat_str(deciding, "also_cited", separator="; ", ignore_nulls=True)
    return several.then(both).otherwise(deciding).alias("citation")


def _adjustment() -> pl.Expr:
    """The charge, if the line is not paid as billed."""
    unpaid = pl.col("disposition").is_in([Disposition.DENY, Disposition.RETURN])
    return pl.when(unpaid).then("charge_amount").alias("adjustment_amount")


def _check(decided: pl.DataFrame) -> None:
    """Check the decisions against the promises that no rule pack may break."""
    denied = decided.filter(pl.col("disposition") == Disposition.DENY)
    _require(not denied["citation"].has_nulls(), "a denial without a citation")
    _require(not denied["group_code"].has_nulls(), "a denial without a group code")
    _require(not (denied["program"] == "medicare_advantage").any(), "an automatic denial of Medicare Advantage")
    for fact in HOLDING_FACTS:
        _require(denied[fact].is_null().all(), f"a denial of a line with {fact}")
    unpaid = decided.filter(pl.col("disposition").is_in([Disposition.DENY, Disposition.RETURN]))
    _require(not unpaid["of_claim"].any(), "a denial or return of a line because of a procedure of its claim")


def _require(kept: bool, broken: str) -> None:  # noqa: FBT001 -- reads as an assertion
    if not kept:
        msg = f"engine: {broken}. This is a bug; please report it."
        raise RuntimeError(msg)
