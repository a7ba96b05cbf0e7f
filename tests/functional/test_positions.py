"""A night under policies that cover, cover under criteria, or deny on other grounds."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.functional.program import AS_OF, COLUMNS, Row, called, csv_text, line
from tests.lib.stand_ins import contents

if TYPE_CHECKING:
    from pathlib import Path

PLACE = (*COLUMNS, "place_of_service_code", "service_unit_quantity")
GIVEN = {"payer": "Cedar Health", "hcpcs_code": "0600T", "claim_start_date": "2024-03-01", "diagnosis_code_1": "C220"}
ASKED = (
    "Ask for the facts on the policy's criteria that the claim does not show. Ask the provider for the imaging report"
    " with the size of each tumor. Ask the provider for the place of service."
)


def claims() -> list[Row]:
    changes: tuple[Row, ...] = (
        {"place_of_service_code": "21"},
        {"place_of_service_code": "11"},
        {"diagnosis_code_1": "C61"},
        {"payer": "Summit Health"},
        {"payer": "Lakeside Plan"},
        {"payer": "Harbor Mutual"},
        {"payer": "Elm Plan", "service_unit_quantity": "1"},
        {"payer": "Elm Plan", "service_unit_quantity": "2"},
        {"payer": "Elm Plan"},
        {"payer": "Regence", "claim_start_date": "2026-02-01"},
    )
    return [line(3 * number) | GIVEN | change for number, change in enumerate(changes, start=1)]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    for path, raw in contents().items():
        target = tmp_path / "rules" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)
    return tmp_path / "rules"


def ran(rules: Path, rows: list[Row]) -> Path:
    extract, out = rules.parent / "claims.csv", rules.parent / "results"
    extract.write_text(csv_text(rows, PLACE), encoding="utf-8")
    done = called("run", extract, "--rules", rules, "--out", out, "--reports", "csv,remittance", "--quiet", *AS_OF)
    assert (done.code, done.err) == (0, "")
    return out


def table(out: Path, name: str) -> list[Row]:
    (found,) = out.glob(f"runs/*/{name}")
    with found.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_each_position_decides_its_lines(rules: Path) -> None:
    out = ran(rules, claims())
    decisions = pl.read_parquet(out / "decisions/*/*.parquet").sort("source_row")
    assert decisions.select("disposition", "reason_code", "carc", "group_code").rows() == [
        ("review", "criteria-review", None, None), ("deny", "not-medically-necessary", "50", "CO"),
        ("deny", "not-medically-necessary", "50", "CO"), ("pass", "covered", None, None),
        ("deny", "not-medically-necessary", "50", "CO"), ("deny", "not-covered", "96", "CO"),
        ("pass", "covered", None, None), ("deny", "investigational", "55", "CO"),
        ("review", "criteria-review", None, None), ("deny", "investigational", "55", "PR"),
    ]  # fmt: skip
    assert decisions["edits"][4].to_list()[:2] == ["not-medically-necessary", "investigational"]
    asked = {row["payer"]: row["ask"] for row in table(out, "reviews.csv")}
    assert asked == {
        "cedar_health": ASKED,
        "elm_plan": "Ask for the facts on the policy's criteria that the claim does not show.",
    }
    posted = [(row["carc"], row["rarcs"]) for row in table(out, "remittance.csv")]
    assert sorted(posted) == [("50", ""), ("50", ""), ("50", ""), ("55", ""), ("55", ""), ("96", "N130")]


def test_a_line_of_two_policies_without_an_order_goes_to_a_person(rules: Path) -> None:
    """The person who decides it sees each policy with its outcome, and both citations."""
    out = ran(rules, [line(3) | GIVEN | {"payer": "Maple Plan"}])
    (row,) = table(out, "reviews.csv")
    assert (row["reason_code"], row["ask"]) == (
        "policy-unsettled", "Ask the policies' owner which of them decides the line.",
    )  # fmt: skip
    (decision,) = pl.read_parquet(out / "decisions/*/*.parquet").to_dicts()
    assert decision["citation"].count("Maple Plan Medical Policy MP") == 2
    shown = " ".join(called("explain", "CL0000003", "--out", out, "--all").out.split())
    assert "maple-plan-ire 2024-01-01: deny (investigational)" in shown
    assert "maple-plan-liver 2024-01-01: pass (covered)" in shown


def test_explain_names_what_is_met_unmet_and_unknown(rules: Path) -> None:
    out = ran(rules, claims())
    shown = called("explain", "CL0000003", "--out", out).out
    assert "Not shown on the claim: The largest tumor is at most 3 cm." in " ".join(shown.split())
    denied = " ".join(called("explain", "CL0000006", "--out", out).out.split())
    assert "A record that shows that this is met after all: The service is done in a hospital." in denied
    passed = " ".join(called("explain", "CL0000021", "--out", out).out.split())
    assert "The claim meets all criteria of version 2024-01-01 of elm-plan-ire" in passed


@pytest.mark.long
def test_a_repeat_with_another_place_of_service_leaves_the_line_in_doubt(rules: Path) -> None:
    """Where criteria are about the place of service; under other rules it decides nothing."""
    first = claims()[1]
    out = ran(rules, [first, first | {"place_of_service_code": "21"}])
    (row,) = pl.read_parquet(out / "decisions/*/*.parquet").to_dicts()
    assert (row["disposition"], row["reason_code"]) == ("review", "facts-in-doubt")
