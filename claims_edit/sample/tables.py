"""The synthetic claim lines themselves: canonical columns, typed, three lines a claim.

Every value is a pure function of the seed and the row or claim number, so that a larger extract begins with the smaller
one. Values that an 837 or an ExplanationOfBenefit has once per claim are the same on all its lines. No row comes from a
real claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from polars.io.plugins import register_io_source

from claims_edit.sample.draws import draw, npi, pick

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES_PER_CLAIM = 3
CHUNK_LINES = 120_000  # a multiple of LINES_PER_CLAIM, so that no claim is split over two chunks
FIRST_DAY = date(2019, 7, 1)
DAYS = 2700  # 2019-07-01 to 2026-11-20: includes every policy boundary of the shipped rules
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
FILING_INDICATORS = ("BL", "CI", "12", None)
_MISSING_MEMBER, _SHORT_CODE, _BAD_DIAGNOSIS, _END_FIRST, _REPEATED_KEY = range(5)
_ONE_IN = 40_000  # rows (or claims) that have each of these faults
_LOCUM_ONE_IN = 20_000  # rows whose rendering provider differs from the claim's


@dataclass(frozen=True)
class _Draws:
    """The draws for a row (`n`), and for its claim."""

    seed: int
    n: pl.Expr

    @property
    def number(self) -> pl.Expr:
        """The claim's number, from 0."""
        return self.n // LINES_PER_CLAIM

    def line(self, salt: int) -> pl.Expr:
        return draw(self.n, salt, self.seed)

    def claim(self, salt: int) -> pl.Expr:
        return draw(self.number, salt, self.seed)

    @property
    def is_ire(self) -> pl.Expr:
        return self.line(1) % 1000 == 0

    @property
    def claim_has_ire(self) -> pl.Expr:
        rows = (_Draws(self.seed, self.number * LINES_PER_CLAIM + place) for place in range(LINES_PER_CLAIM))
        return pl.any_horizontal(row.is_ire for row in rows)

    @property
    def institutional(self) -> pl.Expr:
        return self.claim(2) % 5 == 0

    @property
    def revised(self) -> pl.Expr:
        return self.claim(4) % 200 == 0


def _who(d: _Draws) -> list[pl.Expr]:
    """The claim, its member and its payer."""
    claim_id = pl.lit("CLM") + d.number.cast(pl.String).str.zfill(10)
    of_fep = d.claim(7) % len(LINES_OF_BUSINESS) == LINES_OF_BUSINESS.index("FEP")
    return [
        claim_id.alias("claim_id"),
        (d.n % LINES_PER_CLAIM + 1).cast(pl.Int64).alias("claim_line_number"),
        pl.when(d.institutional).then(pl.lit("institutional")).otherwise(pl.lit("professional")).alias("claim_type"),
        pl.when(of_fep)
        .then(pl.lit("R") + (d.claim(9) % 90_000_000 + 10_000_000).cast(pl.String))
        .otherwise(pl.lit("M") + (d.claim(9) % 9_000_000 + 1_000_000).cast(pl.String))
        .alias("member_id"),
        pick(PAYERS, d.claim(5)).alias("payer"),
        (pl.lit("G") + (d.claim(10) % 40 + 1000).cast(pl.String)).alias("group_id"),
        pick(LINES_OF_BUSINESS, d.claim(7)).alias("line_of_business"),
        pick(FILING_INDICATORS, d.claim(11)).alias("claim_filing_indicator_code"),
    ]


def _when_and_where(d: _Draws) -> list[pl.Expr]:
    """Dates, and the place or bill type; institutional lines have only the claim's dates."""
    start = pl.lit(FIRST_DAY) + pl.duration(days=(d.claim(3) % DAYS).cast(pl.Int64))
    end = start + pl.duration(days=(d.claim(12) % 50 == 0).cast(pl.Int64))
    professional = ~d.institutional
    return [
        start.alias("claim_start_date"),
        end.alias("claim_end_date"),
        pl.when(professional).then(start).alias("claim_line_start_date"),
        pl.when(professional).then(start).alias("claim_line_end_date"),
        pl.when(professional).then(pick(("11", "22", "21", "23", "24"), d.claim(13))).alias("place_of_service_code"),
        pl.when(d.institutional).then(pick(("13", "11", "85"), d.claim(14)) + _frequency(d)).alias("bill_type_code"),
        pl.when(d.institutional).then(pick(("0360", "0450", "0300", "0636"), d.line(15))).alias("revenue_center_code"),
    ]


def _codes(d: _Draws) -> list[pl.Expr]:
    """Procedure, modifiers, diagnoses; an institutional claim has one list, with a tumor where any line is IRE."""
    code = (
        pl.when(d.is_ire)
        .then(pick(IRE_CODES, d.line(16)))
        .when(d.line(17) % 20 > 0)
        .then(pick(COMMON_CODES, d.line(16)))
    )
    modifier = pick(("26", "25", "59", "Q1", None, None, None, None), d.line(18))
    side = pick((None, None, None, None, None, "RT", "LT"), d.line(19))
    first, second, third = (d.claim(salt) % len(COMMON_DIAGNOSES) for salt in (21, 23, 25))
    has_second = (d.claim(22) % 2 == 0) & (second != first)
    has_third = (d.claim(24) % 4 == 0) & (third != first) & ~(has_second & (third == second))
    return [
        code.alias("hcpcs_code"),
        pl.when(code.is_not_null()).then(pl.coalesce(modifier, side)).alias("hcpcs_modifier_1"),
        pl.when(code.is_not_null() & modifier.is_not_null()).then(side).alias("hcpcs_modifier_2"),
        pl.lit("icd-10-cm").alias("diagnosis_code_type"),
        pl.when(d.institutional & d.claim_has_ire)
        .then(pick(TUMORS, d.claim(20)))
        .when(~d.institutional & d.is_ire)
        .then(pick(TUMORS, d.line(20)))
        .otherwise(pick(COMMON_DIAGNOSES, first))
        .alias("diagnosis_code_1"),
        pl.when(has_second).then(pick(COMMON_DIAGNOSES, second)).alias("diagnosis_code_2"),
        pl.when(has_third).then(pick(COMMON_DIAGNOSES, third)).alias("diagnosis_code_3"),
    ]


def _money_and_providers(d: _Draws) -> list[pl.Expr]:
    """Units, amounts, providers; some lines have a locum whose NPI's check digit is wrong."""
    charge = (d.line(8) % 400_000 + 100).cast(pl.Int64) + pl.when(d.is_ire).then(900_000).otherwise(0)
    cents = charge.cast(pl.Decimal(18, 2))
    has_locum = d.line(27) % _LOCUM_ONE_IN == 0
    return [
        (d.line(26) % 4 + 1).cast(pl.Int64).alias("service_unit_quantity"),
        (cents / 100).cast(pl.Decimal(18, 2)).alias("charge_amount"),
        (cents * 6 / 1000).cast(pl.Decimal(18, 2)).alias("paid_amount"),
        (cents * 7 / 1000).cast(pl.Decimal(18, 2)).alias("allowed_amount"),
        pl.when(has_locum).then(pl.lit("1234567890")).otherwise(npi(d.claim(28))).alias("rendering_npi"),
        npi(d.claim(29)).alias("billing_npi"),
        pl.lit("sample").alias("data_source"),
    ]


def _frequency(d: _Draws) -> pl.Expr:
    return pl.when(d.revised).then(pick(("7", "8"), d.claim(30))).otherwise(pl.lit("1"))


def _revision(d: _Draws) -> list[pl.Expr]:
    """For one claim in 200, the claim that it replaces or voids: the one before."""
    former = pl.lit("CLM") + (d.number - 1).cast(pl.String).str.zfill(10)
    return [
        _frequency(d).alias("claim_frequency_code"),
        pl.when(d.revised & (d.number > 0)).then(former).alias("original_claim_id"),
    ]


def _faulty(d: _Draws) -> list[pl.Expr]:
    """A few rows that validation must refuse: about 1 in 10,000; a key repeats 1 in 120,000 times."""
    line_fault, claim_fault = d.line(40) % _ONE_IN, d.claim(41) % _ONE_IN
    bad_diagnosis = pl.when(d.institutional).then(claim_fault).otherwise(line_fault) == _BAD_DIAGNOSIS
    last_but_one = pl.col("claim_line_number") == LINES_PER_CLAIM - 1
    spoiled: dict[str, tuple[pl.Expr, pl.Expr]] = {
        "member_id": (claim_fault == _MISSING_MEMBER, pl.lit(None, pl.String)),
        "hcpcs_code": (line_fault == _SHORT_CODE, pl.lit("9921")),
        "diagnosis_code_1": (bad_diagnosis, pl.lit("??")),
        "claim_end_date": (claim_fault == _END_FIRST, pl.col("claim_start_date") - pl.duration(days=30)),
        "claim_line_number": ((line_fault == _REPEATED_KEY) & last_but_one, pl.lit(1, pl.Int64)),
    }
    return [pl.when(hit).then(value).otherwise(pl.col(name)).alias(name) for name, (hit, value) in spoiled.items()]


def _lines(numbers: pl.LazyFrame, seed: int) -> pl.LazyFrame:
    """The canonical columns of the rows whose numbers `n` are given."""
    d = _Draws(seed, pl.col("n"))
    columns = [*_who(d), *_when_and_where(d), *_codes(d), *_money_and_providers(d), *_revision(d)]
    return numbers.with_columns(columns).with_columns(_faulty(d)).drop("n")


def _numbers(start: int, end: int) -> pl.DataFrame:
    return pl.select(pl.int_range(start, end, dtype=pl.UInt64).alias("n"))


def scan(lines: int, seed: int) -> pl.LazyFrame:
    """A lazy frame of `lines` synthetic claim lines (canonical columns, typed), produced chunk by chunk."""

    def chunks(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, batch_size
        end = lines if n_rows is None else min(lines, n_rows)
        for start in range(0, end, CHUNK_LINES):
            yield _numbers(start, min(start + CHUNK_LINES, end))

    return _lines(register_io_source(chunks, schema={"n": pl.UInt64}), seed)


def lines_of(start: int, end: int, seed: int) -> pl.DataFrame:
    """Rows `start` to `end` (not included) of `scan`."""
    return _lines(_numbers(start, end).lazy(), seed).collect()
