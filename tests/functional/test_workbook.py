"""The workbook of a run, and of a published run on request."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest

from tests.functional.program import decisions, manifest, program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.functional.program import Done


@pytest.mark.long
def test_a_run_writes_the_workbook_and_report_writes_the_same(
    deck_results: Path, tmp_path: Path, command: Callable[..., Done]
) -> None:
    out, again = deck_results, tmp_path / "again.xlsx"
    written = out / "runs" / manifest(out)["run_id"] / "report.xlsx"
    done = command("report", "--out", out, "--format", "xlsx", "--to", again)
    assert (done.code, done.out) == (0, f"Wrote {again}.\n")
    assert again.read_bytes() == written.read_bytes()
    book, counts, decided = openpyxl.load_workbook(again), manifest(out)["counts"], decisions(out)
    for name, disposition in (
        ("denials", "deny"),
        ("returns", "return"),
        ("reviews", "review"),
        ("referrals", "refer"),
    ):
        header, *rows = book[name].iter_rows(values_only=True)
        expected = decided.filter(disposition=disposition)
        if name == "reviews":  # in order of priority
            rows.sort(key=lambda row: str(row[header.index("claim_id")]))
            expected = expected.sort("claim_id")
        assert len(rows) == counts["by_disposition"][disposition] > 0
        assert [row[header.index("claim_id")] for row in rows] == expected["claim_id"].to_list()
        charges = [row[header.index("charge_amount")] for row in rows]
        assert [None if charge is None else Decimal(str(charge)) for charge in charges] == (
            expected["charge_amount"].to_list()
        )
    assert book["quarantine"].max_row == counts["rows_quarantined"] + 1


def test_a_workbook_that_cannot_be_written_is_reported_in_one_line(
    deck_results: Path, tmp_path: Path, command: Callable[..., Done]
) -> None:
    target = tmp_path / "none" / "report.xlsx"
    done = command("report", "--out", deck_results, "--format", "xlsx", "--to", target)
    assert done.code == 2
    (fault,) = done.faults
    assert f"{target}: cannot be written" in fault


def test_the_library_loads_only_where_a_workbook_is_made() -> None:
    loaded = program("--version", PYTHONPROFILEIMPORTTIME="1").err
    assert "claims_edit" in loaded
    assert "xlsxwriter" not in loaded
