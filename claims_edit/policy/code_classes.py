"""Codes that a version gives as a class: the service's specific codes of that shape that are valid in the version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from claims_edit.model import CodeKind
from claims_edit.rule_files.policies import CODE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.policy.pack import CodesFile, Policy, ProcedureCode, Version


def with_classes(policies: dict[str, Policy], files: Iterable[CodesFile]) -> dict[str, Policy]:
    """The policies with the codes of each class listed; a policy without a class is the same object."""
    codes = [(file.service, code) for file in files for code in file.codes]
    return {path: _listing(policy, codes) if policy.is_default else policy for path, policy in policies.items()}


def _listing(policy: Policy, codes: list[tuple[str, ProcedureCode]]) -> Policy:
    own = [code for service, code in codes if service == policy.service]
    versions = tuple(
        version.model_copy(update={"codes": version.codes.model_copy(update={"listed": listed(version, own)})})
        for version in policy.versions
    )
    return policy.model_copy(update={"versions": versions})


def listed(version: Version, codes: Iterable[ProcedureCode]) -> tuple[str, ...]:
    """The codes of a version: those that it lists, then those of its class, in order."""
    if version.codes.of_class is None:
        return version.codes.listed
    shape = re.compile(CODE_CLASSES[version.codes.of_class])
    of_class = sorted(
        code.code
        for code in codes
        if shape.fullmatch(code.code) and code.kind is CodeKind.SPECIFIC and is_ever_valid(code, version)
    )
    return tuple(dict.fromkeys((*version.codes.listed, *of_class)))


def is_ever_valid(code: ProcedureCode, version: Version) -> bool:
    """Whether the code is valid on any day of the version."""
    too_late = code.valid_from and version.until and code.valid_from.date > version.until.date
    too_early = code.valid_until and code.valid_until.date < version.from_.date
    return not (too_late or too_early)
