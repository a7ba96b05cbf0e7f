"""The formats of `claims-edit explain`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from claims_edit.report.explain.markdown import explanation_markdown
from claims_edit.report.explain.plain_text import explanation_text

if TYPE_CHECKING:
    from collections.abc import Callable


def _page(explanations: list[dict[str, Any]]) -> str:
    from claims_edit.report.explain.page import explanation_page  # noqa: PLC0415 -- loads Jinja2

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
