"""Denials under a policy past its review: reported by default, suspended on request, and nothing else is touched."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from claims_edit.engine import decide
from claims_edit.model import StalePolicy
from tests.unit.test_engine import CONTRACT_SCHEMA, NO_CONTRACTS, NO_REVISIONS, candidates, catalog, crowded

OUTCOME = (
    "disposition", "reason_code", "reason", "group_code", "carc", "rarcs", "adjustment_amount", "citation",
    "liability_basis",
)  # fmt: skip
STALE = {"service_start_date": date(2025, 5, 24), "service_end_date": date(2025, 5, 24)}
EVE = {"service_start_date": date(2025, 5, 23), "service_end_date": date(2025, 5, 23)}


def decided(line: dict[str, Any], stale_policy: StalePolicy, contracts: pl.DataFrame = NO_CONTRACTS) -> dict[str, Any]:
    frame = decide(
        candidates(line), catalog(), revisions=NO_REVISIONS, contracts=contracts, stale_policy=stale_policy
    )  # fmt: skip
    return frame.to_dicts()[0]


def test_a_stale_denial_is_suspended_with_the_review_as_its_reason() -> None:
    row = decided(STALE, StalePolicy.REVIEW)
    assert {name: row[name] for name in OUTCOME} == {
        "disposition": "review",
        "reason_code": "policy-stale",
        "reason": "The policy was past its review date on the service date.",
        "group_code": None,
        "carc": None,
        "rarcs": [],
        "adjustment_amount": None,
        "citation": "Florida Blue Medical Coverage Guideline 02-40000-26, Committee Approval (05/23/24)",
        "liability_basis": None,
    }
    assert row["edits"] == ["investigational", "policy-stale"]
    assert row["policy_stale"] is True
    assert row["policy_version"] == "2020-07-01"


def test_the_day_of_the_review_is_not_past_it() -> None:
    assert decided(EVE, StalePolicy.REVIEW)["disposition"] == "deny"


def test_a_contract_that_excludes_is_suspended_too() -> None:
    contract = {
        "payer": "florida_blue", "group_id": "G", "effective_date": date(2020, 1, 1), "coverage": "excluded",
        "group_code": "PR",
    }  # fmt: skip
    contracts = pl.DataFrame([contract], schema=CONTRACT_SCHEMA)
    row = decided({**STALE, "group_id": "G"}, StalePolicy.REVIEW, contracts)
    assert (row["reason_code"], row["group_code"], row["liability_basis"]) == ("policy-stale", None, None)
    assert row["edits"] == ["contract-excludes", "investigational", "policy-stale"]
    assert decided({**EVE, "group_id": "G"}, StalePolicy.REVIEW, contracts)["reason_code"] == "contract-excludes"


@pytest.mark.parametrize("seed", [1, 2])
def test_only_stale_denials_change(seed: int) -> None:
    lines, revisions, contracts = crowded(seed, 3000)
    reported = decide(lines, catalog(), revisions=revisions, contracts=contracts)
    suspended = decide(
        lines, catalog(), revisions=revisions, contracts=contracts, stale_policy=StalePolicy.REVIEW
    )  # fmt: skip
    touched = reported.select((pl.col("disposition") == "deny") & pl.col("policy_stale")).to_series()
    assert 0 < touched.sum() < reported.filter(pl.col("policy_stale")).height < reported.height
    assert_frame_equal(suspended.filter(~touched), reported.filter(~touched))
    kept = [name for name in reported.columns if name not in OUTCOME]
    assert_frame_equal(suspended.select(kept), reported.select(kept))
    assert suspended.filter(touched).select("disposition", "reason_code").unique().rows() == [
        ("review", "policy-stale")
    ]
    assert not suspended.filter(touched)["citation"].has_nulls()


def test_to_warn_is_what_happens_unasked() -> None:
    lines, revisions, contracts = crowded(3)
    reported = decide(lines, catalog(), revisions=revisions, contracts=contracts)
    warned = decide(lines, catalog(), revisions=revisions, contracts=contracts, stale_policy=StalePolicy.WARN)
    assert_frame_equal(reported, warned)
