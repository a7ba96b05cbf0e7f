"""The rules for a column's values: formats and bounds, as expressions over canonical text."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.columns import Column, ValueKind

if TYPE_CHECKING:
    from collections.abc import Callable

ICD_10_CM = r"^[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}$"
ICD_9_CM = r"^([0-9]{3}[0-9]{0,2}|V[0-9]{2}[0-9]{0,2}|E[0-9]{3}\.?[0-9]?)$"
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MONEY = r"^[+-]?([0-9]{1,15}(\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)$"
NUMBER = r"^[+-]?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]+)$"
NPI = r"^[0-9]{10}$"
EXPONENT = (  # a number as written by spreadsheets (2.02403E+11), Python (1e+16), Java (2.02403E11) and Rust (1e16)
    r"^[+-]?([0-9]([.,][0-9]+)?[Ee][+-]?[0-9]{1,2}|[0-9]+([.,][0-9]+)?[Ee][+-][0-9]{1,3}|[0-9]+[.,][0-9]+[Ee][0-9]{1,3})$"
)
NPI_DIGITS, HALF = 10, 5
PREFIX_SUM = 24  # the prefix 80840's part of the Luhn sum
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)  # a date outside is a sentinel or a typing error


def matches(pattern: str) -> Callable[[pl.Expr], pl.Expr]:
    """A rule of a column: its canonical text has this format."""
    return lambda text: text.str.contains(pattern)


def at_most(characters: int) -> Callable[[pl.Expr], pl.Expr]:
    """A rule of a column: its text is one line, no longer than this; a line end inside means that rows ran together."""
    return lambda text: (text.str.len_chars() <= characters) & ~text.str.contains("\n", literal=True)


def is_date(text: pl.Expr) -> pl.Expr:
    """A rule of a column: an ISO date that exists in the calendar."""
    exists = text.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return text.str.contains(ISO_DATE) & exists & ~text.str.starts_with("0000")


def is_exact(text: pl.Expr) -> pl.Expr:
    """A rule of an identifier: it is not a number in exponent form (`2.02403E+11`), whose digits are lost."""
    return ~text.str.contains(EXPONENT)


def is_no_error(text: pl.Expr) -> pl.Expr:
    """A rule of an identifier: it is not an error value of a spreadsheet, such as `#REF!` and `#VALUE!`."""
    return ~text.str.contains(r"^#[A-Z/0]+[!?]$")


def in_range(day: pl.Expr) -> pl.Expr:
    """A rule of a column: a day, or the ISO text of one, that is not a sentinel; text that is not a date passes."""
    return day.is_between(pl.lit(FIRST_DAY), pl.lit(LAST_DAY))


def text_in_range(text: pl.Expr) -> pl.Expr:
    """The same for ISO text; text that is not a date passes: another check finds it."""
    return ~is_date(text) | text.is_between(pl.lit(FIRST_DAY.isoformat()), pl.lit(LAST_DAY.isoformat()))


def is_line_number(text: pl.Expr) -> pl.Expr:
    """A rule of a column: an integer of at least 1."""
    return text.str.contains(r"^\+?[0-9]{1,18}$") & (text.cast(pl.Int64, strict=False) >= 1)


def luhn(text: pl.Expr) -> pl.Expr:
    """A rule of a column: the check digit of a ten-digit NPI is valid (ISO/IEC 7812 over the prefix 80840).

    Text that is not an NPI at all passes: another check finds it.
    """
    return ~text.str.contains(NPI) | _check_sum(text.cast(pl.UInt64, strict=False)).eq(0)


def has_check_digit(text: pl.Expr) -> pl.Expr:
    """Whether text is a ten-digit NPI that does not begin with a zero, and its check digit is valid (never null)."""
    number = text.cast(pl.UInt64, strict=False)
    is_npi: pl.Expr = (text.str.len_bytes() == NPI_DIGITS) & (number >= 10 ** (NPI_DIGITS - 1))
    return (is_npi & _check_sum(number).eq(0)).fill_null(value=False)


def _check_sum(number: pl.Expr) -> pl.Expr:
    """The Luhn sum of the last ten digits and the prefix 80840, modulo 10: one look-up for each half."""
    half = 10**HALF
    high: pl.Expr = pl.lit(_half_sums(0)).gather(number // half % half)
    low: pl.Expr = pl.lit(_half_sums(1)).gather(number % half)
    return (high + low + PREFIX_SUM) % 10


@cache
def _half_sums(doubled: int) -> pl.Series:
    """The Luhn sum of every number of five digits, in which each second digit counts double, from place `doubled` on.

    Places count from the right; the sums are at most 45.
    """
    sums = [0]
    for place in range(HALF):
        digits = [sum(divmod(digit * 2, 10)) for digit in range(10)] if place % 2 == doubled else list(range(10))
        sums = [digit + rest for digit in digits for rest in sums]
    return pl.Series(sums, dtype=pl.UInt8)


def value_rules(column: Column) -> dict[str, Callable[[pl.Expr], pl.Expr]]:
    """The rules that a column's text must pass, by the name of the check."""
    if column.pattern is not None:
        return {"shape": matches(column.pattern)}
    if column.length is not None:
        exact = {"exponent": is_exact, "spreadsheet-error": is_no_error} if column.identifier else {}
        return {"length": at_most(column.length)} | exact
    match column.kind:
        case ValueKind.DATE:
            return {"unparseable": is_date, "out-of-range": text_in_range}
        case ValueKind.INTEGER:
            return {"not-a-line-number": is_line_number}
        case ValueKind.NUMBER:
            return {"unparseable": matches(NUMBER)}
        case ValueKind.MONEY:
            return {"unparseable": matches(MONEY)}
        case ValueKind.CODE:
            return {"shape": matches(NPI), "luhn": luhn}
        case _:
            return {"shape": matches(ICD_10_CM)}
