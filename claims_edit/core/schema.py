"""The frames that cross a seam of the core: their columns and types, all in one place.

Some are defined below the core, where they are made: REVISION_SCHEMA in `facts/`, DECISION_SCHEMA in the engine.
"""

from __future__ import annotations

import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, ValueKind
from claims_edit.core.candidate_codes import CODE_COLUMN
from claims_edit.engine import DECISION_SCHEMA
from claims_edit.facts.revision import REVISION_SCHEMA
from claims_edit.intake.extract import ORDINAL
from claims_edit.model import PROCEDURE_COLUMNS

__all__ = [
    "CAME_SCHEMA",
    "CANDIDATE_SCHEMA",
    "DECISION_SCHEMA",
    "KEPT_REVISION_SCHEMA",
    "KEY",
    "QUARANTINE_SCHEMA",
    "REVISION_SCHEMA",
    "STATE_SCHEMA",
    "TRACE_SCHEMA",
    "WARNED_SCHEMA",
]
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

KEY: dict[str, pl.DataType] = {"high": pl.UInt64(), "low": pl.UInt64()}
"""The hashes of a line's claim and of the line itself, of every row."""
IDENTITY: dict[str, pl.DataType] = {
    **dict.fromkeys(
        ("payer_raw", "payer_identity", "data_source", "member_id", "billing_provider_id", "claim_id"), pl.String()
    ),
    "claim_line_number": pl.Int64(),
    "claim_frequency_code": pl.String(),
}
"""The line in text, from which its key can be computed again; `payer_identity` is what its key was computed with."""
SEEN: dict[str, pl.DataType] = {"first_seen": pl.Date(), "last_seen": pl.Date(), "times_seen": pl.Int32()}
DECIDED: dict[str, pl.DataType] = {
    "decided_run_id": pl.String(), "decided_source_file": pl.String(), "decided_source_row": pl.Int64(),
    "disposition": pl.String(), "charge_amount": MONEY, "facts": pl.UInt64(),
}  # fmt: skip
"""The current decision of a line (of a superseded one, the row that says so): its location, and what must be the same
for the line to be unchanged."""
STATE_SCHEMA: dict[str, pl.DataType] = {
    **KEY, **IDENTITY, **SEEN,
    "latest_as_of": pl.Date(), "latest_run_id": pl.String(),  # of the form in which it came last, in the claim's order
    "status": pl.String(), "superseded_by": pl.String(), **DECIDED,
}  # fmt: skip
TRACE_SCHEMA: dict[str, pl.DataType] = {
    "named_high": pl.UInt64(), "own_high": pl.UInt64(),  # the claim that is revised, and the one that revises it
    **dict.fromkeys(
        ("payer_raw", "payer_identity", "data_source", "member_id", "billing_provider_id", "claim_id",
         "claim_frequency_code", "revised_claim_id"),
        pl.String(),
    ),
    "is_certain": pl.Boolean(),
    "first_as_of": pl.Date(), "last_as_of": pl.Date(), "last_run_id": pl.String(),
}  # fmt: skip
"""A claim that revises another, or may (`is_certain`), and the nights on which it came."""
CAME_SCHEMA: dict[str, pl.DataType] = {
    **KEY, **IDENTITY, "is_refused": pl.Boolean(), **{f"own_{name}": dtype for name, dtype in DECIDED.items()},
}  # fmt: skip
"""A line of the run: `own_…` is its decision in this run, null if it has none. IDENTITY is null without a decision."""
