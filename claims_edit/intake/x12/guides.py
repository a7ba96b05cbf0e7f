"""Which implementation guide a transaction follows, and which date of the claim each guide lets a line fall back on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.loops import NONE

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Numbers

# The number of each guide in GS08 and ST03 (005010X222A1), and the claim type of its claims.
GUIDES = {
    "X098": "professional", "X096": "institutional", "X097": "undetermined",
    "X222": "professional", "X223": "institutional", "X224": "undetermined",
    "X298": "professional", "X299": "institutional", "X300": "undetermined",
}  # fmt: skip
_GUIDE = r"^00[45]010(X[0-9]{3})"
# The claim type whose lines may take the claim's date, and the date: of service (837D), of the statement (837I).
# A line of an 837P has a date of its own, and no guide makes the day of admission (435) a date of service.
CLAIM_DATES = {"institutional": "DTP*434", "undetermined": "DTP*472"}


def guide_types(chunk: Chunk, rows: Numbers) -> pl.DataFrame:
    """The claim types that GS08 and ST03 of the group and transaction of each row name; null where they name none."""
    return pl.DataFrame({
        "group_type": _type(chunk, chunk.group[rows], 8),
        "transaction_type": _type(chunk, chunk.transaction[rows], 3),
    })  # fmt: skip


def _type(chunk: Chunk, rows: Numbers, place: int) -> pl.Series:
    opening, of_row = np.unique(rows, return_inverse=True)
    segments = np.where(opening == NONE, NONE, chunk.rows.segment[opening])
    guide = chunk.segments.elements(segments, place).str.extract(_GUIDE)
    return guide.replace_strict(GUIDES, default=None, return_dtype=pl.String).gather(of_row)


def claim_date(end: str) -> pl.Expr:
    """The `end` (start or end) of the claim's date that a line may fall back on; no guide in force may forbid it."""
    claim_type = pl.col("claim_type")
    agrees = (pl.col(named).fill_null(claim_type) == claim_type for named in ("group_type", "transaction_type"))
    chosen = pl.coalesce(
        pl.when(claim_type == of_type).then(pl.col(f"{kind} {end}")) for of_type, kind in CLAIM_DATES.items()
    )
    return pl.when(*agrees).then(chosen)
