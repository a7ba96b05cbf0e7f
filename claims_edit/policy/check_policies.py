"""Checks of the policies: their versions, the names they use, and that Medicare Advantage is never denied."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

from claims_edit.model import PolicyKind, VersionStatus
from claims_edit.policy.check_editions import edition_faults, payer_faults, successions
from claims_edit.policy.check_positions import position_faults
from claims_edit.policy.check_scopes import scope_faults
from claims_edit.policy.code_classes import is_ever_valid
from claims_edit.policy.pack import FoundDraft, GuidanceFile, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.declared_ids import DeclaredIds
    from claims_edit.policy.pack import Version
    from claims_edit.policy.parse import Parsed

MEDICARE_ADVANTAGE = "medicare_advantage"
"""The program that is never denied automatically."""


def policy_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    """Faults of each policy, and between policies."""
    policies = parsed.of(Policy)
    yield from _id_faults(policies)
    yield from scope_faults(parsed, declared)
    for path, policy in policies.items():
        yield from payer_faults(path, policy, declared)
        yield from edition_faults(path, policy, declared)
        yield from declared.service_faults(f"{path}: service", policy.service)
        yield from _follows_faults(path, policy, parsed)
        if policy.before_first_version.was == "none_existed" and policy.before_first_version.cite is None:
            yield (
                f"{path}: before_first_version.cite: is missing. Cite what says that there was no policy before, or "
                "write `was: unknown`: lines before the first version then go to a person."
            )
        for proposed in (False, True):
            yield from _order_faults(path, policy, proposed=proposed)
        for index, version in enumerate(policy.versions):
            place = f"{path}: versions[{index}]"
            yield from _period_faults(place, policy, version)
            yield from _program_faults(place, version, declared)
            yield from _listed_faults(place, policy, version, declared)
            yield from position_faults(place, policy, version, declared)
            if isinstance(policy, FoundDraft) and version.status is not VersionStatus.PROPOSED:
                yield (
                    f"{place}.status: must be proposed: a found draft is never enforced. Correct it, or verify it "
                    "against the document and move the file to policies/, without `found`."
                )


def _follows_faults(path: str, policy: Policy, parsed: Parsed) -> Iterator[str]:
    if policy.follows is None:
        return
    if policy.kind is not PolicyKind.GUIDANCE:
        yield f"{path}: follows: guidance by site never denies, and a funding policy has its own reference. Remove it."
    files = parsed.of(GuidanceFile).values()
    services = {entry.service for file in files if file.publisher == policy.follows for entry in file.guidance}
    if policy.service not in services and GuidanceFile not in parsed.broken:
        yield (
            f"{path}: follows: no file of guidance/ has guidance on {policy.service} of `{policy.follows}`. "
            "Name the publisher as that file does, or remove it."
        )


def _id_faults(policies: dict[str, Policy]) -> Iterator[str]:
    ids: dict[str, str] = {}
    for path, policy in policies.items():
        if policy.id in ids:
            yield f"{path}: id: `{policy.id}` is already the id of {ids[policy.id]}. Give each policy its own id."
        ids.setdefault(policy.id, path)


def _order_faults(path: str, policy: Policy, *, proposed: bool) -> Iterator[str]:
    """Faults among the proposed versions, or among the others: a proposed one may overlap the version it replaces.

    An edition may overlap the versions that it replaces too.
    """
    alike = [
        pair
        for versions in successions(policy)
        for pair in pairwise(each for each in versions if (each[1].status is VersionStatus.PROPOSED) is proposed)
    ]
    for (before, earlier), (after, later) in alike:
        first, then = earlier.from_.date, later.from_.date
        if then <= first:
            how = "is before" if then < first else "is the first day of"
            yield f"{path}: {after}.from: {then} {how} {before} ({first}). Order versions oldest first."
        elif earlier.until is None:
            yield (
                f"{path}: {before}.until: is missing, so {after} (from {then}) overlaps. "
                f"Give the last day, at most {then - dt.timedelta(days=1)}."
            )
        elif earlier.until.date >= then:
            yield (
                f"{path}: {before}.until: {earlier.until.date} overlaps {after} (from {then}). "
                f"End it at the latest on {then - dt.timedelta(days=1)}."
            )


def _period_faults(place: str, policy: Policy, version: Version) -> Iterator[str]:
    if version.status is VersionStatus.RETIRED and version.until is None:
        yield f"{place}.until: is missing, but the version is retired. Give its last day, or set the status to final."
    if version.until is not None and version.until.date < version.from_.date:
        yield f"{place}.until: {version.until.date} is before from ({version.from_.date}). Correct one of the two."
    if version.reviewed and version.next_review and version.next_review.date <= version.reviewed.date:
        yield (
            f"{place}.next_review: {version.next_review.date} is not after reviewed ({version.reviewed.date}). "
            "Correct one of the two."
        )
    undated = version.reviewed is None and version.next_review is None
    if policy.kind is PolicyKind.FUNDING and undated and not isinstance(policy, FoundDraft):
        yield f"{place}.reviewed: is missing, so the version could never go stale. Add its last review."


def _program_faults(place: str, version: Version, declared: DeclaredIds) -> Iterator[str]:
    for index, program in enumerate(version.applies_to.programs):
        where = f"{place}.applies_to.programs[{index}]"
        yield from declared.program_faults(where, program)
        if program in version.applies_to.programs[:index]:
            yield f"{where}: duplicate program `{program}`. Keep one."
        if program in version.exceptions:
            yield f"{where}: `{program}` is also an exception. Remove it from one of them."
        if program == MEDICARE_ADVANTAGE:
            yield (
                f"{where}: Medicare Advantage is never denied automatically. "
                "Move it to exceptions, with the rule refer or review."
            )
    for program in version.exceptions:
        yield from declared.program_faults(f"{place}.exceptions.{program}", program)


def _listed_faults(place: str, policy: Policy, version: Version, declared: DeclaredIds) -> Iterator[str]:
    if declared.codes is None:
        return
    for index, listed in enumerate(version.codes.listed):
        where = f"{place}.codes.listed[{index}]"
        service, code = declared.codes.get(listed, (None, None))
        if listed in version.codes.listed[:index]:
            yield f"{where}: duplicate code `{listed}`. Keep one."
        if code is None:
            yield f"{where}: `{listed}` is not defined in codes/. Correct it, or add the code there."
        elif service != policy.service:
            yield f"{where}: `{listed}` is a code of {service}, not of {policy.service}. Remove it."
        elif not is_ever_valid(code, version):
            yield f"{where}: `{listed}` is not valid on any day of this version. Remove it, or correct a date."
