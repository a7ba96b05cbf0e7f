"""What a line's dates and member come from, and what is counted of rows that are refused or that wait."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.core.validate import ValidationResult
from claims_edit.runner import RunOptions, held_back, kept, run_batch
from claims_edit.runner import reading as reading_module
from tests.lib.examples import first

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 20)
LINE = {
    "claim_id": "C1", "claim_line_number": "1", "claim_type": "professional", "member_id": "M1", "person_id": "P1",
    "payer": "Premera", "line_of_business": "commercial", "claim_line_start_date": "2024-01-05",
    "claim_line_end_date": None, "claim_start_date": "2024-01-01", "claim_end_date": "2024-12-31",
    "hcpcs_code": "0600T", "diagnosis_code_1": "C250", "charge_amount": "10.00", "claim_frequency_code": "1",
    "original_claim_id": None,
}  # fmt: skip


def run(folder: Path, *lines: dict[str, Any]) -> tuple[dict[str, Any], pl.DataFrame]:
    """The manifest of a run over these changes of LINE, and its decisions."""
    pl.DataFrame([LINE | line for line in lines], schema=dict.fromkeys(LINE, pl.String)).write_csv(folder / "lines.csv")
    out = folder / "out"
    outcome = run_batch(RunOptions((str(folder / "lines.csv"),), out, AS_OF, reports=()))
    return outcome.manifest.model_dump(mode="json"), pl.read_parquet(out / "decisions" / "*" / "*.parquet")


@pytest.mark.parametrize(
    ("dates", "start", "end"),
    [
        ({}, date(2024, 1, 5), date(2024, 1, 5)),
        ({"claim_line_end_date": "2024-01-07"}, date(2024, 1, 5), date(2024, 1, 7)),
        ({"claim_line_start_date": None}, date(2024, 1, 1), date(2024, 12, 31)),
        ({"claim_line_start_date": None, "claim_line_end_date": "2024-01-07"}, date(2024, 1, 1), date(2024, 12, 31)),
        ({"claim_line_start_date": None, "claim_end_date": None}, date(2024, 1, 1), date(2024, 1, 1)),
    ],
)
def test_start_and_end_fall_back_together(tmp_path: Path, dates: dict[str, Any], start: date, end: date) -> None:
    _, decisions = run(tmp_path, dates)
    assert decisions.select("service_start_date", "service_end_date").row(0) == (start, end)


@pytest.mark.parametrize(
    ("given", "member"),
    first(4, [({}, "M1"), ({"member_id": None}, "P1"), ({"person_id": None}, "M1"), ({"member_id": " "}, "P1")]),
)
def test_the_member_id_comes_before_the_person_id(tmp_path: Path, given: dict[str, Any], member: str) -> None:
    _, decisions = run(tmp_path, given)
    assert decisions["member_id"].to_list() == [member]


def test_a_refused_replacement_does_not_supersede(tmp_path: Path) -> None:
    refused = {"claim_id": "C2", "claim_frequency_code": "7", "original_claim_id": "C1", "hcpcs_code": "0600TX"}
    manifest, decisions = run(tmp_path, {}, refused)
    assert manifest["counts"]["rows_quarantined"] == 1
    assert "line-superseded" not in decisions["edits"].explode().to_list()


def test_an_accepted_replacement_supersedes(tmp_path: Path) -> None:
    replacement = {"claim_id": "C2", "claim_frequency_code": "7", "original_claim_id": "C1", "hcpcs_code": "99213"}
    _, decisions = run(tmp_path, {}, replacement)
    assert decisions["reason_code"].to_list() == ["line-superseded"]


def test_warnings_are_counted_of_accepted_rows_alone(tmp_path: Path) -> None:
    odd = {"line_of_business": "Nonesuch"}
    manifest, _ = run(tmp_path, odd, odd | {"claim_id": "C2", "hcpcs_code": "0600TX"})
    assert manifest["counts"]["warnings_by_check"] == {"line_of_business-unknown": 1}
    assert manifest["inputs"][0]["warnings"] == 1


@pytest.mark.parametrize("batch_rows", [1, 250_000])
def test_a_charge_that_is_no_number_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    for module, name in (
        (reading_module, "BATCH_ROWS"),
        (kept, "BATCH_ROWS"),
        (reading_module, "LEAST_ROWS"),
        (held_back, "LEAST_ROWS"),
    ):
        monkeypatch.setattr(module, name, batch_rows)
    bad = {"charge_amount": "ten"}
    manifest, _ = run(tmp_path, {}, bad, bad, bad | {"claim_id": "C2"}, {"claim_id": "C3"})
    assert manifest["charges"]["unparseable"] == 3
    assert manifest["counts"]["quarantined_by_check"]["charge_amount-unparseable"] == 3
    assert manifest["charges"]["read"] == "20.00"


def test_a_check_that_reader_and_validation_share_refuses_the_rows_of_both(tmp_path: Path) -> None:
    ire = {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "0600T"}]}
    items = [{"productOrService": ire, "servicedPeriod": {"end": "2024-03-04"}}, {"productOrService": ire}]
    claim = {
        "resourceType": "Claim", "id": "C1", "status": "active", "use": "claim", "patient": {"reference": "Patient/M1"},
        "type": {"coding": [{"code": "professional"}]}, "insurer": {"display": "Florida Blue"},
        "item": [{"sequence": place, **item} for place, item in enumerate(items, 1)],
    }  # fmt: skip
    files = {"claim.json": claim, "patient.json": {"resourceType": "Patient", "id": "M1"}}
    for name, resource in files.items():
        (tmp_path / name).write_text(json.dumps(resource))
    outcome = run_batch(RunOptions(tuple(str(tmp_path / name) for name in files), tmp_path / "out", AS_OF, reports=()))
    assert outcome.manifest.counts.quarantined_by_check["claim_line_start_date-missing"] == len(items)
    assert [file.status for file in outcome.manifest.inputs] == ["read", "context"]


def test_a_check_that_two_sources_find_fails_where_either_does() -> None:
    result = ValidationResult({"a": pl.Series([True, False, False])}, {})
    result.refuse({"a": pl.Series([False, True, False]), "b": pl.Series([False, False, True])})
    assert {check: failing.to_list() for check, failing in result.errors.items()} == {
        "a": [True, True, False], "b": [False, False, True],
    }  # fmt: skip
