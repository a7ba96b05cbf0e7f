"""Rules files → frozen models, or every fault of every file as `rules/<file>: <path>: fault. Remedy.`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from claims_edit.model import Position
from claims_edit.policy.pack import (
    CodesFile,
    EvidenceFile,
    FoundDraft,
    GuidanceFile,
    PackFile,
    PayersFile,
    Policy,
    ProgramsFile,
    ReasonsFile,
    ReleasesFile,
    RemittanceFile,
    TumorSitesFile,
    WorkListFile,
)
from claims_edit.policy.rule_tests import RuleTestsFile
from claims_edit.policy.yaml_text import read_yaml
from claims_edit.rule_files.values import Strict, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from claims_edit.policy.yaml_text import Plain

FILES: dict[str, type[Strict]] = {
    "codes/tumor_sites.yaml": TumorSitesFile,
    "payers.yaml": PayersFile,
    "programs.yaml": ProgramsFile,
    "reasons.yaml": ReasonsFile,
}
RELEASES = "releases.yaml"
"""The record of the pack's releases: about the pack, not part of it."""
OPTIONAL_FILES: dict[str, type[Strict]] = {
    "pack.yaml": PackFile,
    RELEASES: ReleasesFile,
    "worklist.yaml": WorkListFile,
}
SINGLE_FILES = FILES | OPTIONAL_FILES
FOLDERS: dict[str, type[Strict]] = {
    "codes": CodesFile,
    "drafts": FoundDraft,
    "evidence": EvidenceFile,
    "guidance": GuidanceFile,
    "policies": Policy,
    "remittance": RemittanceFile,
    "tests": RuleTestsFile,
}
DRAFTS = "drafts/"
"""The folder of policies found on public pages: never enforced."""
NEVER_ENFORCED = (RELEASES, DRAFTS)
"""What the paths of files begin with that an enforced run does not read."""
PLACEHOLDER = "TODO"
"""The placeholder of a value to fill in."""
_LAYOUT = f"Keep {', '.join(SINGLE_FILES)}, and other .yaml files in {', '.join(FOLDERS)}"
_REMEDIES = {
    "missing": ("is missing", "Add it"),
    "extra_forbidden": ("is not a valid key", "Correct its spelling, or remove it"),
    "string_type": ("must be a single value, not a list or a mapping", "Write one value"),
    "model_type": ("must be a mapping of keys to values", "Write `key: value` lines"),
    "model_attributes_type": ("must be a mapping of keys to values", "Write `key: value` lines"),
    "dict_type": ("must be a mapping of keys to values", "Write `key: value` lines"),
    "tuple_type": ("must be a list", "Write a dash before each item"),
    "too_short": ("must have at least one item", "Add one"),
    "string_too_short": ("is empty", "Fill it in, or remove the key"),
    "int_parsing": ("is not a whole number", "Use digits only"),
}
_MISSING = {
    "before_first_version": (
        "Add {was: none_existed, cite: …} with what says so, or {was: unknown}; `claims-edit rules upgrade` writes the "
        "first, as lines were decided before"
    ),
    "position": (
        f"Add one of {', '.join(Position)}; `claims-edit rules upgrade` writes investigational, as every version was "
        "decided before"
    ),
}
"""Remedies for keys that packs of earlier releases did not have."""
_NOT_ON_CLAIMS = ("age", "ages", "age_at_least", "age_at_most", "min_age", "max_age", "sex", "gender")
"""Facts of the member that the canonical columns do not have, and that people write as criteria."""
_M = TypeVar("_M", bound=Strict)


@dataclass
class Parsed:
    """The files that could be parsed, by path, their values, the kinds with a file that could not, and all faults."""

    files: dict[str, Strict] = field(default_factory=dict)
    plain: dict[str, Plain] = field(default_factory=dict)
    broken: set[type[Strict]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def of(self, kind: type[_M]) -> dict[str, _M]:
        """The parsed files of one kind by path, in sorted order."""
        return {path: model for path, model in self.files.items() if isinstance(model, kind)}

    def enforceable(self) -> Parsed:
        """The part that an enforced run uses: without found drafts and the record of releases."""
        faults_of = tuple(f"rules/{path}" for path in NEVER_ENFORCED)
        return Parsed(
            {path: model for path, model in self.files.items() if not path.startswith(NEVER_ENFORCED)},
            {path: plain for path, plain in self.plain.items() if not path.startswith(NEVER_ENFORCED)},
            self.broken - {FoundDraft, ReleasesFile},
            [fault for fault in self.faults if not fault.startswith(faults_of)],
        )


def hash_of(contents: Mapping[str, bytes]) -> str:
    """SHA-256 (hex) over path and bytes of every file, in order of path."""
    digest = hashlib.sha256()
    for path in sorted(contents):
        for part in (path.encode(), contents[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def enforceable(contents: Mapping[str, bytes], *, proposed: bool = False) -> dict[str, bytes]:
    """The files that an enforced run uses, or with `proposed` a shadow run; these alone are in its hash.

    Found drafts are for shadow runs only, the record of releases is for none.
    """
    left_out = RELEASES if proposed else NEVER_ENFORCED
    return {path: raw for path, raw in contents.items() if not path.startswith(left_out)}


def parse(contents: Mapping[str, bytes], known: Mapping[str, bytes] | None = None) -> Parsed:
    """Every file as its model; files that cannot be parsed are in `faults`.

    Files that are as in `known` come first, and found drafts last, so that of two that contradict each other the other
    one is to blame.
    """
    known = known or {}
    parsed = Parsed()
    for path in sorted(contents, key=lambda path: (path.startswith(DRAFTS), known.get(path) != contents[path], path)):
        kind = _kind_of(path)
        if kind is None:
            parsed.faults.append(f"rules/{path}: is not a file of a rule pack. {_LAYOUT}.")
        else:
            _parse_file(path, contents[path], kind, parsed)
    for path, kind in FILES.items():
        if path not in contents:
            parsed.broken.add(kind)
            parsed.faults.append(f"rules/{path}: is missing. Add it.")
    if not any(path.startswith("codes/") and path not in FILES for path in contents):
        parsed.broken.add(CodesFile)
        parsed.faults.append("rules/codes: has no .yaml file. Add one for each service.")
    return parsed


def _kind_of(path: str) -> type[Strict] | None:
    if path in SINGLE_FILES or "/" not in path:
        return SINGLE_FILES.get(path)
    folder, _, name = path.partition("/")
    return FOLDERS.get(folder) if "/" not in name and name.endswith(".yaml") else None


def _parse_file(path: str, raw: bytes, kind: type[Strict], parsed: Parsed) -> None:
    plain, faults = read_yaml(raw)
    faults += [f"{_place(at)}: is still a placeholder. Fill it in." for at in _placeholders(plain, ())]
    parsed.faults += [f"rules/{path}: {fault}" for fault in faults]
    if plain is not None:
        parsed.plain[path] = plain
        try:
            parsed.files[path] = kind.model_validate(plain)
        except ValidationError as error:
            parsed.faults += [f"rules/{path}: {_fault(detail)}" for detail in _true_errors(error)]
    if faults or path not in parsed.files:
        parsed.broken.add(kind)


def _placeholders(plain: Plain | None, at: tuple[int | str, ...]) -> Iterator[tuple[int | str, ...]]:
    """The locations of a template's `TODO`: a file with one decides nothing."""
    if isinstance(plain, str) and plain.startswith(PLACEHOLDER):
        yield at
    elif isinstance(plain, dict):
        for key, value in plain.items():
            yield from _placeholders(value, (*at, key))
    elif isinstance(plain, list):
        for index, value in enumerate(plain):
            yield from _placeholders(value, (*at, index))


def _true_errors(error: ValidationError) -> list[ErrorDetails]:
    """The errors, without those caused by other errors.

    Pydantic calls a list too short whose items have faults, and a placeholder is reported already.
    """
    details = error.errors(include_url=False)
    return [
        detail
        for detail in details
        if not (isinstance(detail["input"], str) and detail["input"].startswith(PLACEHOLDER))
        and (detail["type"] != "too_short" or not any(_inside(other["loc"], detail["loc"]) for other in details))
    ]


def _inside(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _fault(detail: ErrorDetails) -> str:
    """One pydantic error in this project's words; a location is written as `versions[1].from`."""
    problem, remedy = _problem(detail)
    return f"{_place(detail['loc'])}: {problem}. {remedy}."


def _place(steps: tuple[int | str, ...]) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in steps if part != "[key]")
    return place.lstrip(".") or "the file"


def _problem(detail: ErrorDetails) -> tuple[str, str]:
    context = detail.get("ctx", {})
    given = f"`{detail['input']}` " if isinstance(detail["input"], str) and detail["input"] else ""
    match detail["type"]:
        case "missing" if detail["loc"][-1] in _MISSING:
            return "is missing", _MISSING[str(detail["loc"][-1])]
        case "extra_forbidden" if detail["loc"][-1] in _NOT_ON_CLAIMS and "criteria" in detail["loc"]:
            return "is not on a claim line, so no claim shows it", (
                "State it in `says`, and what to ask for in `ask`: such a line goes to a person"
            )
        case "enum" | "literal_error":
            return f"{given}is not one of {context['expected']}", "Use one of these"
        case "string_pattern_mismatch":
            return f"{given}has the wrong format", f"Write {in_words(context['pattern'])}"
        case "value_error":
            return f"{given}{context['error']}", "Correct it"
        case kind if kind in _REMEDIES:
            return _REMEDIES[kind]
        case "greater_than_equal" | "less_than_equal" as kind:
            least, bound = kind.startswith("greater"), context["ge" if kind.startswith("greater") else "le"]
            return f"{given}is too {'small' if least else 'large'}", f"Use {bound} or {'more' if least else 'less'}"
        case _:
            return f"{given}is not a value of this key", "See the comments of the shipped rules for what it may be"
