"""What a run did to earlier nights, in every report of it."""

from __future__ import annotations

import csv
import html
import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from tests.functional.program import called, line
from tests.functional.test_nights import CODE, night

if TYPE_CHECKING:
    from pathlib import Path

ALL = "csv,html,xlsx"


def csv_rows(run: Path, name: str) -> list[dict[str, str]]:
    with (run / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sheet_rows(run: Path, name: str) -> list[dict[str, Any]]:
    header, *rows = openpyxl.load_workbook(run / "report.xlsx")[name].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def page_rows(run: Path, name: str) -> list[list[str]]:
    """The first text of each cell in the body of a table."""
    page = (run / "report.html").read_text(encoding="utf-8")
    (body,) = re.findall(rf'<table id="{name}">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
    return [[html.unescape(cell).strip() for cell in re.findall(r"<t[hd][^>]*>([^<]*)", row)] for row in rows]


def money(value: object) -> str:
    return f"{Decimal(str(value)):.2f}"


@pytest.fixture(scope="module")
def withdrawing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a night that withdraws a decision of the night before for each cause but one."""
    folder = tmp_path_factory.mktemp("withdrawing")
    decided = [*(line(number, **CODE) for number in range(1, 8)), line(3, claim_line_number="2", **CODE)]
    night(folder, 2, *decided, line(8, line_of_business="", **CODE), reports=ALL)
    night(
        folder, 3,
        line(1, charge_amount="9.00", **CODE),
        line(2, claim_frequency_code="8", **CODE),
        line(3, claim_frequency_code="7", **CODE),
        line(4, hcpcs_code="99213"),
        line(5, hcpcs_code="0600T", diagnosis_code_1="@@"),
        line(7, **CODE),
        line(8, **CODE),
        line(9, claim_frequency_code="8", original_claim_id="CL0000006", member_id="M6"),
        reports=ALL,
    )  # fmt: skip
    return folder


def runs(folder: Path) -> list[Path]:
    return sorted((folder / "out" / "runs").iterdir())


def test_a_run_lists_what_it_withdrew_with_the_cause_in_words(withdrawing: Path) -> None:
    found = {
        (row["claim_id"], row["claim_line_number"]): (row["withdrawn_because"], row["why"], row["withdrawn_by"])
        for row in csv_rows(runs(withdrawing)[1], "withdrawals.csv")
    }
    assert found == {
        ("CL0000001", "1"): ("changed", "Came again, changed", "CL0000001"),
        ("CL0000002", "1"): ("voided", "Voided by a later claim", "CL0000002"),
        ("CL0000003", "1"): ("replaced", "Replaced by a later claim", "CL0000003"),
        ("CL0000003", "2"): (
            "dropped", "Replaced by a later claim, which does not have this line", "CL0000003",
        ),
        ("CL0000004", "1"): ("no-candidate", "Came without a code of rules/codes", "CL0000004"),
        ("CL0000005", "1"): ("refused", "Came again and was refused", "CL0000005"),
        ("CL0000006", "1"): ("voided", "Voided by a later claim", "CL0000009"),
        ("CL0000008", "1"): ("changed", "Came again, changed", "CL0000008"),
    }  # fmt: skip


def test_file_workbook_and_page_have_the_same_rows_in_the_same_order(withdrawing: Path) -> None:
    first, last = runs(withdrawing)
    listed = csv_rows(last, "withdrawals.csv")
    assert {row["decided_run_id"] for row in listed} == {first.name}
    assert {row["run_id"] for row in listed} == {last.name}
    charges = [Decimal(row["charge_amount"]) for row in listed]
    assert charges == sorted(charges, reverse=True)
    sheet = sheet_rows(last, "withdrawals")
    for name in ("claim_id", "why", "withdrawn_by", "withdrawn_because", "disposition", "decided_run_id"):
        assert [row[name] for row in sheet] == [row[name] for row in listed], name
    assert [money(row["charge_amount"]) for row in sheet] == list(map(money, charges))
    assert page_rows(last, "withdrawn") == [
        [row["claim_id"], row["claim_line_number"], row["disposition"], each[3], row["charge_amount"], row["why"],
         row["withdrawn_by"], first.name]
        for row, each in zip(listed, page_rows(last, "withdrawn"), strict=True)
    ]  # fmt: skip


def test_the_sums_by_cause_are_those_of_the_lines(withdrawing: Path) -> None:
    last = runs(withdrawing)[1]
    listed = csv_rows(last, "withdrawals.csv")
    expected: dict[tuple[str, str], list[Decimal]] = {}
    for row in listed:
        expected.setdefault((row["withdrawn_because"], row["disposition"]), []).append(Decimal(row["charge_amount"]))
    summary = json.loads((last / "summary.json").read_text())["withdrawn"]
    assert {(each["withdrawn_because"], each["disposition"]): (each["lines"], each["charges"]) for each in summary} == {
        key: (len(charges), money(sum(charges))) for key, charges in expected.items()
    }
    assert [[cell[1], cell[2], cell[4]] for cell in page_rows(last, "withdrawn-by-cause")] == [
        [each["disposition"], str(each["lines"]), each["charges"]] for each in summary
    ]
    page = (last / "report.html").read_text(encoding="utf-8")
    assert "8 decisions of earlier runs, with charges of" in page
    assert "Of these, 7 (denied or returned, charges" in page


def test_a_run_that_withdraws_nothing_says_so(withdrawing: Path) -> None:
    first = runs(withdrawing)[0]
    assert (csv_rows(first, "withdrawals.csv"), sheet_rows(first, "withdrawals")) == ([], [])
    assert json.loads((first / "summary.json").read_text())["withdrawn"] == []
    assert "No decision of an earlier run was withdrawn." in (first / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("which", "fmt"), [(0, "html"), (0, "xlsx"), (1, "html"), (1, "xlsx")])
def test_a_report_made_later_is_the_one_of_then(withdrawing: Path, tmp_path: Path, which: int, fmt: str) -> None:
    run = runs(withdrawing)[which]
    again = tmp_path / f"report.{fmt}"
    done = called("report", run.name, "--out", withdrawing / "out", "--format", fmt, "--to", again)
    assert done.code == 0, done.err
    assert again.read_bytes() == (run / f"report.{fmt}").read_bytes()


def test_a_shadow_run_withdraws_nothing(tmp_path: Path) -> None:
    night(tmp_path, 2, line(1, **CODE))
    night(tmp_path, 3, line(1, claim_frequency_code="8", **CODE), mode="shadow", reports=ALL)
    shadow = runs(tmp_path)[1]
    assert not list(shadow.glob("withdrawals*"))
    assert "withdrawn" not in json.loads((shadow / "summary.json").read_text())
    assert "withdrawals" not in openpyxl.load_workbook(shadow / "report.xlsx").sheetnames
    assert 'id="withdrawals"' not in (shadow / "report.html").read_text(encoding="utf-8")
