"""Checks of the codes, the tumor sites, the reasons and the weights of the work list."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from claims_edit.edits import EDIT_IDS, EDITS, INFORMATIONAL_EDIT_IDS
from claims_edit.model import Disposition
from claims_edit.policy.pack import CodesFile, ReasonsFile, TumorSitesFile, WorkListFile
from claims_edit.policy.sites import spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.declared_ids import DeclaredIds
    from claims_edit.policy.pack import Reason, SiteClass
    from claims_edit.policy.parse import Parsed

MAY_DENY = frozenset(edit.id for edit in EDITS if edit.may_deny)
MAY_PASS = frozenset(edit.id for edit in EDITS if edit.may_pass)
_KNOWN_EDITS = tuple(edit.id for edit in EDITS)


def code_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    """A duplicate code or service, a validity that ends before it begins, an unknown site class."""
    services: dict[str, str] = {}
    codes: dict[str, str] = {}
    for path, file in parsed.of(CodesFile).items():
        if services.setdefault(file.service, path) != path:
            yield f"{path}: service: `{file.service}` is already defined in {services[file.service]}. Merge the files."
        for index, code in enumerate(file.codes):
            place = f"{path}: codes[{index}]"
            if code.code in codes:
                yield f"{place}.code: `{code.code}` is already defined in {codes[code.code]}. Keep one."
            codes.setdefault(code.code, path)
            if code.valid_from and code.valid_until and code.valid_until.date < code.valid_from.date:
                yield f"{place}.valid_until: {code.valid_until.date} is before valid_from. Correct one of the two."
            for number, rule in enumerate(code.sites):
                for position, site in enumerate(rule.sites):
                    yield from declared.site_faults(f"{place}.sites[{number}].sites[{position}]", site)
        for of_claim in file.of_claims:
            if of_claim.code in codes:
                yield f"{path}: `{of_claim.code}` of claims is already defined in {codes[of_claim.code]}. Keep one."
            codes[of_claim.code] = path


def site_faults(parsed: Parsed) -> Iterator[str]:
    """A prefix or a range of two site classes, or a range with its ends reversed."""
    for path, file in parsed.of(TumorSitesFile).items():
        prefixes: dict[str, str] = {}
        ranged: dict[str, str] = {}
        for name, site in file.site_classes.items():
            place = f"{path}: site_classes.{name}"
            yield from _range_faults(place, site)
            for prefix in site.prefixes:
                if prefixes.setdefault(prefix, name) != name:
                    yield f"{place}.prefixes: `{prefix}` is already assigned to {prefixes[prefix]}. Keep one."
            for prefix in (prefix for span in site.ranges for prefix in spread(span)):
                if ranged.setdefault(prefix, name) != name:
                    yield f"{place}.ranges: `{prefix}` is already assigned to {ranged[prefix]}. Keep one."


def _range_faults(place: str, site: SiteClass) -> Iterator[str]:
    spans = [(f"{place}.ranges[{index}]", span) for index, span in enumerate(site.ranges)]
    for number, rule in enumerate(site.beside):
        spans += [(f"{place}.beside[{number}].ranges[{index}]", span) for index, span in enumerate(rule.ranges)]
    for where, span in spans:
        if not any(spread(span)):
            yield f"{where}: `{span}` is empty. Give both ends with the same letter, the lower one first."


def reason_faults(parsed: Parsed) -> Iterator[str]:
    """Every edit has one reason, in table order, and only an edit that requires all facts may deny."""
    for path, file in parsed.of(ReasonsFile).items():
        given = [reason.edit for reason in file.reasons]
        for edit in _KNOWN_EDITS:
            if edit not in given:
                remedy = "Add its reason; `claims-edit rules upgrade` adds the shipped one."
                yield f"{path}: reasons: the edit `{edit}` is missing. {remedy}"
        for index, reason in enumerate(file.reasons):
            place = f"{path}: reasons[{index}]"
            if reason.edit not in _KNOWN_EDITS:
                yield f"{place}.edit: `{reason.edit}` is not an edit. Use one of {', '.join(_KNOWN_EDITS)}."
            elif reason.edit in given[:index]:
                yield f"{place}.edit: duplicate edit `{reason.edit}`. Keep one."
            yield from _disposition_faults(place, reason)
        ranks = [(_KNOWN_EDITS.index(edit), edit) for edit in given if edit in _KNOWN_EDITS]
        for (earlier, before), (later, after) in pairwise(ranks):
            if later < earlier:
                yield f"{path}: reasons: `{after}` is after `{before}`. Keep the order of the decision table."


def work_list_faults(parsed: Parsed) -> Iterator[str]:
    """A weight of something that is not an edit."""
    for path, file in parsed.of(WorkListFile).items():
        for edit in file.reasons:
            if edit not in _KNOWN_EDITS:
                yield f"{path}: reasons.{edit}: is not an edit. Use one of {', '.join(_KNOWN_EDITS)}."


def _disposition_faults(place: str, reason: Reason) -> Iterator[str]:
    if reason.edit in INFORMATIONAL_EDIT_IDS and reason.disposition is not None:
        yield f"{place}.disposition: `{reason.edit}` is informational. Remove it."
    if reason.edit in EDIT_IDS and reason.disposition is None:
        yield f"{place}.disposition: is missing. Add it."
    if reason.disposition is Disposition.DENY and reason.edit not in MAY_DENY:
        yield (
            f"{place}.disposition: `{reason.edit}` may not deny: it is triggered before all facts are established, "
            "for Medicare Advantage too. Use review, refer, return or pass."
        )
    if reason.disposition is Disposition.PASS and reason.edit in EDIT_IDS and reason.edit not in MAY_PASS:
        yield (
            f"{place}.disposition: `{reason.edit}` may not pass: a missing, conflicting or silent fact goes to a "
            "person. Use review, or refer for another program's rules."
        )
    if reason.disposition in (Disposition.DENY, Disposition.RETURN):
        if reason.carc is None:
            yield f"{place}.carc: is missing, but `{reason.edit}` needs one to {reason.disposition}. Add it."
        if reason.group_code is None:
            yield f"{place}.group_code: is missing, but `{reason.edit}` needs one to {reason.disposition}. Add it."
