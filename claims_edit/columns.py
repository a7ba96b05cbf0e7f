"""The columns of a claim line: one registry for intake, validation and documentation.

The canonical names are those of Tuva's Input Layer `medical_claim`, plus the extensions that Tuva lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, PROCEDURE_COLUMNS


class ValueKind(StrEnum):
    """How a column's text is made canonical."""

    TEXT = "text"  # trimmed
    CODE = "code"  # trimmed, upper-cased
    DIAGNOSIS = "diagnosis"  # a code, kept without the dot
    PROCEDURE = "procedure"  # a code of any code set, kept without the dot
    KEYWORD = "keyword"  # trimmed, lower-cased
    DATE = "date"  # ISO
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"  # decimal, two places


COUNTED = {
    ValueKind.INTEGER,
    ValueKind.NUMBER,
    ValueKind.MONEY,
}  # zero is a value of these; for others, zeros count as empty


@dataclass(frozen=True)
class Column:
    """One canonical column.

    `pattern` is the format (a regular expression over the canonical text) of a value, `length` its most characters;
    `repeats` means that a batch has few distinct values, so that a check tests each of them once instead of every row.
    An `identifier` is compared digit by digit, so one in exponent form is refused. A column that does not decide
    (`decides`) never refuses a row. A `verbatim` column is the reader's own, or is returned to the sender unchanged:
    no word in it is read as empty.
    """

    name: str
    kind: ValueKind
    pattern: str | None = None
    length: int | None = None
    repeats: bool = True
    identifier: bool = False
    decides: bool = True
    verbatim: bool = False


# ICD-10-PCS; HCPCS and CPT; OPCS-4; ABC; or digits, as in ICD-9-CM and SNOMED CT.
PROCEDURE = r"^([0-9A-HJ-NP-Z]{7}|[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}|[A-Z][0-9]{2,3}|[A-Z]{5}|[0-9]{1,18})$"
ID_LENGTH = 80  # characters of a claim id
DOUBTS_LENGTH = 1_000_000  # written by a reader: up to one for each part of a claim
NAME_LENGTH = 1000  # a longer text is not a name: a shifted column, or a broken quote


def _columns() -> tuple[Column, ...]:
    text, code = ValueKind.TEXT, ValueKind.CODE
    return (
        Column("claim_id", text, length=ID_LENGTH, repeats=False, identifier=True),
        Column("claim_line_number", ValueKind.INTEGER),
        Column("claim_type", ValueKind.KEYWORD, r"^(professional|institutional|undetermined)$"),
        Column("member_id", text, length=NAME_LENGTH, repeats=False, identifier=True),
        Column("person_id", text, length=NAME_LENGTH, repeats=False, identifier=True),
        Column("payer", text, length=NAME_LENGTH),
        Column("plan", text, length=NAME_LENGTH),
        Column("group_id", text, length=NAME_LENGTH, identifier=True),
        Column("line_of_business", text, length=NAME_LENGTH),
        Column("claim_filing_indicator_code", code, length=NAME_LENGTH),
        Column("claim_line_start_date", ValueKind.DATE),
        Column("claim_line_end_date", ValueKind.DATE),
        Column("claim_start_date", ValueKind.DATE),
        Column("claim_end_date", ValueKind.DATE),
        Column("place_of_service_code", code, r"^[0-9]{2}$"),
        Column("bill_type_code", code, length=NAME_LENGTH),
        Column("revenue_center_code", code, length=NAME_LENGTH),
        Column("hcpcs_code", code, r"^[A-Z0-9]{5}$"),
        *(Column(name, code, r"^[A-Z0-9]{2}$") for name in MODIFIER_COLUMNS),
        Column("diagnosis_code_type", ValueKind.KEYWORD, r"^icd-(10|9)-cm$"),
        *(Column(name, ValueKind.DIAGNOSIS) for name in DIAGNOSIS_COLUMNS),
        *(Column(name, ValueKind.PROCEDURE, PROCEDURE) for name in PROCEDURE_COLUMNS),
        Column("service_unit_quantity", ValueKind.NUMBER),
        Column("charge_amount", ValueKind.MONEY, repeats=False),
        Column("paid_amount", ValueKind.MONEY, repeats=False, decides=False),
        Column("allowed_amount", ValueKind.MONEY, repeats=False, decides=False),
        Column("rendering_npi", code, decides=False),
        Column("billing_npi", code, decides=False),
        Column("facility_npi", code, decides=False),
        Column("data_source", text, length=NAME_LENGTH),
        Column("claim_frequency_code", code, r"^[A-Z0-9]$"),
        Column("original_claim_id", text, length=ID_LENGTH, repeats=False, identifier=True),
        Column("clinical_trial_number", text, length=NAME_LENGTH),
        Column("condition_codes", code, length=NAME_LENGTH),
        Column("value_codes", code, length=NAME_LENGTH),
        Column("investigational_device_exemption_number", text, length=NAME_LENGTH),
        Column("prior_authorization_number", text, length=NAME_LENGTH, repeats=False),
        Column("line_item_control_number", text, length=NAME_LENGTH, repeats=False, verbatim=True),
        Column("billing_provider_id", text, length=NAME_LENGTH, verbatim=True),
        Column("doubts", text, length=DOUBTS_LENGTH, verbatim=True),
        Column("posting_holds", text, length=NAME_LENGTH, verbatim=True),
    )


# Columns that only readers set; a column of that name in an extract is ignored.
MADE_BY_READERS = frozenset({"billing_provider_id", "doubts", "posting_holds"})
COLUMNS: dict[str, Column] = {column.name: column for column in _columns()}
NPI_COLUMNS = ("rendering_npi", "billing_npi", "facility_npi")
DATE_COLUMNS = tuple(name for name, column in COLUMNS.items() if column.kind is ValueKind.DATE)
MONEY_COLUMNS = tuple(name for name, column in COLUMNS.items() if column.kind is ValueKind.MONEY)

# The required columns of an extract: at least one of each group (the first with a value in a row is used).
REQUIRED: tuple[tuple[str, ...], ...] = (
    ("claim_id",),
    ("claim_line_number",),
    ("claim_type",),
    ("member_id", "person_id"),
    ("payer",),
    ("claim_line_start_date", "claim_start_date"),
)
