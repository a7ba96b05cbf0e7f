"""The report files of a run."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from claims_edit.errors import UsageError
from claims_edit.model import DECISION_COLUMNS
from claims_edit.report.csv_format import defused, write_frame
from claims_edit.report.run_report import report
from claims_edit.store.reviews import REVIEW_COLUMNS
from tests.lib.runs import REFUSED, REVIEWED, line, publish

RUN, LATER = "20260301T010000Z-aaaa", "20260302T010000Z-bbbb"
ROWS = [
    line(),
    line(source_row=3, claim_line_number=2, charge_amount=Decimal("0.05")),
    line(source_row=4, claim_id="C2", payer=None, payer_raw="=HYPERLINK(0)", **REVIEWED),
    line(source_row=5, claim_id="C3", disposition="refer", reason_code="program-exception-refer"),
    line(source_row=6, claim_id="C4", disposition="return", reason_code="code-not-valid-on-dos"),
    line(
        source_row=7, claim_id="C5", disposition="pass", reason_code="line-superseded", charge_amount=Decimal("-9.00")
    ),
]
REFUSED_TOO = {**REFUSED, "source_row": 10, "failed_checks": ["duplicate-line"]}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    publish(tmp_path, RUN, ROWS, [REFUSED, REFUSED_TOO], reports=["csv"])
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "source_rows"),
    [("denials.csv", ["2", "3"]), ("reviews.csv", ["4"]), ("referrals.csv", ["5"]), ("returns.csv", ["6"])],
)
def test_each_disposition_has_its_lines_in_order(out: Path, name: str, source_rows: list[str]) -> None:
    lines = rows(out / "runs" / RUN / name)
    assert [each["source_row"] for each in lines] == source_rows
    assert tuple(lines[0]) == (REVIEW_COLUMNS if name == "reviews.csv" else DECISION_COLUMNS)


def test_lists_are_joined_and_money_and_dates_keep_their_form(out: Path) -> None:
    denial = rows(out / "runs" / RUN / "denials.csv")[0]
    assert (denial["modifiers"], denial["edits"], denial["rarcs"]) == ("26|LT", "investigational|guidance-note", "")
    assert (denial["charge_amount"], denial["service_start_date"]) == ("1000.10", "2026-02-03")


def test_no_cell_of_a_claim_is_a_formula(out: Path) -> None:
    assert rows(out / "runs" / RUN / "reviews.csv")[0]["payer_raw"] == "'=HYPERLINK(0)"


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", "\ta", "\ra", "\na", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20a"]
)
def test_every_start_of_a_formula_is_defused(text: str) -> None:
    assert pl.select(defused(pl.lit(text))).item() == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "0600T", "'=1", " x"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert pl.select(defused(pl.lit(text))).item() == text


def test_numbers_stay_numbers_and_a_list_of_formulas_does_not(out: Path) -> None:
    del out
    frame = pl.DataFrame(
        {
            "money": [Decimal("-9.00")],
            "n": [-1],
            "x": [None],
            "lists": [["=1", "-2"]],
            "s": [{"a": "=1"}],
            "b": [b"\x00="],
        }
    )
    target = io.BytesIO()
    write_frame(frame, target)
    (row,) = csv.DictReader(io.StringIO(target.getvalue().decode()))
    assert row == {"money": "-9.00", "n": "-1", "x": "", "lists": "'=1|-2", "s": '{"a":"=1"}', "b": "003d"}


def test_reasons_by_payer_program_and_month(out: Path) -> None:
    reasons = rows(out / "runs" / RUN / "denial_reasons.csv")
    assert len(reasons) == 5
    assert reasons[0] == {
        "payer": "regence", "program": "commercial", "disposition": "deny", "reason_code": "investigational",
        "month": "2026-02", "lines": "2", "claims": "1", "charges": "1000.15",
    }  # fmt: skip
    assert sum(int(each["lines"]) for each in reasons) == len(ROWS)


def test_data_quality_names_check_severity_column_and_file(out: Path) -> None:
    columns = ("check", "severity", "column", "rows", "first_rows", "first_claims")
    found = rows(out / "runs" / RUN / "data_quality.csv")
    assert {row.pop("file") for row in found} == {"extract.csv"}
    assert [tuple(row[column] for column in columns) for row in found] == [
        ("duplicate-line", "error", "", "1", "10", "C9"),
        ("hcpcs_code-shape", "error", "hcpcs_code", "1", "9", "C9"),
        ("member_id-missing", "error", "member_id", "1", "9", "C9"),
        ("billing_npi-luhn", "warning", "billing_npi", "1", "4", "C3"),
    ]


def test_the_summary_says_what_the_run_came_to(out: Path) -> None:
    summary = json.loads((out / "runs" / RUN / "summary.json").read_text())
    assert summary["counts"]["decisions"] == 6
    assert summary["charges"]["by_disposition"]["deny"] == "1000.15"
    deny = {"disposition": "deny", "lines": 2, "claims": 1, "charges": "1000.15"}
    assert summary["by_disposition"][0] == deny
    assert {"payer": "regence", **deny} in summary["by_payer"]
    assert summary["by_reason"][0] == {"reason_code": "investigational", **deny}
    assert "started_at" not in summary


@pytest.mark.long
def test_the_same_run_gives_the_same_reports_but_for_its_id(out: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    publish(again, LATER, ROWS, [REFUSED, REFUSED_TOO], reports=["csv"])
    for name in ("denials.csv", "denial_reasons.csv", "data_quality.csv", "summary.json", "reviews.csv"):
        first, second = ((folder / "runs" / run / name).read_bytes() for folder, run in ((out, RUN), (again, LATER)))
        assert first.replace(RUN.encode(), LATER.encode()) == second, name


def test_a_run_without_rows_has_reports_with_headers(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [], reports=["csv"])
    folder = tmp_path / "runs" / RUN
    assert (folder / "denials.csv").read_text().strip() == ",".join(DECISION_COLUMNS)
    assert (
        folder / "denial_reasons.csv"
    ).read_text() == "payer,program,disposition,reason_code,month,lines,claims,charges\n"
    assert json.loads((folder / "summary.json").read_text())["by_payer"] == []


@pytest.mark.long
def test_report_on_request_is_the_same_table(out: Path) -> None:
    publish(out, LATER, [line()], reports=["csv"])
    assert report(out, RUN, "csv") == (out / "runs" / RUN / "denial_reasons.csv").read_text()
    content: dict[str, Any] = json.loads(report(out, RUN[:8], "json"))
    assert content["run_id"] == RUN
    assert content["denial_reasons"][0]["charges"] == "1000.15"
    assert content["data_quality"][-1] == {
        "check": "billing_npi-luhn", "severity": "warning", "column": "billing_npi", "file": "extract.csv", "rows": 1,
        "first_rows": "4", "first_claims": "C3",
    }  # fmt: skip
    assert json.loads(report(out, None, "json"))["run_id"] == LATER


def test_a_dash_is_standard_output_and_never_a_file(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for fmt in ("csv", "json"):
        assert report(out, None, fmt, Path("-")) == report(out, None, fmt)
    for fmt in ("html", "xlsx", "remittance", "rationale"):
        with pytest.raises(UsageError, match="--to -: --format"):
            report(out, None, fmt, Path("-"))
    assert not (tmp_path / "-").exists()


def test_a_format_that_is_not_there_is_a_usage_error(out: Path) -> None:
    formats = "csv, json, html, xlsx, remittance, rationale, delta, prometheus"
    with pytest.raises(UsageError, match=rf"not available\. Use one of {formats}"):
        report(out, None, "pdf")
