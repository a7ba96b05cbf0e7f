"""The columns of a claim line that an 837 has, and the guides' names for their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.columns import COLUMNS
from claims_edit.intake.layout import Layout
from claims_edit.model import DIAGNOSIS_COLUMNS, PROCEDURE_COLUMNS

if TYPE_CHECKING:
    from claims_edit.intake.mapping import Mapping

# The claim type whose lines may take the claim's date, and the date: of service (837D), of the statement (837I).
# A line of an 837P has a date of its own, and no guide makes the day of admission (435) a date of service.
CLAIM_DATES = {"institutional": "DTP*434", "undetermined": "DTP*472"}
_CLAIM_DATE = "DTP*434/472"
TRANSACTION = "__st"  # ST02, shown with the raw values of a refused row
_PLACES = {
    "claim_id": "CLM01",
    "claim_line_number": "LX01",
    "claim_type": "SV1/SV2/SV3",
    "member_id": "2010BA NM109",
    "payer": "2010BB NM103",
    "plan": "SBR04",
    "group_id": "SBR03",
    "claim_filing_indicator_code": "SBR09",
    "claim_line_start_date": "2400 DTP*472",
    "claim_line_end_date": "2400 DTP*472 end",
    "claim_start_date": f"2300 {_CLAIM_DATE}",
    "claim_end_date": f"2300 {_CLAIM_DATE} end",
    "place_of_service_code": "SV105/SV303/CLM05-1",
    "bill_type_code": "CLM05-1 CLM05-3",
    "revenue_center_code": "SV201",
    "hcpcs_code": "SV101-2/SV202-2/SV301-2",
    **{f"hcpcs_modifier_{n}": f"SV101-{n + 2}/SV202-{n + 2}/SV301-{n + 2}" for n in range(1, 5)},
    "diagnosis_code_type": "HI qualifier",
    **{name: f"HI diagnosis {place}" for place, name in enumerate(DIAGNOSIS_COLUMNS, 1)},
    **{name: f"HI*BBR/BBQ procedure {place}" for place, name in enumerate(PROCEDURE_COLUMNS, 1)},
    "service_unit_quantity": "SV104/SV205/SV306",
    "charge_amount": "SV102/SV203/SV302",
    "rendering_npi": "NM1*82 NM109",
    "billing_npi": "2010AA NM1*85 NM109",
    "facility_npi": "NM1*77 NM109",
    "claim_frequency_code": "CLM05-3",
    "original_claim_id": "2300 REF*F8",
    "clinical_trial_number": "2300 REF*P4",
    "condition_codes": "HI*BG",
    "value_codes": "HI*BE",
    "investigational_device_exemption_number": "2300 REF*LX",
    "prior_authorization_number": "REF*G1",
    "line_item_control_number": "2400 REF*6R",
    "billing_provider_id": "2010AA NM1*85",
    "doubts": "doubts",
    "posting_holds": "SBR01/BHT06/ISA15, 2320, 2430",
}


def layout_of(mapping: Mapping) -> Layout:
    """The layout of every 837; a constant of the mapping replaces the file's value."""
    sources = {name: _PLACES[name] for name in COLUMNS if name in _PLACES and name not in mapping.constants}
    return Layout(sources | {TRANSACTION: "ST02"}, dict(mapping.constants))


def of_claim_type(place: str, claim_type: str) -> str:
    """The place of a column, with the date of the claim that lines of the type take."""
    return place.replace(_CLAIM_DATE, CLAIM_DATES.get(claim_type, _CLAIM_DATE))
