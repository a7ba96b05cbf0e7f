"""The rules as people read them; the decision table must say what the engine decides."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from claims_edit.errors import UsageError
from claims_edit.governance.decision_table import decision_tables
from claims_edit.policy import load_catalog
from claims_edit.policy.render import policy_list, policy_tables
from tests.rules.lines import decided

CATALOG = load_catalog()
PACK = CATALOG.pack
CODES = [*CATALOG.codes.filter(~pl.col("of_claims"))["hcpcs_code"], "0F500ZF and 65 alike"]


def test_list_has_a_row_a_policy() -> None:
    rows = policy_list(PACK).rows
    assert [row["policy"] for row in rows] == [
        "florida-blue-02-40000-26", "nice-ire", "premera-ire", "regence-surgery-242",
    ]  # fmt: skip
    assert rows[3] == {
        "policy": "regence-surgery-242",
        "payer": "regence",
        "service": "irreversible_electroporation",
        "kind": "funding",
        "versions": "2026-01-01",
        "reviewed": "2025-12-31",
        "next review": "2026-11-30",
    }
    assert rows[0]["versions"] == "2016-02-15 retired, 2020-07-01"


def test_show_cites_every_value() -> None:
    head, before, version, evidence, by_site = policy_tables(PACK, "regence-surgery-242")
    assert [tuple(row.values()) for row in before.rows] == [
        ("before the first version", "none existed",
         "Regence Medical Policy Manual, Surgery, Policy No. 242, Date of Origin (November 2025)"),
    ]  # fmt: skip
    assert head.rows[0]["policy"] == "regence-surgery-242"
    assert all(row["citation"].startswith("Regence Medical Policy Manual") for row in version.rows)
    values = {row["what"]: row["value"] for row in version.rows}
    assert values["in force from"] == "2026-01-01"
    assert values["codes"] == "0600T, 0601T, 47384, 55877"
    assert values["program commercial"].startswith("applies: ")
    assert "liability PR" in values
    assert len(evidence.rows) == 15
    assert [row["sites"] for row in by_site.rows] == [
        "liver_primary, liver_metastasis", "pancreas", "kidney", "lung", "prostate",
    ]  # fmt: skip
    assert by_site.rows[3]["citation"].endswith("Section Summary, Lung Tumors (January 1, 2026)")


def test_show_has_no_table_by_site_where_the_document_concludes_none() -> None:
    titles = [table.title for table in policy_tables(PACK, "florida-blue-02-40000-26")]
    assert [title for title in titles if "by tumor site" in title] == []
    assert titles[-1].startswith("Evidence summarized by Florida Blue")


def test_show_names_exceptions_and_ends() -> None:
    _, _, first, second, *_ = policy_tables(PACK, "florida-blue-02-40000-26")
    values = {row["what"]: row["value"] for row in first.rows}
    assert values["in force until"] == "2020-06-30"
    assert values["codes"] == "none"
    assert values["program medicare_advantage"].startswith("review: ")
    assert "in force until" not in {row["what"] for row in second.rows}


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="premera-ire, regence-surgery-242"):
        policy_tables(PACK, "acme")
    with pytest.raises(UsageError, match="florida_blue, nhs_england, premera, regence"):
        decision_tables(CATALOG, "acme")


def test_periods_of_a_decision_table() -> None:
    rows = decision_tables(CATALOG, "premera")[0].rows
    assert list(dict.fromkeys((row["from"], row["until"], row["version"]) for row in rows)) == [
        ("", "2020-01-02", "none"),
        ("2020-01-03", "2020-06-30", "2020-01-03"),
        ("2020-07-01", "2025-12-31", "2020-07-01"),
        ("2026-01-01", "", "2020-07-01"),
    ]


@pytest.mark.parametrize("payer", PACK.payers.payers)
def test_decision_table_has_every_cell_once(payer: str) -> None:
    rows = decision_tables(CATALOG, payer)[0].rows
    cells = [
        (row["from"], program, code)
        for row in rows
        for program in row["programs"].split(", ")
        for code in row["codes"].split(", ")
    ]
    assert len(cells) == len(set(cells))
    periods = {first for first, _, _ in cells}
    assert len(cells) == len(periods) * (len(PACK.programs.programs) + 1) * len(CODES)


@pytest.mark.long
@pytest.mark.parametrize("payer", PACK.payers.payers)
def test_decision_table_agrees_with_the_engine(payer: str) -> None:
    for row in decision_tables(CATALOG, payer)[0].rows:
        first = date.fromisoformat(row["from"]) if row["from"] else date.fromisoformat(row["until"]) - timedelta(days=9)
        last = date.fromisoformat(row["until"]) if row["until"] else first + timedelta(days=999)
        cells = [
            (
                row["outcome"],
                {"payer": payer, "on": day, "hcpcs_code": code.split()[0], "line_of_business": known(program)},
            )
            for program in row["programs"].split(", ")
            for code in row["codes"].split(", ")
            for day in (first, last)
        ]
        decisions = decided(CATALOG, *(line for _, line in cells))
        assert [cell for cell, _ in cells] == [read(decision) for decision in decisions]


def known(program: str) -> str | None:
    return None if program == "(unknown)" else program


def read(decision: dict[str, str]) -> str:
    text = f"{decision['disposition']}: {decision['reason_code']}"
    return f"{text} ({decision['group_code']} {decision['carc']})" if decision["carc"] else text
