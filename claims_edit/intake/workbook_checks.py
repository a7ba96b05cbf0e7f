"""The cells of a workbook's sheet whose values a reader would leave out or change, found in the sheet's XML.

The XML is searched in pieces by regular expressions over bytes: a sheet may have millions of cells. A fault names the
cell (`Claims!H12`), never its value.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING
from xml.etree import ElementTree as ET

from claims_edit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 4 * 1024 * 1024
OVERLAP = 64 * 1024  # a formula has 8,192 characters at most
MOST_DIGITS = 15  # that Excel keeps of a number
BOOK, RELATIONS, FOLDER = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/"
READ_FAULTS = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, StopIteration, ET.ParseError, RuntimeError, ValueError, OSError,
)  # fmt: skip
_CELL = rb"<(?:\w+:)?c\b[^>]*?\br=\"([A-Z]{1,3}[0-9]{1,7})\"[^>]*>"
_FORMULA = rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)"
FAULTS = (
    (
        re.compile(rb"<(?:\w+:)?c\b(?=[^>]*\bt=\"e\")[^>]*?\br=\"([A-Z]{1,3}[0-9]{1,7})\""),
        "has an error in place of a value. Correct its formula in Excel, or ask the sender to",
    ),
    (
        re.compile(_CELL + _FORMULA + rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"),
        "has a formula without a stored value. Open the workbook in Excel and save it, or export the sheet to CSV",
    ),
    (
        re.compile(
            rb"<(?:\w+:)?c\b(?![^>]*\bt=\"(?:s|str|inlineStr|d|b|e)\")[^>]*?\br=\"([A-Z]{1,3}[0-9]{1,7})\"[^>]*>"
            rb"(?:" + _FORMULA + rb")?<(?:\w+:)?v>-?(?:[0-9]{16,}|[0-9.]+[eE]\+?(?:1[5-9]|[2-9][0-9]|[0-9]{3}))"
        ),
        f"has a number of more than {MOST_DIGITS} digits, which Excel does not keep. Fill in the column again, as text",
    ),
    (
        re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=\"([A-Z0-9:]{3,23})\""),
        "is merged: only its first cell has the value. Unmerge it, and fill in each cell",
    ),
)


def check_sheet(path: Path, sheet: str) -> None:
    """Check that every value of a sheet is read as it is.

    Raises:
        InputError: a cell has an error, a formula without a value or a number that Excel cut, or is merged; or the
            workbook is damaged.
    """
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as book:
            of_sheet = _part_of(book, sheet)
            with book.open(of_sheet) as part:
                for piece in _pieces(part):
                    for pattern, fault in FAULTS:
                        if fault not in found and (match := pattern.search(piece)):
                            found[fault] = match[1]
            _check_sums(book, but=of_sheet)
    except READ_FAULTS as error:
        kind = type(error).__name__
        raise InputError(f"{path}: the workbook is damaged ({kind}). Ask the sender to resend it.") from None
    if found:
        raise InputError(*(f"{path}: {sheet}!{cell.decode()} {fault}." for fault, cell in found.items()))


def _check_sums(book: zipfile.ZipFile, but: str) -> None:
    """Check the other parts: the reader compares no checksums, and texts and formats of cells are in other parts.

    Raises:
        zipfile.BadZipFile: one is not as it was written.
    """
    for name in book.namelist():
        if name != but:
            with book.open(name) as part:
                while part.read(PIECE):
                    pass


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    held = b""
    while piece := part.read(PIECE):
        text = held + piece
        yield text
        held = text[-OVERLAP:]


def _part_of(book: zipfile.ZipFile, sheet: str) -> str:
    """The name of the part that has a sheet's cells."""
    relation = next(
        value
        for each in _elements(book, BOOK, "sheet")
        if each.get("name") == sheet
        for key, value in each.items()
        if key.rpartition("}")[2] == "id"
    )
    related = (each for each in _elements(book, RELATIONS, "Relationship") if each.get("Id") == relation)
    target = next(related).get("Target", "")
    return target.lstrip("/") if target.startswith("/") else FOLDER + target


def _elements(book: zipfile.ZipFile, part: str, name: str) -> list[ET.Element]:
    root = ET.fromstring(book.read(part))  # noqa: S314 -- expat limits what entities expand to
    return [each for each in root.iter() if each.tag.rpartition("}")[2] == name]
