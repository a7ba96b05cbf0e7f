"""Rows of a sheet as SpreadsheetML text, built by DuckDB from the rows of a query.

A row is one SQL expression over the query's columns, so that none passes through Python. Rows and cells have no
reference (the `r` of ECMA-376 18.3.1.4 and 18.3.1.73 is optional: readers count them), and an empty cell is `<c/>`.
Every text is an inline string: a claim's text is never a formula, link or number, whatever it begins with.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from claims_edit.report.csv_format import LIST_SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Sequence

CELL_CHARACTERS = 32_767  # of UTF-16: Excel's limit for a cell
CUT = f" … [cut: the limit of a cell is {CELL_CHARACTERS:,} characters]"
EXACT_DIGITS = 15  # of a number in Excel; a longer one is written as text, so that no digit is lost
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# XML 1.0, 2.2: the characters that no document may have, in any form.
UNHELD = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]"
# Text that the short form of a row cannot have. The texts are checked together, joined with a pipe: markup, control
# characters, text that Excel reads as an escaped character (ECMA-376 22.9.2.19), and spaces at either end.
_ODD = r"[\x00-\x1F\x{FFFE}\x{FFFF}&<>]|_x|^ | $|\| | \|"
_FIRST_DAY = "DATE '1900-03-01'"  # Excel counts a 29 February 1900, so earlier days cannot be shown
_DAY_ZERO = "DATE '1899-12-30'"


class CellKind(StrEnum):
    """The kind of a column's cells in a sheet."""

    TEXT = "text"
    WORDS = "words"
    DATE = "date"
    MONEY = "money"
    WHOLE = "whole"
    FLAG = "flag"


def kind_of(sql_type: str) -> CellKind:
    """The kind of cell for a DuckDB type."""
    if sql_type.startswith("DECIMAL"):
        return CellKind.MONEY
    kinds = {"VARCHAR": CellKind.TEXT, "VARCHAR[]": CellKind.WORDS, "DATE": CellKind.DATE, "BOOLEAN": CellKind.FLAG}
    return kinds.get(sql_type, CellKind.WHOLE)


def rows_sql(kinds: dict[str, CellKind], styles: Sequence[int], source: str, rows: int) -> str:
    """A SELECT of one text column, `cells`: the XML of each of the first `rows` rows.

    Args:
        kinds: of each column of `source`, in the order of the sheet; all are selected by name.
        styles: the style number of each column's cells.
        source: the text after FROM, including WHERE.
        rows: how many at most.
    """
    texts = [_text_of(f'"{name}"', kind) for name, kind in kinds.items() if kind in {CellKind.TEXT, CellKind.WORDS}]
    joined = f"concat_ws('|', {', '.join(texts)})" if texts else "''"
    odd = f"(regexp_matches({joined}, '{_ODD}') OR strlen({joined}) > {CELL_CHARACTERS})"
    long, short = (_row(kinds, styles, plain=plain) for plain in (False, True))
    return f"SELECT CASE WHEN {odd} THEN {long} ELSE {short} END AS cells FROM {source} LIMIT {rows}"  # noqa: S608 -- our own column names


def _row(kinds: dict[str, CellKind], styles: Sequence[int], *, plain: bool) -> str:
    cells = [
        _cell(f'"{name}"', kind, style, plain=plain) for (name, kind), style in zip(kinds.items(), styles, strict=True)
    ]
    return f"concat('<row>', {', '.join(cells)}, '</row>')"


def _cell(value: str, kind: CellKind, style: int, *, plain: bool) -> str:
    match kind:
        case CellKind.TEXT | CellKind.WORDS:
            cell = _text_cell(_text_of(value, kind), style, plain=plain)
        case CellKind.FLAG:
            cell = f"""'<c s="{style}" t="b"><v>' || CAST({value} AS INTEGER) || '</v></c>'"""
        case CellKind.DATE:
            number = _number(f"({value} - {_DAY_ZERO})", style)
            cell = f"CASE WHEN {value} >= {_FIRST_DAY} THEN {number} ELSE {_as_text(value, style)} END"
        case CellKind.MONEY | CellKind.WHOLE:
            limit = 10 ** (EXACT_DIGITS - (2 if kind is CellKind.MONEY else 0))
            exact = f"{value} BETWEEN -{limit} AND {limit}"
            cell = f"CASE WHEN {exact} THEN {_number(value, style)} ELSE {_as_text(value, style)} END"
    return f"coalesce({cell}, '<c/>')"


def _number(value: str, style: int) -> str:
    return f"""'<c s="{style}"><v>' || {value} || '</v></c>'"""


def _as_text(value: str, style: int) -> str:
    return _text_cell(f"CAST({value} AS VARCHAR)", style, plain=True)


def _text_cell(text: str, style: int, *, plain: bool) -> str:
    space, held = ("", text) if plain else (' xml:space="preserve"', _held(text))
    return f"""'<c s="{style}" t="inlineStr"><is><t{space}>' || {held} || '</t></is></c>'"""


def _text_of(value: str, kind: CellKind) -> str:
    return f"nullif(array_to_string({value}, '{LIST_SEPARATOR}'), '')" if kind is CellKind.WORDS else value


def _held(text: str) -> str:
    """The text for XML and Excel: cut to a cell's length, without characters that XML forbids, markup escaped."""
    astral = (
        f"length(regexp_replace({text}, '[^\\x{{10000}}-\\x{{10FFFF}}]', '', 'g'))"  # two characters of UTF-16 each
    )
    room = CELL_CHARACTERS - len(CUT)
    cut = f"left({text}, CASE WHEN {astral} = 0 THEN {room} ELSE {room // 2} END) || '{CUT}'"
    held = f"CASE WHEN length({text}) + {astral} > {CELL_CHARACTERS} THEN {cut} ELSE {text} END"
    held = f"regexp_replace({held}, '\\r\\n?', chr(10), 'g')"
    held = f"regexp_replace({held}, '{UNHELD}', '{REPLACEMENT}', 'g')"
    for markup, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        held = f"replace({held}, '{markup}', '{entity}')"
    return f"regexp_replace({held}, '_(x[0-9A-Fa-f]{{4}})', '_x005F_\\1', 'g')"
