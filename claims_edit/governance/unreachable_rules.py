"""The parts of a pack that no line can reach: a rule that never decides a line is a fault, or hides one."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

from claims_edit.edits import EDIT_IDS, EDITS, TABLE_EDITS, Decidable
from claims_edit.edits import program as program_edits
from claims_edit.edits.conditions import IN_FORCE, LISTED, UNLISTED
from claims_edit.edits.coverage import SOLID_TUMORS_ONLY
from claims_edit.edits.phrases import listed
from claims_edit.governance import rule_locations
from claims_edit.model import CodeKind, IndicationScope, PolicyKind, ProgramRule, VersionStatus
from claims_edit.policy.catalog import codes_of, every_code_of
from claims_edit.policy.check_editions import successions
from claims_edit.policy.lifecycle import enforced

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from claims_edit.governance.reached import Reached, ReachedVersion
    from claims_edit.policy import Catalog
    from claims_edit.policy.pack import Policy, ProcedureCode, RulePack, Version

_DAY = dt.timedelta(days=1)
_AFTER_PROGRAM = EDIT_IDS[EDIT_IDS.index(program_edits.program_silent.id) + 1 :]
_BEFORE_VERSION = {edit.id for edit in TABLE_EDITS if IN_FORCE not in edit.conditions}
_OF_LISTED = [edit for edit in TABLE_EDITS if LISTED in edit.conditions]
_OF_LISTED_UNLISTED = [edit.id for edit in _OF_LISTED if UNLISTED in edit.conditions]
_OF_LISTED_SPECIFIC = [edit.id for edit in _OF_LISTED if UNLISTED not in edit.conditions]
_OF_SOLID_TUMORS = [edit.id for edit in TABLE_EDITS if SOLID_TUMORS_ONLY in edit.conditions]
_OF_EXCEPTION = {
    ProgramRule.REFER: program_edits.program_exception_refer.id,
    ProgramRule.REVIEW: program_edits.program_exception_review.id,
}
_REMEDY = "Remove it, or fix the rule that blocks it."


def version_faults(pack: RulePack) -> Iterator[str]:
    """Days between two versions of a policy without a `gap` to explain them, and a `gap` without such days."""
    for path, policy in pack.policies.items():
        beside = [version for version in enforced(policy) if version.edition is None]
        for versions in successions(policy):
            held = [
                (f"rules/{path}: {place}", version)
                for place, version in versions
                if version.status is not VersionStatus.PROPOSED
            ]
            yield from _gap_faults(held, beside if versions[0][1].edition else [])


def _gap_faults(held: list[tuple[str, Version]], beside: list[Version]) -> Iterator[str]:
    """The faults of versions that follow one another; the policy's other versions hold beside those of an edition."""
    for (place, earlier), (following, later) in pairwise(held):
        ends, begins = earlier.until.date if earlier.until else None, later.from_.date
        filled = ends is not None and any(_holds_over(each, ends + _DAY, begins - _DAY) for each in beside)
        gap = ends is not None and ends + _DAY < begins and not filled
        if ends is not None and gap and earlier.gap is None:
            yield (
                f"{place}.until: {ends} leaves a gap: no version is in force from {ends + _DAY} to "
                f"{begins - _DAY}. End it on {begins - _DAY}, or explain the gap in `gap`."
            )
        if earlier.gap is not None and not gap:
            step = following.rpartition(" ")[2]
            yield f"{place}.gap: explains a gap, but {step} follows without one. Remove it."
    if held and held[-1][1].gap is not None:
        yield f"{held[-1][0]}.gap: no version follows. Remove it."


def _holds_over(version: Version, first: dt.date, last: dt.date) -> bool:
    return version.from_.date <= first and (version.until is None or last <= version.until.date)


def unreachable_rule_faults(
    catalog: Catalog, reached: Reached, edits: Counter[str]
) -> tuple[list[str], tuple[str, ...]]:
    """The parts that no cell reaches, and the versions that can decide no line."""
    faults: list[str] = []
    idle: list[str] = []
    alive: list[tuple[Policy, Version]] = []
    for place, policy, version in _each_version(catalog):
        if not _decidable(every_code_of(catalog.pack, policy.service), version):
            idle.append(f"{policy.id} {version.from_.date}")
            continue
        alive.append((policy, version))
        under = reached.versions[policy.id, version.id]
        if policy.kind is PolicyKind.GUIDANCE:
            faults += _guidance_version_faults(place, version, under)
        else:
            faults += _funding_version_faults(place, version, under, catalog.pack, policy.service)
    faults += _note_faults(catalog, reached)
    faults += _signal_faults(catalog)
    faults += _edit_faults(catalog, alive, edits)
    return faults, tuple(idle)


def _each_version(catalog: Catalog) -> Iterator[tuple[str, Policy, Version]]:
    """Each version once, whatever payers and programs it holds for.

    The rest of a version beside an edition holds for some of them alone, and is not a version of the file.
    """
    found = rule_locations.versions(catalog.pack, catalog.written)
    held = {(policy.id, version.id): (place, policy, version) for place, policy, version in found}
    with_editions = {
        policy.id for policy in catalog.written.policies.values() if any(v.edition for v in policy.versions)
    }
    for place, policy, version in held.values():
        if policy.id not in with_editions or place.endswith("]"):
            yield place, policy, version


def _decidable(codes: list[ProcedureCode], version: Version) -> bool:
    """Whether the version can decide a line with any code of the service."""
    return any(
        code.kind is CodeKind.SPECIFIC or code.code in version.codes.listed
        for code in codes
        if valid_within(code, version)
    )


def valid_within(code: ProcedureCode, version: Version) -> bool:
    """Whether the code is valid on any day of the version."""
    too_late = code.valid_from and version.until and code.valid_from.date > version.until.date
    return not (too_late or (code.valid_until and code.valid_until.date < version.from_.date))


def _guidance_version_faults(place: str, version: Version, under: ReachedVersion) -> Iterator[str]:
    if program_edits.guidance_research_only.id not in under.reasons:
        yield f"{place}: no line reaches this version. {_REMEDY}"
    held = [f"exceptions.{program}" for program in version.exceptions]
    held += [f"codes.listed[{index}]" for index, _ in enumerate(version.codes.listed)]
    held += ["liability"] if version.liability else []
    for what in held:
        yield f"{place}.{what}: guidance lines go to a person first, so no line reaches it. Remove it."


def _funding_version_faults(
    place: str, version: Version, under: ReachedVersion, pack: RulePack, service: str
) -> Iterator[str]:
    if under.reasons <= _BEFORE_VERSION:
        yield f"{place}: no line reaches this version. {_REMEDY}"
        return
    yield from _program_faults(place, version, under)
    specific = {code.code for code in codes_of(pack, service) if code.kind is CodeKind.SPECIFIC}
    for index, code in enumerate(version.codes.listed if version.codes.of_class is None else ()):
        edits = _OF_LISTED_SPECIFIC if code in specific else _OF_LISTED_UNLISTED
        if not any((code, edit) in under.of_code for edit in edits):
            named = listed((f"`{edit}`" for edit in edits), "or")
            yield f"{place}.codes.listed[{index}]: no line with `{code}` reaches {named}. {_REMEDY}"
    if version.liability and not under.by_liability:
        yield f"{place}.liability: no denial reaches it. {_REMEDY}"
    if version.statement.scope is IndicationScope.SOLID_TUMORS and specific & set(version.codes.listed):
        for edit in _OF_SOLID_TUMORS:
            if edit not in under.reasons:
                yield f"{place}.statement.scope: no line reaches `{edit}`. {_REMEDY}"


def _program_faults(place: str, version: Version, under: ReachedVersion) -> Iterator[str]:
    for program, exception in version.exceptions.items():
        edit = _OF_EXCEPTION[ProgramRule(exception.rule)]
        if (program, edit) not in under.of_program:
            yield f"{place}.exceptions.{program}: no line reaches it (`{edit}`). {_REMEDY}"
    applied = {program for program, edit in under.of_program if edit in _AFTER_PROGRAM}
    for index, program in enumerate(version.applies_to.programs):
        if program not in applied:
            yield f"{place}.applies_to.programs[{index}]: no line reaches `{program}`. {_REMEDY}"


def _note_faults(catalog: Catalog, reached: Reached) -> Iterator[str]:
    """Guidance and site rules that no line of any payer reaches."""
    for path, file in catalog.pack.guidance.items():
        for index, entry in enumerate(file.guidance):
            if entry.id not in reached.guidance:
                yield f"rules/{path}: guidance[{index}]: no line reaches it (`guidance-note`). {_REMEDY}"
    for path, codes in catalog.pack.codes.items():
        for index, code in enumerate(codes.codes):
            if code.sites and code.code not in reached.mismatched:
                yield f"rules/{path}: codes[{index}].sites: no line reaches `code-site-mismatch`. {_REMEDY}"


def _signal_faults(catalog: Catalog) -> Iterator[str]:
    """A member-id shape counts for Blue plans alone."""
    if any(payer.blue_plan for payer in catalog.pack.payers.payers.values()):
        return
    for program, signals in catalog.pack.programs.programs.items():
        for index, _ in enumerate(signals.member_id_shapes):
            place = f"rules/programs.yaml: programs.{program}.member_id_shapes[{index}]"
            yield f"{place}: no line reaches it, because no payer is a blue_plan. {_REMEDY}"


def _edit_faults(catalog: Catalog, alive: list[tuple[Policy, Version]], edits: Counter[str]) -> Iterator[str]:
    """An edit that the pack has a rule for, but that is triggered for no line."""
    codes = tuple(code for file in catalog.pack.codes.values() for code in file.codes)
    pack = Decidable(codes, tuple(alive))
    for edit in EDITS:
        if edit.ground is not None and edit.ground(pack) and not edits[edit.id]:
            yield f"{rule_locations.reason_location(catalog.pack, edit.id)}: no line reaches `{edit.id}`. {_REMEDY}"
