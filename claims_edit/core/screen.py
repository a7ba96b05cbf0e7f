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
from typing import TYPE_CHECKING, Self

import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, MONEY_COLUMNS, NPI_COLUMNS, REQUIRED, Column, Kind
from claims_edit.facts.revision import STANDS_ALONE
from claims_edit.intake import batch_values, canonical_text, canonical_values, side_by_side
from claims_edit.intake.amounts import AMOUNT, BOUND, CENTS, NOISE
from claims_edit.intake.extract import EXPLAINS, FAULT, RANK
from claims_edit.intake.keys import CLAIM_KEY
from claims_edit.names import name_key
from claims_edit.posting_holds import TEST_DATA
from claims_edit.value_rules import FIRST_DAY, LAST_DAY, has_check_digit, is_date, text_in_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from claims_edit.intake import Mapping
    from claims_edit.intake.layout import Layout
    from claims_edit.policy import Catalog

NAMES = ("payer", "data_source", "line_of_business")
KEYED = "frequency is canonical"
SAMPLE, FEW = 2048, 8  # rows that tell whether a column repeats its values: an eighth of them are distinct, at most
# An identifier that is canonical as it was read: no blank at its ends, no placeholder word, no exponent.
_DIGITS = r"[0-9-]*[1-9][0-9-]*"
_LETTER_FIRST = r"[A-Za-z][A-Za-z0-9 _./:#*+-]*[1-9](?:[A-Za-z0-9 _./:#*+-]*[A-Za-z0-9_./:#*+-])?"
_DIGIT_FIRST = r"[0-9][A-Za-z0-9_-]*[A-DF-Za-df-z][A-Za-z0-9_-]*"
IDENTIFIER = f"^(?:{_DIGITS}|{_LETTER_FIRST}|{_DIGIT_FIRST})$"
DIAGNOSIS = r"^[A-Za-z][0-9][0-9A-Za-z]\.?[0-9A-Za-z]{0,4}$"
UNITS = r"^[1-9][0-9]{0,8}(?:\.[0-9]{0,6})?$"
AMOUNT_TEXT = r"^-?[0-9]{1,13}(?:\.[0-9]{0,2})?$"
MOST_DIGITS = 18  # of a line number
NONE = pl.Series(dtype=pl.UInt32)
NO_DAY = FIRST_DAY - timedelta(days=1)
STARTS, ENDS = ("claim_line_start_date", "claim_start_date"), ("claim_line_end_date", "claim_end_date")


@dataclass(frozen=True)
class ScreenRules:
    """What a screen needs to know beyond the contract: plain data, the same for all batches of a run.

    Attributes:
        codes: the candidate codes.
        known_programs: lines of business that resolve, as their name keys.
        as_of: no service starts after this day.
    """

    codes: frozenset[str]
    known_programs: frozenset[str]
    as_of: date

    @classmethod
    def of(cls, catalog: Catalog, as_of: date) -> Self:
        """What a rule pack says of it."""
        codes, programs = catalog.codes["hcpcs_code"], catalog.program_spellings["name_key"]
        return cls(frozenset(codes.to_list()), frozenset(programs.to_list()), as_of)


@dataclass(frozen=True)
class Screened:
    """What the screen says of a batch.

    Attributes:
        plain: which rows are plain (Boolean, never null).
        charge: the charge of each plain row (Decimal(18, 2)); null for others and where there is none.
        keyed: rows whose key columns are canonical as the screen read them (Boolean, never null).
        values: the batch's columns as the screen read them.
        doubtful: of each column that was tested the places of the rows whose value may not be plain.
    """

    plain: pl.Series
    charge: pl.Series
    keyed: pl.Series
    values: pl.DataFrame
    doubtful: dict[str, pl.Series]


def screen(raw: pl.DataFrame, layout: Layout, mapping: Mapping, rules: ScreenRules) -> Screened:
    """Find the plain rows of a batch (columns as `Extract.batches` gives them)."""
    values, no_days = _with_days(_translated(batch_values(raw, layout, mapping), mapping), mapping)
    tests = {name: _value_test(name, dtype, mapping, rules) for name, dtype in values.schema.items() if name in COLUMNS}
    if len(no_days):
        tests |= {name: ~pl.col(name).is_in(no_days.implode()) for name in DATE_COLUMNS if name in tests}
    found = values.with_columns(raw.select(FAULT)) if FAULT in raw.columns else values
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
    doubtful = {
        name: _of_height(flags[name], raw.height).eq(other=False).arg_true() if name in flags.columns else NONE
        for name in tests
    }
    return Screened(plain, values.select(charge).to_series(), keyed, values, doubtful)


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
    if RANK in raw.columns or EXPLAINS in raw.columns:
        yield pl.lit(value=False)


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


def _value_test(name: str, dtype: pl.DataType, mapping: Mapping, rules: ScreenRules) -> pl.Expr:
    """The test of a column: true for a value that is plain, true or null for none."""
    value, column = pl.col(name), COLUMNS[name]
    if name in NAMES:
        return _is_plain_name(column, mapping, rules)
    if name in NPI_COLUMNS:
        return value.is_null() | has_check_digit(value)
    if name in MONEY_COLUMNS:
        return value.is_null() | _is_amount(value, dtype)
    if column.kind is Kind.DATE:
        return pl.lit(value=True) if dtype == pl.String else value.is_between(FIRST_DAY, LAST_DAY)
    if dtype.is_numeric():
        return _is_number(value, column, dtype)
    return _is_plain_text(value, column, rules)


def _is_plain_name(column: Column, mapping: Mapping, rules: ScreenRules) -> pl.Expr:
    """Whether a name is canonical as it is, and neither a check nor a warning names it."""
    value = pl.col(column.name)
    plain = (value == canonical_text(column, mapping)) & _is_one_line(value, column)
    if column.name == "line_of_business":
        plain &= name_key(value).is_in(sorted(rules.known_programs)).fill_null(value=False)
    return value.is_null() | plain.fill_null(value=False)


def _is_amount(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether a value that is not null is read as an amount without a closer look."""
    if isinstance(dtype, pl.Float64):
        return ((value - value.round(CENTS)).abs() <= NOISE) & (value.abs() < BOUND)
    if dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale <= CENTS):
        return value.is_between(-BOUND, BOUND, closed="none")
    return value.cast(pl.String).str.contains(AMOUNT_TEXT)


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


def _is_number(value: pl.Expr, column: Column, dtype: pl.DataType) -> pl.Expr:
    """A line number of at least 1; units that are neither zero nor infinite."""
    if column.kind is Kind.INTEGER:
        return value.is_between(1, 10**MOST_DIGITS)
    return (value != 0) & value.is_finite() if dtype.is_float() else value != 0


def _is_plain_text(value: pl.Expr, column: Column, rules: ScreenRules) -> pl.Expr:
    """Whether text is plain: a shape that the contract's own can only be wider than."""
    if column.name == "hcpcs_code":
        return value.str.contains(column.pattern or "") & ~value.is_in(sorted(rules.codes))
    if column.name in _OWN_TESTS:
        return _OWN_TESTS[column.name](value) & _is_one_line(value, column)
    match column:
        case Column(kind=Kind.DIAGNOSIS):
            return value.str.contains(DIAGNOSIS)
        case Column(kind=Kind.INTEGER):
            number = value.cast(pl.Int64, strict=False) >= 1
            return value.is_null() | (number.fill_null(value=False) & (value.str.len_bytes() <= MOST_DIGITS))
        case Column(kind=Kind.NUMBER):
            return value.str.contains(UNITS)
        case Column(identifier=True):
            return value.str.contains(IDENTIFIER) & (value.str.len_bytes() <= (column.length or 0))
        case Column(pattern=str(pattern)):
            return value.str.contains(f"(?i){pattern}")
    return _is_one_line(value, column)


_OWN_TESTS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    # A zero may say that there is none; under ICD-9-CM the codes have another shape; a provider is part of the key.
    "claim_frequency_code": lambda value: value.is_in([code for code in STANDS_ALONE if code != "0"]),
    "diagnosis_code_type": lambda value: value.str.contains("(?i)^icd-10-cm$"),
    "posting_holds": lambda value: ~value.str.contains(TEST_DATA, literal=True),
    "billing_provider_id": lambda value: (value == value.str.strip_chars()) & (value != ""),
}


def _is_one_line(value: pl.Expr, column: Column) -> pl.Expr:
    """One line, no longer than the column may be; of a column with a pattern any length."""
    if column.length is None:
        return pl.lit(value=True)
    return (value.str.len_bytes() <= column.length) & ~value.str.contains("\n", literal=True)
