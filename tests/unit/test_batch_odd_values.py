"""Typed Parquet columns that hold what no claim holds: refused by name, or read as what they mean."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claims_edit.runner import RunOptions, kept, run_batch
from claims_edit.runner import reading as reading_module

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400 * 10**6  # microseconds
ROWS = {
    "claim_id": ["A", "B", "C", "D"], "claim_line_number": [1, 1, 1, 1], "claim_type": ["professional"] * 4,
    "member_id": ["M"] * 4, "payer": ["Premera"] * 4, "line_of_business": ["commercial"] * 4,
    "claim_start_date": ["2024-01-01"] * 4, "hcpcs_code": ["0600T"] * 4, "charge_amount": ["1.00"] * 4,
}  # fmt: skip


def run(tmp_path: Path, **columns: Any) -> tuple[dict[str, Any], pl.DataFrame]:
    """The counts of a run over four lines with these columns, and its decisions."""
    pq.write_table(pa.table(ROWS | columns), tmp_path / "odd.parquet")
    out = tmp_path / "out"
    outcome = run_batch(RunOptions((str(tmp_path / "odd.parquet"),), out, date(2026, 11, 20), force=True, reports=()))
    return outcome.manifest.counts.model_dump(mode="json"), pl.read_parquet(out / "decisions" / "*" / "*.parquet")


def test_line_numbers_beyond_any_claim(tmp_path: Path) -> None:
    counts, decisions = run(tmp_path, claim_line_number=pa.array([1, 2, 2**64 - 1, 0], pa.uint64()))
    assert counts["quarantined_by_check"] == {"claim_line_number-not-a-line-number": 2}
    assert decisions["claim_id"].to_list() == ["A", "B"]


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([19_000, 3_000_000, 2**31 - 1, -(2**31)], pa.int32()).cast(pa.date32()),
        pa.array([19_000 * DAY, 2**62, -(2**62), 2**61], pa.int64()).cast(pa.timestamp("us")),
        pa.array([19_000 * DAY // 1000, 2**62, -(2**62), 2**61], pa.int64()).cast(pa.timestamp("ms", tz="UTC")),
    ],
)
def test_days_that_no_calendar_names(tmp_path: Path, dates: pa.Array) -> None:
    counts, decisions = run(tmp_path, claim_start_date=dates)
    assert counts["quarantined_by_check"] == {"claim_start_date-unparseable": 3}
    assert decisions["service_start_date"].to_list() == [date(2022, 1, 8)]


def test_year_nought_is_no_date(tmp_path: Path) -> None:
    counts, _ = run(tmp_path, claim_start_date=["0000-01-01", "0001-01-01", "2024-02-30", "20240101"])
    assert counts["quarantined_by_check"] == {"claim_start_date-out-of-range": 1, "claim_start_date-unparseable": 2}


def test_whole_floats_are_the_codes_that_they_are_for(tmp_path: Path) -> None:
    counts, decisions = run(tmp_path, claim_id=[1.0, 2.0, 3.0, 4.0], rendering_npi=[1234567893.0, None, 123.0, None])
    assert (counts["rows_quarantined"], counts["warnings_by_check"]) == (0, {"rendering_npi-shape": 1})
    assert decisions["claim_id"].to_list() == ["1", "2", "3", "4"]
    assert decisions["rendering_npi"].to_list() == ["1234567893", None, "123", None]


def test_amounts_and_units_that_are_no_numbers(tmp_path: Path) -> None:
    counts, decisions = run(
        tmp_path,
        charge_amount=[29.560000000002, float("nan"), float("inf"), 1.0],
        service_unit_quantity=[1.0, float("nan"), 1.0, float("inf")],
    )
    assert counts["quarantined_by_check"] == {"charge_amount-unparseable": 1, "service_unit_quantity-unparseable": 1}
    assert [str(charge) for charge in decisions["charge_amount"]] == ["29.56", "None"]
    assert decisions["units"].to_list() == [1.0, None]


def test_a_repeated_key_behind_an_odd_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that wait for their key come as dates in one batch and as text in another."""
    monkeypatch.setattr(reading_module, "BATCH_ROWS", 2)
    monkeypatch.setattr(kept, "BATCH_ROWS", 2)
    days = pa.array([19_000, 19_000, 19_000, 3_000_000], pa.int32()).cast(pa.date32())
    counts, _ = run(tmp_path, claim_id=["A", "A", "A", "A"], claim_start_date=days)
    assert counts["quarantined_by_check"] == {"claim_start_date-unparseable": 1, "duplicate-line": 3}


def test_a_refused_row_says_whether_its_code_text_holds_a_candidate_code(tmp_path: Path) -> None:
    holds_one = {
        '="0600T"': True, "0600T-59": True, "hc:0600T": True, "0600t 59": True, "CPT0600T": True, "'47384": True,
        "47384.5": True, "HC:0600T:59": True, "0600T59": True, "0600\u00a0T": True, "0600": False, "HC:99213": False,
        "473 84x": True, None: False,
    }  # fmt: skip
    count = len(holds_one)
    plain = {name: values[:1] * (count + 1) for name, values in ROWS.items()}
    numbers = {"claim_id": [f"C{place}" for place in range(count + 1)], "claim_line_number": ["x"] * count + ["1"]}
    run(tmp_path, **plain | numbers | {"hcpcs_code": [*holds_one, "0600T"]})
    refused = pl.read_parquet(tmp_path / "out" / "quarantine" / "*" / "*.parquet")
    assert dict(zip(holds_one, refused["candidate_code"], strict=True)) == holds_one


def test_an_amount_that_decides_nothing_is_left_out_where_it_cannot_be_read(tmp_path: Path) -> None:
    counts, decisions = run(tmp_path, paid_amount=["1,250.00", "1e3", "12.5", "208.89600000000002"])
    assert (counts["rows_quarantined"], counts["warnings_by_check"]) == (0, {"paid_amount-unparseable": 2})
    assert [str(paid) for paid in decisions["paid_amount"]] == ["None", "None", "12.50", "208.90"]
