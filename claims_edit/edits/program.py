"""Edits on the policy in force and the program: whether a version is in force, and its rule on the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits.conditions import IN_FORCE, UNDER_FUNDING, any_version
from claims_edit.edits.edit import Condition, edit
from claims_edit.edits.phrases import capital, listed, lower, period
from claims_edit.edits.sentences import Lacking, change, note
from claims_edit.model import PolicyKind, ProgramRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.edits.edit import Decidable
    from claims_edit.edits.line import Line
    from claims_edit.edits.sentences import Sentence

RULE = pl.col("program_rule")


def _no_payer(_line: Line) -> str:
    return "Needs a recognized payer."


def _was_in_force(line: Line) -> str:
    return f"{capital(line.version_name)} was in force on {line.start}."


PAYER_KNOWN = Condition("the payer is known", pl.col("payer").is_not_null(), _no_payer)


def _history(line: Line) -> str:
    if line.facts["in_force"]:
        return _was_in_force(line)
    return f"No policy of {line.facts['payer']} has an unknown history on {line.start}."


def _any_unknown(pack: Decidable) -> bool:
    return any(policy.before_first_version.was == "unknown" for policy, _ in pack.versions)


@edit(
    PAYER_KNOWN,
    Condition("what was before the first version on file is not known", pl.col("history_unknown"), _history),
    ground=_any_unknown,
    ask="Ask the policy's owner which policy was in force on the date of service.",
)
def policy_history_unknown(line: Line) -> Iterator[Sentence]:
    """The start date is before the first version on file, and what was in force then is not known.

    The payer is known, its first version on file begins later, and the policy file does not say that there was none
    before: an earlier edition may have denied the service. Source: the policy's `before_first_version`.
    """
    for policy in line.policies:
        if policy.before_first_version.was == "unknown":
            first = min(version.from_.date for version in policy.versions)
            yield note(f"The first version of {policy.id} on file begins on {first}.")
    yield change(
        Lacking.POLICY,
        "If an earlier edition was in force, add it as a version with its citation; if there was none, say so in"
        " before_first_version with its citation: the line would pass.",
    )


@edit(
    PAYER_KNOWN,
    Condition("no version of its policy is in force on the start date", ~pl.col("in_force"), _was_in_force),
    may_pass=True,
)
def policy_not_in_force(line: Line) -> Iterator[Sentence]:
    """The payer has no policy in force on the start date.

    The payer is known, and no version of its policy on this service is in force on the first service day: nothing
    supports a denial. For a payer that follows guidance by tumor site, none on the site has been published yet.
    Source: the versions' periods.
    """
    if not line.policies:
        yield note(f"The rules have no policy of {line.row['payer']} on this service, so nothing supports a denial.")
    for policy in line.policies:
        periods = listed(map(period, policy.versions))
        yield note(f"{policy.id} was not in force on {line.start}; it is in force {periods}.")


def _one_policy(line: Line) -> str:
    if line.policy is None:
        return "Needs a policy of the payer on the service."
    return f"{line.facts['policy_id']} decides the line; no other policy of {line.facts['payer']} says otherwise."


@edit(
    IN_FORCE,
    Condition("which of the payer's policies decides is not settled", pl.col("contending").is_not_null(), _one_policy),
    ask="Ask the policies' owner which of them decides the line.",
)
def policy_unsettled(line: Line) -> Iterator[Sentence]:
    """Which of the payer's policies decides the line is not settled.

    Several policies of the payer on the service address the line, or may, with different outcomes and no order between
    them; or one is in force and none is about the line. Source: the policies' scopes and order.
    """
    named = f" ({line.known['contending']})" if line.known and line.known.get("contending") else ""
    yield change(Lacking.POLICY, f"Missing fact: which policy of the payer decides the line{named}.")
    yield change(
        Lacking.POLICY,
        "A person decides which one applies; an `order` or a narrower `scope` in rules/policies decides such lines.",
    )


def _any_guidance(pack: Decidable) -> bool:
    return any(policy.kind is PolicyKind.GUIDANCE for policy, _ in pack.versions)


def _funds(line: Line) -> str:
    return f"{line.facts['policy_id']} is a funding policy, not guidance."


@edit(
    IN_FORCE,
    Condition("the policy is guidance", ~pl.col("funding"), _funds),
    ground=_any_guidance,
    ask="Ask the provider whether the service belongs to a trial or a research register.",
)
def guidance_research_only(line: Line) -> Iterator[Sentence]:
    """The payer's document is guidance, not a funding policy.

    Clinical guidance decides no payment, so a person does. Guidance by tumor site counts from the first day of the
    guidance on the site. Source: the version's kind.
    """
    if line.in_force:
        policy, version = line.in_force
        reference = line.row["policy_reference"] or policy.reference
        yield change(
            Lacking.POLICY,
            f"Missing fact: a funding decision. {reference} is guidance: {lower(version.applies_to.says)}",
        )
    yield change(
        Lacking.TRIAL,
        "A person decides with the body that funds the service; evidence of a trial or a research register helps.",
    )
    yield change(Lacking.POLICY, "A funding policy of this payer in rules/policies would decide.")


def _signals(line: Line) -> str:
    """Which signals name the program, in words."""
    basis = line.facts["program_basis"]
    if line.facts["program_signals_differ"]:
        return f"{basis} disagree, so there is no one program."
    if basis is None:
        return "No signal gives a program."
    alone = " alone names" if "," not in basis else " agree on"
    return f"{basis}{alone} the program: {line.facts['program']}."


@edit(
    IN_FORCE,
    Condition("the program's signals disagree", pl.col("program_signals_differ"), _signals),
    ask="Ask the sender for the member's program on the day of service, or look it up.",
)
def program_conflict(line: Line) -> Iterator[Sentence]:
    """Two program signals disagree.

    Line of business, SBR09, member-id shape and the name of the plan name two different programs, so neither is
    used. Source: rules/programs.yaml.
    """
    basis = line.row["program_basis"] or "the program's signals"
    yield note(f"Conflicting fact: the program. {basis} name different programs{_signal_values(line)}.")
    yield change(Lacking.PROGRAM, "Find the member's program on the day of service, and correct the wrong column.")
    yield from _by_program(line)


def _signal_values(line: Line) -> str:
    """The values of the signals, where available; a member id is not repeated."""
    basis = line.row["program_basis"] or ""
    shown = [
        f"{column} {line.known[column]}"
        for column in ("line_of_business", "claim_filing_indicator_code", "plan")
        if line.known and line.known.get(column) and column in basis
    ]
    if "member_id" in basis:
        shown.append("the shape of member_id")
    return f" ({listed(shown)})" if line.known and shown else ""


@edit(
    IN_FORCE,
    Condition("no signal gives a program", pl.col("program_basis").is_null(), _signals),
    ground=any_version,
    ask="Ask the sender for the member's program on the day of service, or look it up.",
)
def program_unknown(line: Line) -> Iterator[Sentence]:
    """Nothing on the line names the program.

    No signal gives a program, and the policy's exceptions are by program. Source: rules/programs.yaml.
    """
    yield change(
        Lacking.PROGRAM,
        "Missing fact: the program. Neither line_of_business, claim_filing_indicator_code, the shape of member_id nor"
        " the name of the plan gives it.",
    )
    yield from _by_program(line)


def _by_program(line: Line) -> Iterator[Sentence]:
    """The outcome with one program."""
    if line.version is None:
        return
    if line.programs:
        yield change(Lacking.PROGRAM, f"If it is {listed(line.programs, 'or')}, the policy applies: {line.then}.")
    yield change(Lacking.PROGRAM, f"Other programs: {line.other_programs}.")


def _no_one_program(line: Line) -> str:
    return f"Needs one program. {_signals(line)}"


def _rule(line: Line) -> str:
    """The version's rule on the program."""
    if line.facts["program_rule"] is None:
        return f"{capital(line.version_name)} does not address {line.facts['program']}."
    words = {"applies": "applies to", "refer": "leaves to other rules", "review": "leaves to a person"}
    return f"{capital(line.version_name)} {words[line.facts['program_rule']]} {line.facts['program']}."


ONE_PROGRAM = Condition("one program is known", pl.col("program").is_not_null(), _no_one_program)
REFERRED = Condition("other rules decide the program", RULE.eq_missing(pl.lit(ProgramRule.REFER)), _rule)
REVIEWED = Condition("a person decides the program", RULE.eq_missing(pl.lit(ProgramRule.REVIEW)), _rule)
SILENT = Condition("the version does not name the program", RULE.is_null(), _rule)


@edit(*UNDER_FUNDING, ONE_PROGRAM, REFERRED)
def program_exception_refer(line: Line) -> Iterator[Sentence]:
    """The policy leaves the program to other rules.

    The version states that this program follows other rules, or that the policy does not apply to it. Source: the
    version's program exceptions.
    """
    rule = line.rules.program_rule(line.row)
    if rule:
        yield note(f"Rules to follow: {lower(rule['says'])} ({rule['citation']})")
    yield note(f"Send the line to where {_program(line)} is decided; this policy must not decide it.")
    yield from _if_other_program(line)


@edit(*UNDER_FUNDING, ONE_PROGRAM, REVIEWED, ask="Ask the program for its rules on the service on the day of service.")
def program_exception_review(line: Line) -> Iterator[Sentence]:
    """The policy leaves the program to a person.

    The version excepts this program without stating which rules apply. Source: the version's program exceptions.
    """
    rule = line.rules.program_rule(line.row)
    if rule:
        yield change(
            Lacking.POLICY, f"Missing fact: the rules for {_program(line)}. {rule['says']} ({rule['citation']})"
        )
    yield change(
        Lacking.POLICY,
        "A person looks for a national or local determination or other rules of the program on the day of service.",
    )
    yield from _if_other_program(line)


@edit(*UNDER_FUNDING, ONE_PROGRAM, SILENT, ask="Ask the policy's owner whether the policy applies to the program.")
def program_silent(line: Line) -> Iterator[Sentence]:
    """The policy does not name the program.

    The version neither applies to this program nor excepts it, which does not support a denial. Source: the
    version's program list.
    """
    yield change(
        Lacking.POLICY,
        f"Missing fact: whether the policy applies to {_program(line)}. It applies to"
        f" {listed(line.programs) or 'no program by name'}, and does not address this one.",
    )
    yield change(Lacking.POLICY, "A person asks the policy's owner, or finds the rules of the program.")
    yield from _if_other_program(line)


def _program(line: Line) -> str:
    known = line.rules.programs.get(line.row["program"])
    return f"{known.label} ({line.row['program']})" if known else str(line.row["program"])


def _if_other_program(line: Line) -> Iterator[Sentence]:
    if line.programs:
        yield change(
            Lacking.PROGRAM,
            f"The program is known from {line.row['program_basis']}. If that is wrong and it is"
            f" {listed(line.programs, 'or')}: {line.then}.",
        )
