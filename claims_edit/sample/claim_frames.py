"""The lines of `tables` put together as claims: one row a claim, as in 837 and FHIR."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.sample.people import members, providers
from claims_edit.sample.tables import CHUNK_LINES, LINES_PER_CLAIM, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_CLAIMS = 5000  # the limit of one transaction in the 837 guides
LINES = range(1, LINES_PER_CLAIM + 1)
LINE_COLUMNS = (
    "claim_line_number", "revenue_center_code", "hcpcs_code", "hcpcs_modifier_1", "hcpcs_modifier_2",
    "diagnosis_code_1", "service_unit_quantity", "charge_amount", "paid_amount", "allowed_amount", "rendering_npi",
)  # fmt: skip
DIAGNOSES = range(1, LINES_PER_CLAIM + 3)  # the positions of `diagnosis_at`: the lines' own first, then the shared ones


def of_line(column: str, line: int) -> pl.Expr:
    """A column of the claim's line at this position (from 1); null where the claim has no such line."""
    return pl.col(f"{column}.{line}")


def has_line(line: int) -> pl.Expr:
    """Whether the claim has a line at this position."""
    return of_line("claim_line_number", line).is_not_null()


def diagnosis_at(place: int) -> pl.Expr:
    """The code at this position; null where there is none, or it is at an earlier position."""
    return pl.col(f"diagnosis.{place}")


def pointer_at(place: int) -> pl.Expr:
    """The position of this code in the claim's list (from 1), as text; null where there is none."""
    return pl.col(f"pointer.{place}")


def pointers_of(line: int) -> list[pl.Expr]:
    """The pointers of a line, in its own order; the second and third may be null."""
    return [pointer_at(place) for place in (line, LINES_PER_CLAIM + 1, LINES_PER_CLAIM + 2)]


def differs_on(line: int) -> pl.Expr:
    """Whether a line's rendering provider differs from the claim's (which is the first line's)."""
    return (of_line("rendering_npi", line) != of_line("rendering_npi", 1)).fill_null(value=False)


def claim_chunks(lines: int, seed: int) -> Iterator[pl.DataFrame]:
    """Frames of up to CHUNK_CLAIMS claims, with the first `lines` lines; the last claim may have fewer lines.

    Columns: those of `tables` that all lines share, `<LINE_COLUMNS>.<line>`, `number` (of the claim, from 0), totals,
    `facility`, `diagnosis.<place>` and `pointer.<place>`, and those of `people`.
    """
    for start in range(0, lines, CHUNK_LINES):
        made = lines_of(start, min(start + CHUNK_LINES, lines), seed)
        yield from _claims(made, start // LINES_PER_CLAIM, seed).iter_slices(CHUNK_CLAIMS)


def _claims(lines: pl.DataFrame, first: int, seed: int) -> pl.DataFrame:
    """The lines side by side, and derived columns; `first` is the first claim's number."""
    shared = lines.gather_every(LINES_PER_CLAIM).drop(LINE_COLUMNS)
    sides = [
        lines.gather_every(LINES_PER_CLAIM, line - 1).select(
            pl.col(name).alias(f"{name}.{line}") for name in LINE_COLUMNS
        )
        for line in LINES
    ]
    wide = pl.concat([shared, *sides], how="horizontal_extend")
    totals = [
        pl.sum_horizontal(of_line(name, line).fill_null(0) for line in LINES).alias(name)
        for name in ("charge_amount", "paid_amount", "allowed_amount")
    ]
    return (
        wide.lazy()
        .with_columns(pl.int_range(first, first + wide.height, dtype=pl.UInt64).alias("number"))
        .with_columns(*totals, *_diagnoses(), pl.col("bill_type_code").str.head(2).alias("facility"))
        .with_columns(*members(seed), *providers(seed))
        .collect()
    )


def _diagnoses() -> list[pl.Expr]:
    """Each different code of the claim once, and the position of each line's codes in that list."""
    codes = [of_line("diagnosis_code_1", line) for line in LINES]
    codes += [pl.col("diagnosis_code_2"), pl.col("diagnosis_code_3")]
    columns: list[pl.Expr] = []
    positions: list[pl.Expr] = []
    count = pl.lit(0)
    for place, code in zip(DIAGNOSES, codes, strict=True):
        earlier = codes[: place - 1]
        is_other = (code.ne_missing(known) for known in earlier)
        is_new = pl.all_horizontal(code.is_not_null(), *is_other)
        count += is_new.cast(pl.Int32)
        same = [pl.when(code == other).then(at) for other, at in zip(earlier, positions, strict=True)]
        positions.append(pl.coalesce(pl.when(is_new).then(count), *same))
        columns.append(pl.when(is_new).then(code).alias(f"diagnosis.{place}"))
        columns.append(positions[-1].cast(pl.String).alias(f"pointer.{place}"))
    return columns
