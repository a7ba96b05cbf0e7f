"""The screen's tests for the values of one column: true for a plain value, true or null for null."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import polars as pl

from claims_edit.columns import COLUMNS, MONEY_COLUMNS, NPI_COLUMNS, Column, ValueKind
from claims_edit.core.candidate_codes import CandidateCodes
from claims_edit.facts.revision import REVISES_NOTHING
from claims_edit.intake import canonical_text
from claims_edit.intake.amounts import BOUND, CENTS, NOISE
from claims_edit.model import LINE_CODE
from claims_edit.names import name_key
from claims_edit.posting_holds import TEST_DATA
from claims_edit.value_rules import FIRST_DAY, LAST_DAY, has_check_digit

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from claims_edit.intake import Mapping
    from claims_edit.policy import Catalog

NAMES = ("payer", "data_source", "line_of_business")
# An identifier that is canonical as read: no blank at its ends, no placeholder word, no exponent.
_DIGITS = r"[0-9-]*[1-9][0-9-]*"
_LETTER_FIRST = r"[A-Za-z][A-Za-z0-9 _./:#*+-]*[1-9](?:[A-Za-z0-9 _./:#*+-]*[A-Za-z0-9_./:#*+-])?"
_DIGIT_FIRST = r"[0-9][A-Za-z0-9_-]*[A-DF-Za-df-z][A-Za-z0-9_-]*"
IDENTIFIER = f"^(?:{_DIGITS}|{_LETTER_FIRST}|{_DIGIT_FIRST})$"
DIAGNOSIS = r"^[A-Za-z][0-9][0-9A-Za-z]\.?[0-9A-Za-z]{0,4}$"
PROCEDURE = r"(?i)^(?:[0-9A-HJ-NP-Z]{7}|[0-9]{4}[0-9A-Z]|[0-9]{2}\.[0-9]{1,2}|[A-Z][0-9]{2}\.?[0-9]|[0-9]{2,4})$"
UNITS = r"^[1-9][0-9]{0,8}(?:\.[0-9]{0,6})?$"
AMOUNT_TEXT = r"^-?[0-9]{1,13}(?:\.[0-9]{0,2})?$"
MOST_DIGITS = 18  # of a line number


@dataclass(frozen=True)
class ScreenRules:
    """The inputs of the screen besides the validation rules: plain data, the same for all batches of a run.

    Attributes:
        codes: the candidate codes.
        known_programs: lines of business that resolve, as their name keys.
        as_of: later service dates are refused.
    """

    codes: CandidateCodes
    known_programs: frozenset[str]
    as_of: date

    @classmethod
    def of(cls, catalog: Catalog, as_of: date) -> Self:
        """The inputs from a rule pack."""
        return cls(CandidateCodes.of(catalog), frozenset(catalog.program_spellings["name_key"].to_list()), as_of)


def value_test(name: str, dtype: pl.DataType, mapping: Mapping, rules: ScreenRules) -> pl.Expr:
    """The test of a column: true for a plain value, true or null for null."""
    value, column = pl.col(name), COLUMNS[name]
    if name in NAMES:
        return _is_plain_name(column, mapping, rules)
    if name in NPI_COLUMNS:
        return value.is_null() | has_check_digit(value)
    if name in MONEY_COLUMNS:
        return value.is_null() | _is_amount(value, dtype)
    if column.kind is ValueKind.DATE:
        return pl.lit(value=True) if dtype == pl.String else value.is_between(FIRST_DAY, LAST_DAY)
    if dtype.is_numeric():
        return _is_number(value, column, dtype)
    return _is_plain_text(value, column, rules)


def _is_plain_name(column: Column, mapping: Mapping, rules: ScreenRules) -> pl.Expr:
    """Whether a name is canonical as read, and passes every check without a warning."""
    value = pl.col(column.name)
    plain = (value == canonical_text(column, mapping)) & _is_one_line(value, column)
    if column.name == "line_of_business":
        plain &= name_key(value).is_in(sorted(rules.known_programs)).fill_null(value=False)
    return value.is_null() | plain.fill_null(value=False)


def _is_amount(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether a non-null value is an amount that needs no further checks."""
    if isinstance(dtype, pl.Float64):
        return ((value - value.round(CENTS)).abs() <= NOISE) & (value.abs() < BOUND)
    if dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale <= CENTS):
        return value.is_between(-BOUND, BOUND, closed="none")
    return value.cast(pl.String).str.contains(AMOUNT_TEXT)


def _is_number(value: pl.Expr, column: Column, dtype: pl.DataType) -> pl.Expr:
    """A line number of at least 1; units that are neither zero nor infinite."""
    if column.kind is ValueKind.INTEGER:
        return value.is_between(1, 10**MOST_DIGITS)
    return (value != 0) & value.is_finite() if dtype.is_float() else value != 0


def _is_plain_text(value: pl.Expr, column: Column, rules: ScreenRules) -> pl.Expr:
    """Whether text is plain: in a format at least as strict as validation's own."""
    if column.name == LINE_CODE or column.kind is ValueKind.PROCEDURE:
        return _is_plain_code(value, column, rules)
    if column.name in _OWN_TESTS:
        return _OWN_TESTS[column.name](value) & _is_one_line(value, column)
    match column:
        case Column(kind=ValueKind.DIAGNOSIS):
            return value.str.contains(DIAGNOSIS)
        case Column(kind=ValueKind.INTEGER):
            number = value.cast(pl.Int64, strict=False) >= 1
            return value.is_null() | (number.fill_null(value=False) & (value.str.len_bytes() <= MOST_DIGITS))
        case Column(kind=ValueKind.NUMBER):
            return value.str.contains(UNITS)
        case Column(identifier=True):
            return value.str.contains(IDENTIFIER) & (value.str.len_bytes() <= (column.length or 0))
    pattern = f"(?i){column.pattern}"
    return value.str.contains(pattern) if column.pattern is not None else _is_one_line(value, column)


def _is_plain_code(value: pl.Expr, column: Column, rules: ScreenRules) -> pl.Expr:
    """Whether text is a procedure code, of a line or its claim, and no candidate code by itself or with others."""
    if column.name == LINE_CODE:
        return value.str.contains(column.pattern or "") & ~value.is_in(sorted(rules.codes.of_lines))
    code = value.str.to_uppercase().str.replace_all(".", "", literal=True)
    return value.str.contains(PROCEDURE) & ~code.is_in(rules.codes.of_procedures)


_OWN_TESTS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    # A zero may mean empty; ICD-9-CM codes have another format; a provider is part of the key.
    "claim_frequency_code": lambda value: value.is_in([code for code in REVISES_NOTHING if code != "0"]),
    "diagnosis_code_type": lambda value: value.str.contains("(?i)^icd-10-cm$"),
    "posting_holds": lambda value: ~value.str.contains(TEST_DATA, literal=True),
    "billing_provider_id": lambda value: (value == value.str.strip_chars()) & (value != ""),
}


def _is_one_line(value: pl.Expr, column: Column) -> pl.Expr:
    """One line, no longer than the column's limit; any length for a column with a pattern."""
    if column.length is None:
        return pl.lit(value=True)
    return (value.str.len_bytes() <= column.length) & ~value.str.contains("\n", literal=True)
