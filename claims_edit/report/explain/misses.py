"""Why an edit did not hit, edit by edit, from the facts that the line was decided on.

An edit is evaluated only where its facts exist; where one is missing, that is the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.edits import EDITS, LABELS
from claims_edit.model import CodeKind, Coverage, IndicationScope
from claims_edit.report.explain.words import listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.report.explain.line import Line


def not_hit(line: Line) -> list[dict[str, str]]:
    """Each edit that did not hit, in order: `id, label, why`.

    Raises:
        ValueError: the facts of the line are not at hand.
    """
    hit = set(line.row["edits"])
    return [
        {"id": edit.id, "label": LABELS[edit.id], "why": MISSES[edit.id](line)} for edit in EDITS if edit.id not in hit
    ]


def _no_version(line: Line) -> str | None:
    """Why no policy version can speak, where none can."""
    if line.facts["payer"] is None:
        return "Needs a policy version in force, and the payer is not on file."
    if not line.facts["in_force"]:
        return f"Needs a policy version in force, and none of {line.facts['payer']} was on {line.start}."
    return None


def _no_funding(line: Line) -> str | None:
    """Why no funding policy can speak, where none can."""
    if (missing := _no_version(line)) is not None:
        return missing
    if not line.facts["funding"]:
        return f"Needs a funding policy, and {line.facts['policy_id']} is guidance."
    return None


def _signal(line: Line) -> str:
    """Which signals name the program, in words."""
    if line.facts["program_signals_differ"]:
        return f"{line.facts['program_basis']} disagree, so there is no one program."
    if line.facts["program_basis"] is None:
        return "No signal gives a program."
    alone = " alone names" if "," not in line.facts["program_basis"] else " agree on"
    return f"{line.facts['program_basis']}{alone} the program: {line.facts['program']}."


def line_superseded(line: Line) -> str:
    return (
        f"The claim is no void (claim_frequency_code {line.facts['claim_frequency_code']}), and no other claim of the"
        " run replaces or voids it."
    )


def unlisted_code_out_of_scope(line: Line) -> str:
    if line.facts["code_kind"] != CodeKind.UNLISTED:
        return f"{line.code} names the service itself; it is no catch-all code."
    return f"{line.code} is on the payer's code list on a day of the service."


def code_not_valid_on_dos(line: Line) -> str:
    first, last = line.facts["valid_from"], line.facts["valid_until"]
    if first is None and last is None:
        return f"{line.code} is valid throughout."
    period = " ".join(filter(None, (f"from {first}" if first else "", f"until {last}" if last else "")))
    return f"{line.code} is valid {period}, and the service was {line.days}."


def payer_not_on_file(line: Line) -> str:
    return f"The payer's name stands for {line.facts['payer']} in rules/payers.yaml."


def dos_spans_boundary(line: Line) -> str:
    if line.start == line.end:
        return f"The service was on one day, {line.start}."
    if line.facts["payer"] is None:
        return f"The code's validity does not change {line.days}, and no policy is known without a payer on file."
    return f"Neither a policy version of {line.facts['payer']} nor the code's validity changes {line.days}."


def policy_not_in_force(line: Line) -> str:
    if line.facts["payer"] is None:
        return "Needs a payer on file."
    return f"Version {line.facts['policy_version']} of {line.facts['policy_id']} was in force on {line.start}."


def guidance_research_only(line: Line) -> str:
    return _no_version(line) or f"{line.facts['policy_id']} is a funding policy, not guidance."


def program_conflict(line: Line) -> str:
    return _no_version(line) or _signal(line)


def program_unknown(line: Line) -> str:
    return _no_version(line) or _signal(line)


def program_rule(line: Line) -> str:
    """The three edits on what the version says of the program share their reasons."""
    if (missing := _no_funding(line)) is not None:
        return missing
    if line.facts["program"] is None:
        return f"Needs one program. {_signal(line)}"
    if line.facts["program_rule"] is None:
        return f"{_version(line)} does not speak of {line.facts['program']}."
    words = {"applies": "applies to", "refer": "leaves to other rules", "review": "leaves to a person"}
    return f"{_version(line)} {words[line.facts['program_rule']]} {line.facts['program']}."


def _version(line: Line) -> str:
    return f"Version {line.facts['policy_version']} of {line.facts['policy_id']}"


def contract(line: Line) -> str:
    """The three edits on contracts share their reasons."""
    if (missing := _no_version(line)) is not None:
        return missing
    if not line.had_contracts:
        return "The run had no contracts file."
    if line.facts["group_id"] is None:
        return "Needs a group, and the line has no group_id."
    said = [coverage.value for coverage in Coverage if line.facts[f"contract_{coverage}"]]
    if not said:
        return f"No contract of the group that speaks of the service was in force on {line.start}."
    return f"The contract of the group in force on {line.start} says: {listed(said)}."


def prior_authorization(line: Line) -> str:
    return _no_version(line) or "The line and its claim carry no prior authorization number."


def facts_in_doubt(line: Line) -> str:
    return _no_version(line) or "Nothing on the line or its claim is in doubt."


def unlisted_code(line: Line) -> str:
    if line.facts["code_kind"] != CodeKind.UNLISTED:
        return f"{line.code} names the service itself; it is no catch-all code."
    return _no_version(line) or f"{_version(line)} does not list {line.code}."


def code_not_listed(line: Line) -> str:
    if line.facts["code_kind"] == CodeKind.UNLISTED:
        return f"{line.code} is a catch-all code; the edit is about codes that name the service."
    return _no_funding(line) or f"{_version(line)} lists {line.code}."


def trial_context(line: Line) -> str:
    return _no_version(line) or (
        "No modifier Q0 or Q1, no diagnosis Z00.6, no trial number, no condition code 30, no investigational device"
        " exemption number and no value code D4."
    )


def _scope(line: Line) -> str | None:
    if (missing := _no_funding(line)) is not None:
        return missing
    if line.facts["indication_scope"] != IndicationScope.SOLID_TUMORS:
        return f"{_version(line)} speaks of all indications."
    return None


def indication_unknown(line: Line) -> str:
    return _scope(line) or f"The diagnoses are usable; the tumor site is {line.facts['site_class']}."


def indication_not_addressed(line: Line) -> str:
    if (other := _scope(line)) is not None:
        return other
    if line.facts["site_class"] is None:
        return "Needs a usable diagnosis, and the line has none."
    return f"A diagnosis of the line is a malignant solid tumor: {line.facts['site_class']}."


def investigational(line: Line) -> str:
    return _no_funding(line) or f"{_version(line)} does not list {line.code}."


def code_site_mismatch(line: Line) -> str:
    if not line.facts["solid_tumor"]:
        return "Needs a malignant solid tumor among the diagnoses, and there is none."
    rules = line.procedure.sites if line.procedure else ()
    if not rules:
        return f"{line.code} is not confined to tumor sites."
    begun = [rule for rule in rules if rule.from_.date <= line.start]
    if not begun:
        return f"{line.code} is confined to tumor sites only from {min(rule.from_.date for rule in rules)}."
    return f"{line.code} fits a tumor site of the line: {listed(line.facts['solid_sites'])}."


def policy_stale(line: Line) -> str:
    if (missing := _no_version(line)) is not None:
        return missing
    if line.facts["stale_after"] is None:
        return f"{_version(line)} gives no review date."
    due = line.facts["stale_after"]
    return f"The review of {line.facts['policy_id']} was due by {due}; the service began on {line.start}."


def guidance_note(line: Line) -> str:
    if line.facts["site_class"] is None:
        return "Needs a tumor site, and the line has no usable diagnosis."
    return f"No guidance on {line.facts['site_class']} was out on {line.start}."


MISSES: dict[str, Callable[[Line], str]] = {
    "program-exception-refer": program_rule,
    "program-exception-review": program_rule,
    "program-silent": program_rule,
    "contract-covers": contract,
    "contract-review": contract,
    "contract-excludes": contract,
    **{
        why.__name__.replace("_", "-"): why
        for why in (
            line_superseded, unlisted_code_out_of_scope, code_not_valid_on_dos, payer_not_on_file, dos_spans_boundary,
            policy_not_in_force, guidance_research_only, program_conflict, program_unknown, prior_authorization,
            facts_in_doubt, unlisted_code, code_not_listed, trial_context, indication_unknown,
            indication_not_addressed, investigational, code_site_mismatch, policy_stale, guidance_note,
        )
    },
}  # fmt: skip
