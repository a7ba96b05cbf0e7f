"""Explanations as Markdown, in which every value of a claim is plain text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from claims_edit.report.explain.sections import article
from claims_edit.report.safe_text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.report.explain.sections import Article, Section

_ACTIVE = re.compile(r"([\\`*\[\]<>|~&#$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")  # not an underscore inside a word
_LINKS = re.compile(r"(?i)(https?|ftp)://|\bwww\.")  # text that renderers turn into links
_KNOWN = 16_384  # texts: names, labels and citations repeat from line to line
_LINE_START = re.compile(r"^(\s*)([-+=]|[0-9]+(?=[.)]))")


def explanation_markdown(explanations: list[dict[str, Any]]) -> str:
    """All explanations, each under its own heading."""
    return "\n".join("\n".join(article_lines(article(each))) for each in explanations)


@lru_cache(_KNOWN)
def escaped(text: str) -> str:
    """Text that no renderer turns into markup, a link or a second line (CommonMark 2.4; GFM tables and autolinks)."""
    safe = _ACTIVE.sub(r"\\\1", plain(text))
    return _LINKS.sub(lambda link: re.sub(r"([:.])", r"\\\1", link.group(), count=1), safe)


@lru_cache(_KNOWN)
def at_line_start(text: str) -> str:
    """The same for text that begins a line: it never becomes a list, heading or rule."""
    return _LINE_START.sub(_guarded, escaped(text))


def _guarded(start: re.Match[str]) -> str:
    sign = start.group(2)
    return f"{start.group(1)}\\{sign}" if not sign.isdigit() else f"{start.group(1)}{sign}\\"


def article_lines(found: Article, level: int = 1) -> Iterator[str]:
    """The lines of one explanation with its heading at that level."""
    yield f"{'#' * level} {escaped(found.title)}"
    yield ""
    yield from (f"- {at_line_start(line)}" for line in found.lead)
    yield ""
    for section in found.sections:
        yield from section_lines(section, level + 1)


def section_lines(section: Section, level: int) -> Iterator[str]:
    """The lines of one section with its heading at that level."""
    yield f"{'#' * level} {escaped(section.title)}"
    yield ""
    for paragraph in section.paragraphs:
        yield from (at_line_start(paragraph), "")
    if section.rows:
        yield from (*_table(section), "")
    if section.points:
        yield from (f"- {at_line_start(point)}" for point in section.points)
        yield ""
    for part in section.parts:
        yield from section_lines(part, level + 1)
    if section.link is not None:
        words, name = section.link
        yield from (f"{escaped(words)}[{name}]({name})", "")


def _table(section: Section) -> Iterator[str]:
    head = section.head or ("",) * len(section.rows[0])
    yield _row(head)
    yield _row(("---",) * len(head))
    yield from (_row(tuple(map(escaped, row))) for row in section.rows)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
