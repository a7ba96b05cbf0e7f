"""Informational edits: they are in `edits` for the reader and for appeals.

None sets the disposition, except `policy-stale` where a run suspends the denials of a stale policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits.conditions import IN_FORCE
from claims_edit.edits.edit import Condition, edit
from claims_edit.edits.phrases import capital, listed
from claims_edit.edits.sentences import Lacking, change, note
from claims_edit.model import Disposition
from claims_edit.rule_files.policies import stale_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.edits.line import Line
    from claims_edit.edits.sentences import Sentence


def _fits(line: Line) -> str:
    if not line.facts["solid_tumor"]:
        return "Needs a malignant solid tumor among the diagnoses, and there is none."
    rules = line.procedure.sites if line.procedure else ()
    if not rules:
        return f"{line.code} is not limited to certain tumor sites."
    begun = [rule for rule in rules if rule.from_.date <= line.start]
    if not begun:
        return f"{line.code} is limited to certain tumor sites only from {min(rule.from_.date for rule in rules)}."
    return f"{line.code} fits a tumor site of the line: {listed(line.facts['solid_sites'])}."


@edit(Condition("the code is for other sites than the diagnoses", pl.col("site_mismatch"), _fits))
def code_site_mismatch(line: Line) -> Iterator[Sentence]:
    """The code is for another site than the diagnoses.

    The code is limited to certain tumor sites (or excludes some) as of a date, and no malignant solid diagnosis
    of the line fits. Source: the sites of the codes in rules/codes.
    """
    yield note(
        f"For the appeal: {line.code} is for other tumor sites than the diagnoses; the record shows the site that was"
        " treated."
    )


def _no_review_date(line: Line) -> str:
    return f"{capital(line.version_name)} gives no review date."


def _not_overdue(line: Line) -> str:
    due = line.facts["stale_after"]
    return f"The review of {line.facts['policy_id']} was due by {due}; the service began on {line.start}."


def overdue(line: Line) -> str:
    """The sentence that the version in force was past its review on the start date."""
    version = line.version
    reviewed = version.reviewed if version else None
    last = f"last reviewed {reviewed.date}" if reviewed else "without a review on record"
    due = stale_after(version) if version else None
    return f"the policy was past its review on {line.start} ({last}{f', due by {due}' if due else ''})."


@edit(
    IN_FORCE,
    Condition("the version has a review date", pl.col("stale_after").is_not_null(), _no_review_date),
    Condition("the start date is past it", pl.col("service_start_date") > pl.col("stale_after"), _not_overdue),
    ask="Ask the policy's owner for its last review.",
)
def policy_stale(line: Line) -> Iterator[Sentence]:
    """The policy version is past its review date.

    The start date is past the version's next review, or past twelve months from its last where the document gives
    none. Source: the version's review dates.
    """
    # It decides only if the run suspends denials of stale policies.
    yield change(
        Lacking.POLICY, f"Missing fact: whether {line.version_name} is still current. {capital(overdue(line))}"
    )
    yield change(Lacking.POLICY, "A person asks the policy's owner for its last review.")
    yield change(
        Lacking.POLICY,
        "If the policy was reviewed in time and is unchanged, add the date of the review to rules/policies:"
        f" {line.deciding[0]} decides ({Disposition.DENY}).",
    )


def _no_guidance(line: Line) -> str:
    if line.facts["site_class"] is None:
        return "Needs a tumor site, and the line has no usable diagnosis."
    return f"No guidance on {line.facts['site_class']} had been published by {line.start}."


@edit(Condition("guidance on the site was published", pl.col("guidance_id").is_not_null(), _no_guidance))
def guidance_note(line: Line) -> Iterator[Sentence]:
    """Clinical guidance on this site was published by the start date.

    Guidance on the service at the line's tumor site had been published by the start date; it helps a reviewer and
    is never a ground for denial. Source: rules/guidance.
    """
    in_force = [each["id"] for each in line.rules.guidance(line.row) if each["in_force"]]
    yield note(
        f"For the appeal: {listed(in_force)} had been published by {line.start}; it is informational and does not"
        " support a denial."
    )
