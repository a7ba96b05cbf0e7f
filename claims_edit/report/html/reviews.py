"""Policies past their review: the versions that the run used, when each review was due, and the decisions after it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from claims_edit.model import Disposition
from claims_edit.policy.catalog import versions_of
from claims_edit.report.html.cells import Cell, Table, amount, count, whole, words
from claims_edit.report.html.tables import payer_label
from claims_edit.rule_files.policies import VersionAsIfInForce, stale_after

if TYPE_CHECKING:
    from claims_edit.policy.pack import CitedDate, Policy, Version
    from claims_edit.report.run_view import RunView


def policies(view: RunView) -> Table:
    """The versions in force on the as-of date, and those with a line decided past the review."""
    as_of = dt.date.fromisoformat(view.manifest["as_of"])
    late: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in view.figures.stale.iter_rows(named=True):
        late.setdefault((row["policy_id"], row["policy_version"]), []).append(row)
    rows = []
    held: dict[tuple[str, str], tuple[Policy, Version]] = {}
    payers: dict[tuple[str, str], list[str]] = {}
    for policy, version in versions_of(view.catalog.pack):
        payers.setdefault((policy.id, version.id), []).append(payer_label(view, policy.payer))
        held.setdefault((policy.id, version.id), (policy, version))
    for policy, version in held.values():
        decided = late.pop((policy.id, version.id), [])
        if decided or _in_force(version, as_of):
            known = [
                words(policy.title),
                words(", ".join(dict.fromkeys(payers[policy.id, version.id]))),
                *_period(version),
                whole(_day(version.reviewed)),
                whole(_day(version.next_review)),
                words(_status(policy, version, as_of)),
            ]
            rows.append([*known, *_decided(decided)])
    rows += [
        [words(policy_id), words(""), whole(version), *[words("")] * 3, words("not in the rules"), *_decided(decided)]
        for (policy_id, version), decided in late.items()
    ]
    columns = (
        "Policy", "Payer", "From", "Until", "Last review", "Next review", f"On {as_of}",
        "Lines past review", "Charges past review", "Of these",
    )  # fmt: skip
    return Table("policies", "Policy versions and their reviews", columns, rows)


def _in_force(version: Version, day: dt.date) -> bool:
    return version.from_.date <= day and (version.until is None or day <= version.until.date)


def _period(version: Version) -> tuple[Cell, Cell]:
    as_if = f"draft {version.id}, as if in force" if isinstance(version, VersionAsIfInForce) else ""
    return Cell(version.from_.date.isoformat(), as_if, whole=True), whole(
        _day(version.until) if version.until else "open"
    )


def _day(cited: CitedDate | None) -> str:
    return cited.date.isoformat() if cited else "not given"


def _status(policy: Policy, version: Version, as_of: dt.date) -> str:
    """Whether the review is overdue on the as-of date, for a version in force on that date."""
    last = stale_after(version)
    if not _in_force(version, as_of):
        return "replaced"
    if last is None:
        return f"no review on record ({policy.kind})"
    if as_of > last:
        return f"past review since {last} ({(as_of - last).days:,} days)"
    return f"due by {last}"


def _decided(rows: list[dict[str, Any]]) -> list[Cell]:
    if not rows:
        return [count(0), Cell(amount(Decimal()), number=True), words("")]
    lines = {row["disposition"]: row["lines"] for row in rows}
    split = ", ".join(f"{lines[each]:,} {each}" for each in Disposition if each in lines)
    charges = sum((row["charges"] for row in rows), Decimal())
    first, last = min(row["first_service"] for row in rows), max(row["last_service"] for row in rows)
    return [
        count(sum(lines.values())),
        Cell(amount(charges), number=True),
        Cell(split, below=f"service {first}" if first == last else f"service {first} to {last}"),
    ]
