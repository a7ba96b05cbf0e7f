"""Checks of several policies of one payer on one service: their scopes, and the order between those that can meet."""

from __future__ import annotations

import datetime as dt
from itertools import combinations, product
from typing import TYPE_CHECKING

from claims_edit.policy.code_classes import listed, with_classes
from claims_edit.policy.pack import CodesFile, Policy
from claims_edit.rule_files.policies import program_rules_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from claims_edit.policy.declared_ids import DeclaredIds
    from claims_edit.policy.pack import Version
    from claims_edit.policy.parse import Parsed


def scope_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    """Scopes of unknown values or that no line of the policy can have, classes without a code, and orders that tie."""
    policies = parsed.of(Policy)
    for path, policy in policies.items():
        yield from _scope_faults(path, policy, declared)
        yield from _class_faults(path, policy, parsed)
    if CodesFile in parsed.broken:
        return
    for (path, policy), (other_path, other) in meeting(with_classes(policies, parsed.of(CodesFile).values())):
        given = [each.order for each in (policy, other)]
        if given == [None, None]:
            continue
        if None in given:
            place, held = (path, other) if policy.order is None else (other_path, policy)
            yield (
                f"{place}: order: is missing, but {held.id} on the same lines has {held.order}. Give each an order, or "
                "neither: where they disagree a person then decides."
            )
        elif given[0] == given[1]:
            fault = f"{other.order} is also that of {policy.id} on the same lines"
            yield f"{other_path}: order: {fault}. Give each its own."


def unordered(policies: Mapping[str, Policy]) -> list[tuple[Policy, Policy]]:
    """The policies of a checked pack that can address the same lines and have no order between them."""
    pairs = [(one, other) for (_, one), (_, other) in meeting(policies) if one.order is None]
    return sorted(pairs, key=lambda pair: (pair[0].id, pair[1].id))


def meeting(policies: Mapping[str, Policy]) -> Iterator[tuple[tuple[str, Policy], tuple[str, Policy]]]:
    """The policies of one payer and service that can address one line; a default rule comes after all others."""
    by_payer: dict[tuple[str, str], list[tuple[str, Policy]]] = {}
    for path, policy in sorted(policies.items()):
        for payer in policy.every_payer:
            by_payer.setdefault((payer, policy.service), []).append((path, policy))
    pairs = {(one[0], other[0]): (one, other) for held in by_payer.values() for one, other in combinations(held, 2)}
    for one, other in pairs.values():
        if one[1].is_default is other[1].is_default and can_meet(one[1], other[1]):
            yield one, other


def can_meet(one: Policy, other: Policy) -> bool:
    """Whether two policies on a service can address one line: by site, and on one day by program and code."""
    if not _intersect(*(each.scope.sites if each.scope else () for each in (one, other))):
        return False
    return any(
        max(first.from_.date, second.from_.date) <= min(_last(first), _last(second))
        and _codes(one, first) & _codes(other, second)
        and _programs(one, first) & _programs(other, second)
        for first, second in product(one.versions, other.versions)
    )


def _intersect(one: Collection[str], other: Collection[str]) -> bool:
    return not one or not other or bool(set(one) & set(other))


def _last(version: Version) -> dt.date:
    return version.until.date if version.until else dt.date.max


def _codes(policy: Policy, version: Version) -> set[str]:
    codes = set(version.codes.listed)
    return codes & set(policy.scope.codes) if policy.scope and policy.scope.codes else codes


def _programs(policy: Policy, version: Version) -> set[str]:
    programs = set(program_rules_of(version))
    return programs & set(policy.scope.programs) if policy.scope and policy.scope.programs else programs


def _scope_faults(path: str, policy: Policy, declared: DeclaredIds) -> Iterator[str]:
    if policy.scope is None:
        return
    place = f"{path}: scope"
    if not (policy.scope.sites or policy.scope.codes or policy.scope.programs):
        yield f"{place}: names no sites, codes or programs. Name those that the policy is about, or remove the key."
    for index, site in enumerate(policy.scope.sites):
        yield from declared.site_faults(f"{place}.sites[{index}]", site)
    for index, program in enumerate(policy.scope.programs):
        yield from declared.program_faults(f"{place}.programs[{index}]", program)
        if not any(program in program_rules_of(version) for version in policy.versions):
            yield f"{place}.programs[{index}]: no version has a rule on `{program}`, so no line reaches it. Remove it."
    for index, code in enumerate(policy.scope.codes):
        if not policy.is_default and not any(code in version.codes.listed for version in policy.versions):
            yield f"{place}.codes[{index}]: no version lists `{code}`, so no line reaches it. Remove it, or list it."
    for number, version in enumerate(policy.versions):
        yield from _outside(f"{path}: versions[{number}]", policy, version)


def _outside(place: str, policy: Policy, version: Version) -> Iterator[str]:
    """Codes and programs of a version outside the policy's scope."""
    codes, programs = (policy.scope.codes, policy.scope.programs) if policy.scope else ((), ())
    for index, code in enumerate(version.codes.listed if codes else ()):
        if code not in codes:
            yield f"{place}.codes.listed[{index}]: `{code}` is not in the policy's scope. Remove it, or add it there."
    for index, program in enumerate(version.applies_to.programs if programs else ()):
        if program not in programs:
            where = f"{place}.applies_to.programs[{index}]"
            yield f"{where}: `{program}` is not in the policy's scope. Remove it, or add it there."
    for program in version.exceptions if programs else ():
        if program not in programs:
            yield f"{place}.exceptions.{program}: is not in the policy's scope. Remove it, or add it there."


def _class_faults(path: str, policy: Policy, parsed: Parsed) -> Iterator[str]:
    files = parsed.of(CodesFile).values()
    codes = [code for file in files if file.service == policy.service for code in file.codes]
    for index, version in enumerate(policy.versions):
        place = f"{path}: versions[{index}].codes"
        if version.codes.of_class is None:
            if policy.is_default:
                yield f"{place}.of_class: is missing, but another version has it. Give it to all versions, or to none."
        elif CodesFile not in parsed.broken and not set(listed(version, codes)) - set(version.codes.listed):
            yield (
                f"{place}.of_class: no code of {policy.service} in codes/ is of {version.codes.of_class} and valid in "
                "this version. Remove it, or add the codes."
            )
