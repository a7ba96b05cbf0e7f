"""The facts of a decision, each with its source columns, under the extract's own names where they are known."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from claims_edit.columns import COLUMNS
from claims_edit.edits.doubts import doubts_of
from claims_edit.edits.line import is_of_claim
from claims_edit.errors import InputError
from claims_edit.intake.fhir.table import SOURCES as FHIR_PLACES
from claims_edit.intake.mapping import LINE, Mapping, is_per_line
from claims_edit.intake.mapping_file import recorded_mapping
from claims_edit.intake.x12.layout import layout_of, of_claim_type
from claims_edit.model import LINE_CODE

if TYPE_CHECKING:
    from collections.abc import Callable

# fact of a decision -> the columns of the extract (or the rules) that it came from
FACTS = {
    "claim_type": "claim_type",
    "member_id": "member_id, else person_id",
    "payer_raw": "payer",
    "payer": "payer, by rules/payers.yaml",
    "program": "",  # the columns that give it are in program_basis
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
    "trial_evidence": (
        "modifiers, diagnoses, clinical_trial_number, condition_codes, investigational_device_exemption_number,"
        " value_codes"
    ),
    "doubts": "data that the reader could not interpret",
    "prior_authorization_number": "prior_authorization_number",
    "superseded_by": "claim_frequency_code and original_claim_id of the run's claims",
    "policy_id": "payer and service_start_date, by rules/policies",
    "policy_version": "payer and service_start_date, by rules/policies",
    "policy_stale": "service_start_date, by rules/policies",
}
# The same where the column of the start is available.
_DATED_BY = {
    "claim_line_start_date": {
        "service_start_date": "claim_line_start_date",
        "service_end_date": "claim_line_end_date, else the start",
    },
    "claim_start_date": {
        "service_start_date": "claim_start_date",
        "service_end_date": "claim_end_date, else the start",
    },
}
_OF_CLAIM = "procedure_code_1..25, of the claim as a whole"
# Facts that edits use and a decision does not repeat: shown where the candidate line is available.
LOOKED_AT = (
    "line_of_business", "claim_filing_indicator_code", "diagnosis_code_type", "claim_frequency_code",
    "clinical_trial_number", "condition_codes", "investigational_device_exemption_number", "value_codes", "plan",
    "posting_holds",
)  # fmt: skip
_FIRST_OF_MANY = {
    "hcpcs_modifier_1..5": "hcpcs_modifier_1",
    "diagnosis_code_1..25": "diagnosis_code_1",
    "procedure_code_1..25": "procedure_code_1",
}
_COLUMN = re.compile("|".join([*map(re.escape, _FIRST_OF_MANY), *sorted(map(r"\b{}\b".format, COLUMNS), reverse=True)]))
_BY_FORMAT = {"x12": dict(layout_of(Mapping()).sources), "fhir": FHIR_PLACES}


def origins(manifest: dict[str, Any]) -> Callable[[str], Callable[[str], str]]:
    """Source file → the names of its run's columns in it: `hcpcs_code` becomes `hcpcs_code (HCPCS_CD)`.

    837 and FHIR have their own locations. A table's names are those of the mapping, where it is available unchanged
    (a preset, or a file of the same SHA-256) and gives the column one name; a canonical name is its own name.
    """
    formats = {file["path"]: file["format"] for file in manifest.get("inputs", ())}
    mapping = _mapping_as_it_was(manifest)
    constants = mapping.constants if mapping is not None else {}
    renamed = {name: own for name in COLUMNS if mapping is not None and (own := _only_name(mapping, name))}

    @lru_cache(maxsize=1024)
    def of_file(source_file: str) -> Callable[[str], str]:
        names = _BY_FORMAT.get(formats.get(source_file, ""), renamed)
        return lru_cache(maxsize=1024)(lambda source: _in_own_names(source, names, constants))

    return of_file


def _in_own_names(source: str, names: dict[str, str], constants: dict[str, str]) -> str:
    def own(match: re.Match[str]) -> str:
        shown = match.group()
        column = _FIRST_OF_MANY.get(shown, shown)
        if column in constants:
            return f"{shown} (constant of the mapping)"
        name = names.get(column)
        if name is None or name == column:
            return shown
        return f"{shown} ({name}{' and on' if column != shown else ''})"

    return _COLUMN.sub(own, source)


def _only_name(mapping: Mapping, column: str) -> str | None:
    """The extract's name of a column; None where the mapping has several, or does not name it."""
    names = mapping.columns.get(column, ())
    if len(names) != 1:
        return None
    if names[0] == LINE:
        return "by its position in the row"
    return f"{names[0]}, numbered" if is_per_line(names[0]) else names[0]


def _mapping_as_it_was(manifest: dict[str, Any]) -> Mapping | None:
    """The run's mapping, if the current one is the one that the run used."""
    try:
        return recorded_mapping(manifest.get("options", {}).get("mapping"))
    except InputError:
        return None


def facts_shown(row: dict[str, Any], line: dict[str, Any] | None, own: Callable[[str], str]) -> list[dict[str, Any]]:
    """The facts of a decision row, and further facts of its candidate `line` that the edits used."""
    shown = {name: source for name, source in FACTS.items() if name in row}  # an earlier release had fewer columns
    dated = _DATED_BY.get((line or {}).get("service_date_column") or "", {})
    coded = {LINE_CODE: _OF_CLAIM} if is_of_claim(row) else {}
    sources = {**shown, **dated, **coded, "program": row["program_basis"] or "no column gave one"}
    if line is not None and (placed := [each.place for each in doubts_of(row, line) if each.place]):
        sources["doubts"] = "; ".join(dict.fromkeys(placed))
    facts = [
        {"name": name, "value": row[name], "source": of_claim_type(own(source), row["claim_type"])}
        for name, source in sources.items()
    ]
    more = [name for name in LOOKED_AT if line is not None and line.get(name) is not None]
    return facts + [{"name": name, "value": line[name], "source": own(name)} for name in more if line is not None]
