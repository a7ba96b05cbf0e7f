"""The frames that cross a seam of the core: their columns and types."""

from __future__ import annotations

import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, ValueKind
from claims_edit.core.candidate_codes import CODE_COLUMN
from claims_edit.facts.revision import REVISION_SCHEMA
from claims_edit.intake.extract import ORDINAL
from claims_edit.model import PROCEDURE_COLUMNS

MONEY = pl.Decimal(18, 2)
SENDER = ("payer_raw", "billing_npi")
FIRST = ("first_source_file", "first_source_row")
DTYPES = {
    ValueKind.INTEGER: pl.Int64(),
    ValueKind.NUMBER: pl.Float64(),
    ValueKind.MONEY: MONEY,
    ValueKind.DATE: pl.Date(),
}
_REPLACED = {*DATE_COLUMNS, "person_id", *PROCEDURE_COLUMNS}  # by the effective dates, member_id and hcpcs_code
CANDIDATE_SCHEMA: dict[str, pl.DataType] = {
    ORDINAL: pl.Int64(),
    "service_start_date": pl.Date(),
    "service_end_date": pl.Date(),
    "service_date_column": pl.String(),  # of the start: the line's own date, or its claim's
    CODE_COLUMN: pl.String(),  # of hcpcs_code: the line's own code, or a procedure of its claim
    **{name: DTYPES.get(column.kind, pl.String()) for name, column in COLUMNS.items() if name not in _REPLACED},
}
QUARANTINE_SCHEMA: dict[str, pl.DataType] = {
    ORDINAL: pl.Int64(),
    "data_source": pl.String(),
    "claim_id": pl.String(),
    "failed_checks": pl.List(pl.String()),
    "candidate_code": pl.Boolean(),
    "charge_amount": MONEY,
    "raw_values": pl.String(),
    "first_source_file": pl.String(),
    "first_source_row": pl.Int64(),
    **dict.fromkeys(SENDER, pl.String()),
}

KEPT_REVISION_SCHEMA = REVISION_SCHEMA | {
    "claim_line_number": pl.Int64(),  # of a replacement: a line of the claim that it lacks is dropped
    "row": pl.Int64(),  # the position of a refused row in the run
}
WARNED_SCHEMA: dict[str, pl.DataType] = {ORDINAL: pl.Int64(), "claim_id": pl.String(), "check": pl.String()}
"""The first rows of each warning."""
