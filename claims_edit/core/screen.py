"""The screen: finds the rows of a batch that need validation, with one expression over the columns as read.

A row is *plain* if its keys are canonical as read, its values pass every check without error and without warning, its
code is not a candidate code and it revises no claim. Only the charge and the key hashes of a plain row are used; every
other row is validated, and pandera names the failed checks. The screen may hold back a row unnecessarily, but never
clears one that validation refuses or warns about (tests/property/test_screen.py checks that, row by row). Its cost does
not depend on how often values repeat.
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
SAMPLE, FEW = 2048, 8  # a sample to test whether a column repeats its values: at most an eighth of them are distinct
NONE = pl.Series(dtype=pl.UInt32)
NO_DAY = FIRST_DAY - timedelta(days=1)
STARTS, ENDS = ("claim_line_start_date", "claim_start_date"), ("claim_line_end_date", "claim_end_date")


@dataclass(frozen=True)
class Screened:
    """The screen's result for a batch.

    Attributes:
        plain: which rows are plain (Boolean, never null).
        charge: the charge of each plain row (Decimal(18, 2)); null for others and if there is none.
        keyed: rows whose key columns are canonical as read (Boolean, never null).
        values: the batch's columns as read.
        flags: for columns with values that are not plain, the rows with a plain one (or null: none).
        tested: the columns that were tested.
    """

    plain: pl.Series
    charge: pl.Series
    keyed: pl.Series
    values: pl.DataFrame
    flags: pl.DataFrame
    tested: tuple[str, ...]

    def doubtful(self) -> dict[str, pl.Series]:
        """For each tested column, the positions of the rows whose value may not be plain."""
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
        raw: the batch, from `Extract.batches`.
        layout: of the extract.
        mapping: of the extract.
        rules: of the run.
        made: tests of values made for earlier batches; new ones are added.
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
    """A flag for each row, also if only literals were tested."""
    return flag if flag.len() == height else pl.repeat(bool(flag[0]), height, dtype=pl.Boolean, eager=True)


def _is_canonical_frequency(values: pl.DataFrame) -> pl.Expr:
    """Whether a frequency code is canonical: plain rows have one of a few, others that of a replacement or void."""
    name = "claim_frequency_code"
    return pl.col(name).str.contains("^[A-Z1-9]$") if name in values.columns else pl.lit(value=True)


def _by_distinct_values(values: pl.DataFrame, tests: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    """The tests of a batch; a text column that repeats its values is tested by its distinct values.

    A sample of its rows decides; the same rows pass either way.
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
    """The mapping's own words translated; dates are translated with their formats."""
    return values.with_columns(
        pl.col(name).replace(words)
        for name, words in mapping.values.items()
        if name in values.columns and name not in DATE_COLUMNS
    )


def _with_days(values: pl.DataFrame, mapping: Mapping) -> tuple[pl.DataFrame, pl.Series]:
    """Text of date columns as days: a batch has few. Text that is not a date becomes a day that no claim has.

    If almost all are canonical text, they stay text, because ISO text compares like days; the others are also returned.
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
    """Which texts (none null) are valid days of a claim."""
    text = pl.col(texts.name)
    return texts.to_frame().select(is_date(text) & text_in_range(text)).to_series()


def _days(canonical: pl.Series) -> pl.Series:
    """The day of each canonical text; null if there is none."""
    text = pl.col(canonical.name)
    day = pl.when(is_date(text)).then(text).str.to_date("%Y-%m-%d", strict=False)
    return canonical.to_frame().select(pl.when(text.is_null()).then(None).otherwise(day.fill_null(NO_DAY))).to_series()


def _reader_tests(raw: pl.DataFrame) -> Iterator[pl.Expr]:
    """Findings of the reader: refused rows, and rows that others may explain, need validation."""
    if FAULT in raw.columns:
        yield pl.col(FAULT).is_null()
    if RANK in raw.columns:
        yield pl.col(RANK) == 0
    if EXPLAINS in raw.columns:
        yield pl.col(EXPLAINS).is_null()


def _row_test(values: pl.DataFrame, rules: ScreenRules) -> pl.Expr:
    """The required values of a row, and the consistency of its dates."""
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
