"""Checks of what a version says of its service: its position, the words of its statement, and its criteria."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from claims_edit.model import DENYING, PolicyKind, Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.declared_ids import DeclaredIds
    from claims_edit.policy.pack import Policy, Version
    from claims_edit.rule_files.policies import CoverageCriteria, Criterion

_COVERING = (Position.COVERED, Position.COVERED_WITH_CRITERIA)
_DENYING = tuple(each.value for each in DENYING)
_BE = r"(?:is |are |be |been |considered |deemed |regarded as |proven )*"
# What a statement says, in the order in which its words are taken out: a negated ground says nothing.
_SAYS: tuple[tuple[Position | None, str], ...] = (
    (None, rf"\b(?:not|no longer|never|neither|nor) {_BE}(?:investigational|experimental|unproven|excluded)\b"),
    (Position.NOT_MEDICALLY_NECESSARY, rf"\b(?:not|never) {_BE}(?:medically necessary|a medical necessity)\b"),
    (Position.NOT_MEDICALLY_NECESSARY, r"\bmedically unnecessary\b"),
    (Position.NOT_COVERED, rf"\b(?:not|never) {_BE}(?:a )?cover(?:ed|s)?\b|\bnon-?covered\b|\bexclu(?:ded|sion|des)\b"),
    (Position.INVESTIGATIONAL, r"\binvestigational\b|\bexperimental\b|\bunproven\b|\bnot (?:been )?proven\b"),
    (Position.COVERED, r"\bmedically necessary\b|\bcover(?:ed|s)\b|\beligible for coverage\b"),
)


def position_faults(place: str, policy: Policy, version: Version, declared: DeclaredIds) -> Iterator[str]:
    """Positions that exclude each other, words that contradict them, and criteria that no line can reach."""
    where = f"{place}.statement.position"
    positions = version.statement.position
    yield from _repeated(where, positions)
    if len(positions) > 1 and not set(positions) <= set(DENYING):
        yield f"{where}: only {', '.join(_DENYING)} may be combined. Give one position, or grounds of a denial."
    yield from _word_faults(place, version)
    has_criteria = Position.COVERED_WITH_CRITERIA in positions
    if has_criteria and version.criteria is None:
        yield f"{place}.criteria: is missing, but the position is covered_with_criteria. List the policy's criteria."
    if version.criteria is None:
        return
    if policy.kind is PolicyKind.GUIDANCE:
        yield f"{place}.criteria: guidance lines go to a person first, so no line reaches it. Remove it."
    elif not has_criteria:
        yield f"{place}.criteria: the position is not covered_with_criteria, so no line reaches it. Correct one."
    yield from _criteria_faults(f"{place}.criteria", version.criteria, policy, declared)
    checked = {code for each in version.criteria.all_of for code in each.codes}
    for code in sorted(checked - set(version.codes.listed)):
        yield f"{place}.criteria: `{code}` is not in codes.listed, so no line with it reaches them. Correct one."


def _repeated(where: str, positions: tuple[Position, ...]) -> Iterator[str]:
    for index, position in enumerate(positions):
        if position in positions[:index]:
            yield f"{where}: duplicate position `{position}`. Keep one."


def _word_faults(place: str, version: Version) -> Iterator[str]:
    """What the statement's words say, and no position does."""
    otherwise = (version.criteria.otherwise or ()) if version.criteria else ()
    meant = {*version.statement.position, *otherwise}
    for position, words in _spoken(version.statement.says):
        is_meant = meant & set(_COVERING) if position is Position.COVERED else position in meant
        if not is_meant:
            given = ", ".join(version.statement.position)
            yield (
                f'{place}.statement.says: "{words}" says {position.replace("_", " ")}, but the position is {given}. '
                "Correct one of the two."
            )


def _spoken(says: str) -> Iterator[tuple[Position, str]]:
    """Each position that a text gives, with its words."""
    rest = " ".join(says.split())
    for position, pattern in _SAYS:
        found = re.search(pattern, rest, re.IGNORECASE)
        if found and position is not None:
            yield position, found.group()
        rest = re.sub(pattern, "-", rest, flags=re.IGNORECASE)


def _criteria_faults(place: str, criteria: CoverageCriteria, policy: Policy, declared: DeclaredIds) -> Iterator[str]:
    for position in criteria.otherwise or ():
        if position not in DENYING:
            yield f"{place}.otherwise: `{position}` does not deny. Use {', '.join(_DENYING)}, or remove the key."
    yield from _repeated(f"{place}.otherwise", criteria.otherwise or ())
    if criteria.otherwise and not any(each.checked_by for each in criteria.all_of):
        yield f"{place}.otherwise: the claim can show no criterion, so no line reaches it. Remove it."
    for index, criterion in enumerate(criteria.all_of):
        yield from _criterion_faults(f"{place}.all_of[{index}]", criterion, policy, declared)


def _criterion_faults(place: str, criterion: Criterion, policy: Policy, declared: DeclaredIds) -> Iterator[str]:
    if len(criterion.checked_by) > 1:
        yield f"{place}: has {' and '.join(criterion.checked_by)}. Write a criterion for each: all must be met."
    if not criterion.checked_by and criterion.ask is None:
        yield f"{place}.ask: is missing, and nothing on the claim shows it. Say what to ask, and whom."
    for position, site in enumerate(criterion.sites):
        yield from declared.site_faults(f"{place}.sites[{position}]", site)
    for position, code in enumerate(criterion.codes):
        if declared.codes is not None and declared.codes.get(code, (None,))[0] != policy.service:
            yield f"{place}.codes[{position}]: `{code}` is not a code of {policy.service}. Correct it."
