"""An explanation as titled sections of plain text, in a reviewer's order; each format renders these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from claims_edit.edits.phrases import listed
from claims_edit.report.explain.line_explanations import REMITTANCE

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[str, ...]

_IN_POLICY = {"policy_id", "policy_version"}  # facts that the section on the policy repeats
_SCOPES = {"all_indications": "all indications", "solid_tumors": "solid tumors"}


class Studies(Enum):
    """Where an explanation has the studies on a tumor site."""

    IN_FULL = auto()  # at its end
    COUNTED = auto()  # in other formats
    IN_APPENDIX = auto()  # in a file of many explanations, with other documents than the payer's: it fits two pages


@dataclass(frozen=True)
class Section:
    """Plain text that no format has escaped yet: paragraphs, then a table, then points, then smaller sections.

    `link`, at the end, is a text and the name of a file in the same folder; only Markdown has one.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    head: Row = ()
    rows: tuple[Row, ...] = ()
    points: tuple[str, ...] = ()
    parts: tuple[Section, ...] = ()
    link: tuple[str, str] | None = None


@dataclass(frozen=True)
class Article:
    """One explanation: its title, the outcome and location of the row, and its sections."""

    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]


def article(explanation: dict[str, Any], *, studies: Studies = Studies.IN_FULL, appendix: str = "") -> Article:
    """An explanation of any kind; `appendix` is the name of the file with its studies, if they are in one."""
    match explanation["kind"]:
        case "decision":
            return _decision(explanation, studies, appendix)
        case "accepted":
            return _accepted(explanation)
        case _:
            return _refusal(explanation)


def _decision(decided: dict[str, Any], studies: Studies, appendix: str) -> Article:
    gone = ", not current" if (life := decided.get("life")) and not life["is_current"] else ""
    title = f"Claim {decided['claim_id']} line {decided['claim_line_number']}: {decided['disposition'].upper()}{gone}"
    lead = (
        f"{decided['reason']} ({decided['reason_code']})",
        f"Source: {decided['citation'] or 'none'}",
        f"{_where(decided)}; rules {decided['rules_hash']}",
        *((life["status"],) if life and _has_changed(life) else ()),
    )
    sections = (*_grounds(decided, studies, appendix), *_of_line(decided, brief=studies is Studies.IN_APPENDIX))
    in_full = (_studies(decided),) if studies is Studies.IN_FULL and has_studies(decided) else ()
    return Article(title, lead, (*sections, *in_full))


def _grounds(decided: dict[str, Any], studies: Studies, appendix: str) -> Iterator[Section]:
    """The payer's policy, what it bases the policy on, and what would change the outcome."""
    if decided["policy"]:
        yield Section("Policy", rows=tuple(_policy(decided["policy"], decided["program_rule"])))
    if decided["liability"]:
        yield Section("Liability", paragraphs=(_liability(decided["liability"]),))
    if decided["evidence"] or decided["evidence_note"]:
        yield _evidence(decided, studies, appendix)
    if decided["notes"]:
        yield Section("Notes", points=tuple(decided["notes"]))
    if decided["changes"]:
        yield Section("What would change the outcome", points=tuple(decided["changes"]))
    if (life := decided.get("life")) and _has_changed(life):
        nights = tuple((_days(night), night["what"]) for night in life["nights"])
        yield Section("The line, night by night", head=("night", "what happened"), rows=nights)


def _has_changed(life: dict[str, Any]) -> bool:
    """Whether there is more to tell than one decision."""
    return len(life["nights"]) > 1 or not life["is_current"]


def _days(night: dict[str, Any]) -> str:
    return str(night["as_of"]) if night["as_of"] == night["until"] else f"{night['as_of']} to {night['until']}"


def _of_line(decided: dict[str, Any], *, brief: bool) -> Iterator[Section]:
    yield _facts([fact for fact in decided["facts"] if not (brief and fact["name"] in _IN_POLICY)])
    hits = tuple((edit["id"], edit["label"], _role(edit)) for edit in decided["edits"])
    yield Section("Edits triggered, in order", head=("edit", "meaning", "role"), rows=hits)
    if "not_hit" in decided:
        misses = tuple((miss["id"], miss["why"]) for miss in decided["not_hit"])
        yield Section("Edits not triggered", head=("edit", "why"), rows=misses)
    remittance = tuple((label, text(decided[name])) for name, label in REMITTANCE.items() if _given(decided[name]))
    if remittance and brief:
        yield Section("Remittance", paragraphs=("; ".join(f"{label} {value}" for label, value in remittance),))
    elif remittance:
        yield Section("Remittance", rows=remittance)
    guidance = [entry for entry in decided["guidance"] if entry["in_force"] or not brief]
    if guidance:
        yield Section("Guidance on the tumor site", points=tuple(map(_guidance, guidance)))


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
    as_if = "a draft, as if " if policy["as_if_in_force"] else ""

    def inside(citation: str) -> str:
        """A citation without the title of the document, where the policy has only one."""
        return (
            citation.removeprefix(f"{policy['documents'][0]['title']}, ") if len(policy["documents"]) == 1 else citation
        )

    found = "; a found draft, unverified" if policy["unverified"] else ""
    yield "policy", f"{policy['title']} ({policy['reference']}); {policy['kind']}; {policy['id']}{found}"
    for document in policy["documents"]:
        yield "document", f"{document['title']}; {document['publisher']}"
    yield (
        "version",
        (
            f"{policy['version']}: {as_if}in force from {policy['in_force_from']}"
            f" ({inside(policy['in_force_from_citation'])}), {until}"
        ),
    )
    yield "statement", f"{policy['statement']} ({inside(policy['statement_citation'])})"
    yield "scope", _SCOPES.get(policy["statement_scope"], policy["statement_scope"])
    yield "codes", f"{listed(policy['codes_listed']) or 'none'} ({inside(policy['codes_citation'])})"
    if rule:
        yield "program", f"{rule['program']}: {rule['rule']}. {rule['says']} ({inside(rule['citation'])})"
    for name, key in (("reviewed", "reviewed"), ("next review", "next_review")):
        if policy[key]:
            yield name, f"{policy[key]} ({inside(policy[f'{key}_citation'])})"


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


def _evidence(decided: dict[str, Any], studies: Studies, appendix: str) -> Section:
    """What the documents conclude on the tumor site, the payer's own first, and where each study is."""
    elsewhere = {
        Studies.IN_FULL: "Each study is at the end.",
        Studies.COUNTED: "Each study: --format md, html or json.",
        Studies.IN_APPENDIX: "",
    }
    found, brief = has_studies(decided), studies is Studies.IN_APPENDIX
    note = (decided["evidence_note"],) if decided["evidence_note"] else ()
    where = (elsewhere[studies],) if found and elsewhere[studies] else ()
    documents = tuple(
        Section(_titled(document), paragraphs=(*_conclusions(document), *(() if brief else (_number(document),))))
        for document in decided["evidence"]
        if document["of_payer"] or not brief
    )
    return Section(
        _on_site("Evidence", decided),
        paragraphs=(*note, *where),
        parts=documents,
        link=("Each study and document: ", appendix) if appendix else None,
    )


def has_studies(decided: dict[str, Any]) -> bool:
    """Whether a document of the decision describes a study on its tumor site."""
    return any(document["studies"] for document in decided["evidence"])


def _studies(decided: dict[str, Any]) -> Section:
    """Each study on a decision's tumor site, by the document that describes it."""
    documents = tuple(
        Section(_titled(document), points=tuple(_study(study, document) for study in document["studies"]))
        for document in decided["evidence"]
        if document["studies"]
    )
    return Section(_on_site("Studies", decided), parts=documents)


def evidence_in_full(decided: dict[str, Any]) -> Section:
    """The conclusions and studies of every document on a decision's tumor site, the payer's own first."""
    documents = tuple(
        Section(
            _titled(document),
            paragraphs=tuple(_conclusions(document)),
            points=tuple(_study(study, document) for study in document["studies"]),
        )
        for document in decided["evidence"]
    )
    return Section(_on_site("Evidence", decided), parts=documents)


def _on_site(what: str, decided: dict[str, Any]) -> str:
    return f"{what}: {decided['site']['label']}" if decided["site"] else what


def _titled(document: dict[str, Any]) -> str:
    return f"{document['document']} (the payer's own)" if document["of_payer"] else str(document["document"])


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
