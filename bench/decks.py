"""Decks of claim lines that cost a validator in different ways: values that repeat, that hardly do, and faulty rows.

`repeating` is the sample of the command line. `distinct` has 18 columns in which ids and NPIs hardly repeat. `faulty`
is `distinct` with one row in five broken, in eight ways. Made in slices, so that any size takes the same
memory; the same number of lines gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

SLICE = 1_000_000
FAULTY_ONE_IN = 5
CANDIDATE_ONE_IN = 1000
CODES = ("0600T", "0601T", "47384", "55877", "32999", "47399", "48999", "53899")
OTHER_CODES = ("99213", "99214", "36415", "80053", "85025", "93000", "71046", "G0463")
PAYERS = ("Regence BlueShield", "Florida Blue", "Premera Blue Cross", "Acme Health Plan")
PROGRAMS = ("commercial", "marketplace", "medicaid", "medicare_advantage", None)
DIAGNOSES = ("C220", "C250", "C787", "C61", "E119", "I10", "M545", "J069")
FIRST_DAY = dt.date(2025, 1, 1)
DAYS = 600
PRIME = 2_654_435_761  # spreads consecutive numbers (Knuth)


def _pick(values: tuple[str | None, ...], place: pl.Expr) -> pl.Expr:
    """One of the values, by a number of any size."""
    return pl.lit(pl.Series(values, dtype=pl.String)).gather(place % len(values))


def _npi(number: pl.Expr) -> pl.Expr:
    """A ten-digit NPI with its check digit (ISO/IEC 7812 over the prefix 80840), from any number."""
    nine = 100_000_000 + number % 900_000_000
    total = pl.lit(24, pl.Int64)
    for place in range(9):
        digit = nine // 10 ** (8 - place) % 10
        total = total + (digit * 2 // 10 + digit * 2 % 10 if place % 2 == 0 else digit)
    return (nine * 10 + (10 - total % 10) % 10).cast(pl.String)


def distinct_lines(first: int, count: int) -> pl.DataFrame:
    """Lines `first` and on, in which ids and NPIs hardly repeat."""
    row = pl.col("row")
    spread = row * PRIME % 4_294_967_296
    start = pl.lit(FIRST_DAY) + pl.duration(days=spread % DAYS)
    is_candidate = row % CANDIDATE_ONE_IN == 1  # a sound row of `faulty`
    number = pl.int_range(first, first + count, dtype=pl.Int64, eager=True).alias("row").to_frame()
    return number.select(
        claim_id=pl.format("CLM{}", (row // 2).cast(pl.String).str.zfill(12)),
        claim_line_number=row % 2 + 1,
        claim_type=_pick(("professional", "institutional"), row // 2),
        member_id=pl.format("M{}", (spread % 900_000_000).cast(pl.String).str.zfill(10)),
        payer=_pick(PAYERS, row // 2),
        line_of_business=_pick(PROGRAMS, row // 2 // 3),
        claim_line_start_date=start,
        claim_line_end_date=start + pl.duration(days=spread % 2),
        place_of_service_code=_pick(("11", "21", "22", "24"), spread),
        hcpcs_code=pl.when(is_candidate).then(_pick(CODES, row // CANDIDATE_ONE_IN)).otherwise(
            _pick(OTHER_CODES, spread)
        ),
        hcpcs_modifier_1=_pick(("26", "TC", None, None), spread // 7),
        diagnosis_code_1=_pick(DIAGNOSES, spread // 11),
        diagnosis_code_2=_pick((*DIAGNOSES, None, None, None), spread // 13),
        service_unit_quantity=(spread % 4 + 1).cast(pl.Float64),
        charge_amount=(spread % 1_000_000 / 100).cast(pl.Decimal(18, 2)),
        rendering_npi=_npi(spread),
        billing_npi=_npi(spread // 3),
        claim_frequency_code=pl.lit("1"),
    )  # fmt: skip


def faulty_lines(first: int, count: int) -> pl.DataFrame:
    """The same with one row in five broken, in eight ways."""
    row = pl.int_range(first, first + count)
    start, end = pl.col("claim_line_start_date"), pl.col("claim_line_end_date")
    late = pl.lit(dt.date(2030, 1, 1))
    broken: dict[str, tuple[tuple[str, pl.Expr], ...]] = {
        "no member": (("member_id", pl.lit(None, pl.String)),),
        "no payer": (("payer", pl.lit(None, pl.String)),),
        "code and modifier in one": (("hcpcs_code", pl.lit("0600T-59")),),
        "after the as-of date": ((start.meta.output_name(), late), (end.meta.output_name(), late)),
        "end before start": ((end.meta.output_name(), start - pl.duration(days=3)),),
        "diagnosis": (("diagnosis_code_1", pl.lit("25.0")),),
        "claim type": (("claim_type", pl.lit("other")),),
        "modifier": (("hcpcs_modifier_1", pl.lit("X")),),
    }
    lines = distinct_lines(first, count)
    changed = {name: pl.col(name) for name in lines.columns}
    for place, changes in enumerate(broken.values()):
        is_broken = (row % FAULTY_ONE_IN == 0) & (row // FAULTY_ONE_IN % len(broken) == place)
        for name, value in changes:
            changed[name] = pl.when(is_broken).then(value).otherwise(changed[name])
    return lines.with_columns(value.alias(name) for name, value in changed.items())


DECKS = {"distinct": distinct_lines, "faulty": faulty_lines}


def write_deck(name: str, lines: int, path: Path) -> None:
    """Write a deck of so many lines as Parquet, or as CSV where the path ends so."""
    parts = _slices(name, lines)
    if path.suffix == ".csv":
        with path.open("wb") as target:
            for place, part in enumerate(parts):
                part.write_csv(target, include_header=place == 0)
        return
    first = next(parts).to_arrow()
    with pq.ParquetWriter(path, first.schema, compression="snappy") as writer:
        writer.write_table(first)
        for part in parts:
            writer.write_table(part.to_arrow().cast(first.schema))


def _slices(name: str, lines: int) -> Iterator[pl.DataFrame]:
    for first in range(0, lines, SLICE):
        yield DECKS[name](first, min(SLICE, lines - first))


if __name__ == "__main__":  # decks.py NAME LINES PATH
    write_deck(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
