"""`--reports` chooses what a run writes beside its manifest; decisions are the same, and `report` makes the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functional.program import AS_OF, called, csv_text, decisions, lines, write
from tests.lib.examples import first

if TYPE_CHECKING:
    from pathlib import Path

ALWAYS = {"manifest.json", "summary.json", "warnings.parquet", "replay"}
LINES = {
    "denials.csv", "returns.csv", "reviews.csv", "referrals.csv", "withdrawals.csv", "denial_reasons.csv",
    "data_quality.csv",
}  # fmt: skip
FEED = {"remittance.csv", "remittance.parquet"}


@pytest.mark.parametrize(
    ("named", "written"),
    first(
        3,
        [
            ("none", set()),
            ("csv", LINES),
            ("remittance", FEED),
            ("xlsx,csv", LINES | {"report.xlsx"}),
            ("html", {"report.html"}),
            ("xlsx", {"report.xlsx"}),
            ("all", LINES | FEED | {"report.html", "report.xlsx"}),
        ],
    ),
)
def test_only_the_reports_that_are_named(tmp_path: Path, named: str, written: set[str]) -> None:
    extract, out = write(tmp_path / "claims.csv", csv_text(lines(12))), tmp_path / "results"
    done = called("run", extract, "--out", out, "--reports", named, *AS_OF)
    assert done.code == 0, done.err
    (run_dir,) = (out / "runs").iterdir()
    assert {path.name for path in run_dir.iterdir()} == ALWAYS | written
    assert decisions(out).height == 4
    again = called("report", "--out", out, "--format", "json")
    assert (again.code, '"decisions": 4' in again.out) == (0, True)


def test_a_name_that_is_no_report(tmp_path: Path) -> None:
    extract = write(tmp_path / "claims.csv", csv_text(lines(3)))
    done = called("run", extract, "--out", tmp_path / "results", "--reports", "csv,pdf")
    assert done.code == 2
    assert "pdf: not a report. Use all, none, or names of csv, html, xlsx, remittance." in done.err
