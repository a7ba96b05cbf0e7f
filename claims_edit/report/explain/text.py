"""Explanations as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.report.explain.lines import REMITTANCE
from claims_edit.report.table_format import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

_INDENT = "  "
_LABELS = {
    "group_code": "CAS group code",
    "carc": "CARC",
    "rarcs": "RARC",
    "adjustment_amount": "adjustment",
    "policy_reference": "835 REF*0K",
    "liability_basis": "liability from",
}


def explanation_text(explanations: list[dict[str, Any]]) -> str:
    """All explanations as plain text, with an empty line between them."""
    texts = ["\n".join(_decision(each) if each["kind"] == "decision" else _refusal(each)) for each in explanations]
    return "\n\n".join(texts) + "\n"


def _decision(decided: dict[str, Any]) -> Iterator[str]:
    yield f"Claim {_text(decided['claim_id'])} line {decided['claim_line_number']}: {decided['disposition'].upper()}"
    yield f"{_INDENT}{_text(decided['reason'])} ({decided['reason_code']})"
    yield f"{_INDENT}By: {_text(decided['citation']) or 'no document'}"
    yield from _where(decided)
    yield "Facts"
    known = [fact for fact in decided["facts"] if fact["value"] not in (None, [])]
    missing = [fact["name"] for fact in decided["facts"] if fact["value"] in (None, [])]
    yield from _columns([(fact["name"], _text(fact["value"]), f"from {fact['source']}") for fact in known])
    if missing:
        yield f"{_INDENT}not known: {', '.join(missing)}"
    yield "Edits that hit, in order"
    yield from _columns([(edit["id"], edit["label"], _role(edit)) for edit in decided["edits"]])
    remittance = [(_LABELS[name], _text(decided[name]), "") for name in REMITTANCE if decided[name] not in (None, [])]
    if remittance:
        yield "Remittance"
        yield from _columns(remittance)
    yield f"Rules {decided['rules_hash']}"


def _refusal(refused: dict[str, Any]) -> Iterator[str]:
    claim = f" of claim {_text(refused['claim_id'])}" if refused["claim_id"] else ""
    yield f"Row {refused['source_row']}{claim}: REFUSED, so no decision was made on it"
    yield f"{_INDENT}Failed checks: {', '.join(refused['failed_checks'])}"
    yield f"{_INDENT}Candidate code on the row: {'yes' if refused['candidate_code'] else 'no'}"
    yield from _where(refused)
    yield f"{_INDENT}Mend the row at its source, and send it again."


def _where(each: dict[str, Any]) -> Iterator[str]:
    shadow = " (shadow: it does not count)" if each["mode"] == "shadow" else ""
    yield f"{_INDENT}Row {each['source_row']} of {_text(each['source_file'])}; run {each['run_id']}{shadow}"


def _role(edit: dict[str, Any]) -> str:
    if edit["decided"]:
        return "<- decided"
    return "informs only" if edit["informational"] else ""


def _columns(rows: list[tuple[str, str, str]]) -> Iterator[str]:
    """Rows of cells, set in columns."""
    widths = [max((len(row[place]) for row in rows), default=0) for place in (0, 1)]
    for row in rows:
        yield f"{_INDENT}{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(plain(str(item)) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(str(value))
