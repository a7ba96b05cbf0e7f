"""Decision rows → explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.edits import EDITS, INFORMATIONAL_EDIT_IDS, LABELS
from claims_edit.edits.line import Line
from claims_edit.edits.notes import policy_stale
from claims_edit.model import StalePolicy
from claims_edit.report.explain.facts import facts_shown, origins
from claims_edit.report.explain.rulebook import Rulebook

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from claims_edit.edits import Edit
    from claims_edit.edits.sentences import Sentence
    from claims_edit.policy import Catalog

REMITTANCE = {
    "group_code": "CAS group code",
    "carc": "CARC",
    "rarcs": "RARC",
    "adjustment_amount": "adjustment",
    "policy_reference": "835 REF*0K",
    "liability_basis": "liability from",
}
"""The columns of a decision that go into the remittance, and their labels."""
_IDENTITY = ("run_id", "mode", "source_file", "source_row", "data_source", "claim_id", "claim_line_number")
_OUTCOME = ("disposition", "reason_code", "reason", "citation", *REMITTANCE, "rules_hash")
_BY_ID = {edit.id: edit for edit in EDITS}


def explained(
    rows: Sequence[dict[str, Any]],
    catalog: Catalog,
    manifest: dict[str, Any],
    *,
    facts: Sequence[dict[str, Any] | None] | None = None,
    every_edit: bool = False,
) -> list[dict[str, Any]]:
    """The explanations of decision rows of one run, in order; plain data but for dates and amounts.

    Args:
        rows: rows of `decisions` with every column.
        catalog: the rules under which the run decided.
        manifest: of the run.
        facts: for each row its row of `engine.facts` (None where it is not available), for more specific sentences.
        every_edit: whether to give the reason for each edit not triggered; needs the facts.

    Each has:
        kind: `decision`.
        run_id, mode, source_file, source_row, data_source, claim_id, claim_line_number, disposition, reason_code,
            reason, citation, group_code, carc, rarcs, adjustment_amount, policy_reference, liability_basis, rules_hash:
            as decided; no citation, here or below, is of another payer's document (`documents`).
        facts: each `name, value, source` (the columns that it came from).
        edits: the edits triggered, in order, each `id, label, decided, informational`.
        code: None, or `code, label, kind, valid_from, valid_until, citation`.
        site: None, or `site_class, label`.
        policy: the version in force, or None: `id, title, reference, kind, payer, version, in_force_from,
            in_force_from_citation, as_if_in_force` (a draft, before its own first day), `unverified` (a found draft),
            `in_force_until, statement, statement_scope, statement_citation, codes_listed, codes_citation, reviewed,
            reviewed_citation, next_review, next_review_citation, stale_after`, and `documents` (each `title,
            publisher`). Days are ISO text.
        program_rule: None, or `program, rule, says, citation`.
        liability: None, or `group_code, bearer, basis, says, citation`.
        guidance: on the site, published by the start date, oldest first, each `id, publisher, says, out_from, citation,
            in_force`; the last one is in force.
        evidence: the payer's own documents first, none of another payer, each `document, publisher, of_payer,
            conclusion, citation, on_site, studies`; `on_site` is its conclusion for the site alone (`conclusion,
            citation`) or None, and each study `reference, design, n, follow_up, figures, conclusion, citation`.
        evidence_note: why there is no study, or None.
        notes: sentences with facts behind the outcome, and remarks for an appeal.
        changes: sentences on what would change the outcome: what could be missing or wrong about the line. None
            proposes another procedure code or another date of service.
        not_hit: with `every_edit` only: each `id, label, why`.

    Equal parts (policy, evidence, …) are the same object: look them up once per policy version and site.

    Raises:
        ValueError: `every_edit` without the facts of each row.
    """
    return Explainer(catalog, manifest).explain(rows, facts=facts, every_edit=every_edit)


class Explainer:
    """`explained` for the rows of one run, batch by batch: equal parts are the same object in all of them."""

    def __init__(self, catalog: Catalog, manifest: dict[str, Any]) -> None:
        """See `explained`."""
        self._book, self._origins, self._manifest = Rulebook(catalog), origins(manifest), manifest

    def explain(
        self,
        rows: Sequence[dict[str, Any]],
        *,
        facts: Sequence[dict[str, Any] | None] | None = None,
        every_edit: bool = False,
    ) -> list[dict[str, Any]]:
        """See `explained`."""
        found = []
        for row, known in zip(rows, facts if facts is not None else [None] * len(rows), strict=True):
            line = self._line(row, known)
            explanation = _explanation(line, self._book, facts_shown(row, known, self._origins(row["source_file"])))
            if every_edit:
                explanation["not_hit"] = _not_hit(line)
            found.append(explanation)
        return found

    def _line(self, row: dict[str, Any], known: dict[str, Any] | None) -> Line:
        options = self._manifest.get("options", {})
        suspends = options.get("stale_policy") == StalePolicy.REVIEW and policy_stale.id in row["edits"]
        had_contracts = bool(options.get("contracts"))
        return Line(row, known, self._book, had_contracts, policy_stale.id if suspends else None)


def _explanation(line: Line, book: Rulebook, facts: list[dict[str, Any]]) -> dict[str, Any]:
    row = line.row
    sentences = list(_sentences(line))
    return {
        "kind": "decision",
        **{name: row[name] for name in (*_IDENTITY, *_OUTCOME)},
        "citation": book.citation(row),
        "facts": facts,
        "edits": [
            {
                "id": edit,
                "label": LABELS.get(edit, edit.replace("-", " ")),
                "decided": edit == row["reason_code"],
                "informational": edit in INFORMATIONAL_EDIT_IDS and edit != row["reason_code"],
            }
            for edit in row["edits"]
        ],
        "code": book.code(row),
        "site": book.site(row),
        "policy": book.policy(row),
        "program_rule": book.program_rule(row),
        "liability": book.liability(row),
        "guidance": book.guidance(row),
        "evidence": book.evidence(row),
        "evidence_note": book.evidence_note(row),
        "notes": [each.text for each in sentences if each.lacking is None],
        "changes": [each.text for each in sentences if each.lacking is not None],
    }


def _sentences(line: Line) -> Iterator[Sentence]:
    """The sentences of the edit that decided; for a note that did, also of the edit that it suspends."""
    decided = line.row["reason_code"]
    for name in dict.fromkeys((decided, *(line.deciding[:1] if decided in INFORMATIONAL_EDIT_IDS else ()))):
        if name in _BY_ID:
            yield from _BY_ID[name].sentences(line)


def _not_hit(line: Line) -> list[dict[str, str]]:
    """Each edit not triggered, in order, with its first condition that is not met: `id, label, why`."""
    unmet = line.facts["unmet"]
    return [
        {"id": edit.id, "label": edit.label, "why": _why(edit, unmet[edit.id], line)}
        for edit in EDITS
        if edit.id not in line.row["edits"]
    ]


def _why(edit: Edit, unmet: int | None, line: Line) -> str:
    if unmet is None:
        return "This release would trigger the edit; the run was decided by another release."
    return edit.conditions[unmet].unmet(line)
