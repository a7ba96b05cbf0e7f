"""Edits on the line itself: whether it still counts, whether its code and dates are valid, and its payer."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits.conditions import OWN_CODE, UNLISTED, any_code, any_version
from claims_edit.edits.edit import Condition, edit
from claims_edit.edits.phrases import bounds, listed, period
from claims_edit.edits.sentences import Lacking, change, note
from claims_edit.model import VOID, CodeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.edits.edit import Decidable
    from claims_edit.edits.line import Line
    from claims_edit.edits.sentences import Sentence

START, END = pl.col("service_start_date"), pl.col("service_end_date")
FIRST_VALID, LAST_VALID = pl.col("valid_from"), pl.col("valid_until")
_DAY = dt.timedelta(days=1)


def _any_unlisted(pack: Decidable) -> bool:
    return any(code.kind is CodeKind.UNLISTED for code in pack.codes)


def _any_validity(pack: Decidable) -> bool:
    return any(code.valid_from or code.valid_until for code in pack.codes)


def _any_boundary(pack: Decidable) -> bool:
    return any_version(pack) or _any_validity(pack)


def _is_current(line: Line) -> str:
    return (
        f"The claim is not a void (claim_frequency_code {line.facts['claim_frequency_code']}), and no other claim of"
        " the run replaces or voids it."
    )


@edit(Condition("the claim is void or replaced", pl.col("superseded"), _is_current), may_pass=True, ground=any_code)
def line_superseded(line: Line) -> Iterator[Sentence]:
    """The claim is a void, or the run has a replacement or void of it.

    The line no longer counts, so nothing is decided on it. Claim frequency codes are those of X12 CLM05-3: 7
    replacement, 8 void; the later claim names the earlier one by `original_claim_id`, or by its own `claim_id`
    where that is empty. Source: ADR 0013.
    """
    if line.known is None:
        by = line.row.get("superseded_by")
        named = f"Claim {by} replaces or voids it, and" if by else "The claim is a void, or a replacement or void of it"
        yield note(f"{named} is in the same run and counts instead.")
        return
    if line.known["claim_frequency_code"] == VOID:
        yield note(f"The claim itself is a void (claim_frequency_code {VOID}), so there is nothing to decide.")
        return
    yield note(f"Claims of this run that replace it: {listed(line.known['revised_by'])}. Their decisions count.")
    yield change(Lacking.REVISION, f"If all of these are withdrawn, run the extract again without them: {line.then}.")


def _listed_then(line: Line) -> str:
    return f"{line.code} is on the payer's code list on a day of service."


@edit(
    UNLISTED,
    Condition("no version lists it on a service day", ~pl.col("listed_on_service_day"), _listed_then),
    may_pass=True,
    ground=_any_unlisted,
)
def unlisted_code_out_of_scope(line: Line) -> Iterator[Sentence]:
    """An unlisted code that no policy version lists on a service day.

    A catch-all code is edited only if the payer's policy lists it on a day from start to end; otherwise it may
    mean any service. An unresolved payer lists nothing. Source: the versions' code lists.
    """
    if not line.policies:
        yield note(f"{line.code} is a catch-all code, and no policy of this payer lists it.")
    for policy in line.policies:
        listing = [version for version in policy.versions if line.code in version.codes.listed]
        if listing:
            in_time = f"{policy.id} lists it {listed(map(period, listing))}, and the service was {line.days}."
            yield note(f"{line.code} is a catch-all code. {in_time}")
        else:
            yield note(f"{line.code} is a catch-all code, and no version of {policy.id} lists it.")
    yield note("The code alone does not show that this service was given, so the policy does not apply to the line.")


def _valid(line: Line) -> str:
    valid = bounds(line.facts["valid_from"], line.facts["valid_until"])
    if not valid:
        return f"{line.code} is valid throughout."
    return f"{line.code} is valid {valid}, and the service was {line.days}."


BEGINS_LATER = FIRST_VALID.is_not_null() & (FIRST_VALID > END)
ENDED_BEFORE = LAST_VALID.is_not_null() & (LAST_VALID < START)


@edit(
    OWN_CODE,
    Condition("the code is valid on no service day", BEGINS_LATER | ENDED_BEFORE, _valid),
    ground=_any_validity,
)
def code_not_valid_on_dos(line: Line) -> Iterator[Sentence]:
    """The code is not valid on any service day.

    No service day, start to end, is within the code's validity, so the provider must correct the
    line (CARC 181). A code without a first or last valid day is valid without that limit. Source: rules/codes.
    """
    code = line.rules.code(line.row)
    if code is None:
        return
    first, last = code["valid_from"], code["valid_until"]
    valid = listed(filter(None, (f"from {first}" if first else "", f"until {last}" if last else "")))
    yield note(f"{line.code} is valid {valid} ({code['citation']}); the service was {line.days}.")
    yield change(
        Lacking.RECORD,
        "The provider compares the line with the record, and resends it as documented if the two differ.",
    )


def _payer_known(line: Line) -> str:
    return f"The payer's name resolves to {line.facts['payer']} in rules/payers.yaml."


@edit(
    Condition("the payer is not known", pl.col("payer").is_null(), _payer_known),
    ground=any_code,
    ask="Ask the sender which payer is meant, or add the name to rules/payers.yaml.",
)
def payer_not_on_file(line: Line) -> Iterator[Sentence]:
    """The payer is not recognized.

    The payer's name or identifier does not match a payer, so no policy can be chosen. Source: rules/payers.yaml.
    """
    yield change(
        Lacking.PAYER,
        f"Missing fact: the payer. The name in the extract, {line.row['payer_raw']}, is not in rules/payers.yaml.",
    )
    yield change(
        Lacking.PAYER,
        "If it is a spelling of a listed payer, add it to that payer's names there, and run the extract again.",
    )
    yield note("Policy, program and contract are looked up once the payer is known; until then no policy applies.")


def _falls_within(day: pl.Expr) -> pl.Expr:
    """True where `day` is after the first service day and not after the last: the line spans it."""
    return day.is_not_null() & (day > START) & (day <= END)


def _one_day(line: Line) -> str:
    return f"The service was on one day, {line.start}."


def _no_boundary(line: Line) -> str:
    if line.facts["payer"] is None:
        return f"The code's validity does not change {line.days}, and there is no policy without a recognized payer."
    return f"Neither a policy version of {line.facts['payer']} nor the code's validity changes {line.days}."


BOUNDARY_WITHIN = (
    _falls_within(pl.col("policy_boundary"))
    | _falls_within(FIRST_VALID)
    | _falls_within(LAST_VALID + pl.duration(days=1))
)


@edit(
    Condition("the line has several service days", START < END, _one_day),
    Condition("a version or the code's validity changes on one of them", BOUNDARY_WITHIN, _no_boundary),
    ground=_any_boundary,
    ask="Ask the provider for the record: what was done on each day of service.",
)
def dos_spans_boundary(line: Line) -> Iterator[Sentence]:
    """A policy version or the code's validity changes between the first and the last service day.

    Different rules apply on different days of the line, and the program cannot split one line. Boundaries are the
    first days of the payer's versions, the days after they end, and the same for the code; a boundary on the first
    service day does not count. Source: the versions' periods and the codes' validity.
    """
    for day, what in sorted({(day, what) for day, what in _boundaries(line) if line.start < day <= line.end}):
        yield note(f"Conflicting fact: the dates of service. On {day} {what}, within the service {line.days}.")
    yield change(
        Lacking.RECORD,
        "Missing fact: what was done on each of these days. A person finds it in the record, and applies the rules in"
        " force on each day.",
    )


def _boundaries(line: Line) -> Iterator[tuple[dt.date, str]]:
    """The days on which a rule that decides the line changes, and the change."""
    for policy, version in ((each, version) for each in line.policies for version in each.versions):
        named = f"version {version.id} of {policy.id}"
        yield version.from_.date, f"{named} begins"
        following = version.until.date + _DAY if version.until else None
        if following is not None and following not in {other.from_.date for other in policy.versions}:
            yield following, f"{named} has ended"
    code = line.procedure
    if code is not None and code.valid_from is not None:
        yield code.valid_from.date, f"{line.code} becomes valid"
    if code is not None and code.valid_until is not None:
        yield code.valid_until.date + _DAY, f"{line.code} is no longer valid"
