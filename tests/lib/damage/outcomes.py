"""What came of a damaged file, checked against the rule, row by row.

A line is moved where its decision says another claim's id, member, payer or provider, and nothing says that it is in
doubt: with a doubt it is before a person, who sees that segments are lost or out of place.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.lib.damage.variant import DENY, PASS, REFUSED, RETURN, TOKEN, Line

if TYPE_CHECKING:
    from tests.lib.damage.driving import Came

DENIED, LOST, MOVED, MISDATED, OTHERWISE = "denied", "lost", "moved", "misdated", "otherwise"
REPLACED = "replaced"  # the source whose first claim passes only because of its second
MAY_BE_DENIED = {DENY, RETURN}


@dataclass(frozen=True)
class Violation:
    """How the rule is broken for one line; `what` is DENIED, LOST, MOVED, MISDATED, or (of a sound file) OTHERWISE."""

    what: str
    line: int
    shown: str


def outcomes(came: Came) -> Counter[tuple[str, str]]:
    """How often a line of one outcome came to another one."""
    found: Counter[tuple[str, str]] = Counter()
    if came.fault:
        found.update((line.outcome, "file refused") for line in came.variant.lines)
        return found
    seen: Counter[int] = Counter()
    for row in came.decisions:
        line = _line_of(row, came)
        if line is not None:
            seen[line] += 1
            found[came.variant.lines[line].outcome, row["disposition"]] += 1
    for line, sent in enumerate(came.variant.lines):
        if not seen[line]:
            found[sent.outcome, REFUSED if line in came.variant.kept else "gone"] += 1
    return found


def violations(came: Came) -> list[Violation]:
    """Where the rule is broken."""
    if came.fault:
        return [Violation(OTHERWISE, 0, came.fault)] if came.variant.damage == "sound" else []
    found = [each for row in came.decisions for each in _of_decision(row, came)]
    found += [Violation(LOST, line, "no row") for line in _lost(came)]
    return found


def _of_decision(row: dict[str, Any], came: Came) -> list[Violation]:
    place = _line_of(row, came)
    if place is None:
        return [Violation(DENIED, -1, "a line that nobody sent")] if row["disposition"] == DENY else []
    line = came.variant.lines[place]
    shown = f"{line.outcome} -> {row['disposition']} {row['reason_code']}"
    if came.variant.damage == "sound":
        return [] if row["disposition"] == line.outcome else [Violation(OTHERWISE, place, shown)]
    found = []
    if row["disposition"] == DENY and line.outcome not in MAY_BE_DENIED and not _is_replacement_unread(line, came):
        found.append(Violation(DENIED, place, shown))
    if not row["doubts"] and (others := _others(row, line, came)):
        found.append(Violation(MOVED, place, f"{shown} with another claim's {', '.join(others)}"))
    if row["service_start_date"].isoformat() != line.day:
        found.append(Violation(MISDATED, place, f"{shown} on another day than the one that was sent"))
    return found


def _is_replacement_unread(line: Line, came: Came) -> bool:
    """Whether what says which claim is replaced is gone, so that nothing can say that this one is."""
    gone = (".related.", ".provider", "REF*F8")  # which claim it replaces, and whose
    unread = any(row["claim_id"] is None for row in came.refused) or any(each in came.variant.place for each in gone)
    return came.variant.source == REPLACED and line.outcome == PASS and unread


def _others(row: dict[str, Any], line: Line, came: Came) -> list[str]:
    """The columns that say that the line is another claim's."""
    found = []
    for name, own in line.identity.items():
        given = row[name]
        others = {each.identity[name] for each in came.variant.lines} - {own}
        if given is not None and any(_same(given, other) for other in others):
            found.append(name)
    return found


def _same(given: str, other: str) -> bool:
    """Whether they are equal but for the number in TOKEN's place."""
    head, token, tail = other.partition(TOKEN)
    return (
        given == other
        if not token
        else given.startswith(head) and given.endswith(tail) and len(given) == len(other) + 3
    )


def _by_charge(row: dict[str, Any], came: Came) -> int | None:
    charge = row["charge_amount"]
    found = (place for place, line in enumerate(came.variant.lines) if charge == Decimal(line.charge))
    return next(found, None) if charge is not None else None


def _line_of(row: dict[str, Any], came: Came) -> int | None:
    """The line as sent that a decision is of: by its charge, else by its place."""
    place = _by_charge(row, came)
    if place is not None:
        return place
    owners = came.variant.owners
    here = owners[row["row"]] if 0 <= row["row"] < len(owners) else ()
    return here[0] if here else None


def _lost(came: Came) -> list[int]:
    """The lines of the damaged file of which no row tells."""
    variant = came.variant
    reported = {place for row in came.decisions if (place := _line_of(row, came)) is not None}
    for row in (*came.decisions, *came.refused):
        if (place := _by_charge(row, came)) is not None:
            reported.add(place)
        elif 0 <= row["row"] < len(variant.owners):
            reported |= {*variant.owners[row["row"]]}
    return [line for line in variant.kept if line not in reported]
