"""The rules as people read them; the decision table must say what the engine decides."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import UsageError
from claims_edit.policy import load_catalog
from claims_edit.policy.changes import changes
from claims_edit.policy.render import decision_tables, policy_list, policy_status, policy_tables
from claims_edit.policy.schema import json_schemas
from claims_edit.policy.template import new_policy
from tests.rules.lines import decided
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = load_catalog()
PACK = CATALOG.pack
CODES = CATALOG.codes["hcpcs_code"].to_list()


def test_list_has_a_row_a_policy() -> None:
    rows = policy_list(PACK).rows
    assert [row["policy"] for row in rows] == [
        "florida-blue-02-40000-26", "nice-ipg445", "premera-ire", "regence-surgery-242",
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
    assert rows[0]["versions"] == "2016-02-15, 2020-07-01"


def test_show_cites_every_value() -> None:
    head, version, evidence = policy_tables(PACK, "regence-surgery-242")
    assert head.rows[0]["policy"] == "regence-surgery-242"
    assert all(row["citation"].startswith("Regence Medical Policy Manual") for row in version.rows)
    values = {row["what"]: row["value"] for row in version.rows}
    assert values["in force from"] == "2026-01-01"
    assert values["codes"] == "0600T, 0601T, 47384, 55877"
    assert values["program commercial"].startswith("applies: ")
    assert "liability PR" in values
    assert len(evidence.rows) == 15


def test_show_names_exceptions_and_ends() -> None:
    _, first, second, *_ = policy_tables(PACK, "florida-blue-02-40000-26")
    values = {row["what"]: row["value"] for row in first.rows}
    assert values["in force until"] == "2020-06-30"
    assert values["codes"] == "none"
    assert values["program medicare_advantage"].startswith("review: ")
    assert "in force until" not in {row["what"] for row in second.rows}


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="premera-ire, regence-surgery-242"):
        policy_tables(PACK, "acme")
    with pytest.raises(UsageError, match="florida_blue, nhs_england, premera, regence"):
        decision_tables(PACK, "acme")


def test_periods_of_a_decision_table() -> None:
    rows = decision_tables(PACK, "premera")[0].rows
    assert list(dict.fromkeys((row["from"], row["until"], row["version"]) for row in rows)) == [
        ("", "2020-01-02", "none"),
        ("2020-01-03", "2020-06-30", "2020-01-03"),
        ("2020-07-01", "2025-12-31", "2020-07-01"),
        ("2026-01-01", "", "2020-07-01"),
    ]


@pytest.mark.parametrize("payer", PACK.payers.payers)
def test_decision_table_agrees_with_the_engine(payer: str) -> None:
    for row in decision_tables(PACK, payer)[0].rows:
        first = date.fromisoformat(row["from"]) if row["from"] else date.fromisoformat(row["until"]) - timedelta(days=9)
        last = date.fromisoformat(row["until"]) if row["until"] else first + timedelta(days=999)
        cells = [
            (row[code], {"payer": payer, "on": day, "hcpcs_code": code, "line_of_business": known(program)})
            for program in row["programs"].split(", ")
            for code in CODES
            for day in (first, last)
        ]
        decisions = decided(CATALOG, *(line for _, line in cells))
        assert [cell for cell, _ in cells] == [read(decision) for decision in decisions]


def known(program: str) -> str | None:
    return None if program == "(unknown)" else program


def read(decision: dict[str, str]) -> str:
    text = f"{decision['disposition']}: {decision['reason_code']}"
    return f"{text} ({decision['group_code']} {decision['carc']})" if decision["carc"] else text


def test_status_counts_overdue_days() -> None:
    rows = {row["policy"]: row for row in policy_status(PACK, date(2025, 5, 24)).rows}
    assert rows["florida-blue-02-40000-26"]["days overdue"] == "1"
    assert rows["florida-blue-02-40000-26"]["review due"] == "2025-05-23"
    assert rows["regence-surgery-242"]["version"] == "none in force"
    assert rows["nice-ipg445"]["days overdue"] == ""
    on_time = {row["policy"]: row for row in policy_status(PACK, date(2025, 5, 23)).rows}
    assert on_time["florida-blue-02-40000-26"]["days overdue"] == ""


def test_equal_packs_have_no_changes() -> None:
    assert changes(PACK, PACK).rows == ()


def test_changes_name_payer_code_program_and_days(tmp_path: Path) -> None:
    folder = RulesFolder(tmp_path).replace("policies/premera.yaml", "listed: [0600T, 0601T]", "listed: [0600T]")
    found = changes(PACK, load_catalog(folder.root).pack).rows
    assert [(row["payer"], row["code"], row["program"], row["from"], row["until"]) for row in found] == [
        ("premera", "0601T", "commercial", "2020-07-01", ""),
        ("premera", "0601T", "marketplace", "2020-07-01", ""),
    ]
    assert {(row["was"], row["becomes"]) for row in found} == {
        ("deny: investigational (CO 55)", "review: code-not-listed")
    }


def test_a_moved_day_changes_that_day_alone(tmp_path: Path) -> None:
    folder = RulesFolder(tmp_path).replace("policies/regence.yaml", "date: 2026-01-01", "date: 2025-12-31")
    found = changes(PACK, load_catalog(folder.root).pack).rows
    assert {(row["from"], row["until"]) for row in found} == {("2025-12-31", "2025-12-31")}
    assert {row["code"] for row in found} == {"0600T", "0601T"}


def test_a_new_payer_was_not_in_the_rules_before(tmp_path: Path) -> None:
    acme = "payers:\n  acme: {label: Acme, blue_plan: false}\n"
    found = changes(PACK, load_catalog(RulesFolder(tmp_path).replace("payers.yaml", "payers:\n", acme).root).pack).rows
    assert {row["was"] for row in found} == {"(not in the rules)"}
    assert {row["payer"] for row in found} == {"acme"}


def test_schemas_describe_every_kind_of_file() -> None:
    schemas = json_schemas()
    assert list(schemas) == [
        "codes/*.yaml", "evidence/*.yaml", "guidance/*.yaml", "payers.yaml", "policies/*.yaml", "programs.yaml",
        "reasons.yaml", "tumor_sites.yaml",
    ]  # fmt: skip
    assert schemas["policies/*.yaml"]["additionalProperties"] is False
    assert "from" in schemas["policies/*.yaml"]["$defs"]["Version"]["properties"]


def test_a_new_policy_is_refused_until_it_is_filled_in(tmp_path: Path) -> None:
    folder = RulesFolder(tmp_path)
    folder.replace("payers.yaml", "payers:\n", "payers:\n  acme: {label: Acme, blue_plan: false}\n")
    folder.write("policies/acme.yaml", new_policy("acme", "irreversible_electroporation"))
    dates = [f"rules/policies/acme.yaml: versions[0].{place}.date: `YYYY-MM-DD` is" for place in ("from", "reviewed")]
    assert [line[: len(date)] for line, date in zip(folder.faults(), dates, strict=True)] == dates
    filled_in = new_policy("acme", "irreversible_electroporation").replace("YYYY-MM-DD", "2024-01-01")
    folder.write("policies/acme.yaml", filled_in)
    versions = load_catalog(folder.root).versions.filter(payer="acme")
    assert versions["policy_version"].to_list() == ["2024-01-01"]
