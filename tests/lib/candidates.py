"""Candidate lines, contracts and revisions for tests of the engine: from bytes, crowded on the boundaries.

One byte picks one value of one field. Hypothesis shrinks bytes toward zero, so the first value of each pool is the
plainest one and a shrunken line is plain but for what makes it fail.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from tests.lib.oracle import payer_of, squeezed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Row = dict[str, Any]

LINE_BYTES = 32
CONTRACT_BYTES = 6

MODIFIERS = tuple(f"hcpcs_modifier_{place}" for place in range(1, 6))
DIAGNOSES = tuple(f"diagnosis_code_{place}" for place in range(1, 26))

_TEXT_COLUMNS = (
    "data_source", "claim_id", "claim_type", "member_id", "payer", "plan", "group_id", "line_of_business",
    "claim_filing_indicator_code", "hcpcs_code", "code_column", *MODIFIERS, "diagnosis_code_type", *DIAGNOSES,
    "rendering_npi", "billing_npi", "facility_npi", "claim_frequency_code", "original_claim_id",
    "clinical_trial_number", "condition_codes", "value_codes", "investigational_device_exemption_number",
    "prior_authorization_number", "doubts", "billing_provider_id", "place_of_service_code",
)  # fmt: skip
CANDIDATE_SCHEMA: dict[str, pl.DataType] = {
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    **{column: pl.String() for column in _TEXT_COLUMNS},
    "claim_line_number": pl.Int64(),
    "service_start_date": pl.Date(),
    "service_end_date": pl.Date(),
    "service_unit_quantity": pl.Float64(),
    "charge_amount": pl.Decimal(18, 2),
    "paid_amount": pl.Decimal(18, 2),
    "allowed_amount": pl.Decimal(18, 2),
}
_REVISION = (
    "payer", "data_source", "member_id", "claim_id", "billing_provider_id", "claim_frequency_code", "original_claim_id",
)  # fmt: skip
REVISION_SCHEMA: dict[str, pl.DataType] = {
    **{column: pl.String() for column in (*_REVISION, "revised_claim_id")},
    "refused": pl.Boolean(),
}
CONTRACT_SCHEMA: dict[str, pl.DataType] = {
    "payer": pl.String(),
    "group_id": pl.String(),
    "effective_date": pl.Date(),
    "end_date": pl.Date(),
    "coverage": pl.String(),
    "group_code": pl.String(),
    "citation": pl.String(),
}

# First days of versions and of code validity, last days of reviews, first days of guidance and of contracts.
BOUNDARIES = (
    date(2026, 1, 1), date(2020, 7, 1), date(2020, 1, 3), date(2016, 2, 15), date(2013, 12, 31), date(2016, 12, 21),
    date(2023, 9, 27), date(2025, 5, 24), date(2026, 12, 1), date(2024, 3, 1),
)  # fmt: skip
START_DAYS = (
    *(date(2024, 3, 1), date(2026, 3, 1), date(2022, 6, 15), date(2026, 9, 9), date(2020, 3, 15)) * 6,
    date(2018, 5, 5),
    *(day + timedelta(days=shift) for day in BOUNDARIES for shift in (-1, 0, 1)),
    date(2023, 7, 30), date(2023, 7, 31),
    date(2010, 1, 1), date(2016, 11, 30), date(2019, 11, 30), date(2017, 5, 31), date(2024, 5, 23), date(2022, 9, 26),
)  # fmt: skip
SPANS = (*(0 for _ in range(20)), 1, 1, 2, 3, 30, 178, 180, 800)

# The candidate code and its column, where that is a procedure of the claim.
CODES = (
    *((code, None) for code in (*("0600T", "0601T") * 4, *("47384", "55877") * 2, "47399", "53899", "48999", "32999")),
    ("0F503ZF", "procedure_code_1"), ("0F5G0ZF", "procedure_code_25"), ("J128+Y123", "procedure_code_1"),
    ("0600T", "procedure_code_3"), ("47384", "procedure_code_1"), ("47399", "procedure_code_2"),
)  # fmt: skip
PAYERS = (
    *("Regence BlueShield", "Florida Blue", "Regence", "Premera Blue Cross") * 4,
    "florida_blue", "regence", "premera", "BCBSFL",
    "blue cross & blue shield of florida", "Blue Cross and Blue Shield of Florida", "REGENCE BLUE SHIELD",
    "Premera-BlueCross", "NHS England", "nhs_england", "Regence, BlueShield", "Florida   Blue", "Cascade Mutual",
    "Cascade-Mutual", "Florida Blues",
)  # fmt: skip
# (line of business, filing indicator): mostly in agreement, so that the edits below the program ones are reached.
PROGRAM_SIGNS = (
    *(("commercial", None),) * 44,
    ("commercial", None), ("Commercial", "BL"), ("commercial", "CI"), ("COMMERCIAL", None), ("commercial", "12"),
    ("Exchange", None), ("QHP", "BL"), ("marketplace", "CI"), ("Market-Place", None),
    ("medicaid", None), ("Medicaid", "MC"), (None, "MC"),
    ("MA", None), ("MAPD", "16"), ("Medicare Advantage", None), (None, "16"), ("medicare_advantage", None),
    ("medicare_ffs", None), (None, "MA"), ("Medicare FFS", "MB"), (None, "MB"),
    ("FEP", None), ("Federal Employee Program", "FI"), (None, "FI"), ("fep", "FI"), ("federal employee-program", None),
    ("SAO", None), ("State Account", "BL"), ("state_account", None), ("nhs", None), ("NHS", "ZZ"),
    (None, None), (None, "BL"), ("Zebra Gold", None), ("Zebra Gold", "16"), (None, "HM"), ("---", None),
    ("commercial", "CH"), ("commercial", "VA"), ("commercial", "AM"), ("commercial", "OF"), ("commercial", "DS"),
    (None, "CH"), (None, "WC"), ("TRICARE", "CH"), ("other_coverage", None), ("Workers' Compensation", "WC"),
    (None, "TV"), ("medicaid", "LM"), ("Exchange", "LI"), ("commercial", "15"), ("commercial", "XX"),
    ("commercial", "FI"), ("commercial", "16"), ("FEP", "16"), ("MA", "MA"), ("medicaid", "MB"), ("SAO", "FI"),
)  # fmt: skip
MEMBERS = (
    *("M100200300",) * 60,
    "M1",
    "12345678",
    "R12345678",
    "r12345678",
    "R1234567",
    "R123456789",
    "XR12345678",
    "R12345678A",
    "R1234567A",
    "M7",
    "M8",
    "M9",
    "R12345678-01",
    "R 1234 5678",
    "r12345678 001",
    "R12345678901",
    "R123456789012",
    "R-12345678",
    "R12345678-A",
)
PLANS = (
    *(None,) * 36,
    "Gold 1500",
    "Blue Options",
    "PPO",
    "Commercial PPO",
    "commercial",
    "FEP Blue Focus",
    "Medicare Advantage PPO",
    "TRICARE Prime",
    "Premera Medicare Advantage HMO 2025",
    "BlueMedicare Classic",
    "Blue Cross FEP Basic Option",
    "TRICARE East Region",
    "Sunshine Medicaid 2",
    "Blue MA Preferred",
    "Omaha Gold",
    "Medicare and Medicaid Together",
    "SAO",
    "Feple Gold",
    "---",
)
AUTHORIZATIONS = (*(None,) * 40, "PA-17", "0000123")
DOUBTS = (
    *(None,) * 50, "diagnosis-unresolved@diagnosis[1].diagnosisReference", "diagnosis_pointer-dangling@segment-17",
    "b-unknown@segment-9-HI02 a-unknown@segment-8 b-unknown@segment-7",
)  # fmt: skip
# Diagnoses of each class, with the neighbors of each prefix; ICD-10-CM without the dot.
DIAGNOSIS_POOL = (
    "C220", "C229", "C787", "C250", "C259", "C641", "C649", "C3490", "C3411", "C7800", "C7802", "C61", "C509", "C189",
    "C73", "C4A9", "C7A00", "C7B02", "C800", "C801", "C00", "C009", "C781", "C786", "C788", "C23", "C24", "C60", "C62",
    "C65", "C770", "C7951", "C33", "C37", "C8190", "C9100", "C81", "C882", "D376", "D49", "K7581", "I10", "Z006",
    "C7B01", "C7952", "C802", "C802", "C8330", "C9611", "C9700", "Z0000", "Z8505", "Z7682", "C7931", "C4AZ",
)  # fmt: skip
PLAIN_DIAGNOSES = ("C220", "C259", "C61", "C787", "I10", "C641", "D376", "C3490", "C509", "K7581")
# Where the diagnoses are: gaps are allowed.
PLACES = ((1,), (1, 2), (1, 2, 3), (2,), (2, 5), (25,), (1, 25), (), (1,), (1,), (1, 2))
OLD_DIAGNOSES = ("1550", "1977", "1579", "V707")
TRIAL_SIGNS: tuple[Row, ...] = (
    *({} for _ in range(24)),
    {"hcpcs_modifier_1": "26"},
    {"hcpcs_modifier_1": "59", "hcpcs_modifier_2": "Q0"},
    {"hcpcs_modifier_5": "Q1"},
    {"hcpcs_modifier_1": "Q1", "hcpcs_modifier_3": "Q0"},
    {"hcpcs_modifier_1": "Q2", "hcpcs_modifier_2": "0Q"},
    {"clinical_trial_number": "00000017"},
    {"condition_codes": "30"},
    {"condition_codes": "A6 30"},
    {"condition_codes": "30,31"},
    {"condition_codes": "09; 30 ;A6"},
    {"condition_codes": "A6|30"},
    {"condition_codes": "130 301"},
    {"condition_codes": "3 0 A30"},
    {"condition_codes": "30A6"},
    {"investigational_device_exemption_number": "G123456"},
    {"value_codes": "D4"},
    {"value_codes": "80 D4"},
    {"value_codes": "01,D4:00000017"},
    {"value_codes": "D41 AD4", "condition_codes": "D4"},
    {"hcpcs_modifier_4": "Q0", "clinical_trial_number": "00000017", "condition_codes": "30"},
)
# data source, billing provider: both are parts of a claim
SENDERS = (*((None, None),) * 20, ("east", None), (None, "1902000227"), (None, "1902000110"), ("east", "1902000227"))
GROUPS = ("G1", "G2", "G3", "G4", None, "G5", "g1", "G9")
# frequency code, whether the line names an original claim
REVISIONS = (
    *(("1", False) for _ in range(28)), ("1", True), ("7", False), ("7", True), ("7", True), ("8", False), ("8", True),
)  # fmt: skip


def lines_of(blob: bytes) -> list[Row]:
    """One candidate line for every `LINE_BYTES` bytes."""
    chunks = (blob[start : start + LINE_BYTES] for start in range(0, len(blob) - LINE_BYTES + 1, LINE_BYTES))
    return [_line(chunk, position) for position, chunk in enumerate(chunks)]


def _claim_of(line: Row, claim_id: str | None) -> tuple[str | None, ...]:
    """The claim of that id of a line's payer, source, member and billing provider."""
    payer = payer_of(line["payer"]) or squeezed(line["payer"])
    return (payer, line.get("data_source"), line["member_id"], line.get("billing_provider_id"), claim_id)


def _pick(values: Sequence[Any], byte: int) -> Any:
    return values[byte % len(values)]


def _diagnoses(draw: Iterator[int]) -> Row:
    old = next(draw) % 16 == 15
    places = _pick(PLACES, next(draw))
    pool = OLD_DIAGNOSES if old else _pick((DIAGNOSIS_POOL, PLAIN_DIAGNOSES), next(draw))
    codes = [_pick(pool, next(draw)) for _ in range(3)]
    return {
        "diagnosis_code_type": "icd-9-cm" if old else "icd-10-cm",
        **{f"diagnosis_code_{place}": code for place, code in zip(places, codes, strict=False)},
    }


def _line(chunk: bytes, position: int) -> Row:
    draw = iter(chunk)
    start = _pick(START_DAYS, next(draw))
    payer = _pick(PAYERS, next(draw))
    line_of_business, filing_indicator = _pick(PROGRAM_SIGNS, next(draw))
    frequency, names_original = _pick(REVISIONS, next(draw))
    original = f"C{next(draw) % 64}"
    source, provider = _pick(SENDERS, next(draw))
    charge = Decimal(next(draw) * 97 - 500) / 4
    row: Row = dict.fromkeys(CANDIDATE_SCHEMA)
    row |= {
        "source_file": "extract.csv",
        "source_row": position + 1,
        "data_source": source,
        "billing_provider_id": provider,
        "claim_id": f"C{next(draw) % 64}",
        "claim_line_number": position + 1,
        "claim_type": _pick(("professional", "institutional", "undetermined"), next(draw)),
        "member_id": _pick(MEMBERS, next(draw)),
        "payer": payer,
        "group_id": _pick(GROUPS, next(draw)),
        "plan": _pick(PLANS, next(draw)),
        "prior_authorization_number": _pick(AUTHORIZATIONS, next(draw)),
        "doubts": _pick(DOUBTS, next(draw)),
        "line_of_business": line_of_business,
        "claim_filing_indicator_code": filing_indicator,
        "service_start_date": start,
        "service_end_date": start + timedelta(days=_pick(SPANS, next(draw))),
        **dict(zip(("hcpcs_code", "code_column"), _pick(CODES, next(draw)), strict=True)),
        "service_unit_quantity": 1.0,
        "charge_amount": _pick((charge, charge, charge, None), next(draw)),
        "claim_frequency_code": frequency,
        "original_claim_id": original if names_original else None,
    }
    return row | _diagnoses(draw) | _pick(TRIAL_SIGNS, next(draw))


def contracts_of(blob: bytes) -> list[Row]:
    """One contract for every `CONTRACT_BYTES` bytes, no two of a payer and group with the same first day."""
    found: dict[tuple[str, str, date], Row] = {}
    for place in range(0, len(blob) - CONTRACT_BYTES + 1, CONTRACT_BYTES):
        draw = iter(blob[place : place + CONTRACT_BYTES])
        first = date(2024, 3, 1) + timedelta(days=_pick((0, -1, 1, -800, -1520, 671, 700, 650), next(draw)))
        last = _pick((None, first, first + timedelta(days=1), first + timedelta(days=700), None), next(draw))
        row: Row = {
            "payer": _pick(("regence", "florida_blue", "regence", "premera", "nhs_england"), next(draw)),
            "group_id": _pick(("G1", "G2", "G3", "G4", "G5"), next(draw)),
            "effective_date": first,
            "end_date": last,
            "coverage": _pick(("excluded", "covered", "review", "excluded"), next(draw)),
            "group_code": _pick((None, "PR", "CO", "OA", "PI"), next(draw)),
            "citation": None,
        }
        found[row["payer"], row["group_id"], first] = row
    return list(found.values())


def revisions_of(lines: Sequence[Row], run_lines: Sequence[Row] | None = None) -> pl.LazyFrame:
    """The replacements and voids among lines, as the engine takes them; `run_lines` are all of the run."""
    claims = {_claim_of(line, line["claim_id"]) for line in run_lines or lines}
    revised = []
    for line in lines:
        if line["claim_frequency_code"] in {"7", "8"}:
            known = _claim_of(line, line["original_claim_id"]) in claims
            named = line["original_claim_id"] if known else line["claim_id"]
            revised.append(
                {column: line.get(column) for column in _REVISION} | {"revised_claim_id": named, "refused": False}
            )
    return pl.LazyFrame(revised, schema=REVISION_SCHEMA).unique(maintain_order=True)
