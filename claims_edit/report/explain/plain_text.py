"""Explanations as plain text for the terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from claims_edit.report.explain.sections import Section, Studies, article
from claims_edit.report.safe_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.report.explain.sections import Article, Row

WIDTH = 120
_INDENT = "  "


def explanation_text(explanations: list[dict[str, Any]]) -> str:
    """All explanations as plain text, with an empty line between them; studies are only counted, to keep it short."""
    return "\n\n".join("\n".join(_article(article(each, studies=Studies.COUNTED))) for each in explanations) + "\n"


def _article(found: Article) -> Iterator[str]:
    yield plain(found.title)
    yield from (_INDENT + plain(line) for line in found.lead)
    for section in found.sections:
        yield from _section(section, "")


def _section(section: Section, indent: str) -> Iterator[str]:
    yield indent + plain(section.title)
    inner = indent + _INDENT
    for paragraph in section.paragraphs:
        yield from _wrapped(paragraph, inner, inner)
    yield from _columns(section.rows, inner)
    for point in section.points:
        yield from _wrapped(point, f"{inner}- ", f"{inner}  ")
    for part in section.parts:
        yield from _section(part, inner)


def _columns(rows: tuple[Row, ...], indent: str) -> Iterator[str]:
    """Rows of cells in columns; a long last cell continues below itself."""
    cells = [tuple(map(plain, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)][:-1] if cells else []
    for *first, last in cells:
        begin = indent + "".join(f"{cell:<{width}}  " for cell, width in zip(first, widths, strict=True))
        yield from _wrapped(last, begin, indent + " " * (len(begin) - len(indent))) if last else [begin.rstrip()]


def _wrapped(text: str, first: str, following: str) -> list[str]:
    lines = textwrap.wrap(
        plain(text), max(WIDTH, len(first) + 40), initial_indent=first, subsequent_indent=following,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return lines or [first.rstrip()]
