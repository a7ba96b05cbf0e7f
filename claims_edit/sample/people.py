"""Invented members and providers for the numbers of the claim lines."""

from __future__ import annotations

from datetime import date

import polars as pl

from claims_edit.sample.draws import draw, pick

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
