"""The tables of the page and their cells, as text to be escaped."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from claims_edit.report.safe_text import plain


@dataclass(frozen=True)
class Cell:
    """One cell: `below` is small text under it, `number` aligns it right, `whole` keeps it on one line."""

    text: str
    below: str = ""
    number: bool = False
    whole: bool = False

    @property
    def kind(self) -> str:
        """The class of the cell in the page's style sheet."""
        return "n" if self.number else "whole" if self.whole else ""


@dataclass(frozen=True)
class Table:
    """A table with its caption; `foot` is the row of totals, `note` names what is left out."""

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    foot: list[Cell] | None = None
    note: str = ""


def words(text: object) -> Cell:
    """A cell of text; empty for None."""
    return Cell("" if text is None else plain(str(text)))


def whole(text: str) -> Cell:
    """A cell of text that is not broken into lines: a date, a code."""
    return Cell(text, whole=True)


def plural(value: int, word: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{value:,} {word}{'' if value == 1 else 's'}"


def count(value: int, below: str = "") -> Cell:
    """A cell with a count."""
    return Cell(f"{value:,}", below, number=True)


def money(value: Decimal | str | None) -> Cell:
    """A cell with an amount; empty for None."""
    return Cell("" if value is None else amount(value), number=True)


def amount(value: Decimal | str) -> str:
    """An amount for people: `1,234.50`."""
    return f"{Decimal(value):,.2f}"
