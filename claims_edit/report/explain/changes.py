"""What would change a line's outcome, edit by edit: sentences from the line's facts and the rule pack.

`CHANGES` has one entry for each edit that can decide a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.facts.revision import VOID
from claims_edit.model import EDIT_IDS, CodeKind, Disposition, IndicationScope
from claims_edit.report.explain import appeal
from claims_edit.report.explain.boundaries import boundaries_of, on_first_day
from claims_edit.report.explain.doubts import doubts_of
from claims_edit.report.explain.line import STALE
from claims_edit.report.explain.words import listed, period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.report.explain.line import Line


def changes(line: Line) -> list[str]:
    """The sentences of the edit that decided."""
    tell = CHANGES.get(line.row["reason_code"])
    return list(tell(line)) if tell else []


def line_superseded(line: Line) -> Iterator[str]:
    if line.known is None:
        by = line.row.get("superseded_by")
        named = f"Claim {by} replaces or voids it, and" if by else "The claim is a void, or a replacement or void of it"
        yield f"{named} is in the same run and is what counts."
        return
    if line.known["claim_frequency_code"] == VOID:
        yield f"The claim is a void itself (claim_frequency_code {VOID}), so nothing is left to decide on."
        return
    yield f"Claims of this run that take its place: {listed(line.known['revised_by'])}. What is decided there counts."
    yield f"If all of these are withdrawn, run the extract again without them: {line.then}."


def unlisted_code_out_of_scope(line: Line) -> Iterator[str]:
    policy = line.book.policy_of(line.row)
    if policy is None:
        yield f"{line.code} is a catch-all code, and no policy on file for this payer lists it."
    else:
        listing = [version for version in policy.versions if line.code in version.codes.listed]
        periods = listed(map(period, listing))
        yield (
            f"{line.code} is a catch-all code. {policy.id} lists it {periods}, and the service was {line.days}."
            if listing
            else f"{line.code} is a catch-all code, and no version of {policy.id} lists it."
        )
    yield "The code alone does not say that the service was this one, so nothing of the policy applies to the line."
    named = [each.code for each in appeal.codes_valid_on(line) if each.kind is CodeKind.SPECIFIC]
    if named:
        yield f"If the record shows this service, the provider may bill a code that names it: {listed(named, 'or')}."
    else:
        yield "No code that names the service was valid then."


def code_not_valid_on_dos(line: Line) -> Iterator[str]:
    code = line.book.code(line.row)
    if code is None:
        return
    first, last = code["valid_from"], code["valid_until"]
    bounds = listed(filter(None, (f"from {first}" if first else "", f"until {last}" if last else "")))
    yield f"{line.code} is valid {bounds} ({code['citation']}); the service was {line.days}."
    yield "If the date is wrong, correct it; if the date is right, bill the code that was valid on it."
    valid = appeal.codes_valid_on(line)
    named = [each.code for each in valid if each.kind is CodeKind.SPECIFIC]
    if named:
        yield f"Codes that name the service and were valid then: {listed(named)}."
    else:
        yield "No code that names the service was valid then."
    catch_all = [each.code for each in valid if each.kind is CodeKind.UNLISTED and appeal.is_listed(line, each.code)]
    if catch_all:
        yield (
            f"The policy then in force listed the catch-all codes {listed(catch_all)}."
            f" With one of them: {appeal.of_catch_all(line)}."
        )


def payer_not_on_file(line: Line) -> Iterator[str]:
    yield f"Missing fact: the payer. The name in the extract, {line.row['payer_raw']}, is not in rules/payers.yaml."
    yield "If it is a spelling of a payer on file, add it to that payer's names there, and run the extract again."
    yield "Policy, program and contract are looked up once the payer is known; until then no policy can speak."


def dos_spans_boundary(line: Line) -> Iterator[str]:
    for boundary in boundaries_of(line):
        yield f"Conflicting fact: the days of service. {boundary}."
    yield "If the service was on one side of the change alone, correct the dates; else bill the days as separate lines."
    yield "Each line is then decided under what was in force on its days."
    yield f"Were all of the service on the first day: {on_first_day(line)}."


def policy_not_in_force(line: Line) -> Iterator[str]:
    policy = line.book.policy_of(line.row)
    if policy is None:
        yield f"No policy of {line.row['payer']} on this service is on file, so no ground to deny is known."
        return
    told = listed(map(period, policy.versions))
    yield f"{policy.id} was not in force on {line.start}; it is in force {told}."
    yield f"A corrected date of service in such a period, with {line.code} valid on it, would bring the policy to bear."


def guidance_research_only(line: Line) -> Iterator[str]:
    if line.in_force:
        policy, version = line.in_force
        reference = line.row["policy_reference"] or policy.reference
        yield f"Missing fact: a funding decision. {reference} is guidance: {_lower(version.applies_to.says)}"
    yield "A person decides with the body that funds the service; evidence of a trial or a research register helps."
    yield "Were a funding policy of this payer to take its place in rules/policies, that one would decide."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def program_conflict(line: Line) -> Iterator[str]:
    basis = line.row["program_basis"] or "the program's signals"
    yield f"Conflicting fact: the program. {basis} name different programs{_signals(line)}."
    yield "Find the member's program on the day of service, and correct the column that is wrong."
    yield from _by_program(line)


def _signals(line: Line) -> str:
    """The values that spoke, where they are at hand; a member id is not repeated."""
    shown = [
        f"{column} {line.known[column]}"
        for column in ("line_of_business", "claim_filing_indicator_code", "plan")
        if line.known and line.known.get(column) and column in (line.row["program_basis"] or "")
    ]
    if "member_id" in (line.row["program_basis"] or ""):
        shown.append("the shape of member_id")
    return f" ({listed(shown)})" if line.known and shown else ""


def program_unknown(line: Line) -> Iterator[str]:
    yield (
        "Missing fact: the program. Neither line_of_business, claim_filing_indicator_code, the shape of member_id nor"
        " the name of the plan gives it."
    )
    yield from _by_program(line)


def _by_program(line: Line) -> Iterator[str]:
    """What follows once one program is known."""
    if line.version is None:
        return
    if line.programs:
        yield f"If it is {listed(line.programs, 'or')}, the policy applies: {line.then}."
    yield f"Other programs: {line.other_programs}."


def program_exception_refer(line: Line) -> Iterator[str]:
    rule = line.book.program_rule(line.row)
    if rule:
        yield f"Rules to follow: {_lower(rule['says'])} ({rule['citation']})"
    yield f"Send the line to where {_program(line)} is decided; this policy must not decide it."
    yield from _if_other_program(line)


def program_exception_review(line: Line) -> Iterator[str]:
    rule = line.book.program_rule(line.row)
    if rule:
        yield f"Missing fact: what holds for {_program(line)} instead. {rule['says']} ({rule['citation']})"
    yield "A person looks for a national or local determination or other rules of the program on the day of service."
    yield from _if_other_program(line)


def program_silent(line: Line) -> Iterator[str]:
    yield (
        f"Missing fact: whether the policy is meant for {_program(line)}. It applies to"
        f" {listed(line.programs) or 'no program by name'}, and does not speak of this one."
    )
    yield "A person asks the owner of the policy, or finds the rules of the program."
    yield from _if_other_program(line)


def _program(line: Line) -> str:
    known = line.book.pack.programs.programs.get(line.row["program"])
    return f"{known.label} ({line.row['program']})" if known else str(line.row["program"])


def _if_other_program(line: Line) -> Iterator[str]:
    if line.programs:
        yield (
            f"The program is known from {line.row['program_basis']}. If that is wrong and it is"
            f" {listed(line.programs, 'or')}: {line.then}."
        )


def contract_covers(line: Line) -> Iterator[str]:
    yield f"The group's contract covers the service ({line.row['citation']}), and goes before the policy."
    yield f"Without that contract: {line.then}."


def contract_review(line: Line) -> Iterator[str]:
    yield f"Missing fact: what the group's contract comes to. It asks for a person ({line.row['citation']})."
    yield f"If it covers the service, the line passes; if it excludes it: {line.with_edit('contract-excludes')}."
    yield f"If it says nothing of the service: {line.then}."


def contract_excludes(line: Line) -> Iterator[str]:
    yield "A contract of the group that covers the service goes before one that excludes it: the line would pass."
    yield (
        "A reading of the contract under which the service is not excluded, or a corrected group_id without a contract"
        f" that speaks of it: {line.without(STALE, 'contract-excludes')}."
    )
    yield f"A corrected program ({line.row['program']} by {line.row['program_basis']}): {line.other_programs}."


def prior_authorization(line: Line) -> Iterator[str]:
    yield (
        f"Missing fact: what was authorized. The claim carries prior authorization"
        f" {line.row.get('prior_authorization_number')}."
    )
    yield f"If the authorization does not cover this service: {line.then}."


def facts_in_doubt(line: Line) -> Iterator[str]:
    for each in doubts_of(line.row, line.known):
        at = f" At {each.place}." if each.place else ""
        yield f"Fact in doubt: {each.label}{at} {each.settles}"
    yield f"If the facts are as they were read: {line.then}."


def unlisted_code(line: Line) -> Iterator[str]:
    yield f"Missing fact: which procedure {line.code} stands for; the record (operative note) tells."
    yield f"If it was this service: {line.then}. If it was another, this policy does not concern the line."


def code_not_listed(line: Line) -> Iterator[str]:
    if line.in_force:
        codes = listed(line.in_force[1].codes.listed) or "no code"
        yield (
            f"Missing fact: whether the policy means {line.code}. {_capital(line.version_name)} lists {codes};"
            f" its statement is: {line.in_force[1].statement.says}"
        )
    yield "A person decides whether the statement covers the code, or asks the owner of the policy."
    yield "If the policy's list takes the code in from a date on, add that version to rules/policies with its citation."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def trial_context(line: Line) -> Iterator[str]:
    yield f"Missing fact: what the trial pays for. The line shows: {line.row['trial_evidence']}."
    yield "If the trial's rules or the contract cover the service in the trial, those rules decide."
    # Without its trial diagnosis a line may have none at all, so of that no more is said.
    wrong = "" if "diagnosis" in (line.row["trial_evidence"] or "") else "the signs of a trial are wrong, or "
    yield f"If {wrong}the trial does not cover it: {line.then}."


def indication_unknown(line: Line) -> Iterator[str]:
    unusable = bool(line.row["diagnosis_codes"])
    yield (
        "Missing fact: the diagnosis. "
        + ("The line's diagnoses are not ICD-10-CM, and others are not usable." if unusable else "The line has none.")
    )
    yield f"If the record shows a malignant solid tumor: {line.then}."
    yield "If it shows no malignant solid tumor, a person still decides: the policy does not speak of that."


def indication_not_addressed(line: Line) -> Iterator[str]:
    yield (
        f"Missing fact: a malignant solid tumor. Of {listed(line.row['diagnosis_codes'])} none is one by"
        " rules/codes/tumor_sites.yaml, and the policy speaks of solid tumors alone."
    )
    yield f"If the record shows one and the diagnosis is corrected: {line.then}."
    yield "Otherwise a person decides: the policy's silence is no ground to deny."


def investigational(line: Line) -> Iterator[str]:
    yield from appeal.contract_ground(line)
    if line.row["trial_evidence"] is None:
        yield (
            "Evidence of a clinical trial on the claim (modifier Q0 or Q1, ICD-10-CM diagnosis Z00.6, a trial number,"
            " condition code 30, an investigational device exemption number, value code D4): a person would review the"
            " line."
        )
    yield f"A corrected program ({line.row['program']} by {line.row['program_basis']}): {line.other_programs}."
    if line.version and line.version.statement.scope is IndicationScope.SOLID_TUMORS:
        yield "Corrected diagnoses, none a malignant solid tumor: a person would review, as the policy is silent."
    yield from appeal.code_and_date_ground(line)
    yield from appeal.other_grounds(line)


def policy_stale(line: Line) -> Iterator[str]:
    """A denial that the run suspends: what the review may bring, and what would overturn the denial behind it."""
    behind = next(edit for edit in line.row["edits"] if edit in EDIT_IDS)
    yield f"Missing fact: whether {line.version_name} still holds. {_capital(appeal.overdue(line))}"
    yield "A person asks the owner of the policy for its last review."
    yield (
        "If the policy was reviewed in time and stands as it is, add the date of the review to rules/policies:"
        f" {behind} decides ({Disposition.DENY})."
    )
    yield from CHANGES[behind](line)


CHANGES: dict[str, Callable[[Line], Iterator[str]]] = {
    tell.__name__.replace("_", "-"): tell
    for tell in (
        line_superseded, unlisted_code_out_of_scope, code_not_valid_on_dos, payer_not_on_file, dos_spans_boundary,
        policy_not_in_force, guidance_research_only, program_conflict, program_unknown, program_exception_refer,
        program_exception_review, program_silent, contract_covers, contract_review, contract_excludes,
        prior_authorization, facts_in_doubt, unlisted_code, code_not_listed, trial_context, indication_unknown,
        indication_not_addressed, investigational, policy_stale,
    )
}  # fmt: skip
