"""Tables in the forms of Tuva and of CMS: the project's own, and public ones where they are available."""

from __future__ import annotations

import csv
from pathlib import Path

PUBLIC = Path(__file__).resolve().parents[3] / "shared" / "real" / "tables"
Row = dict[str, str]

RIF_LINE = (
    "LINE_1ST_EXPNS_DT", "LINE_LAST_EXPNS_DT", "LINE_PLACE_OF_SRVC_CD", "HCPCS_CD", "HCPCS_1ST_MDFR_CD",
    "HCPCS_2ND_MDFR_CD", "LINE_ICD_DGNS_CD", "LINE_ICD_DGNS_VRSN_CD", "LINE_SRVC_CNT", "LINE_SBMTD_CHRG_AMT",
    "LINE_NCH_PMT_AMT", "LINE_ALOWD_CHRG_AMT", "PRF_PHYSN_NPI", "ORG_NPI_NUM",
)  # fmt: skip
RIF_CLAIM = ("BENE_ID", "CLM_ID", "CLM_FROM_DT", "CLM_THRU_DT", "ICD_DGNS_CD1", "CLM_CLNCL_TRIL_NUM")
UNREAD = ("DML_IND", "CLM_GRP_ID", "NCH_WKLY_PROC_DT", "CARR_NUM", "TAX_NUM", "PRVDR_STATE_CD")  # some of 92 columns
DAYS = ("claim_start_date", "claim_end_date", "claim_line_start_date", "claim_line_end_date")
TUVA = (
    "claim_id", "claim_line_number", "claim_type", "patient_id", "member_id", *DAYS, "admission_date",
    "place_of_service_code", "bill_type_code", "revenue_center_code", "service_unit_quantity", "hcpcs_code",
    *(f"hcpcs_modifier_{n}" for n in range(1, 6)), "rendering_npi", "billing_npi", "paid_amount", "allowed_amount",
    "charge_amount", "diagnosis_code_type", *(f"diagnosis_code_{n}" for n in range(1, 26)),
    *(f"diagnosis_poa_{n}" for n in range(1, 26)), "procedure_code_1", "procedure_date_1", "data_source",
)  # fmt: skip
TUVA_LINES = 1_000
CHANGES: tuple[Row, ...] = (
    {"hcpcs_code": "9921"},
    {"paid_amount": "$65"},
    {"diagnosis_code_1": "Z98 61"},
    {"claim_line_start_date": "2026-02-30"},
    {"patient_id": ""},
    {"claim_type": "clinic"},
)


def rif_lines() -> list[Row]:
    """Lines of a few claims, some with candidate codes; the second line of every third claim is one of revenue only."""
    rows = []
    for number in range(1, 10):
        for line in range(1, number + 5):
            values = ("30-Jun-2021", "", "11", "0600T" if line % 3 == 1 else "99213", "26", "", "C220", "0", "1",
                      f"{number}{line}.25", "5.00", "10.00", "1234567893", "1234567893")  # fmt: skip
            row = dict(zip(RIF_LINE, values, strict=True)) | {"LINE_NUM": str(line)}
            row |= dict(
                zip(RIF_CLAIM, (f"-{number}", f"-9{number}", "30-Jun-2021", "30-Jun-2021", "I10", ""), strict=True)
            )
            rows.append(row | ({"HCPCS_CD": "", "LINE_ICD_DGNS_CD": ""} if number % 3 == 0 and line == 2 else {}))
    return rows


def own_carrier() -> list[Row]:
    """Such lines as a whole carrier file has them: with columns that nobody reads, and units of zero now and then."""
    return [
        {**dict.fromkeys(UNREAD, "1"), **row, "LINE_SRVC_CNT": "0" if place % 5 == 0 else row["LINE_SRVC_CNT"]}
        for place, row in enumerate(rif_lines())
    ]


def own_tuva() -> list[Row]:
    """Lines of professional and institutional claims in no order, mostly sound, some with a candidate code."""
    rows = []
    for number in range(TUVA_LINES):
        place = number * 7 % TUVA_LINES
        row = dict.fromkeys(TUVA, "") | {
            "claim_id": f"T{place // 3}", "claim_line_number": str(place % 3 + 1), "patient_id": f"1{place // 3}",
            "claim_type": "institutional" if place // 3 % 2 else "professional", "bill_type_code": "853",
            "hcpcs_code": ("0600T", "32999")[place % 2] if place % 50 == 0 else ("93797", "", "99213")[place % 3],
            "service_unit_quantity": str(place % 4), "charge_amount": f"{place}.50", "paid_amount": "29.56",
            "diagnosis_code_type": "icd-10-cm", "diagnosis_code_1": "C220", "diagnosis_code_2": "I2510",
            "billing_npi": ("1234567893", "1234567890")[place % 9 == 0], "data_source": "cclf",
        }  # fmt: skip
        days = dict.fromkeys(DAYS[: 2 + place % 3], "2018-11-02")
        rows.append(row | days | (CHANGES[place % len(CHANGES)] if place % 83 == 0 else {}))
    return rows


def tables(own: list[Row], public: str, delimiter: str) -> dict[str, list[Row]]:
    """The rows of the project's own table, and of a public one where it is available."""
    path = PUBLIC / public
    if not path.is_file():
        return {"own": own}
    with path.open(encoding="utf-8", newline="") as file:
        return {"own": own, "public": list(csv.DictReader(file, delimiter=delimiter))}


TUVA_TABLES = tables(own_tuva(), "tuva_demo__medical_claim_sample.csv", ",")
CARRIER_TABLES = tables(own_carrier(), "bfd__rif-synthea_carrier.csv", "|")
