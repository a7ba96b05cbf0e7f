"""The lines of `tables` put together as claims: one row a claim, as in 837 and FHIR."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.sample.draws import draw, pick
from claims_edit.sample.tables import CHUNK_LINES, LINES_PER_CLAIM, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator


LAST_NAMES = (
    "ADEYEMI", "BERGSTROM", "CASTELLANO", "DELACROIX", "ELLINGTON", "FAIRWEATHER", "GRIMSHAW", "HOLLOWAY", "ISHIKAWA",
    "JOHANNSEN", "KOWALCZYK", "LINDQVIST", "MARCHETTI", "NAKAMURA", "O'SULLIVAN", "PETROSYAN", "QUACKENBUSH",
    "RIVERDALE", "STONEBRIDGE", "THORNBURY", "UNDERHILL", "VANDERMEER", "WHITCOMBE", "YARDLEY",
)  # fmt: skip
FIRST_NAMES = (
    "ADA", "BRUNO", "CLARA", "DESMOND", "EDITH", "FELIX", "GRETA", "HUGO", "IRENE", "JASPER", "KEIKO", "LEON", "MARGOT",
    "NILS", "OLIVE", "PERCY", "ROSA", "SVEN", "THEA", "URSULA", "VICTOR", "WINONA",
)  # fmt: skip
STREETS = ("ALDER WAY", "BAYVIEW AVENUE", "CEDAR STREET", "DOGWOOD LANE", "ELM COURT", "FOUNDRY ROAD", "GROVE PLACE")
PLACES = (
    "SPRINGFIELD*WA*980019999", "RIVERTON*OR*970019999", "LAKEVIEW*FL*320019999", "FAIRHAVEN*ID*836019999",
    "GREENWOOD*UT*840019999", "MILLBROOK*AK*995019999",
)  # fmt: skip
GROUPS = ("MEDICAL GROUP", "CLINIC", "SURGICAL ASSOCIATES", "PHYSICIANS", "HEALTH PARTNERS")
TAXONOMIES = ("207Q00000X", "207R00000X", "208600000X", "2085R0202X", "282N00000X")
FIRST_BIRTHDAY = date(1938, 1, 1)
BIRTHDAYS = 23_000  # to the end of the year 2000
CHUNK_CLAIMS = 5000  # the limit of one transaction in the 837 guides
LINES = range(1, LINES_PER_CLAIM + 1)
LINE_COLUMNS = (
    "claim_line_number", "revenue_center_code", "hcpcs_code", "hcpcs_modifier_1", "hcpcs_modifier_2",
    "diagnosis_code_1", "service_unit_quantity", "charge_amount", "paid_amount", "allowed_amount", "rendering_npi",
)  # fmt: skip
DIAGNOSES = range(1, LINES_PER_CLAIM + 3)  # the positions of `diagnosis_at`: the lines' own first, then the shared ones


def _address(prefix: str, drawn: pl.Expr) -> list[pl.Expr]:
    """`<prefix>street`, and `<prefix>city`, `state`, `zip` (nine digits)."""
    street = (drawn % 9000 + 100).cast(pl.String) + pl.lit(" ") + pick(STREETS, drawn // 9000)
    place = drawn // 70_000
    parts = zip(*(text.split("*") for text in PLACES), strict=True)
    named = zip(("city", "state", "zip"), parts, strict=True)
    return [
        street.alias(f"{prefix}street"),
        *(pick(tuple(values), place).alias(f"{prefix}{name}") for name, values in named),
    ]


def members(seed: int) -> list[pl.Expr]:
    """The member of each claim, from the claim's `number`: names, birthday, sex and address."""
    number = pl.col("number")
    born = pl.lit(FIRST_BIRTHDAY) + pl.duration(days=(draw(number, 62, seed) % BIRTHDAYS).cast(pl.Int64))
    return [
        pick(LAST_NAMES, draw(number, 60, seed)).alias("member_last_name"),
        pick(FIRST_NAMES, draw(number, 61, seed)).alias("member_first_name"),
        born.alias("member_birth_date"),
        pick(("F", "M"), draw(number, 63, seed)).alias("member_sex"),
        *_address("member_", draw(number, 64, seed)),
    ]


def providers(seed: int) -> list[pl.Expr]:
    """The billing group (name, tax number, taxonomy, address) and the rendering provider's name of each claim."""
    billing, rendering = (pl.col(name).cast(pl.UInt64) for name in ("billing_npi", "rendering_npi.1"))
    family = pick(LAST_NAMES, draw(billing, 65, seed))
    return [
        (family + pl.lit(" ") + pick(GROUPS, draw(billing, 66, seed))).alias("billing_name"),
        (draw(billing, 67, seed) % 900_000_000 + 100_000_000).cast(pl.String).alias("billing_tax_number"),
        pick(TAXONOMIES, draw(billing, 68, seed)).alias("billing_taxonomy"),
        *_address("billing_", draw(billing, 69, seed)),
        pick(LAST_NAMES, draw(rendering, 70, seed)).alias("rendering_last_name"),
        pick(FIRST_NAMES, draw(rendering, 71, seed)).alias("rendering_first_name"),
        pick(TAXONOMIES, draw(rendering, 72, seed)).alias("rendering_taxonomy"),
    ]


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
