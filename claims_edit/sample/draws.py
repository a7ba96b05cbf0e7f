"""Values drawn from a seed and a number alone, so that the same request gives the same bytes on any machine."""

from __future__ import annotations

import polars as pl


def draw(number: pl.Expr, salt: int, seed: int) -> pl.Expr:
    """Splitmix64 of a row or claim number: a UInt64 that looks random but is fixed."""
    start = (salt * 0xD1342543DE82EF95 + seed * 0x2545F4914F6CDD1D) % 2**64
    mixed = number * pl.lit(0x9E3779B97F4A7C15, pl.UInt64) + pl.lit(start, pl.UInt64)
    mixed = (mixed ^ (mixed // pl.lit(2**30, pl.UInt64))) * pl.lit(0xBF58476D1CE4E5B9, pl.UInt64)
    mixed = (mixed ^ (mixed // pl.lit(2**27, pl.UInt64))) * pl.lit(0x94D049BB133111EB, pl.UInt64)
    return mixed // pl.lit(2**33, pl.UInt64)


def pick(values: tuple[str | None, ...], drawn: pl.Expr) -> pl.Expr:
    """The value selected by a draw."""
    return pl.lit(pl.Series(values, dtype=pl.String)).gather(drawn % len(values))


def npi(drawn: pl.Expr) -> pl.Expr:
    """One of 5,000 provider numbers with a valid Luhn digit (ISO/IEC 7812 over the prefix 80840, 24 of the sum)."""
    stem = 100_000_000 + (drawn % 5000) * 7919
    total = pl.lit(24, pl.UInt64)
    for place in range(9):
        digit = stem // 10**place % 10
        total = total + (digit * 2 // 10 + digit * 2 % 10 if place % 2 == 0 else digit)
    return (stem * 10 + (10 - total % 10) % 10).cast(pl.String)
