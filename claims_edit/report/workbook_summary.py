"""The first sheet of the workbook: the run, whether it is balanced, and its results."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from claims_edit.model import Disposition
from claims_edit.report.effects import EFFECT_LABELS
from claims_edit.report.workbook_rows import CELL_CHARACTERS, CUT, EXACT_DIGITS, REPLACEMENT

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    import polars as pl
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from claims_edit.report.run_view import RunView
    from claims_edit.report.workbook import Formats
    from claims_edit.report.workbook_sheets import TableSheet
    from claims_edit.store import Reviews

    Value = str | int | Decimal | dt.date | None

MOST_PROVIDERS = 50
_UNHELD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_WIDTHS = (34, 26, 22, 18, 20, 20, 20, 14, 68, 60)
SHADOW = "SHADOW RUN: nothing in this workbook counts. It shows what these rules would have decided."


class SummarySheet:
    """Writes the sheet from the top down, one table below the other."""

    def __init__(self, sheet: Worksheet, formats: Formats) -> None:
        """Start on an empty sheet."""
        self._sheet, self._formats, self._row = sheet, formats, 0
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)

    def write(self, view: RunView, sheets: Sequence[TableSheet]) -> None:
        """The whole sheet of a run."""
        self._heading(view)
        self._sheets(sheets)
        self._rows(view)
        figures = view.figures
        self._dispositions(view)
        if view.is_shadow:
            self._frame("Changes against the enforced decisions, by single edit", figures.changes_by_edit)
            providers = figures.changes_by_provider.head(MOST_PROVIDERS)
            self._frame(f"The same by billing provider: the {MOST_PROVIDERS} largest changes", providers)
        else:
            if view.has_work_list:
                self._work_list(view.reviews)
            self._frame("Decisions of earlier runs that this run withdrew", figures.withdrawn)
        self._frame("By payer", figures.by_payer, {"payer": "not recognized"})
        self._frame("By reason", figures.by_reason)
        self._frame("Decided past a policy's review", figures.stale)
        self._frame("Facts in doubt: a line counts for each", figures.doubts)
        self._frame("Data quality: an error refuses a row, a warning does not", figures.quality)
        self._inputs(view)

    def _heading(self, view: RunView) -> None:
        manifest, formats = view.manifest, self._formats
        self._cell(0, f"Claim edits: run {view.run_id}", formats.title)
        self._sheet.freeze_panes(1, 0)
        self._row += 1
        if view.is_shadow:
            self._sheet.merge_range(self._row, 0, self._row, 4, "", formats.alarm)
            self._cell(0, SHADOW, formats.alarm)
            self._row += 1
            if view.drafts_as_if_in_force:
                self._cell(0, view.drafts_as_if_in_force, None)
                self._row += 1
        for name in ("run_id", "mode"):
            self._line(name, manifest[name])
        self._cell(0, "as_of", formats.label)
        self._sheet.write_datetime(self._row, 1, formats.as_of, formats.date)
        self._row += 1
        self._line("rules_hash", manifest["rules_hash"])
        self._line("claims_edit", manifest["versions"].get("claims_edit"))

    def _sheets(self, sheets: Sequence[TableSheet]) -> None:
        self._table("Sheets", ("sheet", "rows", "rows shown", "rows left out", "all rows and columns"))
        for sheet in sheets:
            style = self._formats.alarm if sheet.left_out else None
            self._line(sheet.name, sheet.rows, sheet.shown, sheet.left_out, sheet.whole, style=style)
        self._cell(0, f"A text longer than {CELL_CHARACTERS:,} characters is cut, with a note at its end.", None)
        self._row += 1

    def _rows(self, view: RunView) -> None:
        counts, charges = view.manifest["counts"], view.manifest["charges"]
        self._table("Rows: read = accepted + quarantined", ("", "rows", "charges"))
        self._line("read", counts["rows_read"], Decimal(charges["read"]))
        self._line("accepted", counts["rows_accepted"], Decimal(charges["accepted"]))
        self._line("quarantined", counts["rows_quarantined"], Decimal(charges["quarantined"]))
        self._line("candidates, each decided", counts["candidates"], Decimal(charges["candidates"]))
        if filtered := counts.get("rows_filtered"):
            self._line("skipped by the mapping", filtered)
        self._line("with a warning", counts["warnings"])
        self._line("charge is not a number", charges["unparseable"])

    def _dispositions(self, view: RunView) -> None:
        """Every disposition, including those without a line."""
        self._table("By disposition", ("disposition", "lines", "claims", "charges"))
        found = {row["disposition"]: row for row in view.figures.by_disposition.iter_rows(named=True)}
        nothing: dict[str, Value] = {"lines": 0, "claims": 0, "charges": Decimal(0)}
        for disposition in Disposition:
            row = found.get(disposition, nothing)
            self._line(disposition.value, row["lines"], row["claims"], row["charges"])
        for effect, (lines, charged) in view.counted.others.items():
            self._line(EFFECT_LABELS[effect], lines, None, charged)
        counts, charges = view.manifest["counts"], view.manifest["charges"]
        self._line("all", counts["decisions"], None, Decimal(charges["candidates"]), style=self._formats.label)

    def _work_list(self, reviews: Reviews) -> None:
        self._table("Work list: reviews", ("", "lines"))
        for name in ("open", "new", "still_open", "gone"):
            self._line(name.replace("_", " "), getattr(reviews, name))

    def _inputs(self, view: RunView) -> None:
        columns = (
            "path", "format", "status", "rows_read", "rows_accepted", "rows_quarantined", "warnings", "bytes",
            "sha256", "fault",
        )  # fmt: skip
        self._table("Inputs", columns)
        for file in view.manifest["inputs"]:
            self._line(*(file.get(column) for column in columns))

    def _frame(self, title: str, frame: pl.DataFrame, named: dict[str, str] | None = None) -> None:
        """A table of figures; `named` is the text for a null of a column."""
        self._table(title, frame.columns)
        nulls = [(named or {}).get(column) for column in frame.columns]
        for row in frame.iter_rows():
            self._line(*(null if value is None else value for value, null in zip(row, nulls, strict=True)))

    def _table(self, title: str, columns: Iterable[str]) -> None:
        self._row += 1
        self._cell(0, title, self._formats.title)
        self._row += 1
        for place, column in enumerate(columns):
            self._cell(place, column, self._formats.header)
        self._row += 1

    def _line(self, *values: Value, style: Format | None = None) -> None:
        for place, value in enumerate(values):
            self._cell(place, value, style)
        self._row += 1

    def _cell(self, place: int, value: Value, style: Format | None) -> None:
        formats, at = self._formats, (self._row, place)
        match value:
            case None:
                pass
            case Decimal() if abs(value) < 10 ** (EXACT_DIGITS - 2):
                self._sheet.write_number(*at, float(value), formats.money)
            case int():
                self._sheet.write_number(*at, value, formats.count)
            case str() | Decimal():
                self._sheet.write_string(*at, held(str(value)), style or formats.text)
            case _:
                self._sheet.write_datetime(*at, value, formats.date)


def held(text: str) -> str:
    """The text within a cell's limits, as `workbook_rows` does with a claim's texts."""
    units = text.encode("utf-16-le")
    if len(units) > 2 * CELL_CHARACTERS:
        text = units[: 2 * (CELL_CHARACTERS - len(CUT))].decode("utf-16-le", "ignore") + CUT
    return _UNHELD.sub(REPLACEMENT, text.replace("\r\n", "\n").replace("\r", "\n"))
