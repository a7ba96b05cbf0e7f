"""Checks of a policy's payers, and of its editions: no two hold for one payer and program on one day."""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from typing import TYPE_CHECKING

from claims_edit.model import VersionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.declared_ids import DeclaredIds
    from claims_edit.policy.pack import Policy, Version
    from claims_edit.rule_files.policies import Edition

Placed = tuple[str, "Version"]
"""A version and its location in the file."""


def successions(policy: Policy) -> list[list[Placed]]:
    """The versions that follow one another: those that are no editions, and those of each edition's name."""
    named: dict[str | None, list[Placed]] = {}
    for index, version in enumerate(policy.versions):
        name = version.edition.name if version.edition else None
        named.setdefault(name, []).append((f"versions[{index}]", version))
    return list(named.values())


def payer_faults(path: str, policy: Policy, declared: DeclaredIds) -> Iterator[str]:
    """No payer, one given twice, one that is not defined, and one that no version holds for."""
    if not policy.every_payer:
        yield f"{path}: payer: is missing. Add it, or `payers` with the keys of affiliates with one policy."
    if policy.payer_ is not None:
        yield from declared.payer_faults(f"{path}: payer", policy.payer_)
        if policy.payers:
            yield f"{path}: payers: the policy also has `payer`. Keep one of the two keys."
    if policy.payer_entry is not None and policy.payer_ is None:
        yield f"{path}: payer_entry: the policy has several payers. Write `payer_entries`, with the entry of each key."
    for key in policy.payer_entries:
        if key not in policy.every_payer:
            yield f"{path}: payer_entries.{key}: is not a payer of this policy. {_one_of(policy)}"
    for index, payer in enumerate(policy.payers):
        yield from declared.payer_faults(f"{path}: payers[{index}]", payer)
        if payer in policy.payers[:index]:
            yield f"{path}: payers[{index}]: duplicate payer `{payer}`. Keep one."
        elif not any(version.edition is None or _has(version.edition, payer) for version in policy.versions):
            yield f"{path}: payers[{index}]: no version holds for `{payer}`. Add one, or remove the payer."


def _one_of(policy: Policy) -> str:
    return f"Use one of {', '.join(policy.every_payer)}."


def _has(edition: Edition, payer: str) -> bool:
    return not edition.payers or payer in edition.payers


def edition_faults(path: str, policy: Policy, declared: DeclaredIds) -> Iterator[str]:
    """Editions for unknown payers or programs, of rules that they cannot reach, and two for one payer and program."""
    editions = [
        (f"versions[{index}]", version, version.edition)
        for index, version in enumerate(policy.versions)
        if version.edition is not None
    ]
    for place, version, edition in editions:
        yield from _scope_faults(f"{path}: {place}", policy, version, edition, declared)
    for (before, earlier, one), (after, later, other) in combinations(editions, 2):
        shared = _shared(policy, one, other)
        if shared and one.name != other.name and _meet(earlier, later):
            yield (
                f"{path}: {after}.edition: `{other.name}` and `{one.name}` ({before}) both hold for {shared} on the "
                f"same days. End one of them before the other begins, or remove it from one."
            )
        if one.name == other.name and (one.payers, one.programs) != (other.payers, other.programs):
            yield (
                f"{path}: {after}.edition.name: `{one.name}` is the edition of other payers or programs in {before}. "
                "Give each edition its own name."
            )


def _scope_faults(
    place: str, policy: Policy, version: Version, edition: Edition, declared: DeclaredIds
) -> Iterator[str]:
    if not edition.payers and not edition.programs:
        yield f"{place}.edition: names neither payers nor programs. Name those it holds for, or remove the key."
    for index, payer in enumerate(edition.payers):
        if payer not in policy.every_payer:
            yield f"{place}.edition.payers[{index}]: `{payer}` is not a payer of this policy. {_one_of(policy)}"
    for index, program in enumerate(edition.programs):
        yield from declared.program_faults(f"{place}.edition.programs[{index}]", program)
    if not edition.programs:
        return
    held = f"is not a program of the edition `{edition.name}`, so no line reaches it. Remove it, or add it there."
    for index, program in enumerate(version.applies_to.programs):
        if program not in edition.programs:
            yield f"{place}.applies_to.programs[{index}]: `{program}` {held}"
    for program in version.exceptions:
        if program not in edition.programs:
            yield f"{place}.exceptions.{program}: {held}"


def _shared(policy: Policy, one: Edition, other: Edition) -> str:
    """A payer and program for which both hold, in words; empty where there is none."""
    payers = [payer for payer in policy.every_payer if _has(one, payer) and _has(other, payer)]
    programs = [each for each in one.programs if each in other.programs] or [*one.programs, *other.programs]
    if not payers or (one.programs and other.programs and not set(one.programs) & set(other.programs)):
        return ""
    return f"{payers[0]} in {programs[0]}" if programs else payers[0]


def _meet(one: Version, other: Version) -> bool:
    """Whether two versions of one kind, proposed or not, are in force on one day."""
    if (one.status is VersionStatus.PROPOSED) is not (other.status is VersionStatus.PROPOSED):
        return False
    ends = (version.until.date if version.until else dt.date.max for version in (one, other))
    return max(one.from_.date, other.from_.date) <= min(ends)
