"""The summary of a run for a person at a terminal."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from claims_edit.model import Disposition, Effect, has_code_column
from claims_edit.report.effects import EFFECT_LABELS, WITHDRAWN_LABELS, work_list_note
from claims_edit.report.safe_text import plain
from claims_edit.store import Reviews, counted

if TYPE_CHECKING:
    from pathlib import Path

TOP = 10


def terminal_summary(manifest: dict[str, Any], run_dir: Path, out: str | None = None) -> RenderableType:
    """Counts, dispositions, top reasons, refused rows by check, and where the files are.

    `run_dir` is the run's published folder, with its summary.json; `out` is the name to show of the results folder.
    """
    counts = manifest["counts"]
    out = out or str(run_dir.parent.parent)
    summary = json.loads((run_dir / "summary.json").read_text(encoding="utf-8"))
    reasons = summary["by_reason"]
    parts: list[RenderableType] = [Text(_headline(manifest), style="bold"), _rows(manifest), _dispositions(manifest)]
    if reasons:
        parts.append(_reasons(reasons))
    if changes := summary.get("changes_by_edit"):
        parts.append(_changes(changes))
    if reviews := summary.get("reviews"):
        parts.append(Text(work_list_note(Reviews(reviews["open"], reviews["new"], reviews["gone"]))))
    if withdrawn := summary.get("withdrawn"):
        parts.append(_withdrawn(withdrawn))
    for title, checks in (
        ("Refused rows by check", counts["quarantined_by_check"]),
        ("Warnings by check", counts["warnings_by_check"]),
    ):
        if checks:
            parts.append(_checks(title, checks))
    parts.extend(Text(plain(line)) for line in _beside(manifest))
    refused = [file for file in manifest["inputs"] if file["status"] == "refused"]
    parts.extend(Text(f"Not read: {plain(file['path'])}: {plain(file['fault'])}", style="red") for file in refused)
    blind = [file for file in manifest["inputs"] if file["status"] == "read" and not has_code_column(file["columns"])]
    parts.extend(
        Text(f"No column hcpcs_code in {plain(file['path'])}: none of its lines can be edited.") for file in blind
    )
    asked = "FROM shadow_vs_enforced WHERE changed" if manifest["mode"] == "shadow" else "FROM denial_reasons"
    parts.append(Text(f'Reports: {out}/runs/{run_dir.name}\nSQL: claims-edit sql "{asked}" --out {out}'))
    return Group(*parts)


def _headline(manifest: dict[str, Any]) -> str:
    as_if = ", drafts as if in force" if manifest["options"].get("drafts_as_if_in_force") else ""
    shadow = f", shadow: it does not count{as_if}" if manifest["mode"] == "shadow" else ""
    rules = f"rules {plain(manifest['rules_version'])} {manifest['rules_hash'][:12]}"
    return f"Run {manifest['run_id']} (as of {manifest['as_of']}, {rules}{shadow})"


def _table(title: str, *columns: str, words: int = 1) -> Table:
    """A table whose first `words` columns are text and whose others are figures."""
    table = Table(title=title, title_justify="left", title_style="")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < words else "right", overflow="fold")
    return table


def _rows(manifest: dict[str, Any]) -> Table:
    counts, charges = manifest["counts"], manifest["charges"]
    table = _table("Rows: read = accepted + refused", "", "rows", "charges")
    for part, name in (("read", "rows_read"), ("accepted", "rows_accepted"), ("quarantined", "rows_quarantined")):
        table.add_row("refused" if part == "quarantined" else part, f"{counts[name]:,}", _money(charges[part]))
    if counts.get("rows_filtered"):
        table.add_row("skipped by the mapping", f"{counts['rows_filtered']:,}", "")
    table.add_row("candidates", f"{counts['candidates']:,}", _money(charges["candidates"]))
    table.add_row("with a warning", f"{counts['warnings']:,}", "")
    if charges["unparseable"]:
        table.add_row("charge is not a number", f"{charges['unparseable']:,}", "")
    return table


def _beside(manifest: dict[str, Any]) -> list[str]:
    """What the run did not read as claim lines: files skipped by name, columns, FHIR files without claims."""
    kinds = Counter(file["what"] for file in manifest.get("passed_over", ()))
    context = sum(file["status"] == "context" for file in manifest["inputs"])
    shown = ", ".join(f"{count} {what}" for what, count in sorted(kinds.items()))
    notes = [f"Files skipped by name: {shown}."] if kinds else []
    ignored = sorted({name.strip() for file in manifest["inputs"] for name in file.get("columns_ignored", ())})
    if ignored:
        more = f" and {len(ignored) - TOP} more (manifest.json)" if len(ignored) > TOP else ""
        notes.append(f"Columns not read: {', '.join(ignored[:TOP])}{more}.")
    return notes + ([f"FHIR files without claims, used for references from claims: {context}."] if context else [])


def _dispositions(manifest: dict[str, Any]) -> Table:
    shown = counted(manifest)
    table = _table("Decisions: one for each candidate", "disposition", "lines", "charges")
    for disposition in Disposition:
        table.add_row(disposition, f"{shown.lines[disposition]:,}", f"{shown.charges[disposition]:,.2f}")
    for effect, (lines, charges) in shown.others.items():
        if lines:
            table.add_row(EFFECT_LABELS[effect], f"{lines:,}", f"{charges:,.2f}")
    table.add_section()
    table.add_row("all", f"{manifest['counts']['decisions']:,}", _money(manifest["charges"]["candidates"]))
    return table


def _reasons(reasons: list[dict[str, Any]]) -> Table:
    more = f" (first {TOP} of {len(reasons)})" if len(reasons) > TOP else ""
    table = _table(f"Reasons{more}", "disposition", "reason", "lines", "claims", "charges", words=2)
    for row in reasons[:TOP]:
        figures = (f"{row['lines']:,}", f"{row['claims']:,}", _money(row["charges"]))
        table.add_row(row["disposition"], row["reason_code"], *figures)
    return table


def _changes(changes: list[dict[str, Any]]) -> Table:
    more = f" (first {TOP} of {len(changes)})" if len(changes) > TOP else ""
    title = f"Changes against the enforced decisions{more}"
    table = _table(title, "enforced edit", "shadow edit", "lines", "charges", "change of denied charges", words=2)
    for row in changes[:TOP]:
        edits = (row["edit_before"] or "not decided", row["edit_after"] or "not decided")
        table.add_row(*edits, f"{row['lines']:,}", _money(row["charges"]), _money(row["denied_change"]))
    return table


def _withdrawn(withdrawn: list[dict[str, Any]]) -> Table:
    title = "Decisions of earlier runs that this run withdrew"
    table = _table(title, "because", "disposition", "lines", "charges", words=2)
    for row in withdrawn:
        because = WITHDRAWN_LABELS[Effect(row["withdrawn_because"])]
        table.add_row(because, row["disposition"], f"{row['lines']:,}", _money(row["charges"]))
    return table


def _checks(title: str, checks: dict[str, int]) -> Table:
    table = _table(title, "check", "rows")
    for check, rows in sorted(checks.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(Text(plain(check)), f"{rows:,}")
    return table


def _money(text: str) -> str:
    whole, cents = text.split(".")
    return f"{'-' if text.startswith('-') else ''}{abs(int(whole)):,}.{cents}"


def runs_table(manifests: list[dict[str, Any]]) -> Table:
    """The published runs, oldest first."""
    table = _table("", "run", "mode", "rules", "rows", "refused", *Disposition, words=3)
    for run in manifests:
        counts = run["counts"]
        figures = [counts["rows_read"], counts["rows_quarantined"]]
        figures += counted(run).lines.values()
        table.add_row(run["run_id"], run["mode"], plain(run["rules_version"]), *(f"{figure:,}" for figure in figures))
    return table
