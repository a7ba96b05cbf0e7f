"""The engine's own promises: shape, order, no null outcome, one primary edit, and costs that stay bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from claims_edit import engine
from claims_edit.edits import EDITS, INFORMATIONAL_EDITS, LABELS, TABLE_EDITS, Condition, Edit
from claims_edit.engine import DECISION_SCHEMA, decide, facts
from claims_edit.model import DECISION_COLUMNS
from claims_edit.policy import Catalog, load_catalog
from claims_edit.policy.tables import spaced
from tests.lib.candidates import (
    CANDIDATE_SCHEMA,
    CONTRACT_BYTES,
    CONTRACT_SCHEMA,
    LINE_BYTES,
    REVISION_SCHEMA,
    contracts_of,
    lines_of,
    revisions_of,
)
from tests.lib.examples import first
from tests.rules.lines import decided as decided_lines

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN: dict[str, Any] = {
    "source_file": "extract.csv",
    "source_row": 7,
    "data_source": "extract",
    "claim_id": "C1",
    "claim_line_number": 1,
    "claim_type": "professional",
    "member_id": "M1",
    "payer": "Florida Blue",
    "line_of_business": "commercial",
    "service_start_date": date(2024, 3, 1),
    "service_end_date": date(2024, 3, 1),
    "hcpcs_code": "0600T",
    "diagnosis_code_type": "icd-10-cm",
    "service_unit_quantity": 1.0,
    "charge_amount": "100.00",
    "paid_amount": "60.00",
    "claim_frequency_code": "1",
}
NO_REVISIONS = pl.LazyFrame(schema=REVISION_SCHEMA)
NO_CONTRACTS = pl.DataFrame(schema=CONTRACT_SCHEMA)


@cache
def catalog() -> Catalog:
    return load_catalog()


def candidates(*changes: dict[str, Any]) -> pl.DataFrame:
    lines = [{**dict.fromkeys(CANDIDATE_SCHEMA), **PLAIN, **change} for change in changes]
    return pl.DataFrame(lines, schema={**CANDIDATE_SCHEMA, "charge_amount": pl.String, "paid_amount": pl.String}).cast(
        dict.fromkeys(("charge_amount", "paid_amount"), pl.Decimal(18, 2))
    )


def broken(table: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Catalog:
    changes: dict[str, Any] = {table: change(getattr(catalog(), table))}
    return replace(catalog(), **changes)


def crowded(seed: int, lines: int = 600) -> tuple[pl.DataFrame, pl.LazyFrame, pl.DataFrame]:
    random = Random(seed)  # noqa: S311 -- test data
    rows = lines_of(random.randbytes(lines * LINE_BYTES))
    contracts = contracts_of(random.randbytes(20 * CONTRACT_BYTES))
    return (
        pl.DataFrame(rows, schema=CANDIDATE_SCHEMA),
        revisions_of(rows),
        pl.DataFrame(contracts, schema=CONTRACT_SCHEMA),
    )


def test_schema_has_the_decision_columns_in_order() -> None:
    assert tuple(DECISION_SCHEMA) == DECISION_COLUMNS
    assert {name for name, dtype in DECISION_SCHEMA.items() if dtype == pl.Date} == {
        "service_start_date", "service_end_date",
    }  # fmt: skip


@pytest.mark.parametrize("lines", [0, 1, 3])
def test_decisions_have_the_schema_whatever_the_height(lines: int) -> None:
    decided = decide(candidates(*[{}] * lines), catalog(), revisions=NO_REVISIONS, contracts=NO_CONTRACTS)
    assert decided.height == lines
    assert {"run_id": pl.String, "mode": pl.String, **decided.schema} == DECISION_SCHEMA
    assert (*DECISION_COLUMNS[:2], *decided.columns) == DECISION_COLUMNS


def test_a_decision_carries_the_line_and_its_rules() -> None:
    line = {
        "hcpcs_modifier_2": "26", "diagnosis_code_3": "C509", "rendering_npi": "1", "billing_npi": "2", "group_id": "G",
        "diagnosis_code_25": "I10",
    }  # fmt: skip
    (row,) = decide(candidates(line), catalog(), revisions=NO_REVISIONS, contracts=NO_CONTRACTS).to_dicts()
    assert (row["disposition"], row["reason_code"]) == ("deny", "investigational")
    assert (row["payer_raw"], row["payer"], row["program"]) == ("Florida Blue", "florida_blue", "commercial")
    assert (row["modifiers"], row["diagnosis_codes"]) == (["26"], ["C509", "I10"])
    assert (row["rendering_npi"], row["billing_npi"], row["group_id"]) == ("1", "2", "G")
    assert (str(row["charge_amount"]), str(row["paid_amount"]), str(row["adjustment_amount"])) == (
        "100.00", "60.00", "100.00",
    )  # fmt: skip
    assert row["policy_version"] == "2020-07-01"
    assert row["policy_reference"] == "02-40000-26"
    assert row["citation"].startswith("Florida Blue")
    assert row["rules_hash"] == catalog().rules_hash


def test_a_contract_without_a_citation_is_cited_as_the_contract_file() -> None:
    contract = {"payer": "florida_blue", "group_id": "G", "effective_date": date(2020, 1, 1), "coverage": "excluded"}
    decided = decide(
        candidates({"group_id": " G "}),
        catalog(),
        revisions=NO_REVISIONS,
        contracts=pl.DataFrame([contract], schema=CONTRACT_SCHEMA),
    )
    assert decided["reason_code"].to_list() == ["contract-excludes"]
    assert decided["citation"].to_list() == ["contract file"]


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (("covered", "review", "excluded"), "contract-covers"),
        (("review", "excluded"), "contract-review"),
        (("excluded",), "contract-excludes"),
    ],
)
def test_each_contract_edit_cites_its_own_row(terms: tuple[str, ...], reason: str) -> None:
    contracts = [
        {
            "payer": "florida_blue",
            "group_id": "G",
            "effective_date": date(2020, 1, 1),
            "coverage": term,
            "citation": term,
        }
        for term in terms
    ]
    lines = candidates({"group_id": "G"})
    contract_file = pl.DataFrame(contracts, schema=CONTRACT_SCHEMA)
    decided = decide(lines, catalog(), revisions=NO_REVISIONS, contracts=contract_file)
    assert decided.select("reason_code", "citation").rows() == [(reason, terms[0])]


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (date(2024, 3, 1), date(2024, 3, 1), "investigational"),
        (date(2024, 2, 29), date(2024, 3, 1), "investigational"),
        (date(2024, 3, 1), date(2024, 3, 2), "dos-spans-boundary"),
        (date(2024, 3, 2), date(2024, 3, 2), "code-not-valid-on-dos"),
    ],
)
def test_a_code_that_ends(start: date, end: date, reason: str) -> None:
    ended = broken("codes", lambda codes: codes.with_columns(valid_until=pl.lit(date(2024, 3, 1))))
    line = candidates({"service_start_date": start, "service_end_date": end})
    decided = decide(line, ended, revisions=NO_REVISIONS, contracts=NO_CONTRACTS)
    assert decided["reason_code"].to_list() == [reason]


def test_an_unlisted_code_that_is_still_listed() -> None:
    still = broken(
        "listed_codes",
        lambda listed: listed.with_columns(hcpcs_code=pl.col("hcpcs_code").replace("0601T", "47399")),
    )
    decided = decide(candidates({"hcpcs_code": "47399"}), still, revisions=NO_REVISIONS, contracts=NO_CONTRACTS)
    assert decided["edits"].to_list() == [["unlisted-code", "investigational"]]


def test_every_reason_of_a_crowded_batch_is_the_first_table_edit_that_hit() -> None:
    lines, revisions, contracts = crowded(1, 3000)
    decided = decide(lines, catalog(), revisions=revisions, contracts=contracts)
    order = [edit.id for edit in EDITS]
    for reason, edits in decided.select("reason_code", "edits").unique().iter_rows():
        assert edits == sorted(edits, key=order.index)
        assert edits[0] == reason
    assert decided["source_row"].equals(lines["source_row"])


@pytest.mark.long
@pytest.mark.parametrize("size", first(1, [1, 7, 59]))
def test_batch_size_changes_nothing(size: int) -> None:
    lines, revisions, contracts = crowded(2, 60)
    whole = decide(lines, catalog(), revisions=revisions, contracts=contracts)
    parts = [decide(part, catalog(), revisions=revisions, contracts=contracts) for part in lines.iter_slices(size)]
    assert_frame_equal(pl.concat(parts), whole)


def test_row_order_changes_nothing_but_the_order() -> None:
    lines, revisions, contracts = crowded(3)
    whole = decide(lines, catalog(), revisions=revisions, contracts=contracts)
    turned = decide(
        lines.reverse(), catalog(), revisions=revisions.reverse(), contracts=contracts.reverse()
    ).reverse()  # fmt: skip
    assert_frame_equal(turned, whole)


def test_facts_that_an_edit_takes_as_yes_or_no_are_never_null() -> None:
    lines, revisions, contracts = crowded(4)
    known = facts(lines, catalog(), revisions=revisions, contracts=contracts)
    assert known.height == lines.height
    booleans = known.select(pl.selectors.boolean())
    assert set(booleans.columns) >= {"in_force", "funding", "listed", "superseded", "solid_tumor", "site_mismatch"}
    assert booleans.null_count().row(0) == (0,) * booleans.width


def test_no_edit_is_null_where_no_fact_exists() -> None:
    known = facts(candidates({}), catalog(), revisions=NO_REVISIONS, contracts=NO_CONTRACTS)
    dates = {"service_start_date", "service_end_date", "code_kind"}
    unknown = known.with_columns(
        pl.when(pl.lit(value=False)).then(pl.col(name)).alias(name)
        for name, dtype in known.schema.items()
        if dtype != pl.Boolean and name not in dates
    )
    for named in EDITS:
        assert unknown.select(named.hit).to_series().to_list() in ([True], [False]), named.id


def hitting(edit: Edit, holds: pl.Expr) -> Edit:
    return replace(edit, conditions=(Condition("another one", holds, lambda line: line.code),))


def without(column: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda table: table.with_columns(pl.lit(None, pl.String).alias(column))


def applying_to_medicare_advantage(rules: pl.DataFrame) -> pl.DataFrame:
    return rules.with_columns(
        rule=pl.when(pl.col("program") == "medicare_advantage").then(pl.lit("applies")).otherwise("rule")
    )


@pytest.mark.parametrize(
    ("table", "change", "fault"),
    [
        ("codes", lambda codes: codes.filter(pl.col("hcpcs_code") != "0600T"), "not a candidate"),
        ("reasons", without("disposition"), "without a disposition"),
        ("versions", without("statement_citation"), "without a citation"),
        ("reasons", without("group_code"), "without a group code"),
        ("program_rules", applying_to_medicare_advantage, "Medicare Advantage"),
    ],
)
def test_a_broken_promise_stops_the_engine(
    table: str, change: Callable[[pl.DataFrame], pl.DataFrame], fault: str
) -> None:
    program = "medicare_advantage" if fault == "Medicare Advantage" else "commercial"
    with pytest.raises(RuntimeError, match=fault):
        decide(
            candidates({"line_of_business": program}),
            broken(table, change),
            revisions=NO_REVISIONS,
            contracts=NO_CONTRACTS,
        )


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        ("prior-authorization", {"prior_authorization_number": "PA-1"}),
        ("facts-in-doubt", {"doubts": "diagnosis-unresolved@diagnosis[1]"}),
        ("trial-context", {"hcpcs_modifier_1": "Q1"}),
    ],
)
def test_an_engine_that_would_deny_what_may_save_a_line_stops(
    edit: str, line: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = [hitting(each, pl.lit(value=False)) if each.id == edit else each for each in EDITS]
    monkeypatch.setattr(engine, "EDITS", tuple(blind))
    with pytest.raises(RuntimeError, match="a denial of a line with"):
        decide(candidates(line), catalog(), revisions=NO_REVISIONS, contracts=NO_CONTRACTS)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BlueMedicare  PPO-2", " blue medicare ppo 2 "),
        ("FEP", " fep "),
        ("", "  "),
        ("TRICARE/East", " tricare east "),
    ],
)
def test_the_name_of_a_plan_as_words(name: str, words: str) -> None:
    assert pl.select(spaced(pl.lit(name))).item() == words


def test_a_null_outcome_stops_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = hitting(EDITS[0], pl.col("policy_version") == "2020-07-01")
    monkeypatch.setattr(engine, "EDITS", (unsure, *EDITS[1:]))
    with pytest.raises(RuntimeError, match="null outcome of line-superseded"):
        decide(candidates({"payer": "nobody"}), catalog(), revisions=NO_REVISIONS, contracts=NO_CONTRACTS)


def test_a_line_without_a_primary_edit_stops_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    never = hitting(TABLE_EDITS[-1], pl.col("policy_version").is_null())
    monkeypatch.setattr(engine, "EDITS", (*TABLE_EDITS[:-1], never, *INFORMATIONAL_EDITS))
    with pytest.raises(RuntimeError, match="without a primary edit"):
        decide(candidates({}), catalog(), revisions=NO_REVISIONS, contracts=NO_CONTRACTS)


def test_edits_are_the_reasons_of_the_rule_pack_in_the_same_order() -> None:
    reasons = catalog().reasons.filter(pl.col("disposition").is_not_null())["reason_code"].to_list()
    assert sorted(reasons) == sorted(edit.id for edit in TABLE_EDITS)


def test_each_edit_has_a_label_and_a_paragraph() -> None:
    assert list(LABELS) == [edit.id for edit in EDITS]
    assert len({edit.label for edit in EDITS}) == len(EDITS)
    assert all(edit.label and not edit.label.endswith(".") for edit in EDITS)
    assert all("Source: " in edit.meaning for edit in EDITS)


def test_many_policies_decide_as_few_do() -> None:
    names = [f"other_payer_{number}" for number in range(1000)]
    tables: dict[str, Any] = {}
    for table in ("versions", "listed_codes", "program_rules", "boundaries"):
        shipped: pl.DataFrame = getattr(catalog(), table)
        copies = shipped.filter(pl.col("payer") == "premera").drop("payer")
        others = copies.join(pl.DataFrame({"payer": names}), how="cross").select(shipped.columns)
        tables[table] = pl.concat([shipped, others]).sample(fraction=1, shuffle=True, seed=5)
    lines, revisions, contracts = crowded(6)
    many = decide(lines, replace(catalog(), **tables), revisions=revisions, contracts=contracts)
    assert_frame_equal(many, decide(lines, catalog(), revisions=revisions, contracts=contracts))


def test_every_alternative_of_a_member_id_shape_spans_the_whole_id() -> None:
    shapes = catalog().member_id_shapes.with_columns(pattern=pl.lit("^R[0-9]{8}|X[0-9]$"))
    either = replace(catalog(), member_id_shapes=shapes)
    ids = {"R12345678": "fep", "X1": "fep", "R123456789": None, "AX1": None}
    on = {"payer": "regence", "line_of_business": None, "hcpcs_code": "0601T", "on": date(2026, 3, 1)}
    found = decided_lines(either, *(on | {"member_id": each} for each in ids))
    assert [line["program"] for line in found] == list(ids.values())
