"""The findings of `validate` as terminal tables: row numbers and counts, never a value."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from claims_edit.report.safe_text import plain


def validation_table(found: dict[str, Any]) -> RenderableType:
    """One table of files, and one of failed checks and warnings with the first rows of each."""
    files = Table(title="Rows: read = accepted + refused", title_justify="left")
    for column in ("file", "format"):
        files.add_column(column, overflow="fold")
    for column in ("read", "accepted", "refused", "warnings"):
        files.add_column(column, justify="right")
    checks = Table(title="Failed checks and warnings", title_justify="left")
    for column in ("file", "check", "severity"):
        checks.add_column(column, overflow="fold")
    checks.add_column("rows", justify="right")
    checks.add_column("first rows")
    for file in found["files"]:
        path = Text(plain(file["path"]))
        figures = (file["rows_read"], file["rows_accepted"], file["rows_quarantined"])
        warned = sum(file["warnings_by_check"].values())
        files.add_row(path, file["format"], *(f"{rows:,}" for rows in figures), f"{warned:,}")
        for check, rows in file["quarantined_by_check"].items():
            first = ", ".join(str(row) for row in file["first_rows"].get(check, ()))
            checks.add_row(path, check, "error", f"{rows:,}", first)
        for check, rows in file["warnings_by_check"].items():
            first = ", ".join(str(row) for row in file["first_warned_rows"].get(check, ()))
            checks.add_row(path, check, "warning", f"{rows:,}", first)
    filtered = [
        Text(f"Skipped by the mapping: {file['rows_filtered']:,} rows of {plain(file['path'])}.")
        for file in found["files"]
        if file["rows_filtered"]
    ]
    return Group(files, *filtered, *([checks] if checks.rows else []))
