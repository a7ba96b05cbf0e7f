"""A policy of several payers and programs as one policy for each: its versions in force, editions in place of others.

An edition holds on all its days for its payers and programs, and the other versions on the remaining days. A program
that no edition names, and a line whose program is not known, have the versions that are no program's edition; on days
without one an edition of other programs is taken: it is silent on the program, so that the line goes to a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.policy.lifecycle import as_if_in_force, enforced, placed, shadowed
from claims_edit.rule_files.policies import PolicyOfPrograms

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator

    from claims_edit.policy.pack import Policy, RulePack, Version

    View = Callable[[Policy], tuple[Version, ...]]

_OF_PAYER = ".yaml#"


def file_of(key: str) -> str:
    """The file of a policy of a pack that decides lines, by its key."""
    path, found, _ = key.partition(_OF_PAYER)
    return f"{path}.yaml" if found else key


def in_view(pack: RulePack, *, proposed: bool, ahead_of: dt.date | None = None) -> RulePack:
    """The pack with the policies of each payer, and the versions that decide lines: enforced or shadowed ones.

    A policy whose versions are all proposed keeps its documents but has no version, unless `proposed`. With
    `ahead_of`, drafts that begin after that day are taken to be in force already.
    """

    def versions_of(policy: Policy) -> tuple[Version, ...]:
        if not proposed:
            return enforced(policy)
        return shadowed(policy) if ahead_of is None else as_if_in_force(policy, ahead_of)

    policies = dict(each for path, policy in pack.policies.items() for each in of_each_payer(path, policy, versions_of))
    return pack.model_copy(update={"policies": policies})


def of_each_payer(path: str, policy: Policy, view: View) -> Iterator[tuple[str, Policy]]:
    """The policy of each payer, and of its programs with editions, by key: the file's path where there is one of them.

    Args:
        path: of the policy's file in the pack.
        policy: as it is written.
        view: the versions of a policy that decide lines, of those given.
    """
    if len(policy.every_payer) == 1 and not any(version.edition for version in policy.versions):
        yield path, policy.model_copy(update={"versions": view(policy)})
        return
    for payer in policy.every_payer:
        own = policy.model_copy(update={"payer_": payer, "payers": ()})
        yield f"{path}#{payer}", own.model_copy(update={"versions": _versions(own, None, view)})
        for programs in _grouped(own):
            fields = {name: getattr(own, name) for name in type(own).model_fields}
            versions = _versions(own, programs[0], view)
            of_programs = PolicyOfPrograms.model_construct(**fields | {"versions": versions}, programs=programs)
            yield f"{path}#{payer}#{programs[0]}", of_programs


def _grouped(policy: Policy) -> list[tuple[str, ...]]:
    """The programs that editions for the payer name; those of the same editions together."""
    editions = [version.edition for version in policy.versions if version.edition and _is_of(policy, version)]
    groups: dict[tuple[bool, ...], list[str]] = {}
    for program in sorted({program for each in editions for program in each.programs}):
        groups.setdefault(tuple(each.holds_for(policy.payer, program) for each in editions), []).append(program)
    return [tuple(programs) for programs in groups.values()]


def _is_of(policy: Policy, version: Version) -> bool:
    """Whether a version is an edition for the payer, in some program or in all."""
    return version.edition is not None and (not version.edition.payers or policy.payer in version.edition.payers)


def _versions(policy: Policy, program: str | None, view: View) -> tuple[Version, ...]:
    """The versions in force for the payer and a program (None: one that no edition names), oldest first."""
    everyone = [version for version in policy.versions if version.edition is None]
    own = [each for each in policy.versions if each.edition and each.edition.holds_for(policy.payer, program)]
    others = [each for each in policy.versions if _is_of(policy, each) and each not in own]
    held: tuple[Version, ...] = ()
    for versions in (others, everyone, own):
        held = placed(held, _viewed(policy, versions, view))
    return held


def _viewed(policy: Policy, versions: Iterable[Version], view: View) -> tuple[Version, ...]:
    return view(policy.model_copy(update={"versions": tuple(versions)}))
