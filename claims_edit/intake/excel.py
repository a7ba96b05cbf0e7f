"""Excel workbooks (.xlsx, .xlsm): one sheet, every cell as its text; what a reader would leave out is refused by name.

fastexcel (calamine) gives the values that Excel stored. It leaves out errors (`#N/A`), formulas that were never
calculated, and all but the first cell of a merged range: workbook_checks finds those first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.errors import InputError
from claims_edit.intake.extract import ORDINAL, Extract
from claims_edit.intake.layout import resolve
from claims_edit.intake.workbook_checks import check_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

MOST_SHOWN = 10
EXTRA = "needs the library fastexcel. Install it with `pip install 'claims-edit[excel]'`, or export the sheet to CSV."


class ExcelExtract(Extract):
    """A sheet, whose first row has the names of the columns; all of it (a million rows at most) is in memory."""

    def __init__(self, file: SourceFile, mapping: Mapping) -> None:
        """Choose the sheet, check it, and resolve the columns."""
        name, self._sheet = _chosen(file.path, mapping.sheet)
        check_sheet(file.path, name)
        names = ["" if cell is None else cell for cell in self._sheet.row(0)]
        super().__init__(file, resolve(file.path, names, mapping))
        places = {name: place for place, name in enumerate(names)}
        self._columns = [pl.nth(places[source]).alias(canonical) for canonical, source in self.layout.sources.items()]

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract; a row without any value is none, and counts in the numbers of the rows below it."""
        for first in range(1, self._sheet.height, rows):
            part = self._sheet.slice(first, rows)
            numbers = pl.int_range(first, first + part.height, dtype=pl.Int64).alias(ORDINAL)
            filled = part.select(pl.any_horizontal(pl.all().str.strip_chars() != "").fill_null(value=False)).to_series()
            yield part.select(*self._columns, numbers).filter(filled)


def _chosen(path: Path, wanted: str | None) -> tuple[str, pl.DataFrame]:
    """The sheet that the mapping names, or else the only one that has values: its name, and its cells as text.

    Raises:
        InputError: the sheet does not exist, several or none have values, or the workbook is damaged.
    """
    try:
        import fastexcel  # noqa: PLC0415 -- an extra
    except ImportError:
        raise InputError(f"{path}: {EXTRA}") from None
    try:
        book = fastexcel.read_excel(str(path))
        names = book.sheet_names
        filled = {name: cells for name in names if wanted in {None, name} and (cells := _cells(book, name)) is not None}
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, OSError) as error:
        kind = type(error).__name__
        raise InputError(f"{path}: the workbook is damaged ({kind}). Ask the sender to resend it.") from None
    shown = ", ".join(names[:MOST_SHOWN])
    if wanted is not None and wanted not in names:
        raise InputError(f"{path}: has no sheet {wanted}, which the mapping names. Found: {shown}. Correct `sheet`.")
    if not filled:
        raise InputError(f"{path}: the workbook has no values. Ask the sender to resend the extract.")
    if len(filled) > 1:
        raise InputError(
            f"{path}: more than one sheet has values: {', '.join(list(filled)[:MOST_SHOWN])} (hidden ones count). Name"
            " the one that has the claims in a --mapping file: `sheet: NAME`."
        )
    return next(iter(filled.items()))


def _cells(book: Any, name: str) -> pl.DataFrame | None:  # noqa: ANN401 -- fastexcel loads late
    """The cells of a sheet from its first row that has values on, all text; None if it has no values."""
    sheet = book.load_sheet(name, header_row=None, dtypes="string")
    frame: pl.DataFrame = sheet.to_polars()
    return frame if frame.height and frame.width else None


def open_extract(file: SourceFile, mapping: Mapping, _scratch: Path) -> ExcelExtract:
    """See Reader."""
    return ExcelExtract(file, mapping)
