"""Explanations as one self-contained page of HTML: no script, no network, every value escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from claims_edit.report.explain.sections import article
from claims_edit.report.safe_text import plain

_TEMPLATES = Path(__file__).parent


def explanation_page(explanations: list[dict[str, Any]]) -> str:
    """All explanations on one page."""
    pages = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
    pages.filters["plain"] = plain
    return pages.get_template("page.html").render(articles=[article(each) for each in explanations])
