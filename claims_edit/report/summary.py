"""The results of a run for summary.json: counts, charges, dispositions, payers, reasons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from claims_edit.report.figures import rows_of

if TYPE_CHECKING:
    from claims_edit.report.run_view import RunView
    from claims_edit.store import Reviews


def summary(view: RunView) -> dict[str, Any]:
    """The content of summary.json: no times, so that the same run gives the same text except for its id."""
    named = ("run_id", "mode", "as_of", "rules_hash", "rules_version", "counts", "charges")
    tables = ("by_disposition", "by_payer", "by_reason", "changes_by_edit" if view.is_shadow else "withdrawn")
    reviews = {"reviews": _reviews(view.reviews)} if view.has_work_list else {}
    return {
        **reviews,
        **{name: view.manifest[name] for name in named},
        **{name: rows_of(getattr(view.figures, name)) for name in tables},
    }


def _reviews(reviews: Reviews) -> dict[str, int]:
    """The lines of the work list; `gone` are no longer in it."""
    return {
        "open": reviews.open, "new": reviews.new, "still_open": reviews.still_open, "gone": reviews.gone,
    }  # fmt: skip


def summary_text(content: dict[str, Any]) -> str:
    """JSON with sorted keys."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def summary_with_tables(view: RunView) -> str:
    """The summary with the table of reasons and the data quality, as JSON."""
    content = summary(view)
    for name, frame in (("denial_reasons", view.figures.reasons), ("data_quality", view.figures.quality)):
        content[name] = rows_of(frame)
    return summary_text(content)
