"""Edits on the benefit terms, and on the policy version's code list and indication: the only ones that may deny."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits import notes
from claims_edit.edits.conditions import (
    IN_FORCE,
    LISTED,
    NOT_LISTED,
    OWN_CODE,
    SPECIFIC,
    UNDER_FUNDING,
    any_program,
    contract_says,
    position_is,
)
from claims_edit.edits.edit import Condition, edit, edits_of
from claims_edit.edits.phrases import capital, listed
from claims_edit.edits.sentences import Lacking, change, note
from claims_edit.model import Coverage, IndicationScope, Position
from claims_edit.rule_files.tables import CodeOfClaim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.edits.line import Line
    from claims_edit.edits.sentences import Sentence
    from claims_edit.rule_files.policies import Criterion, Policy


@edit(IN_FORCE, OWN_CODE, contract_says(Coverage.EXCLUDED), may_deny=True, ground=any_program)
def contract_excludes(line: Line) -> Iterator[Sentence]:
    """The member's contract excludes the service.

    A contract of the payer and group, in force on the start date, excludes the service (CARC 96); its own group
    code assigns liability. A prior authorization, a doubt, an unlisted code and a trial go to a person first.
    Source: the contract file.
    """
    yield change(
        Lacking.CONTRACT,
        "A contract of the group that covers the service overrides one that excludes it: the line would pass.",
    )
    yield change(
        Lacking.CONTRACT,
        "A reading of the contract under which the service is not excluded, or a corrected group_id without a contract"
        f" that addresses it: {line.without(contract_excludes.id)}.",
    )
    yield _other_program(line)


def _other_program(line: Line) -> Sentence:
    return change(
        Lacking.PROGRAM,
        f"A corrected program ({line.row['program']} by {line.row['program_basis']}): {line.other_programs}.",
    )


@edit(
    SPECIFIC,
    *UNDER_FUNDING,
    NOT_LISTED,
    ask="Ask the policy's owner whether its statement covers the code; for a procedure of the claim as a whole, decide"
    " its lines together, by the record.",
)
def code_not_listed(line: Line) -> Iterator[Sentence]:
    """The policy addresses the service but does not list this code of it.

    The code names the service itself, but the version's list does not have it, though its statement covers the service.
    A code of the claim as a whole (ICD-10-PCS, OPCS-4) is on no list. Source: the version's code list.
    """
    if line.version:
        yield change(
            Lacking.POLICY,
            f"Missing fact: whether the policy means {line.code}. {capital(line.version_name)} does not list it;"
            f" its statement is: {line.version.statement.says}",
        )
    yield change(Lacking.POLICY, "A person decides whether the statement covers the code, or asks the policy's owner.")
    if isinstance(line.procedure, CodeOfClaim):
        yield note(
            f"{line.code} ({line.procedure.label}) is a procedure of the claim as a whole, which does not show which of"
            " its lines it is for. A person decides the lines of the claim together."
        )
        return
    yield change(
        Lacking.POLICY,
        "If the policy adds the code to its list as of a date, add that version to rules/policies with its citation.",
    )


def _all_indications(line: Line) -> str:
    return f"{capital(line.version_name)} applies to all indications."


def _usable(line: Line) -> str:
    return f"The diagnoses are usable; the tumor site is {line.facts['site_class']}."


def _no_diagnosis(_line: Line) -> str:
    return "Needs a usable diagnosis, and the line has none."


def _is_solid(line: Line) -> str:
    return f"A diagnosis of the line is a malignant solid tumor: {line.facts['site_class']}."


SOLID_TUMORS_ONLY = Condition(
    "the statement is limited to solid tumors",
    pl.col("indication_scope").eq_missing(pl.lit(IndicationScope.SOLID_TUMORS)),
    _all_indications,
)
NO_DIAGNOSIS = Condition("no diagnosis is usable", pl.col("site_class").is_null(), _usable)
DIAGNOSIS = Condition("a diagnosis is usable", pl.col("site_class").is_not_null(), _no_diagnosis)
NO_SOLID_TUMOR = Condition("no diagnosis is a malignant solid tumor", ~pl.col("solid_tumor"), _is_solid)


@edit(*UNDER_FUNDING, SOLID_TUMORS_ONLY, NO_DIAGNOSIS, ask="Ask the provider for the record of the diagnosis.")
def indication_unknown(line: Line) -> Iterator[Sentence]:
    """The policy is limited to solid tumors and the line has no usable diagnosis.

    The statement applies to solid tumors only, and the line has no ICD-10-CM diagnosis to compare with it. Source:
    the version's statement.
    """
    unusable = bool(line.row["diagnosis_codes"])
    yield change(
        Lacking.DIAGNOSIS,
        "Missing fact: the diagnosis. "
        + ("The line's diagnoses are not ICD-10-CM, and others are not usable." if unusable else "The line has none."),
    )
    yield change(Lacking.DIAGNOSIS, f"If the record shows a malignant solid tumor: {line.then}.")
    yield change(
        Lacking.DIAGNOSIS,
        "If it shows no malignant solid tumor, a person still decides: the policy does not address that.",
    )


@edit(
    *UNDER_FUNDING,
    SOLID_TUMORS_ONLY,
    DIAGNOSIS,
    NO_SOLID_TUMOR,
    ask="Ask the provider for the record of the diagnosis.",
)
def indication_not_addressed(line: Line) -> Iterator[Sentence]:
    """The policy is limited to solid tumors and no diagnosis is one.

    The statement applies to solid tumors only, and none of the line's diagnoses is a malignant one: the policy does
    not address them. Source: the version's statement.
    """
    yield note(
        f"Of {listed(line.row['diagnosis_codes'])} none is a malignant solid tumor by rules/codes/tumor_sites.yaml, and"
        " the policy applies to solid tumors only."
    )
    yield change(Lacking.DIAGNOSIS, f"If the record shows a malignant solid tumor: {line.then}.")
    yield change(
        Lacking.DIAGNOSIS,
        "Otherwise a person decides: the policy does not address this; it does not support a denial.",
    )


@edit(*UNDER_FUNDING, OWN_CODE, LISTED, position_is(Position.COVERED), may_pass=True)
def covered(line: Line) -> Iterator[Sentence]:
    """The policy covers the service.

    The version lists the code, and its position is that the service is covered, or the claim meets all of its criteria.
    Source: the version's statement, code list and criteria.
    """
    yield from _met(line)
    yield change(Lacking.CONTRACT, "A contract of the group that excludes the service overrides the policy.")
    yield _other_program(line)


@edit(
    *UNDER_FUNDING,
    LISTED,
    position_is(Position.COVERED_WITH_CRITERIA),
    ask="Ask for the facts on the policy's criteria that the claim does not show.",
)
def criteria_review(line: Line) -> Iterator[Sentence]:
    """The policy covers the service under criteria that the claim alone does not settle.

    The claim does not show a criterion, or its value is missing there; or one is not met, and the policy does not
    say what then follows. Unknown is never unmet. Source: the version's criteria.
    """
    for criterion in _criteria(line, "criteria_unmet"):
        yield change(Lacking.RECORD, f"Not met on the claim: {criterion.says} A person decides what follows.")
    for criterion in _criteria(line, "criteria_unknown"):
        asked = f" {criterion.ask}" if criterion.ask else ""
        yield change(Lacking.RECORD, f"Not shown on the claim: {criterion.says}{asked}")
    yield change(Lacking.RECORD, "If all criteria are met, the policy covers the service.")


def _criteria(line: Line, which: str) -> list[Criterion]:
    """The criteria that the facts name under `which`; without the facts, those that only a record shows."""
    criteria = line.version.criteria.all_of if line.version and line.version.criteria else ()
    if line.known is None:
        return [each for each in criteria if not each.checked_by and which == "criteria_unknown"]
    return [criteria[number] for number in line.known.get(which) or () if number < len(criteria)]


def _met(line: Line) -> Iterator[Sentence]:
    """What the claim meets, where the policy has criteria."""
    if line.version and line.version.criteria:
        criteria = " ".join(each.says for each in line.version.criteria.all_of)
        yield note(f"The claim meets all criteria of {line.version_name}: {criteria}")


@edit(*UNDER_FUNDING, OWN_CODE, LISTED, position_is(Position.NOT_MEDICALLY_NECESSARY), may_deny=True)
def not_medically_necessary(line: Line) -> Iterator[Sentence]:
    """The policy's position on the listed code is that it is not medically necessary.

    Payer, program, version, code and indication are all established, and the version calls the listed code not
    medically necessary, always or where one of its criteria is not met (CARC 50). Source: the version's statement.
    """
    yield from _denied(line)


@edit(*UNDER_FUNDING, OWN_CODE, LISTED, position_is(Position.NOT_COVERED), may_deny=True)
def not_covered(line: Line) -> Iterator[Sentence]:
    """The policy's position on the listed code is that it is not covered.

    Payer, program, version, code and indication are all established, and the version does not cover the listed code,
    always or where one of its criteria is not met (CARC 96). Source: the version's statement.
    """
    yield from _denied(line)


@edit(*UNDER_FUNDING, OWN_CODE, LISTED, position_is(Position.INVESTIGATIONAL), may_deny=True)
def investigational(line: Line) -> Iterator[Sentence]:
    """The policy lists the code as investigational.

    Payer, program, version, code and indication are all established, and the version lists the code as
    investigational (CARC 55). Source: the version's statement and code list.
    """
    yield from _denied(line)


def _denied(line: Line) -> Iterator[Sentence]:
    """What would change a denial under the policy."""
    for criterion in _criteria(line, "criteria_unmet"):
        yield change(Lacking.RECORD, f"A record that shows that this is met after all: {criterion.says}")
    yield _covering_contract(line)
    if line.row["trial_evidence"] is None:
        yield change(
            Lacking.TRIAL,
            "Evidence of a clinical trial on the claim (modifier Q0 or Q1, ICD-10-CM diagnosis Z00.6, a trial number,"
            " condition code 30, an investigational device exemption number, value code D4): a person would review the"
            " line.",
        )
    yield _other_program(line)
    yield from _for_the_appeal(line)


def _covering_contract(line: Line) -> Sentence:
    """A contract that covers the service overrides the policy."""
    if not line.had_contracts:
        why = "the run had no contracts file"
    elif line.row["group_id"] is None:
        why = "the line has no group_id, so no contract could be found"
    else:
        why = f"none of the line's group that addresses it was in force on {line.start}"
    return change(Lacking.CONTRACT, f"A contract that covers the service: the line would pass ({why}).")


def _for_the_appeal(line: Line) -> Iterator[Sentence]:
    """The notes of the line, for an appeal."""
    if notes.policy_stale.id in line.row["edits"] and line.row["reason_code"] != notes.policy_stale.id:
        yield note(f"For the appeal: {notes.overdue(line)}")
    for informational in edits_of(notes):
        if informational is not notes.policy_stale and informational.id in line.row["edits"]:
            yield from informational.sentences(line)


POSITION_EDITS = {
    Position.COVERED: covered.id,
    Position.COVERED_WITH_CRITERIA: criteria_review.id,
    Position.NOT_MEDICALLY_NECESSARY: not_medically_necessary.id,
    Position.NOT_COVERED: not_covered.id,
    Position.INVESTIGATIONAL: investigational.id,
}
"""The edit that each position of a version triggers."""


def edits_of_positions(policy: Policy) -> set[str]:
    """The edits that the positions of a policy's versions can trigger, by their statements and criteria."""
    found = {position for version in policy.versions for position in version.statement.position}
    for criteria in (version.criteria for version in policy.versions if version.criteria):
        found.update(criteria.otherwise or ())
        if all(each.checked_by for each in criteria.all_of):
            found.add(Position.COVERED)
    return {POSITION_EDITS[position] for position in found}
