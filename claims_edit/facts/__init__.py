"""The facts that the edits need, resolved by joins of the claim lines with the rule tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.facts.contract_terms import with_contract_terms
from claims_edit.facts.criteria import with_position
from claims_edit.facts.diagnosis import (
    with_code_lists,
    with_guidance,
    with_site_mismatch,
    with_site_reference,
    with_sites,
    with_trial_evidence,
)
from claims_edit.facts.payer import with_payer, with_program
from claims_edit.facts.policy import with_code, with_listing, with_program_rule, with_version
from claims_edit.facts.precedence import OF_LINE, with_addressed_line, with_timeline
from claims_edit.facts.revision import with_superseded

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

CLAIM_COLUMNS = (
    "data_source", "source_file", "source_row", "claim_id", "claim_line_number", "claim_type", "member_id", "group_id",
    "line_of_business", "claim_filing_indicator_code", "service_start_date", "service_end_date", "hcpcs_code",
    "diagnosis_code_type", "modifiers", "diagnosis_codes", "claim_frequency_code", "clinical_trial_number",
    "condition_codes", "value_codes", "investigational_device_exemption_number", "prior_authorization_number",
    "doubts", "plan", "billing_provider_id", "service_date_column",
    "posting_holds", "place_of_service_code", "service_unit_quantity",
    "code_column",
)  # fmt: skip


def resolve(
    candidates: pl.DataFrame, catalog: Catalog, *, revisions: pl.LazyFrame, contracts: pl.DataFrame
) -> pl.DataFrame:
    """One row per candidate line, in order: the line's values, and every fact that an edit may use.

    A line of a payer with several policies on the service has one for each (`of_line`), among which `engine.facts`
    chooses.
    Facts that do not exist are null; yes-or-no facts of an edit (`in_force`, `listed`, …) are never null.
    """
    # A run of an earlier release has fewer columns.
    absent = [
        pl.lit(None, pl.Float64 if name == "service_unit_quantity" else pl.String).alias(name)
        for name in CLAIM_COLUMNS
        if name not in candidates.columns
    ]
    lines = with_code_lists(candidates.with_columns(absent)).select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("line"), pl.col("payer").alias("payer_raw"), *CLAIM_COLUMNS
    )
    lines = with_code(with_payer(lines, catalog), catalog)
    lines = with_timeline(with_program(lines, catalog), catalog)
    lines = with_sites(lines, catalog)
    lines = with_site_reference(with_version(lines, catalog), catalog)
    lines = with_program_rule(with_listing(with_position(lines, catalog), catalog), catalog)
    lines = with_guidance(with_site_mismatch(lines, catalog), catalog)
    lines = with_contract_terms(with_trial_evidence(with_addressed_line(lines)), contracts)
    known = with_superseded(lines, revisions, catalog)
    return known if OF_LINE in known.columns else known.drop("line")


__all__ = ["resolve"]
