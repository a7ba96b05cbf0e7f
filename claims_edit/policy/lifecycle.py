"""The life of a policy version: proposed, final, retired; and which versions an enforced or a shadow run uses.

Enforced runs use the final and retired versions, each in its own period. In a shadow run a proposed version applies
on all its days, as if it were adopted; other days are the same as in an enforced run. A draft of a coming quarter
decides no line of today that way. To size it, it can be taken to be in force already (`as_if_in_force`).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from claims_edit.model import VersionStatus
from claims_edit.rule_files.policies import VersionAsIfInForce

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.policy.pack import CitedDate, Policy, Version

_DAY = dt.timedelta(days=1)
_EARLIEST = dt.date(1990, 1, 1)  # no line is accepted with an earlier date of service


def enforced(policy: Policy) -> tuple[Version, ...]:
    """The final and retired versions, in the order of the file: oldest first."""
    return tuple(version for version in policy.versions if version.status is not VersionStatus.PROPOSED)


def drafts(policy: Policy) -> tuple[Version, ...]:
    """The proposed versions, oldest first."""
    return tuple(version for version in policy.versions if version.status is VersionStatus.PROPOSED)


def shadowed(policy: Policy) -> tuple[Version, ...]:
    """Every proposed version on all its days, and the enforced ones on the remaining days, oldest first."""
    return placed(enforced(policy), drafts(policy))


def as_if_in_force(policy: Policy, day: dt.date) -> tuple[Version, ...]:
    """The same, with the first draft that begins after `day` in force already.

    It begins on the first day of the version that it replaces: the one in force on `day`. Where none is, it begins on
    the day after the last version before it; where there is none before it, on the earliest date of service. Further
    drafts after `day` keep their own days.
    """
    held = placed(enforced(policy), [draft for draft in drafts(policy) if draft.from_.date <= day])
    coming = sorted((each for each in drafts(policy) if each.from_.date > day), key=lambda each: each.from_.date)
    return placed(held, [*(_moved_up(draft, _first_day(held, day)) for draft in coming[:1]), *coming[1:]])


def _first_day(held: Iterable[Version], day: dt.date) -> dt.date:
    """The first day of the version in force on a day; where none is, the first day without one."""
    *_, last = (None, *(version for version in held if version.from_.date <= day))
    if last is None:
        return _EARLIEST
    return last.from_.date if last.until is None or last.until.date >= day else last.until.date + _DAY


def _moved_up(draft: Version, first: dt.date) -> Version:
    moved = draft.from_.model_copy(update={"date": first, "note": "A proposed version, as if in force."})
    fields = {name: getattr(draft, name) for name in type(draft).model_fields}
    return VersionAsIfInForce.model_construct(**fields | {"from_": moved}, first_day=draft.from_.date)


def placed(held: tuple[Version, ...], others: Iterable[Version]) -> tuple[Version, ...]:
    """Each of the others on all its days, and the held ones on the remaining days, oldest first."""
    for draft in others:
        held = (*(part for version in held for part in _outside(version, draft)), draft)
    return tuple(sorted(held, key=lambda version: version.from_.date))


def _outside(version: Version, draft: Version) -> Iterator[Version]:
    """The rest of a version next to a draft: the days before it, and those after it."""
    if version.from_.date < draft.from_.date:
        yield _ended_before(version, draft.from_)
    if draft.until is not None and (version.until is None or version.until.date > draft.until.date):
        yield _begun_after(version, draft.until)


def _ended_before(version: Version, first: CitedDate) -> Version:
    if version.until is not None and version.until.date < first.date:
        return version
    return version.model_copy(update={"until": _moved(first, -_DAY)})


def _begun_after(version: Version, last: CitedDate) -> Version:
    if version.from_.date > last.date:
        return version
    return version.model_copy(update={"from_": _moved(last, _DAY)})


def _moved(cited: CitedDate, by: dt.timedelta) -> CitedDate:
    return cited.model_copy(update={"date": cited.date + by, "note": "Another version holds here."})
