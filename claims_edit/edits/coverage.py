"""Edits on the benefit terms, and on the policy version's code list and indication: the only ones that may deny."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits import notes
from claims_edit.edits.conditions import (
    IN_FORCE,
    LISTED,
    NOT_LISTED,
    SPECIFIC,
    UNDER_FUNDING,
    any_program,
    contract_says,
)
from claims_edit.edits.edit import Condition, edit, edits_of
from claims_edit.edits.phrases import capital, listed
from claims_edit.edits.sentences import Lacking, change, note
from claims_edit.model import Coverage, IndicationScope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.edits.line import Line
    from claims_edit.edits.sentences import Sentence


@edit(IN_FORCE, contract_says(Coverage.EXCLUDED), may_deny=True, ground=any_program)
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


@edit(SPECIFIC, *UNDER_FUNDING, NOT_LISTED, ask="Ask the policy's owner whether its statement covers the code.")
def code_not_listed(line: Line) -> Iterator[Sentence]:
    """The policy addresses the service but does not list this code of it.

    The code names the service itself, but the version's list does not have it, though its statement covers the service.
    Source: the version's code list.
    """
    if line.version:
        yield change(
            Lacking.POLICY,
            f"Missing fact: whether the policy means {line.code}. {capital(line.version_name)} does not list it;"
            f" its statement is: {line.version.statement.says}",
        )
    yield change(Lacking.POLICY, "A person decides whether the statement covers the code, or asks the policy's owner.")
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


@edit(*UNDER_FUNDING, LISTED, may_deny=True)
def investigational(line: Line) -> Iterator[Sentence]:
    """The policy lists the code as investigational.

    Payer, program, version, code and indication are all established, and the version lists the code as
    investigational (CARC 55). Source: the version's statement and code list.
    """
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
