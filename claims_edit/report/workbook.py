"""The workbook: a run for people who work in Excel, in constant memory however many lines it has.

xlsxwriter makes the workbook: styles, widths, filters, frozen headers, print setup, the whole summary, and for every
table its header and one model row, at the end of the table. It could write the rows as well, but one cell at a time:
the 14 million cells of a million decisions take minutes. So DuckDB makes the rows as the text of the file
(`workbook_rows`); they have the model row's styles, and replace it while the parts of xlsxwriter's file are copied into
the final one. The rest is mostly compression, which runs in a thread next to the queries.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

import xlsxwriter

from claims_edit.duck import shared
from claims_edit.report.workbook_rows import CellKind, kind_of, rows_sql
from claims_edit.report.workbook_sheets import SHEET_ROWS, table_sheets
from claims_edit.report.workbook_summary import SHADOW, SummarySheet
from claims_edit.store import ask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb
    import polars as pl
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from claims_edit.report.run_view import RunView
    from claims_edit.report.workbook_sheets import TableSheet

# Of a sheet's XML: above 2 GiB the zip needs its 64-bit form, which Excel offers to repair.
SHEET_BYTES = 2_000_000_000
_PACKING = 1  # of zlib: a higher level takes longer than everything else
_STYLE = re.compile(r' s="(\d+)"')
_ALARM = "#9C0006"

# Widths of columns in characters; the others have the width of their kind.
_KIND_WIDTHS = {
    CellKind.TEXT: 16,
    CellKind.WORDS: 20,
    CellKind.DATE: 12,
    CellKind.MONEY: 15,
    CellKind.WHOLE: 11,
    CellKind.FLAG: 11,
}
_WIDTHS = {
    "claim_id": 20, "claim_line_number": 8, "program": 19, "program_basis": 26, "payer_raw": 26, "hcpcs_code": 10,
    "disposition": 12, "group_code": 8, "carc": 7, "rarcs": 9, "reason_code": 26, "reason": 58, "citation": 58,
    "edits": 40, "failed_checks": 34, "raw_values": 80, "source_file": 30, "trial_evidence": 24,
    "doubts": 34, "why": 40, "withdrawn_by": 20, "withdrawn_because": 18, "decided_run_id": 30,
    "ask": 58,
}  # fmt: skip


@dataclass(frozen=True)
class Formats:
    """The styles of the workbook, and its creation date."""

    as_of: dt.date
    title: Format
    header: Format
    label: Format
    alarm: Format
    text: Format
    date: Format
    month: Format
    money: Format
    count: Format
    number: Format

    def of(self, column: str, kind: CellKind) -> Format:
        """The style of a column's cells."""
        match kind:
            case CellKind.DATE:
                return self.month if column == "month" else self.date
            case CellKind.MONEY:
                return self.money
            case CellKind.WHOLE:
                return self.count if column in {"lines", "claims"} else self.number
            case CellKind.TEXT | CellKind.WORDS | CellKind.FLAG:
                return self.text


def write_workbook(view: RunView, path: Path) -> None:
    """Write `report.xlsx` of a run.

    Dates are dates, money is numbers, and every other cell of a claim is text that no spreadsheet runs. Rows that
    do not fit a sheet are counted in its last row and in the summary.

    Raises:
        OSError: the file cannot be written.
    """
    sheets = table_sheets(view)
    with shared() as figures:
        for sheet in sheets:
            if sheet.frame is not None:
                figures.register(sheet.source, sheet.frame.to_arrow())
        while (fitting := _write(view, sheets, figures, path)) != sheets:
            sheets = fitting


def _write(
    view: RunView, sheets: tuple[TableSheet, ...], figures: duckdb.DuckDBPyConnection, path: Path
) -> tuple[TableSheet, ...]:
    """Write the file; returns the sheets to try next if the text of one is larger than a part can be."""
    tables = {}
    for number, sheet in enumerate(sheets, start=2):  # sheet1.xml is the summary
        connection = view.connection if sheet.frame is None else figures
        tables[f"xl/worksheets/sheet{number}.xml"] = _Table(sheet, connection, _kinds(sheet, connection))
    fitting = []
    with (
        zipfile.ZipFile(_skeleton(view, list(tables.values()))) as parts,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKING) as book,
    ):
        for name in parts.namelist():
            with book.open(name, "w") as target:
                if name in tables:
                    fitting.append(_fill(target, parts.read(name).decode(), tables[name]))
                else:
                    target.write(parts.read(name))
    return tuple(fitting)


@dataclass(frozen=True)
class _Table:
    """A sheet, the connection for its rows, and the kinds of its columns."""

    sheet: TableSheet
    connection: duckdb.DuckDBPyConnection
    kinds: dict[str, CellKind]


def _kinds(sheet: TableSheet, connection: duckdb.DuckDBPyConnection) -> dict[str, CellKind]:
    rows = f"SELECT {', '.join(sheet.columns)} FROM {sheet.source} LIMIT 0"  # noqa: S608 -- our own column names
    typed = connection.sql(rows, params=sheet.parameters)
    return {name: kind_of(str(kind)) for name, kind in zip(typed.columns, typed.types, strict=True)}


def _fill(target: IO[bytes], xml: str, table: _Table) -> TableSheet:
    """Write a sheet's XML with its rows in place of the model row; returns a smaller sheet if they do not fit."""
    sheet = table.sheet
    if not sheet.shown:
        target.write(xml.encode())
        return sheet
    header, model, rest = xml.split("</row>", 2)
    styles = [int(style) for style in _STYLE.findall(model)]
    sql = rows_sql(table.kinds, styles, sheet.source, sheet.shown)
    rows, room = 0, SHEET_BYTES - len(xml)
    with ThreadPoolExecutor(1) as packer:
        packed: Future[int] = packer.submit(target.write, f"{header}</row>".encode())
        for batch in ask(table.connection, sql, sheet.parameters).batches():
            if not batch.height:
                continue
            text = _rows_text(batch)
            room -= text.nbytes
            if room < 0:
                packed.result()
                return replace(sheet, fits=max(rows, 1))
            rows += batch.height
            packed.result()
            packed = packer.submit(target.write, text)
        packed.result()
    target.write(rest.encode())
    return sheet


def _rows_text(batch: pl.DataFrame) -> memoryview:
    """The rows of a batch, one after the other, as one buffer."""
    return memoryview(batch.to_series().to_arrow().buffers()[2])


def _skeleton(view: RunView, tables: Sequence[_Table]) -> io.BytesIO:
    """The workbook without the rows of its tables."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        as_of = dt.date.fromisoformat(view.manifest["as_of"])
        created = dt.datetime.combine(as_of, dt.time(), dt.UTC)
        book.set_properties({"title": f"Claim edits: run {view.run_id}", "created": created})
        formats = _formats(book, as_of)
        shadow = view.is_shadow
        summary = book.add_worksheet("summary")
        _print_setup(summary, shadow=shadow)
        SummarySheet(summary, formats).write(view, [table.sheet for table in tables])
        for table in tables:
            sheet = book.add_worksheet(table.sheet.name)
            _print_setup(sheet, shadow=shadow)
            _table_sheet(sheet, table, formats)
    return content


def _formats(book: xlsxwriter.Workbook, as_of: dt.date) -> Formats:
    top = {"valign": "top"}
    return Formats(
        as_of=as_of,
        title=book.add_format({"bold": True, "font_size": 13}),
        header=book.add_format({"bold": True, "bg_color": "#DCE6F1", "bottom": 1, **top}),
        label=book.add_format({"bold": True}),
        alarm=book.add_format({"bold": True, "font_color": "#FFFFFF", "bg_color": _ALARM}),
        # As if typed after an apostrophe: the text stays text when someone edits it.
        text=book.add_format({"quote_prefix": True, **top}),
        date=book.add_format({"num_format": "yyyy-mm-dd", "align": "left", **top}),
        month=book.add_format({"num_format": "yyyy-mm", "align": "left", **top}),
        money=book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00", **top}),
        count=book.add_format({"num_format": "#,##0", **top}),
        number=book.add_format({"num_format": "0", **top}),
    )


def _print_setup(sheet: Worksheet, *, shadow: bool) -> None:
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L&A{f', {SHADOW}' if shadow else ''}&RPage &P of &N")
    if shadow:
        sheet.set_tab_color(_ALARM)


def _table_sheet(sheet: Worksheet, table: _Table, formats: Formats) -> None:
    """The header, the model row at the end of the table, and the row with the number left out."""
    last = table.sheet.shown
    for place, (column, kind) in enumerate(table.kinds.items()):
        sheet.set_column(place, place, _WIDTHS.get(column, _KIND_WIDTHS[kind]))
        sheet.write_string(0, place, column, formats.header)
        if last:
            sheet.write_blank(last, place, None, formats.of(column, kind))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(table.kinds) - 1)
    sheet.repeat_rows(0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{SHEET_ROWS}"})  # codes are text
    if table.sheet.left_out:
        sheet.write_string(last + 1, 0, table.sheet.left_out_note, formats.alarm)
        sheet.set_tab_color(_ALARM)
