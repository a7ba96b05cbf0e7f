"""The views on shadow runs: what they decided, and beside it what is enforced."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.lib.examples import first
from tests.lib.runs import REVIEWED, line, publish

if TYPE_CHECKING:
    from pathlib import Path

RUNS = [f"2026030{day}T010000Z-aaaa" for day in range(1, 6)]
COMPARED = "enforced_disposition, shadow_disposition, changed, enforced_run_id, shadow_run_id"


def asked(out: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.long
def test_the_latest_shadow_run_of_a_line_is_kept_beside_the_latest_enforced_one(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line()])
    publish(tmp_path, RUNS[1], [line(disposition="pass")], mode="shadow")
    publish(tmp_path, RUNS[2], [line(**REVIEWED, rules_hash="cd" * 32)], mode="shadow")
    publish(tmp_path, RUNS[3], [line(disposition="refer")])
    assert asked(tmp_path, "SELECT run_id, disposition FROM shadow_decisions") == [(RUNS[2], "review")]
    found = asked(tmp_path, f"SELECT {COMPARED}, enforced_rules_hash, shadow_rules_hash FROM shadow_vs_enforced")
    assert found == [("refer", "review", True, RUNS[3], RUNS[2], "ab" * 32, "cd" * 32)]


def test_a_change_is_one_of_disposition_reason_or_group_code(tmp_path: Path) -> None:
    cases: tuple[tuple[dict[str, Any], bool], ...] = (
        ({}, False),
        ({"run_id": "other", "policy_version": "2027-01-01", "citation": "Other", "rules_hash": "cd" * 32}, False),
        ({"disposition": "review"}, True),
        ({"reason_code": "contract-excludes"}, True),
        ({"group_code": "CO"}, True),
        ({"group_code": None}, True),
    )
    publish(tmp_path, RUNS[0], [line(claim_id=f"C{place}") for place in range(len(cases))])
    shadow = [line(**changes, claim_id=f"C{place}") for place, (changes, _) in enumerate(cases)]
    publish(tmp_path, RUNS[1], shadow, mode="shadow")
    found = asked(tmp_path, "SELECT claim_id, changed FROM shadow_vs_enforced ORDER BY claim_id")
    assert found == [(f"C{place}", changed) for place, (_, changed) in enumerate(cases)]


@pytest.mark.long
def test_the_provider_and_the_deciding_edit_of_both_are_given(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(**REVIEWED | {"edits": ["code-not-listed", "policy-stale"]})])
    publish(tmp_path, RUNS[1], [line(edits=["investigational"]), line(claim_id="C2", edits=[])], mode="shadow")
    asking = "SELECT claim_id, billing_npi, enforced_edit, shadow_edit FROM shadow_vs_enforced ORDER BY ALL"
    npi = line()["billing_npi"]
    assert asked(tmp_path, asking) == [
        ("C1", npi, "code-not-listed", "investigational"),
        ("C2", npi, None, None),
    ]


@pytest.mark.long
def test_nulls_on_both_sides_are_no_change(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(**REVIEWED)])
    publish(tmp_path, RUNS[1], [line(**REVIEWED)], mode="shadow")
    assert asked(tmp_path, "SELECT changed FROM shadow_vs_enforced") == [(False,)]


@pytest.mark.long
def test_a_line_that_was_never_enforced_has_nothing_beside_it(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(claim_id="C2")])
    publish(tmp_path, RUNS[1], [line()], mode="shadow")
    found = asked(tmp_path, f"SELECT claim_id, {COMPARED}, charge_amount::VARCHAR FROM shadow_vs_enforced")
    assert found == [("C1", None, "deny", True, None, RUNS[1], "1000.10")]


def test_a_claim_and_its_replacement_are_each_beside_themselves(tmp_path: Path) -> None:
    rows = [line(), line(source_row=3, disposition="review")]
    publish(tmp_path, RUNS[0], rows)
    publish(tmp_path, RUNS[1], rows, mode="shadow")
    found = asked(tmp_path, "SELECT enforced_disposition, shadow_disposition FROM shadow_vs_enforced ORDER BY ALL")
    assert found == [("deny", "deny"), ("review", "review")]


@pytest.mark.long
def test_a_payer_that_only_the_new_rules_know_is_the_same_line(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(payer=None, payer_raw="Acme", **REVIEWED)])
    publish(tmp_path, RUNS[1], [line(payer="acme", payer_raw="Acme")], mode="shadow")
    found = asked(tmp_path, f"SELECT payer, {COMPARED} FROM shadow_vs_enforced")
    assert found == [("acme", "review", "deny", True, RUNS[0], RUNS[1])]


@pytest.mark.long
def test_a_line_has_one_current_decision_whatever_key_its_payer_has(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(payer="acme", payer_raw="Acme", disposition="refer")])
    publish(tmp_path, RUNS[1], [line(payer="acme_west", payer_raw="Acme", **REVIEWED)])
    publish(tmp_path, RUNS[2], [line(payer="acme", payer_raw="Acme")], mode="shadow")
    found = asked(tmp_path, f"SELECT {COMPARED} FROM shadow_vs_enforced")
    assert found == [("review", "deny", True, RUNS[1], RUNS[2])]


@pytest.mark.long
@pytest.mark.parametrize("mode", first(1, ["enforce", "shadow"]))
def test_a_payer_added_to_the_rules_or_taken_out_does_not_make_its_lines_two(tmp_path: Path, mode: str) -> None:
    view = {"enforce": "current_decisions", "shadow": "shadow_decisions"}[mode]
    unknown, known = line(payer=None, payer_raw="Acme", **REVIEWED), line(payer="acme", payer_raw="Acme")
    other = line(payer=None, payer_raw="Nobody", source_row=3, **REVIEWED)
    publish(tmp_path, RUNS[0], [unknown, other], mode=mode)
    publish(tmp_path, RUNS[1], [known], mode=mode)
    asking = f"SELECT payer_raw, payer, disposition, run_id FROM {view} ORDER BY ALL"
    nobody = ("Nobody", None, "review", RUNS[0])
    assert asked(tmp_path, asking) == [("Acme", "acme", "deny", RUNS[1]), nobody]
    publish(tmp_path, RUNS[2], [unknown], mode=mode)
    assert asked(tmp_path, asking) == [("Acme", None, "review", RUNS[2]), nobody]


@pytest.mark.long
def test_lines_of_another_source_or_payer_are_others(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(data_source="a"), line(source_row=3, payer="premera", payer_raw="Premera")])
    publish(tmp_path, RUNS[1], [line(), line(data_source=None, source_row=3)], mode="shadow")
    assert asked(tmp_path, "SELECT DISTINCT enforced_run_id FROM shadow_vs_enforced") == [(None,)]


@pytest.mark.parametrize("damage", first(2, ["held open", "written to", "cut off", "gone"]))
def test_a_shadow_run_is_compared_with_the_record_whatever_holds_or_harms_its_file(tmp_path: Path, damage: str) -> None:
    publish(tmp_path, RUNS[0], [line(), line(claim_id="C2", source_row=3)])
    database = (tmp_path / "claims_edit.duckdb").resolve()
    with ExitStack() as held:
        match damage:
            case "held open":
                held.enter_context(duckdb.connect(database))
            case "written to":
                with duckdb.connect(database) as connection:
                    connection.execute("DELETE FROM decisions")
            case "cut off":
                os.truncate(database, 5000)
            case _:
                database.unlink()
        publish(
            tmp_path, RUNS[1], [line(**REVIEWED), line(claim_id="C2", source_row=3)], mode="shadow", reports=["csv"]
        )
    changes = (tmp_path / "runs" / RUNS[1] / "shadow_changes.csv").read_text(encoding="utf-8").splitlines()
    npi, edits = line()["billing_npi"], [line(**each)["edits"][0] for each in ({}, REVIEWED)]
    assert changes[1:] == [f"{npi},{edits[0]},{edits[1]},1,1000.10,1000.10,0.00,-1000.10"]


@pytest.mark.long
def test_a_file_of_an_older_schema_is_made_anew(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line()])
    database = tmp_path / "claims_edit.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute("DROP VIEW shadow_vs_enforced; COMMENT ON TABLE runs IS 'schema of before'")
    publish(tmp_path, RUNS[1], [line()], mode="shadow")
    assert asked(tmp_path, "SELECT changed FROM shadow_vs_enforced") == [(False,)]
    assert asked(tmp_path, "SELECT rules_version FROM runs") == [("1.2.3",), ("1.2.3",)]
