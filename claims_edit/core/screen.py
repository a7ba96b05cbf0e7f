"""The screen: which rows of a batch need a closer look, by one expression over the columns as they were read.

A row is *plain* where its keys are canonical as they were read, its values pass every check of the contract without
error and without warning, its code is no candidate's and it revises no claim. Of a plain row only the charge and the
hashes of its keys are wanted; every other row is looked at closely, and pandera names what failed. The screen may hold
back a row too many, never pass one that the contract refuses or warns about (tests/property/test_screen.py holds it to
that, row by row). What it costs does not depend on how often values repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, REQUIRED
from claims_edit.core.plain_values import ScreenRules, value_test
from claims_edit.intake import batch_values, canonical_values, side_by_side
from claims_edit.intake.amounts import AMOUNT, CENTS
from claims_edit.intake.extract import EXPLAINS, FAULT, RANK
from claims_edit.intake.keys import CLAIM_KEY
from claims_edit.value_rules import FIRST_DAY, is_date, text_in_range

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.intake import Mapping
    from claims_edit.intake.layout import Layout

    ValueTests = dict[tuple[str, pl.DataType], pl.Expr]

KEYED = "frequency is canonical"
SAMPLE, FEW = 2048, 8  # rows that tell whether a column repeats its values: an eighth of them are distinct, at most
NONE = pl.Series(dtype=pl.UInt32)
NO_DAY = FIRST_DAY - timedelta(days=1)
STARTS, ENDS = ("claim_line_start_date", "claim_start_date"), ("claim_line_end_date", "claim_end_date")


@dataclass(frozen=True)
class Screened:
    """What the screen says of a batch.

    Attributes:
        plain: which rows are plain (Boolean, never null).
        charge: the charge of each plain row (Decimal(18, 2)); null for others and where there is none.
        keyed: rows whose key columns are canonical as the screen read them (Boolean, never null).
        values: the batch's columns as the screen read them.
        flags: of the columns that have values that are not plain, which rows have one that is (or null: none).
        tested: the columns that were tested.
    """

    plain: pl.Series
    charge: pl.Series
    keyed: pl.Series
    values: pl.DataFrame
    flags: pl.DataFrame
    tested: tuple[str, ...]

    def doubtful(self) -> dict[str, pl.Series]:
        """Of each column that was tested the places of the rows whose value may not be plain."""
        height = self.plain.len()
        return {
            name: (~_of_height(self.flags[name], height)).arg_true() if name in self.flags.columns else NONE
            for name in self.tested
        }


def screen(
    raw: pl.DataFrame, layout: Layout, mapping: Mapping, rules: ScreenRules, made: ValueTests | None = None
) -> Screened:
    """Find the plain rows of a batch.

    Args:
        raw: the batch, as `Extract.batches` gives it.
        layout: of the extract.
        mapping: of the extract.
        rules: of the run.
        made: tests of values that were made for earlier batches; those made now are added.
    """
    values, no_days = _with_days(_translated(batch_values(raw, layout, mapping), mapping), mapping)
    made = made if made is not None else {}
    kinds = [(name, dtype) for name, dtype in values.schema.items() if name in COLUMNS]
    made |= {kind: value_test(*kind, mapping, rules) for kind in kinds if kind not in made}
    tests = {kind[0]: made[kind] for kind in kinds}
    if len(no_days):
        tests |= {name: ~pl.col(name).is_in(no_days.implode()) for name in DATE_COLUMNS if name in tests}
    found = values.hstack(raw.select(name for name in (FAULT, RANK, EXPLAINS) if name in raw.columns))
    flags = found.select(
        _row_test(values, rules).alias("row"),
        *(test.alias(name) for name, test in _by_distinct_values(values, tests).items()),
        *(test.alias(f"reader {place}") for place, test in enumerate(_reader_tests(raw))),
        _is_canonical_frequency(values).alias(KEYED),
    )
    keys = [name for name in (*CLAIM_KEY, "person_id", "claim_line_number", KEYED) if name in flags.columns]
    plain, keyed = (
        _of_height(flags.select(pl.all_horizontal(columns).fill_null(value=True)).to_series(), raw.height)
        for columns in (pl.exclude(KEYED), keys)
    )
    charge = pl.when(pl.lit(plain)).then(_amount(values, "charge_amount")).alias("charge")
    return Screened(plain, values.select(charge).to_series(), keyed, values, flags, tuple(tests))


def _of_height(flag: pl.Series, height: int) -> pl.Series:
    """A flag for each row, where only literals were tested too."""
    return flag if flag.len() == height else pl.repeat(bool(flag[0]), height, dtype=pl.Boolean, eager=True)


def _is_canonical_frequency(values: pl.DataFrame) -> pl.Expr:
    """Whether a frequency code is canonical: plain rows have one of few, others that of a replacement or void."""
    name = "claim_frequency_code"
    return pl.col(name).str.contains("^[A-Z1-9]$") if name in values.columns else pl.lit(value=True)


def _by_distinct_values(values: pl.DataFrame, tests: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    """The tests of a batch; a text column that repeats its values is tested by the distinct ones.

    Whether it does, a sample of its rows tells; either way the same rows pass.
    """
    texts = [name for name, dtype in values.schema.items() if name in tests and dtype == pl.String]
    sample = values.select(texts).gather_every(max(1, values.height // SAMPLE))
    counts = sample.select(pl.all().n_unique()).row(0) if texts else ()
    repeated = [name for name, count in zip(texts, counts, strict=True) if count * FEW <= sample.height]
    if not repeated:
        return tests
    lists = values.select(pl.col(name).unique().implode() for name in repeated)
    distinct = side_by_side({name: lists[name][0] for name in repeated})
    fails = distinct.select(tests[name].fill_null(value=True).not_().alias(name) for name in repeated)
    odd = {name: distinct[name].filter(fails[name]) for name in repeated}
    by_value = {name: ~pl.col(name).is_in(failing.implode()) for name, failing in odd.items() if len(failing)}
    return {name: by_value.get(name, test) for name, test in tests.items() if name not in odd or name in by_value}


def _translated(values: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """The mapping's own words as what they stand for; dates are translated with their forms."""
    return values.with_columns(
        pl.col(name).replace(words)
        for name, words in mapping.values.items()
        if name in values.columns and name not in DATE_COLUMNS
    )


def _with_days(values: pl.DataFrame, mapping: Mapping) -> tuple[pl.DataFrame, pl.Series]:
    """Text of date columns as days: a batch holds few. What is no date becomes a day that no claim has.

    Where almost all are canonical text, they stay, for ISO text compares as days do; the others are given as well.
    """
    names = [name for name in DATE_COLUMNS if name in values.columns]
    texts = [name for name in names if values.schema[name] == pl.String]
    shared = [name for name in texts if name not in mapping.values]  # the same text is the same day in all of these
    days = []
    for group in [shared, *([name] for name in texts if name not in shared)]:
        if not group:
            continue
        distinct = values.select(pl.col(name).unique().implode() for name in group)
        given = pl.concat([distinct[name][0].alias(group[0]) for name in group]).unique().drop_nulls()
        canonical = canonical_values(given, mapping)
        if group == names:
            odd = given.filter(given.ne_missing(canonical) | ~_are_claim_days(given))
            if len(odd) * FEW <= len(given):
                return values, odd
        days += [pl.col(name).replace_strict(given, _days(canonical), return_dtype=pl.Date) for name in group]
    return values.with_columns(days), pl.Series(dtype=pl.String)


def _are_claim_days(texts: pl.Series) -> pl.Series:
    """Which texts, none of them null, are days that a claim may have."""
    text = pl.col(texts.name)
    return texts.to_frame().select(is_date(text) & text_in_range(text)).to_series()


def _days(canonical: pl.Series) -> pl.Series:
    """The day of each canonical text; null where there is none."""
    text = pl.col(canonical.name)
    day = pl.when(is_date(text)).then(text).str.to_date("%Y-%m-%d", strict=False)
    return canonical.to_frame().select(pl.when(text.is_null()).then(None).otherwise(day.fill_null(NO_DAY))).to_series()


def _reader_tests(raw: pl.DataFrame) -> Iterator[pl.Expr]:
    """What a reader found itself: refused rows, and rows that others may explain, are looked at closely."""
    if FAULT in raw.columns:
        yield pl.col(FAULT).is_null()
    if RANK in raw.columns:
        yield pl.col(RANK) == 0
    if EXPLAINS in raw.columns:
        yield pl.col(EXPLAINS).is_null()


def _row_test(values: pl.DataFrame, rules: ScreenRules) -> pl.Expr:
    """What a row must have, and how its dates agree."""
    names = values.columns
    tests = [pl.any_horizontal(pl.col(name).is_not_null() for name in group if name in names) for group in REQUIRED]
    own, claim = (_column(values, name) for name in STARTS)
    own_end, claim_end = (_column(values, name) for name in ENDS)
    start, end = pl.coalesce(own, claim), pl.when(own.is_not_null()).then(own_end).otherwise(claim_end)
    as_of = rules.as_of.isoformat() if pl.String in {values.schema.get(name) for name in DATE_COLUMNS} else rules.as_of
    agree = [start <= as_of, end <= as_of, end >= start]
    return pl.all_horizontal(*tests, *(test.fill_null(value=True) for test in agree))


def _column(values: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in values.columns else pl.lit(None)


def _amount(values: pl.DataFrame, name: str) -> pl.Expr:
    """A plain amount as AMOUNT."""
    if name not in values.columns:
        return pl.lit(None, AMOUNT)
    dtype, value = values.schema[name], pl.col(name)
    if isinstance(dtype, pl.Float64):
        value = value.round(CENTS)
    elif not (dtype.is_integer() or isinstance(dtype, pl.Decimal)):
        value = value.cast(pl.String)
    return value.cast(AMOUNT, strict=False)
