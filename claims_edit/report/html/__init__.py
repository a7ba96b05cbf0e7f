"""The morning report: one self-contained HTML file that opens from disk, prints, and needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.report.run_view import RunView


def write_html(view: RunView, path: Path) -> None:
    """Write the report of one run to `path`: the same view gives the same bytes.

    Raises:
        OSError: the file cannot be written.
    """
    # Jinja2 and vl-convert take longer to load than most commands take to run.
    from claims_edit.report.html.page import page  # noqa: PLC0415

    path.write_text(page(view), encoding="utf-8")
