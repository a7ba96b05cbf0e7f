"""The workbook, as openpyxl reads it back."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from claims_edit.report import workbook, workbook_sheets
from claims_edit.report.run_report import report
from claims_edit.report.workbook_rows import CELL_CHARACTERS, CUT
from claims_edit.report.workbook_sheets import LINE_COLUMNS
from claims_edit.report.workbook_summary import SHADOW, held
from tests.lib.examples import first
from tests.lib.runs import REFUSED, REVIEWED, line, publish

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

RUN, LATER = "20260301T010000Z-aaaa", "20260302T010000Z-bbbb"
HOSTILE = (
    "=HYPERLINK(0)",
    "+1",
    "-1",
    "@SUM(A1)",
    "http://evil.example",
    "mailto:a@b",
    "1e5",
    "0600",
    "{=1}",
    "=1<&>\"'",
)
NUMBERS = "1234567890.12", "-9.00", "0.07"
SHEETS = ["summary", "denial reasons", "denials", "returns", "reviews", "referrals", "withdrawals", "quarantine"]


def opened(out: Path, run: str = RUN) -> Workbook:
    return openpyxl.load_workbook(out / "runs" / run / "report.xlsx")


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    header, *found = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in found]


def column(sheet: Worksheet, name: str) -> list[Any]:
    return [row[name] for row in rows(sheet)]


def cell(sheet: Worksheet, name: str, row: int = 2) -> Any:
    header = [each.value for each in sheet[1]]
    return sheet.cell(row, header.index(name) + 1)


def summary_rows(book: Workbook) -> list[tuple[Any, ...]]:
    """The rows of the summary without their empty ends."""
    found = []
    for row in book["summary"].iter_rows(values_only=True):
        width = max((place for place, value in enumerate(row, start=1) if value is not None), default=0)
        found.append(row[:width])
    return found


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    decided = [
        line(),
        line(source_row=3, claim_id="C2", charge_amount=Decimal("-9.00"), adjustment_amount=Decimal("-9.00")),
        line(source_row=4, claim_id="C3", charge_amount=None, adjustment_amount=None, program=None, modifiers=[]),
        line(source_row=5, claim_id="C4", payer=None, payer_raw="=HYPERLINK(0)", **REVIEWED),
        line(source_row=6, claim_id="C5", disposition="refer", reason_code="program-exception-refer"),
        line(
            source_row=7, claim_id="C6", disposition="return", reason_code="code-not-valid-on-dos", rarcs=["M20", "N1"]
        ),
        line(source_row=8, claim_id="C7", disposition="pass", reason_code="line-superseded"),
    ]
    publish(
        folder,
        RUN,
        decided,
        [REFUSED, {**REFUSED, "source_row": 10, "failed_checks": ["duplicate-line"]}],
        reports=["xlsx"],
    )
    return folder


def test_each_disposition_that_asks_for_work_has_its_sheet(out: Path) -> None:
    book = opened(out)
    assert book.sheetnames == SHEETS
    assert {name: column(book[name], "source_row") for name in SHEETS[2:]} == {
        "denials": [2, 3, 4], "returns": [7], "reviews": [5], "referrals": [6], "withdrawals": [],
        "quarantine": [9, 10],
    }  # fmt: skip
    assert tuple(each.value for each in book["denials"][1]) == LINE_COLUMNS["deny"]  # type: ignore[index]


def test_read_only_readers_find_the_same_rows(out: Path) -> None:
    book = openpyxl.load_workbook(out / "runs" / RUN / "report.xlsx", read_only=True)
    assert (book["denials"].max_row, book["denials"].max_column) == (4, 18)
    assert [row[0] for row in book["denials"].iter_rows(min_row=2, values_only=True)] == ["C1", "C2", "C3"]
    book.close()


def test_every_part_is_xml_and_packed_without_a_time(out: Path) -> None:
    with zipfile.ZipFile(out / "runs" / RUN / "report.xlsx") as parts:
        assert parts.testzip() is None
        for part in parts.infolist():
            ET.fromstring(parts.read(part))  # noqa: S314 -- our own file
            assert part.date_time == (1980, 1, 1, 0, 0, 0), part.filename
            assert part.extract_version < zipfile.ZIP64_VERSION, part.filename


def test_dates_and_money_are_typed(out: Path) -> None:
    denials = opened(out)["denials"]
    service, charge = cell(denials, "service_start_date"), cell(denials, "charge_amount")
    assert (service.value, service.number_format) == (dt.datetime(2026, 2, 3), "yyyy-mm-dd")  # noqa: DTZ001
    assert (charge.value, charge.data_type, charge.number_format) == (1000.1, "n", "#,##0.00;[Red]-#,##0.00")
    assert column(denials, "charge_amount") == [1000.1, -9, None]
    assert cell(denials, "claim_line_number").data_type == "n"
    assert cell(opened(out)["quarantine"], "candidate_code").value is False
    months = opened(out)["denial reasons"]
    assert (cell(months, "month").value, cell(months, "month").number_format) == (dt.datetime(2026, 2, 1), "yyyy-mm")  # noqa: DTZ001


def test_nulls_and_empty_lists_are_empty_cells_and_lists_are_joined_with_a_bar(out: Path) -> None:
    book = opened(out)
    assert (column(book["denials"], "program"), column(book["denials"], "rarcs")) == (
        ["commercial", "commercial", None], [None, None, None],
    )  # fmt: skip
    assert column(book["returns"], "rarcs") == ["M20|N1"]
    assert column(book["quarantine"], "failed_checks") == ["hcpcs_code-shape|member_id-missing", "duplicate-line"]


def test_headers_are_frozen_and_filters_cover_the_table(out: Path) -> None:
    book = opened(out)
    for name in SHEETS[1:]:
        sheet = book[name]
        assert sheet.freeze_panes == "A2", name
        assert sheet.auto_filter.ref == sheet.dimensions, name
        assert sheet.print_title_rows == "$1:$1", name
    widths = {key: round(size.width) for key, size in book["denials"].column_dimensions.items()}
    assert (widths["A"], widths["O"]) == (21, 59)  # claim_id, reason


def test_what_a_claim_holds_is_never_a_formula_or_a_link(tmp_path: Path) -> None:
    publish(
        tmp_path,
        RUN,
        [line(claim_id=text, member_id=text, source_row=n) for n, text in enumerate(HOSTILE)],
        reports=["xlsx"],
    )
    denials = opened(tmp_path)["denials"]
    for number, text in enumerate(HOSTILE, start=2):
        for name in ("claim_id", "member_id"):
            found = cell(denials, name, number)
            assert (found.value, found.data_type, found.hyperlink) == (text, "s", None)
            assert found.quotePrefix, "edited, it would run"
    xml = sheet_xml(tmp_path, 3)
    assert "<f>" not in xml
    assert "hyperlink" not in xml.replace("=HYPERLINK(0)", "")


def sheet_xml(out: Path, number: int, run: str = RUN) -> str:
    with zipfile.ZipFile(out / "runs" / run / "report.xlsx") as parts:
        return parts.read(f"xl/worksheets/sheet{number}.xml").decode()


def test_a_text_is_kept_but_for_what_xml_cannot_hold(tmp_path: Path) -> None:
    stored = {
        "C1": "C1",
        "a\x00b\x1bc\x0b": "a\ufffdb\ufffdc\ufffd",
        "a\ufffeb\uffff": "a\ufffdb\ufffd",
        "a\r\nb\rc\nd\te": "a\nb\nc\nd\te",
        " a ": " a ",
        "a_x003D_x0041_": "a_x005F_x003D_x005F_x0041_",
        "a_xyz": "a_xyz",
        "\N{GRINNING FACE} é & <b>": "\N{GRINNING FACE} é & <b>",
        "C3": "C3",
    }
    rows = [line(claim_id=text, source_row=row) for row, text in enumerate(stored, 2)]
    publish(tmp_path, RUN, rows, reports=["xlsx"])
    assert column(opened(tmp_path)["denials"], "claim_id") == list(stored.values())


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("letter", first(2, ["x", "é", "&", "\N{GRINNING FACE}"]))
def test_a_text_that_no_cell_holds_is_cut_and_reports_it(tmp_path: Path, letter: str) -> None:
    fits = letter * (CELL_CHARACTERS // units(letter))
    publish(
        tmp_path,
        RUN,
        [],
        [{**REFUSED, "raw_values": fits}, {**REFUSED, "source_row": 10, "raw_values": fits + letter}],
        reports=["xlsx"],
    )
    whole, cut = column(opened(tmp_path)["quarantine"], "raw_values")
    assert whole == fits
    assert cut.endswith(CUT)
    assert set(cut.removesuffix(CUT)) == {letter}
    assert CELL_CHARACTERS - 2 <= units(cut) <= CELL_CHARACTERS
    assert held(fits) == fits
    assert units(held(fits + letter)) <= CELL_CHARACTERS


def test_numbers_that_excel_would_round_and_days_that_it_lacks_are_text(tmp_path: Path) -> None:
    exact, rounded = Decimal("9999999999999.99"), Decimal("-9999999999999999.99")
    decided = [
        line(charge_amount=exact, service_start_date=dt.date(1900, 3, 1)),
        line(source_row=3, charge_amount=rounded, service_start_date=dt.date(1900, 2, 28)),
    ]
    publish(tmp_path, RUN, decided, reports=["xlsx"])
    denials = opened(tmp_path)["denials"]
    assert column(denials, "charge_amount") == [float(exact), str(rounded)]
    assert re.search(r"<v>9999999999999\.99</v>", sheet_xml(tmp_path, 3))
    assert column(denials, "service_start_date") == [dt.datetime(1900, 3, 1), "1900-02-28"]  # noqa: DTZ001


def test_the_summary_reconciles_and_shows_every_figure(out: Path) -> None:
    found = summary_rows(opened(out))
    for reported in (
        ("run_id", RUN), ("mode", "enforce"), ("as_of", dt.datetime(2026, 3, 1)), ("rules_hash", "ab" * 32),  # noqa: DTZ001
    ):  # fmt: skip
        assert reported in found
    lines = {row[0]: row for row in found if row}
    assert (lines["read"][1], lines["accepted"][1], lines["quarantined"][1]) == (9, 7, 2)
    assert lines["read"][2] == pytest.approx(lines["accepted"][2] + lines["quarantined"][2])
    assert lines["quarantined"][2] == 10
    assert ("deny", 3, 3, 991.1) in found
    assert ("pass", 1, 1, 1000.1) in found
    assert ("all", 7, None, lines["accepted"][2]) in found
    assert ("not recognized", "review", 1, 1, 1000.1) in found
    assert ("deny", "investigational", 3, 3, 991.1) in found
    assert ("duplicate-line", "error", None, "extract.csv", 1, "10", "C9") in found
    assert ("denials", 3, 3, 0, "denials.csv") in found
    assert ("extract.csv", "csv", None, 9, 7, 2, 1, 1, "00") in found
    assert not any(SHADOW in row for row in found)


def test_a_shadow_run_reports_it_loudly(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [line()], mode="shadow", reports=["xlsx"])
    book = opened(tmp_path)
    assert (SHADOW,) in summary_rows(book)[:3]
    assert ("mode", "shadow") in summary_rows(book)
    for sheet in book:
        assert sheet.sheet_properties.tabColor.rgb.endswith("9C0006"), sheet.title
        assert SHADOW in sheet.oddFooter.left.text, sheet.title


def test_rows_that_exceed_a_sheet_are_counted_and_placed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_sheets, "SHEET_ROWS", 5)
    full = [line(source_row=row, claim_id=f"D{row}") for row in range(4)]
    over = [line(source_row=row, claim_id=f"R{row}", disposition="return", reason_code="x") for row in range(10, 17)]
    publish(tmp_path, RUN, full + over, reports=["xlsx"])
    book = opened(tmp_path)
    assert column(book["denials"], "claim_id") == ["D0", "D1", "D2", "D3"]
    note = "4 more rows do not fit this sheet. See returns.csv."
    assert column(book["returns"], "claim_id") == ["R10", "R11", "R12", note]
    assert book["returns"].max_row == 5
    assert book["returns"].auto_filter.ref == "A1:R4"
    assert ("denials", 4, 4, 0, "denials.csv") in summary_rows(book)
    assert ("returns", 7, 3, 4, "returns.csv") in summary_rows(book)


def test_the_quarantine_sheet_shows_the_first_rows_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_sheets, "QUARANTINE_ROWS", 3)
    publish(tmp_path, RUN, [], [{**REFUSED, "source_row": row} for row in range(1, 6)], reports=["xlsx"])
    shown = [row[0] for row in opened(tmp_path)["quarantine"].iter_rows(min_row=2, values_only=True)]
    assert shown[-1] == "3 more rows do not fit this sheet. See the table quarantine of claims_edit.duckdb."
    assert len(shown) == 3


def test_text_that_exceeds_a_part_is_left_out_by_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "SHEET_BYTES", 12_000)
    monkeypatch.setattr(workbook_sheets, "SHEET_ROWS", 100)
    publish(tmp_path, RUN, [line(source_row=row, claim_id=f"D{row}") for row in range(40)], reports=["xlsx"])
    book = opened(tmp_path)
    shown = column(book["denials"], "claim_id")
    assert re.fullmatch(r"\d+ more rows do not fit this sheet. See denials.csv.", shown[-1])
    left = int(shown[-1].split()[0])
    assert shown[:-1] == [f"D{row}" for row in range(40 - left)]
    assert ("denials", 40, 40 - left, left, "denials.csv") in summary_rows(book)
    assert len(sheet_xml(tmp_path, 3)) <= 12_500


def test_a_run_without_rows_has_sheets_with_headers(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [], reports=["xlsx"])
    book = opened(tmp_path)
    assert book["denials"].max_row == 1
    assert book["denials"].auto_filter.ref == "A1:R1"
    assert ("deny", 0, 0, 0) in summary_rows(book)


@pytest.mark.long
def test_the_same_run_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    assert report(out, RUN, "xlsx", first) == f"Wrote {first}.\n"
    report(out, RUN, "xlsx", second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as parts:
        assert b"2026-03-01T00:00:00Z" in parts.read("docProps/core.xml")  # the as-of date, not the hour of writing
