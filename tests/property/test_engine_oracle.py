"""The engine and a naive reading of the decision table must agree on every line, whatever is on it."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from claims_edit.engine import decide
from claims_edit.model import StalePolicy
from claims_edit.policy import Catalog, load_catalog
from tests.lib.candidates import (
    CANDIDATE_SCHEMA,
    CONTRACT_BYTES,
    CONTRACT_SCHEMA,
    LINE_BYTES,
    contracts_of,
    lines_of,
    revisions_of,
)
from tests.lib.examples import examples, first
from tests.lib.oracle import DISPOSITIONS, INFORMATIONAL, decide_line

LINES = 200
CONTRACTS = 12
ORACLE_FIELDS = (
    "disposition", "reason_code", "edits", "program", "program_basis", "payer", "policy_version", "site_class",
    "group_code", "liability_basis", "carc", "rarcs", "adjustment_amount", "policy_stale", "trial_evidence",
    "superseded_by", "policy_reference", "doubts", "prior_authorization_number",
)  # fmt: skip
SLOW_BUT_SURE = settings(
    max_examples=examples(6, more=30),
    phases=(Phase.explicit, Phase.generate),  # the message names the one line that matters: nothing to shrink
    suppress_health_check=[HealthCheck.large_base_example],  # 200 lines are the point
)


@cache
def catalog() -> Catalog:
    return load_catalog()


def decisions_on(
    lines: list[dict[str, Any]],
    others: list[dict[str, Any]],
    contracts: list[dict[str, Any]],
    stale_policy: StalePolicy = StalePolicy.WARN,
) -> Any:
    return decide(
        pl.DataFrame(lines, schema=CANDIDATE_SCHEMA),
        catalog(),
        revisions=revisions_of([*lines, *others]),
        contracts=pl.DataFrame(contracts, schema=CONTRACT_SCHEMA),
        stale_policy=stale_policy,
    )


def fill(blob: bytes, seed: int) -> bytes:
    """`blob` with its zero bytes drawn from `seed`, so that a sparse example still has many lines."""
    noise = Random(seed)  # noqa: S311 -- test data
    return bytes(byte or noise.randrange(256) for byte in blob)


def disagreement(line: dict[str, Any], engine: dict[str, Any], oracle: dict[str, Any]) -> str:
    """What a reader needs to compare: the line without its empty cells, and each field that differs."""
    stated = {column: str(value) for column, value in line.items() if value is not None}
    differs = {field: (engine[field], oracle[field]) for field in ORACLE_FIELDS if engine[field] != oracle[field]}
    return f"(engine, oracle) differ in {differs} on {stated}; engine edits {engine['edits']}"


@pytest.mark.more
@given(
    blob=st.binary(min_size=LINES * LINE_BYTES, max_size=LINES * LINE_BYTES),
    contract_blob=st.binary(min_size=CONTRACTS * CONTRACT_BYTES, max_size=CONTRACTS * CONTRACT_BYTES),
    stale_policy=st.sampled_from(StalePolicy),
)
@SLOW_BUT_SURE
def test_engine_and_naive_reading_agree(blob: bytes, contract_blob: bytes, stale_policy: StalePolicy) -> None:
    lines = lines_of(blob)
    contracts = contracts_of(contract_blob)
    decided = decisions_on(lines, [], contracts, stale_policy).to_dicts()
    assert len(decided) == len(lines)
    for line, engine in zip(lines, decided, strict=True):
        oracle = decide_line(line, lines, contracts, suspend_stale=stale_policy is StalePolicy.REVIEW)
        assert engine["source_row"] == line["source_row"]
        assert {field: engine[field] for field in ORACLE_FIELDS} == oracle, disagreement(line, engine, oracle)


@pytest.mark.parametrize("stale_policy", StalePolicy)
@pytest.mark.parametrize("seed", first(5, range(20)))
def test_agreement_on_crowded_lines(seed: int, stale_policy: StalePolicy) -> None:
    """Drawn evenly over every pool, with revisions that are not candidates themselves."""
    lines = lines_of(fill(bytes(LINES * LINE_BYTES), seed))
    others = lines_of(fill(bytes(60 * LINE_BYTES), seed + 1000))
    contracts = contracts_of(fill(bytes(CONTRACTS * CONTRACT_BYTES), seed))
    decided = decisions_on(lines, others, contracts, stale_policy).to_dicts()
    for line, engine in zip(lines, decided, strict=True):
        oracle = decide_line(line, [*lines, *others], contracts, suspend_stale=stale_policy is StalePolicy.REVIEW)
        assert {field: engine[field] for field in ORACLE_FIELDS} == oracle, disagreement(line, engine, oracle)


@pytest.mark.long
def test_crowded_lines_reach_every_edit() -> None:
    """The comparison says nothing about an edit that never hits: each is the primary one somewhere."""
    primary: Counter[str] = Counter()
    suspended = 0
    kept: Counter[str] = Counter()
    for seed in range(20):
        lines = lines_of(fill(bytes(LINES * LINE_BYTES), seed))
        contracts = contracts_of(fill(bytes(CONTRACTS * CONTRACT_BYTES), seed))
        for line in lines:
            oracle = decide_line(line, lines, contracts)
            primary[oracle["reason_code"]] += 1
            suspended += decide_line(line, lines, contracts, suspend_stale=True)["reason_code"] == "policy-stale"
            kept.update(oracle["edits"])
    assert set(DISPOSITIONS) == set(primary)
    assert set(INFORMATIONAL) <= set(kept)
    assert suspended


def test_medicare_advantage_an_authorization_a_doubt_and_a_trial_are_never_denied() -> None:
    for seed in range(20):
        lines = lines_of(fill(bytes(LINES * LINE_BYTES), seed))
        decided = decisions_on(lines, [], contracts_of(fill(bytes(CONTRACTS * CONTRACT_BYTES), seed)))
        denied = decided.filter(pl.col("disposition") == "deny")
        assert denied.height > 0
        assert not set(denied["program"]) - {"commercial", "marketplace", "medicaid"}
        assert denied["citation"].null_count() == 0
        for fact in ("doubts", "prior_authorization_number", "trial_evidence"):
            assert decided[fact].drop_nulls().len() > 0
            assert denied[fact].drop_nulls().is_empty()


@pytest.mark.parametrize("seed", first(2, range(5)))
def test_order_and_split_of_lines_change_nothing(seed: int) -> None:
    lines = lines_of(fill(bytes(LINES * LINE_BYTES), seed))
    contracts = contracts_of(fill(bytes(CONTRACTS * CONTRACT_BYTES), seed))
    whole = decisions_on(lines, [], contracts)
    shuffled = Random(seed).sample(lines, len(lines))  # noqa: S311 -- test data
    turned = decisions_on(shuffled, [], contracts)
    assert turned["source_row"].to_list() == [line["source_row"] for line in shuffled]
    assert turned.sort("source_row").equals(whole)
    first, second = lines[:70], lines[70:]
    parts = [decisions_on(first, second, contracts), decisions_on(second, first, contracts)]
    assert pl.concat(parts).equals(whole)
