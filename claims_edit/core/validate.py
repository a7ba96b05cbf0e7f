"""The claim-line contract (DESIGN §3), held by pandera: which rows can be edited safely, and why the others cannot.

Three pandera schemas say all of it: `VALUES` (the shape of a column's values), `_lines` (what a row must have, and how
its columns agree) and `_warnings` (what keeps a row and is counted). They run on collected batches: on a LazyFrame
pandera checks only the schema. A column whose values repeat is judged by its distinct values, so that a clean batch of
half a million rows costs a few milliseconds a column; rows are looked at only for the values that fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, MONEY_COLUMNS, REQUIRED, Kind
from claims_edit.names import name_key
from claims_edit.value_rules import ICD_9_CM, in_range, matches, value_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from pandera.api.polars.types import PolarsData

DUPLICATE = "duplicate-line"
START, END = "claim_line_start_date", "claim_line_end_date"


@dataclass(frozen=True)
class ValidationResult:
    """What the contract says of a batch: for each check that any row fails, which rows (Boolean, never null)."""

    errors: dict[str, pl.Series]
    warnings: dict[str, pl.Series]

    def refuse(self, found: Mapping[str, pl.Series]) -> None:
        """Add errors that others found; a check that both name fails where either of them says so."""
        for check, failing in found.items():
            self.errors[check] = self.errors[check] | failing if check in self.errors else failing


def _check(name: str, rule: Callable[[pl.Expr], pl.Expr]) -> pa.Check:
    """A pandera check of a column's values: `rule` gives true for one that may stay."""

    def evaluate(data: PolarsData) -> pl.LazyFrame:
        value = pl.col(data.key or "*")
        return data.lazyframe.select(pl.when(value.is_not_null()).then(rule(value)))

    return pa.Check(evaluate, name=name, ignore_na=True, n_failure_cases=1)  # only which rows fail is used


def _column(name: str, rules: Mapping[str, Callable[[pl.Expr], pl.Expr]]) -> pa.Column:
    checks = [_check(f"{name}-{fault}", rule) for fault, rule in rules.items()]
    return pa.Column(nullable=True, required=False, checks=checks)


def _values(*, deciding: bool) -> dict[str, pa.Column]:
    return {n: _column(n, value_rules(column)) for n, column in COLUMNS.items() if column.decides == deciding}


VALUES = pa.DataFrameSchema(_values(deciding=True))
DAYS = pa.DataFrameSchema({name: _column(name, {"out-of-range": in_range}) for name in DATE_COLUMNS})
ICD_9_VALUES = pa.DataFrameSchema(
    {n: _column(n, {"shape": matches(ICD_9_CM)}) for n, column in COLUMNS.items() if column.kind is Kind.DIAGNOSIS}
)


def _warnings(known_programs: frozenset[str]) -> pa.DataFrameSchema:
    """What keeps a row; `known_programs` are the lines of business that resolve, as their name keys."""
    resolves = {"unknown": lambda text: name_key(text).is_in(known_programs).fill_null(value=False)}
    is_some = {"zero": lambda units: units.cast(pl.Float64, strict=False).ne(0)}
    return pa.DataFrameSchema(
        _values(deciding=False)
        | {
            "line_of_business": _column("line_of_business", resolves),
            "service_unit_quantity": _column("service_unit_quantity", is_some),
        }
    )


def _lines(schema: pl.Schema, as_of: date) -> pa.DataFrameSchema:
    """What a row must have, and how its columns agree."""
    day = pl.lit(as_of) if schema[f"good_{START}"] == pl.Date else pl.lit(as_of.isoformat())
    own, own_end = pl.col(f"good_{START}"), pl.col(f"good_{END}")
    claim, claim_end = pl.col("good_claim_start_date"), pl.col("good_claim_end_date")
    has_own = pl.col(START).is_not_null() if START in schema else pl.lit(value=False)

    def whole(name: str, rule: pl.Expr, *, nulls_pass: bool) -> pa.Check:
        return pa.Check(lambda data: data.lazyframe.select(rule), name=name, ignore_na=nulls_pass, n_failure_cases=1)

    def required(*columns: str) -> pa.Check:
        filled = [pl.col(name).is_not_null() for name in columns if name in schema]
        return whole(f"{columns[0]}-missing", pl.any_horizontal(filled), nulls_pass=False)

    checks = [required(*group) for group in REQUIRED]
    start = pl.when(has_own).then(own).otherwise(claim)
    end = pl.when(has_own).then(own_end).otherwise(claim_end)
    checks.append(whole(f"{START}-after-as-of", start <= day, nulls_pass=True))
    checks.append(whole(f"{END}-after-as-of", end <= day, nulls_pass=True))
    checks.append(whole(f"{END}-before-start", end >= start, nulls_pass=True))
    for name, dtype in schema.items():
        if name == "claim_line_number" and dtype.is_integer():
            checks.append(whole(f"{name}-not-a-line-number", pl.col(name).is_between(1, 10**18), nulls_pass=True))
        elif name == "service_unit_quantity" and dtype.is_float():
            checks.append(whole(f"{name}-unparseable", pl.col(name).is_finite(), nulls_pass=True))
    return pa.DataFrameSchema(checks=checks)


def failures(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Run a schema over a collected frame: of each check that fails, which rows fail it (Boolean, never null)."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as refused:
        return {fault.check.name: _failing(fault) for fault in refused.schema_errors}
    return {}


def _failing(fault: pa.errors.SchemaError) -> pl.Series:
    """Pandera's own text holds cells, so only its Boolean output is used; anything else is a bug of this module."""
    if not isinstance(fault.check_output, pl.DataFrame):
        raise TypeError(f"the contract's check {fault.check} could not run ({fault.reason_code})")
    return ~fault.check_output.to_series().fill_null(value=False)


def validate(frame: pl.DataFrame, *, as_of: date, known_programs: frozenset[str]) -> ValidationResult:
    """Hold canonical lines to the contract.

    Args:
        frame: canonical columns; text is String, dates are Date or ISO text.
        as_of: no service starts after this day.
        known_programs: lines of business that resolve, as their name keys.
    """
    texts = [name for name, dtype in frame.schema.items() if name in COLUMNS and dtype == pl.String]
    errors = failures(VALUES, frame.select(texts))
    errors |= failures(DAYS, frame.select(name for name in DATE_COLUMNS if frame.schema.get(name) == pl.Date))
    errors |= _under_icd_9(errors, frame)
    dates = _good_dates(frame, errors)
    errors |= failures(_lines(dates.schema, as_of), dates)
    return ValidationResult(errors, failures(_warnings(known_programs), frame.select(_warned_columns(frame))))


def _warned_columns(frame: pl.DataFrame) -> list[str]:
    """The columns that may warn; of amounts, only those that are not all read are still text."""
    read = {name for name in MONEY_COLUMNS if frame.schema.get(name) != pl.String}
    warned = {name for name, column in COLUMNS.items() if not column.decides} - read
    return [name for name in frame.columns if name in warned | {"line_of_business", "service_unit_quantity"}]


def _under_icd_9(errors: dict[str, pl.Series], frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Diagnosis shapes where rows say that their codes are ICD-9-CM: those rows are judged by its shape instead."""
    if "diagnosis_code_type" not in frame.columns or not (frame["diagnosis_code_type"] == "icd-9-cm").any():
        return {}
    is_icd_9 = (frame["diagnosis_code_type"] == "icd-9-cm").fill_null(value=False)
    as_icd_9 = failures(ICD_9_VALUES, frame.select(name for name in ICD_9_VALUES.columns if name in frame.columns))
    none = pl.zeros(frame.height, dtype=pl.Boolean, eager=True)
    return {
        check: (as_icd_9.get(check, none) & is_icd_9) | (errors.get(check, none) & ~is_icd_9)
        for check in sorted({check for check in errors if check.startswith("diagnosis_code_")} | set(as_icd_9))
        if check != "diagnosis_code_type-shape"
    }


def _good_dates(frame: pl.DataFrame, errors: dict[str, pl.Series]) -> pl.DataFrame:
    """The columns that `_lines` looks at, and the four dates as `good_…`: no date is null, compared with nothing.

    A line's own dates count, else the claim's, start and end together (Tuva's institutional lines carry claim dates
    only); an empty end is the start, which agrees with it.
    """
    dtype = next((frame.schema[name] for name in DATE_COLUMNS if name in frame.columns), pl.Date())
    shown = []
    for name in DATE_COLUMNS:
        day = pl.col(name) if name in frame.columns else pl.lit(None, dtype)
        bad = [errors[check] for fault in ("unparseable", "out-of-range") if (check := f"{name}-{fault}") in errors]
        shown.append((pl.when(~reduce(or_, bad)).then(day) if bad else day).alias(f"good_{name}"))
    looked_at = {name for group in REQUIRED for name in group} | {"service_unit_quantity"}
    return frame.select(*(name for name in frame.columns if name in looked_at), *shown)
