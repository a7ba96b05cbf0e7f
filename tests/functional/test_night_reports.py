"""What a run did to earlier nights, and the work list after it, in every report of it."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import openpyxl
import pytest

from claims_edit.doubts import DOUBTS
from claims_edit.edits import ASKS
from claims_edit.model import Disposition
from claims_edit.policy import load_catalog
from claims_edit.store.open_reviews import OPEN_REVIEWS
from claims_edit.store.reviews import REVIEW_ORDER
from tests.functional.program import called, line
from tests.functional.test_nights import CODE, night
from tests.lib.examples import first
from tests.unit.policy_folder import RulesFolder

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


@pytest.mark.parametrize(("which", "fmt"), first(2, [(0, "html"), (0, "xlsx"), (1, "html"), (1, "xlsx")]))
def test_a_report_made_later_is_the_one_of_then(withdrawing: Path, tmp_path: Path, which: int, fmt: str) -> None:
    run = runs(withdrawing)[which]
    again = tmp_path / f"report.{fmt}"
    done = called("report", run.name, "--out", withdrawing / "out", "--format", fmt, "--to", again)
    assert done.code == 0, done.err
    assert again.read_bytes() == (run / f"report.{fmt}").read_bytes()


UNKNOWN = {"hcpcs_code": "0600T", "line_of_business": ""}


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four nights with reviews that are new, seen again, changed, gone, and never seen again."""
    folder = tmp_path_factory.mktemp("listing")
    night(
        folder, 2, line(1, **UNKNOWN), line(2, payer="Nobody", **CODE), line(3, **UNKNOWN), line(4, **CODE), reports=ALL
    )
    night(folder, 3, line(1, **UNKNOWN), line(5, charge_amount="250.00", **UNKNOWN), reports=ALL)
    night(
        folder, 6,
        line(1, charge_amount="12345.67", **UNKNOWN),
        line(2, payer="Nobody", claim_frequency_code="8", **CODE),
        line(6, charge_amount="-900.00", **UNKNOWN),
        line(7, charge_amount="", **UNKNOWN),
        reports=ALL,
    )  # fmt: skip
    night(folder, 7, line(9, hcpcs_code="99213"), reports=ALL)
    return folder


LISTED = [
    # claim, first seen, last seen, times seen, nights open, priority: charge / 100 + 5 a night + weight of the reason
    [("CL0000002", "11-02", "11-02", 1, 0, 60), ("CL0000001", "11-02", "11-02", 1, 0, 30),
     ("CL0000003", "11-02", "11-02", 1, 0, 30)],
    [("CL0000002", "11-02", "11-02", 1, 1, 65), ("CL0000001", "11-02", "11-03", 2, 1, 35),
     ("CL0000003", "11-02", "11-02", 1, 1, 35), ("CL0000005", "11-03", "11-03", 1, 0, 32)],
    [("CL0000001", "11-02", "11-06", 3, 4, 173), ("CL0000003", "11-02", "11-02", 1, 4, 50),
     ("CL0000005", "11-03", "11-03", 1, 3, 47), ("CL0000006", "11-06", "11-06", 1, 0, 30),
     ("CL0000007", "11-06", "11-06", 1, 0, 30)],
    [("CL0000001", "11-02", "11-06", 3, 5, 178), ("CL0000003", "11-02", "11-02", 1, 5, 55),
     ("CL0000005", "11-03", "11-03", 1, 4, 52), ("CL0000006", "11-06", "11-06", 1, 1, 35),
     ("CL0000007", "11-06", "11-06", 1, 1, 35)],
]  # fmt: skip
LISTED_COUNTS = [(3, 3, 0), (4, 1, 0), (5, 2, 1), (5, 0, 0)]


@pytest.mark.parametrize("which", range(4))
def test_the_work_list_of_a_night_has_each_open_review_once(listing: Path, which: int) -> None:
    run = runs(listing)[which]
    listed = csv_rows(run, "reviews.csv")
    shown = ("claim_id", "first_seen", "last_seen", "times_seen", "nights_open", "priority")
    assert [tuple(row[name] for name in shown) for row in listed] == [
        (claim, f"2026-{first}", f"2026-{last}", str(times), str(nights), str(priority))
        for claim, first, last, times, nights, priority in LISTED[which]
    ]
    opened, new, gone = LISTED_COUNTS[which]
    counts = {"open": opened, "new": new, "still_open": opened - new, "gone": gone}
    assert json.loads((run / "summary.json").read_text())["reviews"] == counts
    note = f"Work list: {opened} reviews open, {new} of them new and {opened - new} still open; {gone} gone."
    assert note in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("which", range(4))
def test_file_workbook_and_page_list_the_same_reviews(listing: Path, which: int) -> None:
    run = runs(listing)[which]
    listed, sheet = csv_rows(run, "reviews.csv"), sheet_rows(run, "reviews")
    for name in ("claim_id", "payer_raw", "reason_code", "ask"):
        assert [row[name] for row in sheet] == [row[name] for row in listed], name
    for name in ("priority", "nights_open", "times_seen"):
        assert [str(row[name]) for row in sheet] == [row[name] for row in listed], name
    assert [str(row["first_seen"].date()) for row in sheet] == [row["first_seen"] for row in listed]
    cells = [[row[place] for place in (0, 1, 2, 8, 9, 10, 11)] for row in page_rows(run, "work-list-rows")]
    columns = ("priority", "claim_id", "claim_line_number", "first_seen", "nights_open", "times_seen", "ask")
    assert cells == [[row[name] for name in columns] for row in listed]


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("fmt", first(3, ["html", "xlsx"]))
def test_a_work_list_of_an_older_run_is_the_one_of_then(listing: Path, tmp_path: Path, which: int, fmt: str) -> None:
    run = runs(listing)[which]
    again = tmp_path / f"report.{fmt}"
    assert called("report", run.name, "--out", listing / "out", "--format", fmt, "--to", again).code == 0
    assert again.read_bytes() == (run / f"report.{fmt}").read_bytes()


@pytest.mark.long
def test_the_view_has_the_work_list_of_the_latest_enforced_run(listing: Path, tmp_path: Path) -> None:
    out = shutil.copytree(listing, tmp_path / "copy", symlinks=True) / "out"
    night(out.parent, 9, line(8, **UNKNOWN), mode="shadow")
    query = f"SELECT claim_id, priority FROM reviews ORDER BY {REVIEW_ORDER}"
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        listed = connection.execute(query).fetchall()
    assert listed == [(claim, priority) for claim, *_, priority in LISTED[-1]]


@pytest.mark.long
def test_open_reviews_that_are_missing_are_made_again_from_the_record(listing: Path, tmp_path: Path) -> None:
    lists = []
    for name in ("kept", "missing"):
        folder = shutil.copytree(listing, tmp_path / name, symlinks=True)
        if name == "missing":
            (folder / "out" / ".current" / "state" / OPEN_REVIEWS).unlink()
        night(folder, 9, line(3, charge_amount="4.00", **UNKNOWN), line(5, charge_amount="250.00", **UNKNOWN),
              line(8, **UNKNOWN), line(6, hcpcs_code="99213"), reports="csv")  # fmt: skip
        listed = csv_rows(runs(folder)[-1], "reviews.csv")
        lists.append([{**row, "run_id": "", "source_file": ""} for row in listed])
    assert lists[0] == lists[1]
    assert [(row["claim_id"], row["times_seen"]) for row in lists[0]] == [
        ("CL0000001", "3"), ("CL0000003", "2"), ("CL0000005", "2"), ("CL0000007", "1"), ("CL0000008", "1"),
    ]  # fmt: skip


@pytest.mark.long
def test_what_to_ask_is_that_of_the_edit_and_of_each_doubt(tmp_path: Path) -> None:
    night(tmp_path, 2, line(1, **CODE), line(1, charge_amount="7.00", **CODE), line(2, **UNKNOWN), reports="csv")
    asks = {row["claim_id"]: row["ask"] for row in csv_rows(runs(tmp_path)[0], "reviews.csv")}
    assert asks == {
        "CL0000001": DOUBTS["repeated-line-differs"].remedy,
        "CL0000002": ASKS["program-unknown"],
    }


def test_every_edit_that_sends_lines_to_review_says_what_to_ask() -> None:
    reasons = load_catalog().pack.reasons.reasons
    reviewing = {reason.edit for reason in reasons if reason.disposition == Disposition.REVIEW} | {"policy-stale"}
    assert reviewing - set(ASKS) == {"facts-in-doubt"}  # of which each doubt has its own
    assert not set(ASKS) & set(DOUBTS)


@pytest.mark.long
def test_a_pack_without_weights_lists_the_oldest_first(tmp_path: Path) -> None:
    rules = RulesFolder(tmp_path)
    (rules.root / "worklist.yaml").unlink()
    night(tmp_path, 2, line(1, **UNKNOWN), rules=str(rules.root))
    night(tmp_path, 3, line(2, payer="Nobody", **CODE), rules=str(rules.root), reports="csv")
    listed = csv_rows(runs(tmp_path)[1], "reviews.csv")
    assert [(row["claim_id"], row["priority"]) for row in listed] == [("CL0000001", "0"), ("CL0000002", "0")]


@pytest.mark.long
def test_a_shadow_run_withdraws_nothing_and_has_no_work_list(tmp_path: Path) -> None:
    night(tmp_path, 2, line(1, **CODE))
    night(tmp_path, 3, line(1, claim_frequency_code="8", **CODE), mode="shadow", reports=ALL)
    shadow = runs(tmp_path)[1]
    assert not [*shadow.glob("withdrawals*"), *shadow.glob("reviews*")]
    assert not {"withdrawn", "reviews"} & set(json.loads((shadow / "summary.json").read_text()))
    assert "withdrawals" not in openpyxl.load_workbook(shadow / "report.xlsx").sheetnames
    assert 'id="work-list"' not in (shadow / "report.html").read_text(encoding="utf-8")
    assert 'id="withdrawals"' not in (shadow / "report.html").read_text(encoding="utf-8")
