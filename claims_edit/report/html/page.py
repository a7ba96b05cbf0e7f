"""The page: all the data of the template, from one view of a run."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from claims_edit.model import Disposition
from claims_edit.report.effects import uncounted_note, work_list_note
from claims_edit.report.html import figure_rows, reconciliation, reviews, tables, withdrawals
from claims_edit.report.html.cells import amount
from claims_edit.report.html.rows import choices, script_safe, shown_decisions
from claims_edit.report.html.work_list import work_list

if TYPE_CHECKING:
    from claims_edit.report.run_view import RunView

_HERE = Path(__file__).parent
_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_MEANS = {
    Disposition.DENY: "denied under the policy",
    Disposition.RETURN: "returned to the provider for correction",
    Disposition.REVIEW: "for a person to decide",
    Disposition.REFER: "another program's rules decide",
    Disposition.PASS: "no edit applies",
}


@dataclass(frozen=True)
class _Inline:
    """An inline style sheet or script, with its hash for the page's content security policy."""

    text: Markup
    hash: str


def write_html(view: RunView, path: Path) -> None:
    """Write the report of one run to `path`: the same view gives the same bytes, and its only time is the run's start.

    Raises:
        OSError: the file cannot be written.
    """
    page = _ENVIRONMENT.get_template("report.html.j2").render(_content(view))
    path.write_text(page, encoding="utf-8")


def _content(view: RunView) -> dict[str, Any]:
    decisions = shown_decisions(view)
    return {
        **_identity(view),
        "style": _inline("report.css"),
        "script": _inline("report.js"),
        "tiles": _tiles(view),
        "uncounted": uncounted_note(view.counted),
        "sums": reconciliation.sums(view),
        "remarks": reconciliation.remarks(view),
        "inputs": reconciliation.inputs(view),
        "breakdowns": [
            tables.by_payer(view), tables.by_program(view), tables.by_reason(view), tables.by_month(view),
            tables.all_reasons(view),
        ],
        "by_disposition": tables.by_disposition(view),
        "changes": [tables.changes_by_edit(view), tables.changes_by_provider(view)] if view.is_shadow else [],
        "work_list_note": work_list_note(view.reviews),
        "work_list": work_list(view) if view.has_work_list else None,
        "withdrawn_note": withdrawals.withdrawn_note(view),
        "withdrawn": withdrawals.withdrawn_tables(view),
        "figures": figure_rows.figures(view),
        "trend": figure_rows.trend(view),
        "quality": tables.quality(view),
        "doubts": tables.doubts(view),
        "policies": reviews.policies(view),
        "decisions": decisions,
        "left_charges": amount(decisions.charges),
        "filters": {
            name: choices(row[name] for row in decisions.rows) for name in ("disposition", "payer", "reason")
        },
        "explanations": Markup(script_safe(decisions.explanations)),  # noqa: S704 -- escaped for its place
    }  # fmt: skip


def _identity(view: RunView) -> dict[str, Any]:
    manifest = view.manifest
    started = datetime.fromisoformat(manifest["started_at"]).astimezone(UTC)
    return {
        "run_id": view.run_id,
        "shadow": view.is_shadow,
        "drafts": view.drafts_as_if_in_force,
        "as_of": manifest["as_of"],
        "started": f"{started:%Y-%m-%d %H:%M} UTC",
        "rules_hash": manifest["rules_hash"],
        "versions": manifest["versions"],
        "counts": manifest["counts"],
    }


def _tiles(view: RunView) -> list[dict[str, str]]:
    """The run at a glance: one tile for each disposition."""
    lines, charges = view.counted.lines, view.counted.charges
    return [
        {
            "disposition": each.value,
            "lines": f"{lines[each]:,}",
            "charges": amount(charges[each]),
            "means": _MEANS[each],
        }
        for each in Disposition
    ]


def _inline(name: str) -> _Inline:
    text = (_HERE / name).read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return _Inline(Markup(text), f"sha256-{digest}")  # noqa: S704 -- our own files
