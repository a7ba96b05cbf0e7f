"""Why a claim line was decided as it was, or why a row was refused: every fact with the column it came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from claims_edit.edits import INFORMATIONAL_EDITS, LABELS
from claims_edit.errors import UsageError
from claims_edit.model import DECISION_COLUMNS
from claims_edit.store import open_readonly

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

# fact of a decision -> the columns of the extract (or the rules) that it came from
FACTS = {
    "claim_type": "claim_type",
    "member_id": "member_id, else person_id",
    "payer_raw": "payer",
    "payer": "payer, by rules/payers.yaml",
    "program": "",  # the columns that spoke are in program_basis
    "group_id": "group_id",
    "service_start_date": "claim_line_start_date, else claim_start_date",
    "service_end_date": "claim_line_end_date, else claim_end_date, else the start",
    "hcpcs_code": "hcpcs_code",
    "modifiers": "hcpcs_modifier_1..5",
    "diagnosis_codes": "diagnosis_code_1..25",
    "site_class": "diagnosis_code_1..25, by rules/codes/tumor_sites.yaml",
    "units": "service_unit_quantity",
    "charge_amount": "charge_amount",
    "paid_amount": "paid_amount",
    "billing_npi": "billing_npi",
    "rendering_npi": "rendering_npi",
    "trial_evidence": "modifiers, diagnoses, clinical_trial_number, condition_codes",
    "policy_id": "payer and service_start_date, by rules/policies",
    "policy_version": "payer and service_start_date, by rules/policies",
    "policy_stale": "service_start_date, by rules/policies",
}
REMITTANCE = ("group_code", "carc", "rarcs", "adjustment_amount", "policy_reference", "liability_basis")

_KEY = ("coalesce(payer, payer_raw)", "data_source", "claim_id", "claim_line_number")
# The latest run in which the line was decided; a run in shadow mode only where no other decided it.
_DECIDED = f"""
SELECT {", ".join(DECISION_COLUMNS)} FROM decisions
WHERE claim_id = $claim_id AND claim_line_number = coalesce($line, claim_line_number)
QUALIFY dense_rank() OVER (PARTITION BY {", ".join(_KEY)} ORDER BY mode = 'enforce' DESC, run_id DESC) = 1
ORDER BY run_id, source_file, source_row
"""  # noqa: S608 -- our own column names
# The rows of the claim that its latest run refused; none if a later run decided the claim.
_REFUSED = """
SELECT * FROM quarantine WHERE claim_id = $claim_id
    AND run_id = (SELECT max(run_id) FROM quarantine WHERE claim_id = $claim_id)
    AND run_id >= (SELECT coalesce(max(run_id), '') FROM decisions WHERE claim_id = $claim_id)
ORDER BY source_file, source_row
"""

LINE_NUMBERS = ("claim_line_number", "LX01", "item.sequence")  # under which names refused rows may show theirs


def explain(out: Path, claim_id: str, line: int | None = None) -> list[dict[str, Any]]:
    """The explanations of a claim's decided lines and refused rows; the latest run wins.

    Each has `kind` (`decision` or `quarantine`), `run_id`, `mode`, `source_file`, `source_row`. A decision has `facts`
    (each `name`, `value`, `source`), `edits` (each `id`, `label`, `decided`, `informational`), its reason, citation
    and remittance codes; a refused row has `failed_checks` and the row as read.

    Raises:
        UsageError: no run decided or refused such a line.
        ResultsError: the folder is damaged.
    """
    with open_readonly(out) as connection:
        decided = _rows(connection, _DECIDED, {"claim_id": claim_id.strip(), "line": line})
        refused = _rows(connection, _REFUSED, {"claim_id": claim_id.strip()})
    found = [_decision(row) for row in decided]
    found += [_refusal(row) for row in refused if line is None or _names_line(row["raw_values"], line)]
    if not found:
        raise UsageError(
            f"{out}: no run decided or refused that {'claim' if line is None else 'line of the claim'}. Check the id"
            " and the line number; lines without a code of rules/codes are accepted, and not kept here."
        )
    return found


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    result = connection.execute(sql, parameters)
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _decision(row: dict[str, Any]) -> dict[str, Any]:
    informational = {edit.id for edit in INFORMATIONAL_EDITS}
    identity = ("run_id", "mode", "source_file", "source_row", "data_source", "claim_id", "claim_line_number")
    outcome = ("disposition", "reason_code", "reason", "citation", *REMITTANCE, "rules_hash")
    sources = {**FACTS, "program": row["program_basis"] or "no column gave one"}
    return {
        "kind": "decision",
        **{name: row[name] for name in (*identity, *outcome)},
        "facts": [{"name": name, "value": row[name], "source": source} for name, source in sources.items()],
        "edits": [
            {
                "id": edit,
                "label": LABELS.get(edit, edit.replace("-", " ")),
                "decided": edit == row["reason_code"],
                "informational": edit in informational,
            }
            for edit in row["edits"]
        ],
    }


def _refusal(row: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "quarantine", **row}


def _names_line(raw_values: str, line: int) -> bool:
    """Whether a refused row may be that line: its line number says so, or cannot be read."""
    try:
        values = json.loads(raw_values)
        number = next((values[name] for name in LINE_NUMBERS if name in values), None)
        return number is None or int(number) == line
    except (ValueError, TypeError, AttributeError):
        return True
