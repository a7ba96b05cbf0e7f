"""Cross-checks over a parsed rule pack: faults that no single value shows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pydantic import BaseModel

from claims_edit.policy.check_pack import pack_faults
from claims_edit.policy.check_policies import policy_faults
from claims_edit.policy.check_program_signals import program_faults, program_signal_faults
from claims_edit.policy.check_remittance import remittance_faults
from claims_edit.policy.check_tables import code_faults, reason_faults, site_faults, work_list_faults
from claims_edit.policy.declared_ids import DeclaredIds
from claims_edit.policy.pack import Document, EvidenceFile, GuidanceFile
from claims_edit.policy.rule_tests import Given, RuleTestsFile
from claims_edit.rule_files.values import Citation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.parse import Parsed
    from claims_edit.policy.rule_tests import RuleCase, RuleTest


NEEDED = ("payer", "code", "service")
"""The facts that a case needs, its own or from its test or file."""


def test_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    """A case without a needed fact or an expectation, and a code that the pack does not have."""
    for path, file in parsed.of(RuleTestsFile).items():
        yield from _code_faults(f"{path}: given", file.given, declared)
        for number, test in enumerate(file.tests):
            place = f"{path}: tests[{number}]"
            yield from _code_faults(f"{place}.given", test.given, declared)
            for position, case in enumerate(test.cases):
                where = f"{place}.cases[{position}]"
                yield from _code_faults(where, case, declared)
                yield from _missing(where, case, test, file)


def _code_faults(place: str, given: Given, declared: DeclaredIds) -> Iterator[str]:
    for index, code in enumerate(given.code or ()):
        if declared.codes is not None and code not in declared.codes:
            yield f"{place}.code[{index}]: `{code}` is not defined in codes/. Correct it, or add the code there."


def _missing(place: str, case: RuleCase, test: RuleTest, file: RuleTestsFile) -> Iterator[str]:
    for fact in NEEDED:
        if all(getattr(given, fact) is None for given in (case, test.given, file.given)):
            yield f"{place}.{fact}: is missing. Give it in the case, or under `given` of its test or file."
    if case.expect is None and test.expect is None:
        yield f"{place}.expect: is missing. Give it in the case or in its test."


def check(parsed: Parsed) -> list[str]:
    """Every fault between values and between files; references to parts that could not be parsed are not faults."""
    declared = DeclaredIds.of(parsed)
    faults = [
        *policy_faults(parsed, declared),
        *code_faults(parsed, declared),
        *site_faults(parsed),
        *program_signal_faults(parsed),
        *program_faults(parsed),
        *reason_faults(parsed),
        *work_list_faults(parsed),
        *remittance_faults(parsed),
        *_document_faults(parsed, declared),
        *_guidance_faults(parsed, declared),
        *_evidence_faults(parsed, declared),
        *pack_faults(parsed, declared),
        *test_faults(parsed, declared),
    ]
    return [f"rules/{fault}" for fault in faults]


def _document_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    homes: dict[str, list[str]] = defaultdict(list)
    unknown: dict[str, list[str]] = defaultdict(list)
    for path, model in parsed.files.items():
        for place, value in _walk(model, ""):
            if isinstance(value, Document):
                homes[value.id].append(f"{path}: {place}.id")
            elif declared.documents is not None and value.document not in declared.documents:
                unknown[value.document].append(f"{path}: {place}.document")
    for document, places in unknown.items():
        others = f" in {len(places)} places" if len(places) > 1 else ""
        yield (
            f"{places[0]}: `{document}` is not defined{others}. "
            "Correct it, or add the document under `documents` of its file."
        )
    for document, places in homes.items():
        for place in places[1:]:
            yield f"{place}: `{document}` is already defined in {places[0].split(':')[0]}. Define it once."


def _walk(value: object, place: str) -> Iterator[tuple[str, Citation | Document]]:
    """Every citation and document under a value, with its place in the file."""
    if isinstance(value, Citation | Document):
        yield place, value
        return
    if isinstance(value, Given):
        return  # the cases of rule tests: many, and without citations
    for step, item in parts_of(value):
        if isinstance(item, BaseModel | tuple | dict):
            yield from _walk(item, f"{place}{step}".lstrip("."))


def parts_of(value: object) -> Iterator[tuple[str, object]]:
    """The values in a model, a mapping or a list of models, each with its step in the location."""
    match value:
        case BaseModel():
            for name, item in value:
                yield f".{name.rstrip('_')}", item
        case dict():
            for key, item in value.items():
                yield f".{key}", item
        case tuple() if value and isinstance(value[0], BaseModel):
            for index, item in enumerate(value):
                yield f"[{index}]", item


def _guidance_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    homes: dict[str, str] = {}
    for path, file in parsed.of(GuidanceFile).items():
        for index, entry in enumerate(file.guidance):
            place = f"{path}: guidance[{index}]"
            yield from declared.service_faults(f"{place}.service", entry.service)
            yield from declared.site_faults(f"{place}.site_class", entry.site_class)
            if entry.id in homes:
                yield f"{place}.id: `{entry.id}` is already defined in {homes[entry.id]}. Give each its own id."
            homes.setdefault(entry.id, path)


def _evidence_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    for path, file in parsed.of(EvidenceFile).items():
        yield from declared.service_faults(f"{path}: service", file.service)
        if declared.documents is not None and file.summarises not in declared.documents:
            yield f"{path}: summarises: `{file.summarises}` is not defined. Name a document of the pack."
        yield from _conclusion_faults(path, file, declared)
        seen: set[str] = set()
        for index, study in enumerate(file.studies):
            if study.id in seen:
                yield f"{path}: studies[{index}].id: duplicate id `{study.id}`. Give each study its own id."
            seen.add(study.id)
            for position, site in enumerate(study.site_classes):
                yield from declared.site_faults(f"{path}: studies[{index}].site_classes[{position}]", site)


def _conclusion_faults(path: str, file: EvidenceFile, declared: DeclaredIds) -> Iterator[str]:
    """A site that is not defined, or that has two conclusions: the file does not show which one applies."""
    concluded: set[str] = set()
    for index, entry in enumerate(file.by_site):
        for position, site in enumerate(entry.site_classes):
            place = f"{path}: by_site[{index}].site_classes[{position}]"
            yield from declared.site_faults(place, site)
            if site in concluded:
                yield f"{place}: duplicate site `{site}`. Give each site one conclusion."
            concluded.add(site)
