"""Validation of claim lines with pandera: the rows that can be edited safely, and why the others cannot.

It has three lists of rules: `VALUES` (the format of a column's values), `_lines` (the required values of a row, and the
consistency of its columns) and `_warnings` (findings on accepted rows). They run on collected batches: on a LazyFrame
pandera checks only the schema. Only rows that the screen does not clear are validated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, MONEY_COLUMNS, REQUIRED, ValueKind
from claims_edit.intake import side_by_side
from claims_edit.names import name_key
from claims_edit.value_rules import ICD_9_CM, in_range, matches, value_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    import pandera.polars as pa

DUPLICATE = "duplicate-line"
NOTHING: Mapping[str, pl.Series] = MappingProxyType({})
START, END = "claim_line_start_date", "claim_line_end_date"


@dataclass(frozen=True)
class ValidationResult:
    """The validation result of a batch: for each failed check, which rows fail it (Boolean, never null)."""

    errors: dict[str, pl.Series]
    warnings: dict[str, pl.Series]

    def refuse(self, found: Mapping[str, pl.Series]) -> None:
        """Add errors from other sources; a check in both fails where either of them fails."""
        for check, failing in found.items():
            self.errors[check] = self.errors[check] | failing if check in self.errors else failing


@dataclass(frozen=True)
class Rule:
    """One check: `passes` is true for an accepted row, and null where there is nothing to check.

    Attributes:
        name: of the check.
        passes: a Boolean expression.
        column: the column it checks; None for a rule of the row.
        nulls_pass: whether null passes.
    """

    name: str
    passes: pl.Expr
    column: str | None = None
    nulls_pass: bool = True

    def check(self) -> pa.Check:
        """The rule as a pandera check; only the positions of failing rows are used."""
        import pandera.polars as pa  # noqa: PLC0415 -- loads only where a row fails

        return pa.Check(
            lambda data: data.lazyframe.select(self.passes),
            name=self.name,
            ignore_na=self.nulls_pass,
            n_failure_cases=1,
        )


def _column(name: str, rules: Mapping[str, Callable[[pl.Expr], pl.Expr]]) -> list[Rule]:
    value = pl.col(name)
    return [
        Rule(f"{name}-{fault}", pl.when(value.is_not_null()).then(rule(value)), name) for fault, rule in rules.items()
    ]


def _values(*, deciding: bool) -> list[Rule]:
    return [rule for n, c in COLUMNS.items() if c.decides == deciding for rule in _column(n, value_rules(c))]


VALUES = _values(deciding=True)
DAYS = [rule for name in DATE_COLUMNS for rule in _column(name, {"out-of-range": in_range})]
ICD_9_VALUES = [
    rule
    for name, column in COLUMNS.items()
    if column.kind is ValueKind.DIAGNOSIS
    for rule in _column(name, {"shape": matches(ICD_9_CM)})
]


def _warnings(known_programs: frozenset[str]) -> list[Rule]:
    """The warnings; `known_programs` are the lines of business that resolve, as their name keys."""
    known = sorted(known_programs)
    resolves = {"unknown": lambda text: name_key(text).is_in(known).fill_null(value=False)}
    is_some = {"zero": lambda units: units.cast(pl.Float64, strict=False).ne(0)}
    return [
        *_values(deciding=False),
        *_column("line_of_business", resolves),
        *_column("service_unit_quantity", is_some),
    ]


def _lines(schema: pl.Schema, as_of: date) -> list[Rule]:
    """The required values of a row, and the consistency of its columns."""
    day = pl.lit(as_of) if schema[f"good_{START}"] == pl.Date else pl.lit(as_of.isoformat())
    own, own_end = pl.col(f"good_{START}"), pl.col(f"good_{END}")
    claim, claim_end = pl.col("good_claim_start_date"), pl.col("good_claim_end_date")
    has_own = pl.col(START).is_not_null() if START in schema else pl.lit(value=False)

    def required(*columns: str) -> Rule:
        filled = [pl.col(name).is_not_null() for name in columns if name in schema]
        return Rule(f"{columns[0]}-missing", pl.any_horizontal(filled), nulls_pass=False)

    start = pl.when(has_own).then(own).otherwise(claim)
    end = pl.when(has_own).then(own_end).otherwise(claim_end)
    rules = [
        *(required(*group) for group in REQUIRED),
        Rule(f"{START}-after-as-of", start <= day),
        Rule(f"{END}-after-as-of", end <= day),
        Rule(f"{END}-before-start", end >= start),
    ]
    for name, dtype in schema.items():
        if name == "claim_line_number" and dtype.is_integer():
            rules.append(Rule(f"{name}-not-a-line-number", pl.col(name).is_between(1, 10**18)))
        elif name == "service_unit_quantity" and dtype.is_float():
            rules.append(Rule(f"{name}-unparseable", pl.col(name).is_finite()))
    return rules


def pandera_schema(rules: Iterable[Rule]) -> pa.DataFrameSchema:
    """Rules as a pandera schema."""
    import pandera.polars as pa  # noqa: PLC0415 -- loads only where a row fails

    given = list(rules)
    columns = sorted({rule.column for rule in given if rule.column is not None})
    return pa.DataFrameSchema(
        {
            name: pa.Column(nullable=True, checks=[rule.check() for rule in given if rule.column == name])
            for name in columns
        },
        checks=[rule.check() for rule in given if rule.column is None],
    )


def _value_failures(
    rules: Sequence[Rule], frame: pl.DataFrame, doubtful: Mapping[str, pl.Series]
) -> dict[str, pl.Series]:
    """The same as `failures` for rules of columns; in a column of `doubtful`, only values at its positions count."""
    looked_at = {name: frame[name][doubtful[name]] if name in doubtful else frame[name] for name in frame.columns}
    columns = {rule.name: rule.column or "" for rule in rules}
    every = pl.zeros(frame.height, dtype=pl.Boolean, eager=True)
    found = {}
    for check, failing in failures(rules, side_by_side(looked_at)).items():
        column = columns[check]
        fails = failing.head(len(looked_at[column]))
        found[check] = every.clone().scatter(doubtful[column].filter(fails), True) if column in doubtful else fails  # noqa: FBT003
    return found


def failures(rules: Sequence[Rule], frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Run rules over a collected frame: for each failed rule, which rows fail it (Boolean, never null).

    One query finds the rules that any row fails, and pandera runs those: each check costs it milliseconds.
    """
    asked = [rule for rule in rules if rule.column is None or rule.column in frame.columns]
    if not asked or frame.is_empty():
        return {}
    fails = frame.select((~rule.passes.fill_null(rule.nulls_pass)).any().alias(rule.name) for rule in asked).row(0)
    failed = [rule for rule, any_fails in zip(asked, fails, strict=True) if any_fails]
    if not failed:
        return {}
    from pandera.errors import SchemaErrors  # noqa: PLC0415 -- loads only where a row fails

    try:
        pandera_schema(failed).validate(frame, lazy=True)
    except SchemaErrors as refused:
        found = {fault.check.name: _failing(fault) for fault in refused.schema_errors}
        return {rule.name: found[rule.name] for rule in failed}
    raise RuntimeError(f"pandera passes rows that {failed[0].name} fails")


def _failing(fault: pa.errors.SchemaError) -> pl.Series:
    """Pandera's own text contains cells, so only its Boolean output is used; any other failure is a bug here."""
    if not isinstance(fault.check_output, pl.DataFrame):
        raise TypeError(f"the check {fault.check} could not run ({fault.reason_code})")
    return ~fault.check_output.to_series().fill_null(value=False)


def validate(
    frame: pl.DataFrame,
    *,
    as_of: date,
    known_programs: frozenset[str],
    doubtful: Mapping[str, pl.Series] = NOTHING,
) -> ValidationResult:
    """Validate canonical lines.

    Args:
        frame: canonical columns; text is String, dates are Date or ISO text.
        as_of: later service dates are refused.
        known_programs: lines of business that resolve, as their name keys.
        doubtful: for columns tested by the screen, the positions of the values that may fail (`Screened`).
    """
    texts = [name for name, dtype in frame.schema.items() if name in COLUMNS and dtype == pl.String]
    days = [name for name in DATE_COLUMNS if frame.schema.get(name) == pl.Date]
    errors = _value_failures(VALUES, frame.select(texts), doubtful)
    errors |= _value_failures(DAYS, frame.select(days), doubtful)
    errors |= _under_icd_9(errors, frame)
    dates = _good_dates(frame, errors)
    errors |= failures(_lines(dates.schema, as_of), dates)
    warnings = _value_failures(_warnings(known_programs), frame.select(_warned_columns(frame)), doubtful)
    return ValidationResult(errors, warnings)


def _warned_columns(frame: pl.DataFrame) -> list[str]:
    """The columns that may give warnings; amounts are still text only if some could not be read."""
    read = {name for name in MONEY_COLUMNS if frame.schema.get(name) != pl.String}
    warned = {name for name, column in COLUMNS.items() if not column.decides} - read
    return [name for name in frame.columns if name in warned | {"line_of_business", "service_unit_quantity"}]


def _under_icd_9(errors: dict[str, pl.Series], frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Diagnosis formats for rows with ICD-9-CM codes: those rows are checked against its format instead."""
    if "diagnosis_code_type" not in frame.columns or not (frame["diagnosis_code_type"] == "icd-9-cm").any():
        return {}
    is_icd_9 = (frame["diagnosis_code_type"] == "icd-9-cm").fill_null(value=False)
    as_icd_9 = failures(ICD_9_VALUES, frame)
    none = pl.zeros(frame.height, dtype=pl.Boolean, eager=True)
    return {
        check: (as_icd_9.get(check, none) & is_icd_9) | (errors.get(check, none) & ~is_icd_9)
        for check in sorted({check for check in errors if check.startswith("diagnosis_code_")} | set(as_icd_9))
        if check != "diagnosis_code_type-shape"
    }


def _good_dates(frame: pl.DataFrame, errors: dict[str, pl.Series]) -> pl.DataFrame:
    """The columns that `_lines` uses, and the four dates as `good_…`: null if not a date.

    A line's own dates have precedence over the claim's, start and end together (Tuva's institutional lines have only
    claim dates); an empty end is the start, which is consistent with it.
    """
    dtype = next((frame.schema[name] for name in DATE_COLUMNS if name in frame.columns), pl.Date())
    shown = []
    for name in DATE_COLUMNS:
        day = pl.col(name) if name in frame.columns else pl.lit(None, dtype)
        bad = [errors[check] for fault in ("unparseable", "out-of-range") if (check := f"{name}-{fault}") in errors]
        shown.append((pl.when(~reduce(or_, bad)).then(day) if bad else day).alias(f"good_{name}"))
    looked_at = {name for group in REQUIRED for name in group} | {"service_unit_quantity"}
    return frame.select(*(name for name in frame.columns if name in looked_at), *shown)
