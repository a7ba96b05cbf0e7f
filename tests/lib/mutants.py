"""Gaps in the rule tests: each value that decides a line is changed, one at a time, and a test must fail.

A date moves by a day each way, a list item or an entry is dropped, a word changes to its opposite. A value that
decides nothing by design is not changed; the result lists it with the reason.
"""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from claims_edit.edits.coverage import POSITION_EDITS, edits_of_positions
from claims_edit.edits.program import policy_history_unknown
from claims_edit.errors import RulesError
from claims_edit.governance.rule_tests import failures, suite_of
from claims_edit.model import CodeKind, Disposition, IndicationScope, PolicyKind, Position, ProgramRule, VersionStatus
from claims_edit.names import name_keys
from claims_edit.policy import compiled
from claims_edit.policy.pack import ReasonsFile
from claims_edit.policy.parse import Parsed, parse
from claims_edit.policy.yaml_text import read_yaml
from claims_edit.rule_files.policies import twelve_months_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DAY = dt.timedelta(days=1)
_Steps = tuple[str | int, ...]
DECIDING = ("codes/", "guidance/", "payers.yaml", "policies/", "programs.yaml", "reasons.yaml")
"""The files that decide lines; evidence files and tests do not."""
_OPPOSITE = {
    CodeKind.SPECIFIC: CodeKind.UNLISTED, CodeKind.UNLISTED: CodeKind.SPECIFIC,
    PolicyKind.FUNDING: PolicyKind.GUIDANCE, PolicyKind.GUIDANCE: PolicyKind.FUNDING,
    ProgramRule.REFER: ProgramRule.REVIEW, ProgramRule.REVIEW: ProgramRule.REFER,
    IndicationScope.ALL_INDICATIONS: IndicationScope.SOLID_TUMORS,
    IndicationScope.SOLID_TUMORS: IndicationScope.ALL_INDICATIONS,
    VersionStatus.FINAL: VersionStatus.PROPOSED, VersionStatus.RETIRED: VersionStatus.PROPOSED,
    Position.INVESTIGATIONAL: Position.NOT_MEDICALLY_NECESSARY,
    Position.NOT_MEDICALLY_NECESSARY: Position.INVESTIGATIONAL,
    Position.NOT_COVERED: Position.INVESTIGATIONAL,
    "only": "other_than", "other_than": "only", "true": "false", "false": "true",
}  # fmt: skip
_FLIPPED = ("kind", "rule", "scope", "blue_plan", "status", "position")
_REPLACED = {
    "disposition": (Disposition.REVIEW, Disposition.PASS), "group_code": ("CO", "PR"), "carc": ("50", "204"),
}  # fmt: skip
"""The replacement for any other value, and the replacement for that value itself."""
_ITEMS = (
    "all_of", "beside", "codes", "diagnoses", "filing_indicators", "guidance", "identifiers", "listed",
    "member_id_shapes", "modifiers", "names", "otherwise", "place_of_service", "plan_words", "position", "prefixes",
    "programs", "ranges", "rarcs", "sites", "spellings", "versions",
)  # fmt: skip
_ENTRIES = ("exceptions", "payers", "programs", "site_classes")
_WHOLE = ("edition", "liability", "next_review", "scope", "until", "valid_from", "valid_until")
_LAST = "999"  # after every other policy of the payer; the others are tried as the first
_NAMES = ("names", "identifiers", "spellings")
_NOT_IN_GUIDANCE = ("exceptions", "liability", "position", "programs", "scope")


@dataclass(frozen=True)
class Mutant:
    """One change of one file: where, and what it does."""

    path: str
    place: str
    change: str
    steps: _Steps
    value: str | None
    """The new value; None where the place is dropped."""

    def of(self, plain: Any) -> Any:
        """The file with the change."""
        changed = deepcopy(plain)
        holder = changed
        for step in self.steps[:-1]:
            holder = holder[step]
        if self.value is None:
            del holder[self.steps[-1]]
        else:
            holder[self.steps[-1]] = self.value
        return changed

    def __str__(self) -> str:
        """Place and change."""
        return f"rules/{self.path}: {self.place}: {self.change}"


@dataclass(frozen=True)
class LeftAlone:
    """A value that is not changed, and why no test could notice its change."""

    path: str
    place: str
    reason: str


class Fate(StrEnum):
    """The result of a mutant."""

    KILLED = "killed"
    REFUSED = "refused"
    SURVIVED = "survived"
    UNREACHED = "unreached"  # of an edit that no policy of the pack can trigger: no test can show it


class Trial:
    """A rule pack whose own tests pass, and its mutants."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        """Read the pack and run its tests once.

        Raises:
            RulesError: the pack has faults, has no tests, or its tests do not pass as it is.
        """
        self._contents = contents
        self._parsed = parse(contents)
        catalog = compiled(self._parsed, contents)
        self._suite = suite_of(catalog.pack)
        self._reached = {edit for policy in catalog.pack.policies.values() for edit in edits_of_positions(policy)}
        if catalog.histories["unknown_before"].any():
            self._reached.add(policy_history_unknown.id)
        self._plain = {path: read_yaml(raw)[0] for path, raw in contents.items() if path.startswith(DECIDING)}
        if not self._suite.lines:
            raise RulesError("rules/tests: has no tests, so no change could be noticed. Add tests.")
        if failures(self._suite, catalog):
            raise RulesError("rules/tests: the tests do not pass. Run `claims-edit rules test` and fix them first.")

    def mutants(self) -> list[Mutant | LeftAlone]:
        """Every change, and every value left unchanged, in order of file and location."""
        return [found for path, plain in sorted(self._plain.items()) for found in mutants_of(path, plain)]

    def fate(self, mutant: Mutant) -> Fate:
        """Whether the checks reject the changed pack, a test notices the change, or neither does."""
        kind = type(self._parsed.files[mutant.path])
        try:
            model = kind.model_validate(mutant.of(self._plain[mutant.path]))
            catalog = compiled(Parsed({**self._parsed.files, mutant.path: model}), self._contents)
        except (ValidationError, RulesError):
            return Fate.REFUSED
        if failures(self._suite, catalog):
            return Fate.KILLED
        return Fate.UNREACHED if self._is_unreached(mutant) else Fate.SURVIVED

    def _is_unreached(self, mutant: Mutant) -> bool:
        """Whether a change is of the reason of an edit that no policy of the pack can trigger."""
        model = self._parsed.files[mutant.path]
        if not isinstance(model, ReasonsFile) or len(mutant.steps) < len(("reasons", 0)):
            return False
        return (
            model.reasons[int(mutant.steps[1])].edit
            in {*POSITION_EDITS.values(), policy_history_unknown.id} - self._reached
        )


def mutants_of(path: str, plain: Any) -> Iterator[Mutant | LeftAlone]:
    """The changes of one file."""
    for found in _changes(plain, (), path):
        reason = _decides_nothing(plain, found.steps) if isinstance(found, Mutant) else None
        if reason is None:
            yield found
        else:
            yield LeftAlone(path, found.place, reason)


def _changes(value: Any, steps: _Steps, path: str) -> Iterator[Mutant]:
    """The changes of a value and of all values inside it."""
    key = steps[-1] if steps else None
    for change in _own_changes(key, value):
        yield _mutant(path, steps, *change)
    if isinstance(value, dict):
        for name, item in value.items():
            if key in _ENTRIES:
                yield _mutant(path, (*steps, name), "removed", None)
            yield from _changes(item, (*steps, name), path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if key in _ITEMS:
                yield _mutant(path, (*steps, index), f"{_named(item)} dropped", None)
            yield from _changes(item, (*steps, index), path)


def _own_changes(key: str | int | None, value: Any) -> Iterator[tuple[str, str | None]]:
    match key, value:
        case "date", str() if _is_day(value):
            for shift in (-_DAY, _DAY):
                other = (dt.date.fromisoformat(value) + shift).isoformat()
                yield f"{value} → {other}", other
        case str(), str() if key in _FLIPPED and value in _OPPOSITE:
            yield f"{value} → {_OPPOSITE[value]}", str(_OPPOSITE[value])
        case str(), str() if key in _REPLACED:
            other, instead = _REPLACED[key]
            yield f"{value} → {instead if value == other else other}", str(instead if value == other else other)
        case "otherwise", str():
            yield f"{value} → {_OPPOSITE[value]}", str(_OPPOSITE[value])
            yield "removed", None
        case "order", str() if value.isdecimal():
            other = _LAST if value == "1" else "1"
            yield f"{value} → {other}", other
        case "units_at_most", str() if value.isdecimal():
            for units in (int(value) - 1, int(value) + 1):
                yield f"{value} → {units}", str(units)
        case str(), dict() if key in _WHOLE:
            yield "removed", None
        case _:
            return


def _mutant(path: str, steps: _Steps, change: str, value: str | None) -> Mutant:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return Mutant(path, place, change, steps, value)


def _named(item: object) -> str:
    """An item of a list by its identifying value."""
    if not isinstance(item, dict):
        return str(item)
    named = next((item[key] for key in ("code", "id", "edit") if key in item), None)
    return str(named or item.get("from", {}).get("date", "the entry"))


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _decides_nothing(plain: Any, steps: _Steps) -> str | None:
    """Why a change there cannot affect any decision; None where it can."""
    if "cite" in steps:
        return "the date as the document gives it: a citation"
    if "history" in steps:
        return "history: what the document's revisions were"
    if plain.get("kind") == PolicyKind.GUIDANCE and any(step in _NOT_IN_GUIDANCE for step in steps):
        return "guidance: a person decides, whatever the program or the indication"
    if steps[-2:-1] and steps[-2] in _NAMES and _is_said_twice(plain, steps):
        return "a spelling with the same letters and digits as another one of its list"
    if steps[0] == "versions" and steps[2:3] == ("reviewed",):
        return _review_decides_nothing(plain["versions"][steps[1]])
    return None


def _is_said_twice(plain: Any, steps: _Steps) -> bool:
    """Whether a name is still recognized without the item: by another item, or by the key of its entry."""
    names = plain
    for step in steps[:-1]:
        names = names[step]
    keys = name_keys([*names, str(steps[-3])])
    return keys.count(keys[int(steps[-1])]) > 1


def _review_decides_nothing(version: Mapping[str, Any]) -> str | None:
    """A last review makes a version stale twelve months later, unless its next review does, or it ends before."""
    if "next_review" in version:
        return "a last review beside a next review, which decides when the version is stale"
    overdue = twelve_months_after(dt.date.fromisoformat(version["reviewed"]["date"]) - _DAY)
    if "until" in version and dt.date.fromisoformat(version["until"]["date"]) <= overdue:
        return "a last review less than twelve months before the version's end: it is never stale"
    return None
