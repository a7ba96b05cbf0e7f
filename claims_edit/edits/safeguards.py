"""Edits that come before every denial: a contract that covers, and facts that prevent a denial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.doubts import OF_CLAIM
from claims_edit.edits import coverage
from claims_edit.edits.conditions import IN_FORCE, LISTED, UNLISTED, any_program, any_version, contract_says
from claims_edit.edits.doubts import doubts_of
from claims_edit.edits.edit import Condition, edit
from claims_edit.edits.sentences import Lacking, change, note
from claims_edit.model import TRIAL_CONDITION, TRIAL_DIAGNOSIS, TRIAL_VALUE, Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.edits.line import Line
    from claims_edit.edits.sentences import Sentence


@edit(IN_FORCE, contract_says(Coverage.COVERED), may_pass=True, ground=any_program)
def contract_covers(line: Line) -> Iterator[Sentence]:
    """The member's contract covers the service.

    A contract of the payer and group, in force on the start date, covers the service: it overrides the policy.
    Source: the contract file.
    """
    yield note(f"The group's contract covers the service ({line.row['citation']}), and overrides the policy.")
    yield change(Lacking.CONTRACT, f"Without that contract: {line.then}.")


@edit(
    IN_FORCE,
    contract_says(Coverage.REVIEW),
    ground=any_program,
    ask="Ask the plan for the benefit terms of the group on the service.",
)
def contract_review(line: Line) -> Iterator[Sentence]:
    """The member's contract requires review.

    A contract of the payer and group, in force on the start date, requires a review. Source: the contract file.
    """
    yield change(
        Lacking.CONTRACT,
        f"Missing fact: what the group's contract provides. It requires a person's review ({line.row['citation']}).",
    )
    excluded = line.then if line.is_of_claim else line.with_edit(coverage.contract_excludes.id)
    yield change(Lacking.CONTRACT, f"If it covers the service, the line passes; if it excludes it: {excluded}.")
    yield change(Lacking.CONTRACT, f"If it does not address the service: {line.then}.")


def _no_number(_line: Line) -> str:
    return "The line and its claim carry no prior authorization number."


@edit(
    IN_FORCE,
    Condition("a prior authorization is on the line", pl.col("prior_authorization_number").is_not_null(), _no_number),
    held="prior_authorization_number",
    shown_by={"prior authorization": ("prior_authorization_number", "AUTH")},
    ground=any_version,
    ask="Look up what was authorized, or ask the provider for the authorization.",
)
def prior_authorization(line: Line) -> Iterator[Sentence]:
    """The line or claim carries a prior authorization number.

    The authorized service may be the billed one, so a person compares the two before anything is denied. Source: ADR
    0007.
    """
    number = line.row.get("prior_authorization_number")
    yield change(
        Lacking.AUTHORIZATION, f"Missing fact: what was authorized. The claim carries prior authorization {number}."
    )
    yield change(Lacking.AUTHORIZATION, f"If the authorization does not cover this service: {line.then}.")


def _no_doubt(_line: Line) -> str:
    return "Nothing on the line or its claim is in doubt."


@edit(
    IN_FORCE,
    Condition("a fact is in doubt", pl.col("doubts").is_not_null(), _no_doubt),
    held="doubts",
    shown_by={"doubt": ("doubts", "fact-problem@place")},
    ground=any_version,
)
def facts_in_doubt(line: Line) -> Iterator[Sentence]:
    """The input has data in the place of a fact that could not be interpreted.

    Data that is not understood is neither the fact nor its absence, so nothing is denied because of a missing
    fact. Source: ADR 0014; the doubts by name in claims_edit/doubts.py.
    """
    for each in doubts_of(line.row, line.known):
        at = f" At {each.place}." if each.place else ""
        yield change(Lacking.INPUT, f"Fact in doubt: {each.label}{at} {each.remedy}")
    if OF_CLAIM in (line.row["doubts"] or ""):
        yield change(Lacking.INPUT, "If the procedure is for this line, the line is decided by its code.")
        return
    yield change(Lacking.INPUT, f"If the facts are correct as read: {line.then}.")


@edit(UNLISTED, IN_FORCE, LISTED, ask="Ask the provider for the record (operative note): which procedure was done.")
def unlisted_code(line: Line) -> Iterator[Sentence]:
    """The policy lists this unlisted code, and only the record shows what was done.

    The version lists a catch-all code for the service; the claim cannot show whether that service was given, so
    neither the policy nor a contract's exclusion of the service denies it. Source: the version's code list.
    """
    yield change(
        Lacking.RECORD,
        f"Missing fact: which procedure {line.code} was billed for; the record (operative note) shows it.",
    )
    yield change(
        Lacking.RECORD,
        f"If it was this service: {line.then}. If it was another, this policy does not apply to the line.",
    )


def _no_trial(_line: Line) -> str:
    return (
        "No modifier Q0 or Q1, no diagnosis Z00.6, no trial number, no condition code 30, no investigational device"
        " exemption number and no value code D4."
    )


@edit(
    IN_FORCE,
    Condition("the line has trial evidence", pl.col("trial_evidence").is_not_null(), _no_trial),
    held="trial_evidence",
    shown_by={
        "modifier Q0": ("hcpcs_modifier_1", "Q0"),
        "modifier Q1": ("hcpcs_modifier_1", "Q1"),
        "diagnosis Z00.6": ("diagnosis_code_2", TRIAL_DIAGNOSIS),
        "clinical trial number": ("clinical_trial_number", "00000000"),
        "condition code 30": ("condition_codes", TRIAL_CONDITION),
        "investigational device exemption number": ("investigational_device_exemption_number", "G000000"),
        "value code D4": ("value_codes", TRIAL_VALUE),
    },
    ground=any_version,
    ask="Ask the provider which trial the service belongs to, and what the trial pays for.",
)
def trial_context(line: Line) -> Iterator[Sentence]:
    """The line has evidence of a clinical trial.

    A trial may be covered where the treatment alone is not, so a person reviews it before a contract's exclusion or
    the policy denies. Evidence is modifier Q0 or Q1, diagnosis Z00.6 (V70.7 in ICD-9-CM), a clinical trial number, an
    investigational device exemption number, NUBC condition code 30 or value code D4. Source: ADR 0007.
    """
    yield change(Lacking.TRIAL, f"Missing fact: what the trial pays for. The line has: {line.row['trial_evidence']}.")
    yield change(
        Lacking.TRIAL, "If the trial's rules or the contract cover the service in the trial, those rules decide."
    )
    # Without its trial diagnosis a line may have no diagnosis at all, so the text does not suggest removing it.
    wrong = "" if "diagnosis" in (line.row["trial_evidence"] or "") else "the trial evidence is wrong, or "
    yield change(Lacking.TRIAL, f"If {wrong}the trial does not cover it: {line.then}.")
