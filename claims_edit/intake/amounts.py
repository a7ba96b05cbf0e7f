"""Amounts as decimals of two places, the same from text, floats and decimals of any scale."""

from __future__ import annotations

import polars as pl

from claims_edit.columns import COLUMNS, Column
from claims_edit.intake.placeholders import is_placeholder
from claims_edit.value_rules import MONEY

AMOUNT = pl.Decimal(18, 2)
CENTS = 2
FRACTION = r"^[+-]?[0-9]{0,9}\.[0-9]+$"  # beyond 10^9, a binary float no longer holds a millionth
TINY = r"^[+-]?[0-9](\.[0-9]+)?[Ee]-[0-9]{1,3}$"
NOISE = 1.000001e-6  # how far from a cent a binary float may be; a little more than a millionth, for its own sake
BOUND = 10**15


def as_amounts(given: pl.Series) -> pl.Series:
    """An amount column as AMOUNT; as text, what cannot be read left as it is, where that is not all of it."""
    column = COLUMNS[given.name]
    number = given.fill_nan(None) if given.dtype.is_float() else given
    if isinstance(number.dtype, pl.Float64):
        cents = number.round(CENTS)
        if ((number - cents).abs() <= NOISE).all() and (number.abs() < BOUND).all():
            return cents.cast(AMOUNT)
    elif number.dtype.is_numeric() and _is_of_cents(number.dtype) and (number.abs() < BOUND).all():
        return number.cast(AMOUNT)
    text = number.cast(pl.String)
    if not text.str.contains(MONEY).all():
        text = _read_closely(text, column)
        if not text.str.contains(MONEY).all():
            return text
    return text.cast(AMOUNT)


def _is_of_cents(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale <= CENTS)


def _read_closely(text: pl.Series, column: Column) -> pl.Series:
    """Text without blanks, placeholder words and binary noise; what cannot be read stays."""
    name = text.name
    odd = ~text.str.contains(MONEY).fill_null(value=True)
    given = text.filter(odd).unique()
    value = pl.col(name).str.strip_chars()
    number = value.cast(pl.Float64, strict=False)
    cents = number.round(CENTS)
    is_near = (number - cents).abs() <= NOISE
    is_read = (value.str.contains(FRACTION) & (is_near | pl.lit(not column.decides))) | (
        value.str.contains(TINY) & (number.abs() <= NOISE)
    )
    read = (
        pl.when(is_placeholder(value, column) | (value.str.len_bytes() == 0))
        .then(None)
        .when(is_read)
        .then(cents.cast(AMOUNT, strict=False).cast(pl.String))
        .otherwise(value)
    )
    return text.replace_strict(given, given.to_frame().select(read).to_series(), default=text, return_dtype=pl.String)
