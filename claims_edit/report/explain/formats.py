"""The formats of `claims-edit explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from claims_edit.report.explain.markdown import explanation_markdown
from claims_edit.report.explain.plain_text import explanation_text
from claims_edit.report.explain.sections import article
from claims_edit.report.safe_text import plain

if TYPE_CHECKING:
    from collections.abc import Callable


_TEMPLATES = Path(__file__).parent


def explanation_page(explanations: list[dict[str, Any]]) -> str:
    """All explanations on one page."""
    pages = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    pages.filters["plain"] = plain
    return pages.get_template("page.html").render(articles=[article(each) for each in explanations])


def _page(explanations: list[dict[str, Any]]) -> str:
    from claims_edit.report.explain.formats import explanation_page  # noqa: PLC0415 -- loads Jinja2

    return explanation_page(explanations)


def _json(explanations: list[dict[str, Any]]) -> str:
    return json.dumps(explanations, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"


EXPLANATION_FORMATS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "text": explanation_text,
    "md": explanation_markdown,
    "html": _page,
    "json": _json,
}
"""The name of each format, and the function that gives its text."""
