"""The days on which something that decides a line changes between its first and its last day of service."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from claims_edit.model import CodeKind
from claims_edit.report.explain import appeal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.report.explain.line import Line

_DAY = dt.timedelta(days=1)


def boundaries_of(line: Line) -> list[str]:
    """Each change inside the line's days, oldest first, in words."""
    inside = [(day, what) for day, what in _changes(line) if line.start < day <= line.end]
    return [f"On {day} {what}, within the service {line.days}" for day, what in sorted(set(inside))]


def on_first_day(line: Line) -> str:
    """What decides the line where its first day is the only one; the edits that hit looked at later days too."""
    code = line.procedure
    if code is not None and code.kind is CodeKind.UNLISTED and not appeal.is_listed(line, line.code):
        return line.outcome("unlisted-code-out-of-scope")
    if line.code not in {each.code for each in appeal.codes_valid_on(line)}:
        return line.outcome("code-not-valid-on-dos")
    return line.then


def _changes(line: Line) -> Iterator[tuple[dt.date, str]]:
    policy = line.book.policy_of(line.row)
    versions = policy.versions if policy else ()
    for version in versions:
        yield version.from_.date, f"version {version.from_.date} of {policy.id if policy else ''} begins"
        following = version.until.date + _DAY if version.until else None
        if following is not None and following not in {other.from_.date for other in versions}:
            yield following, f"version {version.from_.date} of {policy.id if policy else ''} has ended"
    procedure = line.procedure
    if procedure is not None and procedure.valid_from is not None:
        yield procedure.valid_from.date, f"{line.code} becomes valid"
    if procedure is not None and procedure.valid_until is not None:
        yield procedure.valid_until.date + _DAY, f"{line.code} is no longer valid"
