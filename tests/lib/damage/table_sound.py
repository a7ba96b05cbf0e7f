"""Sound tables of claim lines: a line of interest between lines of other members, payers and providers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lib.damage.variant import DENY, PASS, REFER, REVIEW, TOKEN, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, str]
COLUMNS = (
    "claim_id", "claim_line_number", "claim_type", "member_id", "payer", "line_of_business",
    "claim_filing_indicator_code", "claim_line_start_date", "claim_line_end_date", "place_of_service_code",
    "hcpcs_code", "hcpcs_modifier_1", "hcpcs_modifier_2", "diagnosis_code_type", "diagnosis_code_1",
    "diagnosis_code_2", "diagnosis_code_3", "service_unit_quantity", "charge_amount", "paid_amount",
    "rendering_npi", "billing_npi", "claim_frequency_code", "original_claim_id", "group_id",
    "clinical_trial_number", "condition_codes", "value_codes", "investigational_device_exemption_number",
    "prior_authorization_number",
)  # fmt: skip
PROVIDERS = ("1902000227", "1902000334", "1902000441", "1902000557")
BASE: Row = {
    "claim_line_number": "1", "claim_type": "professional", "payer": "Florida Blue", "line_of_business": "commercial",
    "claim_line_start_date": "2024-03-04", "place_of_service_code": "22", "hcpcs_code": "0600T",
    "diagnosis_code_1": "C25.1", "service_unit_quantity": "1", "paid_amount": "0.00", "rendering_npi": "1902000110",
    "claim_frequency_code": "1",
}  # fmt: skip
REGENCE = {"payer": "Regence", "claim_line_start_date": "2026-02-03"}
SPANS = {"claim_line_start_date": "2020-06-30", "claim_line_end_date": "2020-07-01"}
CASES: dict[str, tuple[str, Row]] = {
    "denied": (DENY, {}),
    "denied-regence": (DENY, {**REGENCE, "hcpcs_code": "47384", "diagnosis_code_1": "C22.0"}),
    "trial-modifier": (REVIEW, {"hcpcs_modifier_1": "Q0"}),
    "trial-second-modifier": (REVIEW, {"hcpcs_modifier_1": "26", "hcpcs_modifier_2": "Q1"}),
    "trial-diagnosis": (REVIEW, {"diagnosis_code_2": "Z00.6"}),
    "trial-diagnosis-third": (REVIEW, {"diagnosis_code_2": "K85.90", "diagnosis_code_3": "Z006"}),
    "trial-number": (REVIEW, {"clinical_trial_number": "00000017"}),
    "trial-condition": (REVIEW, {"condition_codes": "A6 30"}),
    "trial-condition-alone": (REVIEW, {"condition_codes": "30"}),
    "trial-value-code": (REVIEW, {"value_codes": "D4"}),
    "trial-device": (REVIEW, {"investigational_device_exemption_number": "G190123"}),
    "authorized": (REVIEW, {"prior_authorization_number": "AUTH0001"}),
    "tricare": (REVIEW, {"claim_filing_indicator_code": "CH"}),
    "fep": (REFER, {"line_of_business": "FEP"}),
    "fep-member": (REFER, {"line_of_business": "", "member_id": f"R{TOKEN}01"}),
    "medicare-advantage": (REFER, {"line_of_business": "Medicare Advantage", "payer": "Premera"}),
    "program-unknown": (REVIEW, {"line_of_business": ""}),
    "payer-unknown": (REVIEW, {"payer": "Some Other Health Plan"}),
    "contract-covers": (PASS, {"group_id": "G-COVERED"}),
    "not-in-force": (PASS, {"payer": "Regence"}),
    "void": (PASS, {"claim_frequency_code": "8", "original_claim_id": "EARLIER01"}),
    "unlisted": (REVIEW, {"payer": "Premera", "claim_line_start_date": "2020-03-02", "hcpcs_code": "48999"}),
    "spans-boundary": (REVIEW, {**SPANS, "payer": "Premera", "hcpcs_code": "48999"}),
    "icd-9": (REVIEW, {**REGENCE, "diagnosis_code_type": "icd-9-cm", "diagnosis_code_1": "157.0"}),
    "not-a-tumor": (REVIEW, {**REGENCE, "diagnosis_code_1": "K85.90"}),
}  # fmt: skip
NEIGHBORS: tuple[tuple[str, Row], ...] = (
    (DENY, {}),
    (DENY, {"payer": "Premera", "claim_line_start_date": "2022-03-07"}),
)


@dataclass(frozen=True)
class Sound:
    """A table as it was sent; the line of interest is the second one."""

    name: str
    format: str
    rows: tuple[Row, ...]
    lines: tuple[Line, ...]


def sound_tables() -> Iterator[Sound]:
    """All of them, in each format."""
    for name, case in CASES.items():
        for fmt in ("csv", "ndjson", "parquet"):
            rows, lines = _rows((NEIGHBORS[0], case, NEIGHBORS[1]))
            yield Sound(name, fmt, rows, lines)


def _rows(cases: tuple[tuple[str, Row], ...]) -> tuple[tuple[Row, ...], tuple[Line, ...]]:
    rows, lines = [], []
    for place, (outcome, given) in enumerate(cases):
        own = {
            "claim_id": f"C{TOKEN}{'ABCDEFGH'[place]}", "member_id": f"M{TOKEN}{place:02}",
            "charge_amount": f"{9400 + 25 * place}.00", "billing_npi": PROVIDERS[place],
        }  # fmt: skip
        row = dict.fromkeys(COLUMNS, "") | BASE | own | given
        rows.append(row)
        whose = (row["claim_id"], row["member_id"], row["payer"], row["billing_npi"])
        lines.append(Line(*whose, row["charge_amount"], outcome, row["claim_line_start_date"]))
    return tuple(rows), tuple(lines)
