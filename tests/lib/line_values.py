"""Values of every column of a claim line as text: those of a plain row, and those that may be anything."""

from __future__ import annotations

from typing import NamedTuple

from claims_edit.columns import COLUMNS
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, PROCEDURE_COLUMNS
from claims_edit.posting_holds import TEST_DATA
from tests.property.test_validation_oracle import DATES, ICD_9, ICD_10, MODIFIERS, POOLS, PROCEDURES

Texts = tuple[str | None, ...]


class Values(NamedTuple):
    """Values of one column: `plain` ones, each as often as it is to be drawn, and `odd` ones.

    A row with the first plain value of each column is plain.
    """

    plain: Texts
    odd: Texts


NO_NAMES = ("NULL", " n/a ", "0", "000", "7.0", " padded", "two\nlines", "\u00a0", "", "\u00e9" * 501, "#REF!", "1e5")
REFERENCES = ("7.00", "unknown", " 123", "123\t", "-", "?", "1E+05", "two\nlines", "a" * 999 + "\u00e9")
OF_DIAGNOSES = Values((None, None, "C25.1", "c251", "K7581"), (*ICD_10, *ICD_9, " C61", "C61\n", "C251.0"))
OF_MODIFIERS = Values((None, None, "26", "q0"), (*MODIFIERS, " 59", "\u0661\u0662", "5\n"))
OF_LATER_PROCEDURES = Values((*[None] * 10, "5012", "0FT40ZZ"), PROCEDURES)
OF_AMOUNTS = Values((None, "1250.00", "-3.5", "0"), (*POOLS["charge_amount"], "1" * 14, ".5", "+1.00", "1.000"))
OF_NPIS = Values((None, "1902000110"), (*POOLS["rendering_npi"], " 1902000110", "0902000110", "190200011\u0660"))

OWN: dict[str, Values] = {
    "claim_id": Values(("A1", "123-4", "CLM 0001/7", "1A2", "x" * 80), POOLS["claim_id"]),
    "claim_line_number": Values(("1", "17"), (*POOLS["claim_line_number"], "+3", "9" * 18, "9" * 19, "1.", "\u0661")),
    "claim_type": Values(("professional", "institutional"), POOLS["claim_type"]),
    "member_id": Values(("M1", "ABC123456789", None), POOLS["member_id"]),
    "person_id": Values(("P1",), (*POOLS["person_id"], "#NAME?")),
    "payer": Values(("Florida Blue", "Regence BlueShield", "Acme"), (*POOLS["payer"], *NO_NAMES)),
    "plan": Values((None, "Gold PPO"), NO_NAMES),
    "group_id": Values(("G1", None, "17"), (*POOLS["group_id"], *NO_NAMES)),
    "line_of_business": Values(("commercial", None, "Medicare Advantage"), (*POOLS["line_of_business"], *NO_NAMES)),
    "claim_filing_indicator_code": Values((None, "CI", "mb"), ("C", "CIX", "12.0", *NO_NAMES)),
    "claim_line_start_date": Values(("2024-03-04", "20240304", None), DATES),
    "claim_line_end_date": Values(("2024-03-05", None), DATES),
    "claim_start_date": Values(("2024-03-01",), DATES),
    "claim_end_date": Values(("2024-03-31", None), DATES),
    "place_of_service_code": Values((None, "11", "22"), POOLS["place_of_service_code"]),
    "bill_type_code": Values((None, "0131", "131"), NO_NAMES),
    "revenue_center_code": Values((None, "0450", "450"), NO_NAMES),
    "hcpcs_code": Values(("99213", "G0463", None), POOLS["hcpcs_code"]),
    "diagnosis_code_type": Values((None, None, "icd-10-cm", "ICD-10-CM"), POOLS["diagnosis_code_type"]),
    "service_unit_quantity": Values((None, "1", "2.5"), (*POOLS["service_unit_quantity"], "1" * 10, " 1", "1.0000000")),
    "paid_amount": OF_AMOUNTS,
    "allowed_amount": OF_AMOUNTS,
    "charge_amount": OF_AMOUNTS,
    "rendering_npi": OF_NPIS,
    "billing_npi": OF_NPIS,
    "facility_npi": OF_NPIS,
    "data_source": Values((None, "east"), (*POOLS["data_source"], *NO_NAMES)),
    "claim_frequency_code": Values(("1", None, "2"), (*POOLS["claim_frequency_code"], "Q", "q", "A1", "1.0", " 7")),
    "original_claim_id": Values((None, "A1"), (*POOLS["original_claim_id"], "#REF!", "\u00e9" * 41)),
    "clinical_trial_number": Values((None, "NCT01234567"), REFERENCES),
    "condition_codes": Values((None, "30", "49 d4"), ("3", "30,4", "300", *NO_NAMES)),
    "value_codes": Values((None, "D4", "80 81"), ("D", "D4:12345678", *NO_NAMES)),
    "investigational_device_exemption_number": Values((None, "G120345"), REFERENCES),
    "prior_authorization_number": Values((None, "PA-1"), REFERENCES),
    "line_item_control_number": Values((None, "1", "LN 7"), REFERENCES),
    "billing_provider_id": Values((None, "1902000110"), ("", " 1902000110", "1902000110 ", "\u00a07", *NO_NAMES)),
    "doubts": Values((None, "segment-misplaced@HI01"), ("claim-charge-mismatch@CLM02 hierarchy-gap@HL01", *NO_NAMES)),
    "posting_holds": Values((None, "encounter"), (TEST_DATA, f"encounter {TEST_DATA}", "purpose-unknown", *NO_NAMES)),
}
FAMILIES: dict[tuple[str, ...], Values] = {
    MODIFIER_COLUMNS: OF_MODIFIERS,
    DIAGNOSIS_COLUMNS: OF_DIAGNOSES,
    PROCEDURE_COLUMNS[2:]: OF_LATER_PROCEDURES,
    PROCEDURE_COLUMNS[:1]: Values(
        (*[None, "0FT40ZZ", "5012"] * 14, "50.12", "J12.8", "j128"), (*PROCEDURES, "1" * 18, "1" * 19, "\u0661" * 4)
    ),
    PROCEDURE_COLUMNS[1:2]: Values((*[None, "02703E6"] * 18, "Y123", "02703e6"), PROCEDURES),
}
LINE_VALUES: dict[str, Values] = OWN | {name: values for names, values in FAMILIES.items() for name in names}
"""By column: one of claims_edit.columns that is missing here fails tests/property/test_screen.py."""


def as_long_as_allowed(name: str) -> Texts:
    """The longest text of a column that validation accepts, and one character more; none where no length is given."""
    column = COLUMNS[name]
    return () if column.length is None else ("x" * column.length, "x" * (column.length + 1))
