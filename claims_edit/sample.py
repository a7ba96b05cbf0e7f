"""Seeded synthetic claim extracts of any size, in constant memory (`claims-edit sample`).

Every value is a pure function of the seed and the row number (splitmix64), so the same request gives the same bytes on
any machine and a larger extract begins with the smaller one. Nobody's claim stands behind a row.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from claims_edit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES_PER_CLAIM = 3
CHUNK_LINES = 120_000  # a multiple of LINES_PER_CLAIM, so that no claim is split over two chunks
FIRST_DAY = date(2019, 7, 1)
DAYS = 2700  # 2019-07-01 to 2026-11-20: every policy boundary of the shipped rules lies inside
IRE_CODES = ("0600T", "0601T", "47384", "55877", "32999", "47399", "48999", "53899")
COMMON_CODES = (
    "99213", "99214", "36415", "80053", "85025", "93000", "71046", "97110", "G0439", "J1885", "90686", "99284",
    "45378", "70450", "76700", "G0283", "99396", "81001", "87086", "92014",
)  # fmt: skip
COMMON_DIAGNOSES = (
    "I10", "E119", "Z0000", "M545", "J069", "E785", "N390", "R079", "K219", "F329", "Z23", "M25561",
)  # fmt: skip
TUMORS = ("C220", "C787", "C259", "C641", "C3490", "C61", "C509", "C189", "D136", "Z006")
PAYERS = (
    "Florida Blue", "Blue Cross and Blue Shield of Florida", "Premera Blue Cross", "Regence BlueShield", "Regence",
    "Cascade Mutual",
)  # fmt: skip
LINES_OF_BUSINESS = ("commercial", "Commercial PPO", "Exchange", "Medicaid", "MAPD", "FEP", "State Account", None)
_MISSING_MEMBER, _SHORT_CODE, _BAD_DIAGNOSIS, _END_FIRST, _REPEATED_KEY = range(5)
FILING_INDICATORS = ("BL", "CI", "12", None)


def _draw(number: pl.Expr, salt: int, seed: int) -> pl.Expr:
    """Splitmix64 of a row or claim number: a UInt64 that looks random and never changes."""
    start = (salt * 0xD1342543DE82EF95 + seed * 0x2545F4914F6CDD1D) % 2**64
    mixed = number * pl.lit(0x9E3779B97F4A7C15, pl.UInt64) + pl.lit(start, pl.UInt64)
    mixed = (mixed ^ (mixed // pl.lit(2**30, pl.UInt64))) * pl.lit(0xBF58476D1CE4E5B9, pl.UInt64)
    mixed = (mixed ^ (mixed // pl.lit(2**27, pl.UInt64))) * pl.lit(0x94D049BB133111EB, pl.UInt64)
    return mixed // pl.lit(2**33, pl.UInt64)


def _pick(values: tuple[str | None, ...], draw: pl.Expr) -> pl.Expr:
    """The value that a draw points at."""
    return pl.lit(pl.Series(values, dtype=pl.String)).gather(draw % len(values))


def _npi(draw: pl.Expr) -> pl.Expr:
    """One of 5,000 provider numbers with a right Luhn digit (ISO/IEC 7812 over the prefix 80840, 24 of the sum)."""
    stem = 100_000_000 + (draw % 5000) * 7919
    total = pl.lit(24, pl.UInt64)
    for place in range(9):
        digit = stem // 10**place % 10
        total = total + (digit * 2 // 10 + digit * 2 % 10 if place % 2 == 0 else digit)
    return (stem * 10 + (10 - total % 10) % 10).cast(pl.String)


def _columns(seed: int) -> list[pl.Expr]:
    """The canonical columns of one synthetic line, from its row number `n`."""
    n = pl.col("n")
    claim = n // LINES_PER_CLAIM

    def line_draw(salt: int) -> pl.Expr:
        return _draw(n, salt, seed)

    def claim_draw(salt: int) -> pl.Expr:
        return _draw(claim, salt, seed)

    is_ire = line_draw(1) % 1000 == 0
    institutional = claim_draw(2) % 5 == 0
    start = pl.lit(FIRST_DAY) + pl.duration(days=(claim_draw(3) % DAYS).cast(pl.Int64))
    revised = claim_draw(4) % 200 == 0
    payer = claim_draw(5)
    is_fep = claim_draw(7) % 8 == LINES_OF_BUSINESS.index("FEP")
    charge = (line_draw(8) % 400_000 + 100).cast(pl.Int64) + pl.when(is_ire).then(900_000).otherwise(0)
    cents = charge.cast(pl.Decimal(18, 0))
    number = claim.cast(pl.String).str.zfill(10)
    return [
        (pl.lit("CLM") + number).alias("claim_id"),
        (n % LINES_PER_CLAIM + 1).cast(pl.Int64).alias("claim_line_number"),
        pl.when(institutional).then(pl.lit("institutional")).otherwise(pl.lit("professional")).alias("claim_type"),
        pl.when(is_fep)
        .then(pl.lit("R") + (claim_draw(9) % 90_000_000 + 10_000_000).cast(pl.String))
        .otherwise(pl.lit("M") + (claim_draw(9) % 9_000_000 + 1_000_000).cast(pl.String))
        .alias("member_id"),
        _pick(PAYERS, payer).alias("payer"),
        (pl.lit("G") + (claim_draw(10) % 40 + 1000).cast(pl.String)).alias("group_id"),
        _pick(LINES_OF_BUSINESS, claim_draw(7)).alias("line_of_business"),
        _pick(FILING_INDICATORS, claim_draw(11)).alias("claim_filing_indicator_code"),
        start.alias("claim_start_date"),
        (start + pl.duration(days=(claim_draw(12) % 50 == 0).cast(pl.Int64))).alias("claim_end_date"),
        pl.when(~institutional).then(start).alias("claim_line_start_date"),
        pl.when(~institutional).then(start).alias("claim_line_end_date"),
        pl.when(~institutional)
        .then(_pick(("11", "22", "21", "23", "24"), claim_draw(13)))
        .alias("place_of_service_code"),
        pl.when(institutional).then(_pick(("131", "111", "851"), claim_draw(14))).alias("bill_type_code"),
        pl.when(institutional)
        .then(_pick(("0360", "0450", "0300", "0636"), line_draw(15)))
        .alias("revenue_center_code"),
        pl.when(is_ire)
        .then(_pick(IRE_CODES, line_draw(16)))
        .when(line_draw(17) % 20 > 0)
        .then(_pick(COMMON_CODES, line_draw(16)))
        .alias("hcpcs_code"),
        _pick(("26", "25", "59", "Q1", None, None, None, None), line_draw(18)).alias("hcpcs_modifier_1"),
        _pick((None, None, None, None, None, "RT", "LT"), line_draw(19)).alias("hcpcs_modifier_2"),
        pl.lit("icd-10-cm").alias("diagnosis_code_type"),
        pl.when(is_ire)
        .then(_pick(TUMORS, line_draw(20)))
        .otherwise(_pick(COMMON_DIAGNOSES, claim_draw(21)))
        .alias("diagnosis_code_1"),
        pl.when(claim_draw(22) % 2 == 0).then(_pick(COMMON_DIAGNOSES, claim_draw(23))).alias("diagnosis_code_2"),
        pl.when(claim_draw(24) % 4 == 0).then(_pick(COMMON_DIAGNOSES, claim_draw(25))).alias("diagnosis_code_3"),
        (line_draw(26) % 4 + 1).cast(pl.Int64).alias("service_unit_quantity"),
        (cents / 100).cast(pl.Decimal(18, 2)).alias("charge_amount"),
        (cents * 6 / 1000).cast(pl.Decimal(18, 2)).alias("paid_amount"),
        (cents * 7 / 1000).cast(pl.Decimal(18, 2)).alias("allowed_amount"),
        pl.when(line_draw(27) % 20_000 == 0)
        .then(pl.lit("1234567890"))
        .otherwise(_npi(claim_draw(28)))
        .alias("rendering_npi"),
        _npi(claim_draw(29)).alias("billing_npi"),
        pl.lit("sample").alias("data_source"),
        pl.when(revised).then(_pick(("7", "8"), claim_draw(30))).otherwise(pl.lit("1")).alias("claim_frequency_code"),
        pl.when(revised & (claim > 0))
        .then(pl.lit("CLM") + (claim - 1).cast(pl.String).str.zfill(10))
        .alias("original_claim_id"),
    ]


def _faulty(seed: int) -> list[pl.Expr]:
    """A few rows that a contract must refuse: about 1 in 10,000; a key repeats 1 in 120,000 times."""
    fault = _draw(pl.col("n"), 40, seed) % 40_000
    last_but_one = pl.col("claim_line_number") == LINES_PER_CLAIM - 1
    spoilt: dict[str, tuple[pl.Expr, pl.Expr]] = {
        "member_id": (fault == _MISSING_MEMBER, pl.lit(None, pl.String)),
        "hcpcs_code": (fault == _SHORT_CODE, pl.lit("9921")),
        "diagnosis_code_1": (fault == _BAD_DIAGNOSIS, pl.lit("??")),
        "claim_end_date": (fault == _END_FIRST, pl.col("claim_start_date") - pl.duration(days=30)),
        "claim_line_number": ((fault == _REPEATED_KEY) & last_but_one, pl.lit(1, pl.Int64)),
    }
    return [pl.when(hit).then(value).otherwise(pl.col(name)).alias(name) for name, (hit, value) in spoilt.items()]


def scan(lines: int, seed: int) -> pl.LazyFrame:
    """A lazy frame of `lines` synthetic claim lines (canonical columns, typed), produced chunk by chunk."""

    def chunks(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, batch_size
        end = lines if n_rows is None else min(lines, n_rows)
        for start in range(0, end, CHUNK_LINES):
            yield pl.select(pl.int_range(start, min(start + CHUNK_LINES, end), dtype=pl.UInt64).alias("n"))

    source = register_io_source(chunks, schema={"n": pl.UInt64})
    return source.with_columns(_columns(seed)).with_columns(_faulty(seed)).drop("n")


def write_sample(lines: int, path: Path, *, seed: int) -> None:
    """Write `lines` claim lines to `path`: Parquet, NDJSON or CSV by its ending (`.csv`, `.tsv`; `.gz` is left out)."""
    frame = scan(lines, seed)
    match path.suffix.lower():
        case ".parquet":
            frame.sink_parquet(path, row_group_size=CHUNK_LINES)
        case ".ndjson" | ".jsonl":
            frame.sink_ndjson(path)
        case ".csv" | ".tsv":
            frame.sink_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
        case _:
            msg = f"--out {path.name}: no such format. End the name in .parquet, .csv, .tsv or .ndjson."
            raise UsageError(msg)
