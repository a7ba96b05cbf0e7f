"""`claims-edit rules status | history`: overdue reviews, and the history of a policy."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from claims_edit.cli.options import Day, day_of, json_flag, print_json, rules_option
from claims_edit.cli.results_place import ResultsPlace, as_named
from claims_edit.cli.tables import show_tables
from claims_edit.errors import ThresholdError
from claims_edit.governance.history import policy_history
from claims_edit.governance.status import ReviewStatus, decided_past_review, review_status
from claims_edit.policy import load_catalog
from claims_edit.policy.render import RulesTable

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


@click.command()
@rules_option
@click.option("--as-of", type=Day(), default=None, help="The reference date (default: today).")
@click.option("--out", type=ResultsPlace(), help="A results folder or its URL: also show its decisions past a review.")
@json_flag
@click.option("--fail-on-stale", is_flag=True, help="Exit 12 if a policy is past its review.")
def status(*, rules: Path | None, as_of: date | None, out: Path | None, as_json: bool, fail_on_stale: bool) -> None:
    """Show each policy's review date, the days left or past, its last revision, and codes newer than its review."""
    day = day_of(as_of)
    found = review_status(load_catalog(rules), day)
    decided = decided_past_review(out) if out is not None else None
    if as_json:
        policies = [asdict(each) | {"past": each.past} for each in found]
        print_json({"as_of": day, "policies": policies, "decided_past_review": decided})
    else:
        tables = [RulesTable(f"Policies on {day}", tuple(_row(each) for each in found))]
        if decided is not None:
            title = f"Decided past a review, in {as_named(out)}" + ("" if decided else ": none")
            tables.append(RulesTable(title, tuple(_decided_row(row) for row in decided)))
        show_tables(tables, as_json=False)
    past = [each for each in found if each.past]
    if fail_on_stale and past:
        raise ThresholdError(*(_fault(each, day) for each in past))


def _row(each: ReviewStatus) -> dict[str, str]:
    return {
        "policy": each.policy,
        "payer": each.payer,
        "version": f"{each.version} ({each.status})" if each.version else "none in force",
        "reviewed": _text(each.reviewed),
        "next review": _text(each.next_review),
        "review by": _text(each.stale_after),
        "days": _left(each.days_left),
        "last revision": _text(each.last_revision),
        "newer codes": ", ".join(each.newer_codes),
        "proposed": ", ".join(map(str, each.proposed)),
    }


def _left(days: int | None) -> str:
    if days is None:
        return ""
    return f"{_counted(-days)} past" if days < 0 else f"{_counted(days)} left"


def _counted(days: int) -> str:
    return f"{days:,} day{'' if days == 1 else 's'}"


def _decided_row(row: dict[str, Any]) -> dict[str, str]:
    return {
        "policy": row["policy_id"],
        "version": row["policy_version"],
        "lines": f"{row['lines']:,}",
        "charges": f"{row['charges']:,}",
        "denied lines": f"{row['denied_lines']:,}",
        "denied charges": f"{row['denied_charges']:,}",
        "first service": _text(row["first_service"]),
        "last service": _text(row["last_service"]),
    }


def _fault(each: ReviewStatus, day: date) -> str:
    return (
        f"{each.policy}: its review was due by {each.stale_after}, {_counted(-(each.days_left or 0))} before {day}."
        f" Look for a newer edition of the document, then update rules/{each.file}."
    )


def _text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


@click.command()
@click.argument("policy_id", metavar="ID")
@rules_option
@json_flag
def history(*, policy_id: str, rules: Path | None, as_json: bool) -> None:
    """Show a policy's versions and revisions by date, and the pack's changes that name it."""
    show_tables(policy_history(load_catalog(rules).written, policy_id), as_json=as_json)
