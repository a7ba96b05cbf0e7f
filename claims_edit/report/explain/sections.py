"""An explanation as titled sections of plain text, in a reviewer's order; each format renders these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from claims_edit.edits.phrases import listed
from claims_edit.report.explain.line_explanations import REMITTANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[str, ...]

_SCOPES = {"all_indications": "all indications", "solid_tumors": "solid tumors"}


class Studies(Enum):
    """How much an explanation shows of the studies on a tumor site."""

    IN_FULL = auto()
    COUNTED = auto()
    LEFT_OUT = auto()


@dataclass(frozen=True)
class Section:
    """Plain text that no format has escaped yet: paragraphs, then a table, then points, then smaller sections."""

    title: str
    paragraphs: tuple[str, ...] = ()
    head: Row = ()
    rows: tuple[Row, ...] = ()
    points: tuple[str, ...] = ()
    parts: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Article:
    """One explanation: its title, the outcome and location of the row, and its sections."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]


def article(explanation: dict[str, Any], *, studies: Studies = Studies.IN_FULL) -> Article:
    """An explanation of any kind; its evidence may be counted only, or left to a section that several lines share."""
    match explanation["kind"]:
        case "decision":
            decision = _decision(explanation)
            if studies is Studies.LEFT_OUT:
                return decision
            counted = studies is Studies.COUNTED
            return replace(decision, sections=(*decision.sections, evidence(explanation, counted=counted)))
        case "accepted":
            return _accepted(explanation)
        case _:
            return _refusal(explanation)


def _decision(decided: dict[str, Any]) -> Article:
    title = f"Claim {decided['claim_id']} line {decided['claim_line_number']}: {decided['disposition'].upper()}"
    lead = (
        f"{decided['reason']} ({decided['reason_code']})",
        f"Source: {decided['citation'] or 'none'}",
        _where(decided),
    )
    return Article(title, lead, tuple(_decision_sections(decided)))


def _decision_sections(decided: dict[str, Any]) -> Iterator[Section]:
    yield _facts(decided["facts"])
    hits = tuple((edit["id"], edit["label"], _role(edit)) for edit in decided["edits"])
    yield Section("Edits triggered, in order", head=("edit", "meaning", "role"), rows=hits)
    if "not_hit" in decided:
        misses = tuple((miss["id"], miss["why"]) for miss in decided["not_hit"])
        yield Section("Edits not triggered", head=("edit", "why"), rows=misses)
    if decided["policy"]:
        yield Section("Policy", rows=tuple(_policy(decided["policy"], decided["program_rule"])))
    if decided["liability"]:
        yield Section("Liability", paragraphs=(_liability(decided["liability"]),))
    remittance = tuple((label, text(decided[name])) for name, label in REMITTANCE.items() if _given(decided[name]))
    if remittance:
        yield Section("Remittance", rows=remittance)
    if decided["guidance"]:
        yield Section("Guidance on the tumor site", points=tuple(map(_guidance, decided["guidance"])))
    if decided["changes"]:
        yield Section("What would change the outcome", points=tuple(decided["changes"]))
    yield Section("Rules", paragraphs=(decided["rules_hash"],))


def _facts(facts: list[dict[str, Any]]) -> Section:
    known = tuple(
        (fact["name"], text(fact["value"]), f"from {fact['source']}") for fact in facts if _given(fact["value"])
    )
    missing = [fact["name"] for fact in facts if not _given(fact["value"])]
    points = (f"not available: {', '.join(missing)}",) if missing else ()
    return Section("Facts", head=("fact", "value", "from"), rows=known, points=points)


def _role(edit: dict[str, Any]) -> str:
    if edit["decided"]:
        return "<- decided"
    return "informational" if edit["informational"] else ""


def _policy(policy: dict[str, Any], rule: dict[str, Any] | None) -> Iterator[Row]:
    until = f"until {policy['in_force_until']}" if policy["in_force_until"] else "no end date"
    yield "policy", f"{policy['title']} ({policy['reference']}); {policy['kind']}; {policy['id']}"
    for document in policy["documents"]:
        yield "document", f"{document['title']}; {document['publisher']}"
    yield (
        "version",
        (f"{policy['version']}: in force from {policy['in_force_from']} ({policy['in_force_from_citation']}), {until}"),
    )
    yield "statement", f"{policy['statement']} ({policy['statement_citation']})"
    yield "scope", _SCOPES.get(policy["statement_scope"], policy["statement_scope"])
    yield "codes", f"{listed(policy['codes_listed']) or 'none'} ({policy['codes_citation']})"
    if rule:
        yield "program", f"{rule['program']}: {rule['rule']}. {rule['says']} ({rule['citation']})"
    for name, key in (("reviewed", "reviewed"), ("next review", "next_review")):
        if policy[key]:
            yield name, f"{policy[key]} ({policy[f'{key}_citation']})"


def _liability(liability: dict[str, Any]) -> str:
    bearer = f" ({liability['bearer']})" if liability["bearer"] else ""
    return (
        f"{liability['group_code']}{bearer}, per the {_BASES[liability['basis']]}: {liability['says']}"
        f" ({liability['citation']})"
    )


_BASES = {"contract": "contract", "policy": "policy", "default": "rules' default"}


def _guidance(entry: dict[str, Any]) -> str:
    status = "in force on the start date" if entry["in_force"] else "superseded"
    return f"{entry['id']}, published {entry['out_from']}, {status}: {entry['says']} ({entry['citation']})"


def evidence(decided: dict[str, Any], *, counted: bool = False) -> Section:
    """The studies on a decision's tumor site, by the document that describes them; `counted`: how many they are."""
    site = decided["site"]
    title = f"Evidence: {site['label']}" if site else "Evidence"
    note = (decided["evidence_note"],) if decided["evidence_note"] else ()
    documents = tuple(
        Section(
            document["document"] + (" (the payer's own)" if document["of_payer"] else ""),
            paragraphs=(*_conclusions(document), *((_number(document),) if counted else ())),
            points=() if counted else tuple(_study(study, document) for study in document["studies"]),
        )
        for document in decided["evidence"]
    )
    elsewhere = ("Each study: --format md, html or json.",) if counted and documents else ()
    return Section(title, paragraphs=(*note, *elsewhere), parts=documents)


def _conclusions(document: dict[str, Any]) -> Iterator[str]:
    yield f"Concludes: {document['conclusion']} ({_inside(document['citation'], document)})"
    if on_site := document["on_site"]:
        yield f"On this site: {on_site['conclusion']} ({_inside(on_site['citation'], document)})"


def _number(document: dict[str, Any]) -> str:
    number = len(document["studies"])
    return f"{number} {'study' if number == 1 else 'studies'} on this site."


def _inside(citation: str, document: dict[str, Any]) -> str:
    """A citation under the heading of its document, without repeating the title."""
    return citation.removeprefix(f"{document['document']}, ")


def _study(study: dict[str, Any], document: dict[str, Any]) -> str:
    size = f"n = {study['n']}" if study["n"] is not None else "n not given"
    figures = f" Figures: {'; '.join(study['figures'])}." if study["figures"] else ""
    return (
        f"{study['reference']}. {study['design']}; {size}; follow-up: {study['follow_up']}.{figures}"
        f" Conclusion: {study['conclusion']} ({_inside(study['citation'], document)})"
    )


def _accepted(accepted: dict[str, Any]) -> Article:
    line = accepted["claim_line_number"]
    title = f"Claim {accepted['claim_id']} line {line}: ACCEPTED, not a candidate for an edit"
    return Article(title, (accepted["why"], _where(accepted)), (_facts(accepted["facts"]),))


def _refusal(refused: dict[str, Any]) -> Article:
    claim = f" of claim {refused['claim_id']}" if refused["claim_id"] else ""
    title = f"Row {refused['source_row']}{claim}: REFUSED, so no decision was made"
    lead = (
        f"Failed checks: {', '.join(refused['failed_checks'])}",
        f"Candidate code on the row: {'yes' if refused['candidate_code'] else 'no'}",
        *_first(refused),
        _where(refused),
        "Correct the row at its source and resend it.",
    )
    return Article(title, lead, ())


def _first(refused: dict[str, Any]) -> Iterator[str]:
    """The location of the line that the row repeats."""
    if refused["first_source_file"] is not None:
        yield f"The same claim line: {refused['first_source_file']} row {refused['first_source_row']}"


def _where(each: dict[str, Any]) -> str:
    shadow = " (shadow run, not counted)" if each["mode"] == "shadow" else ""
    return f"Row {each['source_row']} of {each['source_file']}; run {each['run_id']}{shadow}"


def _given(value: object) -> bool:
    return value is not None and value != []


def text(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
