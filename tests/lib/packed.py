"""Extracts in archives and workbooks."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import xlsxwriter

if TYPE_CHECKING:
    from pathlib import Path


def zip_of(path: Path, members: dict[str, str | bytes]) -> Path:
    """A zip archive of these members."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def workbook_of(path: Path, rows: list[dict[str, str]], change: Any = None, **sheets: str) -> Path:
    """A workbook whose sheet Claims has these rows; `change` is called with the book and that sheet.

    Further sheets by name, each with one value.
    """
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Claims")
    for place, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
        for column, value in enumerate(row):
            sheet.write_string(place, column, value)
    for name, value in sheets.items():
        other = book.add_worksheet(name)
        other.write_string(0, 0, value)
        other.hide()
    if change is not None:
        change(book, sheet)
    book.close()
    return path
