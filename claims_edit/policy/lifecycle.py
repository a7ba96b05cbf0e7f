"""The life of a policy version: proposed, final, retired; and which versions an enforced or a shadow run uses.

Enforced runs use the final and retired versions, each in its own period. In a shadow run a proposed version applies
on all its days, as if it were adopted; other days are the same as in an enforced run.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from claims_edit.model import VersionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.pack import CitedDate, Policy, RulePack, Version

_DAY = dt.timedelta(days=1)


def in_view(pack: RulePack, *, proposed: bool) -> RulePack:
    """The pack with the versions that decide lines: enforced or shadowed ones.

    A policy whose versions are all proposed keeps its documents but has no version, unless `proposed`.
    """
    versions_of = shadowed if proposed else enforced
    policies = {
        path: policy.model_copy(update={"versions": versions_of(policy)}) for path, policy in pack.policies.items()
    }
    return pack.model_copy(update={"policies": policies})


def enforced(policy: Policy) -> tuple[Version, ...]:
    """The final and retired versions, in the order of the file: oldest first."""
    return tuple(version for version in policy.versions if version.status is not VersionStatus.PROPOSED)


def drafts(policy: Policy) -> tuple[Version, ...]:
    """The proposed versions, oldest first."""
    return tuple(version for version in policy.versions if version.status is VersionStatus.PROPOSED)


def shadowed(policy: Policy) -> tuple[Version, ...]:
    """Every proposed version on all its days, and the enforced ones on the remaining days, oldest first."""
    held = enforced(policy)
    for draft in drafts(policy):
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
    return cited.model_copy(update={"date": cited.date + by, "note": "Replaced by a proposed version."})
