"""The claim-line contract (DESIGN §3), held by pandera: which rows can be edited safely, and why the others cannot.

Three pandera schemas say all of it: `VALUES` (the shape of a column's values), `_lines` (what a row must have, and how
its columns agree) and `_warnings` (what keeps a row and is counted). They run on collected batches: on a LazyFrame
pandera checks only the schema. A column whose values repeat is judged by its distinct values, so that a clean batch of
half a million rows costs a few milliseconds a column; rows are looked at only for the values that fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, MONEY_COLUMNS, NPI_COLUMNS, REQUIRED, Column, Kind
from claims_edit.names import name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from pandera.api.polars.types import PolarsData

ICD_10_CM = r"^[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}$"
ICD_9_CM = r"^([0-9]{3}[0-9]{0,2}|V[0-9]{2}[0-9]{0,2}|E[0-9]{3}\.?[0-9]?)$"
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MONEY = r"^[+-]?([0-9]{1,15}(\.[0-9]{0,2}0*)?|\.[0-9]{1,2}0*)$"
NUMBER = r"^[+-]?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]+)$"
DUPLICATE = "duplicate-line"
MOST_KNOWN = 200_000  # values of a column
START, END = "claim_line_start_date", "claim_line_end_date"


@dataclass(frozen=True)
class Verdict:
    """What the contract says of a batch: for each check that any row fails, which rows (Boolean, never null)."""

    errors: dict[str, pl.Series]
    warnings: dict[str, pl.Series]

    def refuse(self, found: Mapping[str, pl.Series]) -> None:
        """Add errors that others found; a check that both name fails where either of them says so."""
        for check, failing in found.items():
            self.errors[check] = self.errors[check] | failing if check in self.errors else failing


def matches(pattern: str) -> Callable[[pl.Expr], pl.Expr]:
    """A rule of a column: its canonical text has this shape."""
    return lambda text: text.str.contains(pattern)


def at_most(characters: int) -> Callable[[pl.Expr], pl.Expr]:
    """A rule of a column: its text is one line, no longer than this; a line end inside says that rows ran together."""
    return lambda text: (text.str.len_chars() <= characters) & ~text.str.contains("\n", literal=True)


def is_date(text: pl.Expr) -> pl.Expr:
    """A rule of a column: an ISO date that the calendar has."""
    exists = text.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return text.str.contains(ISO_DATE) & exists & ~text.str.starts_with("0000")


def is_line_number(text: pl.Expr) -> pl.Expr:
    """A rule of a column: an integer of at least 1."""
    return text.str.contains(r"^\+?[0-9]{1,18}$") & (text.cast(pl.Int64, strict=False) >= 1)


def luhn(text: pl.Expr) -> pl.Expr:
    """A rule of a column: the check digit of a ten-digit NPI is right (ISO/IEC 7812 over the prefix 80840).

    What is no NPI at all passes: that is another check's finding.
    """
    total = pl.lit(24, pl.UInt32)  # the prefix's share of the sum
    for place in range(10):
        digit = text.str.slice(place, 1).cast(pl.UInt32, strict=False)
        total = total + (digit * 2 // 10 + digit * 2 % 10 if place % 2 == 0 else digit)
    return ~text.str.contains(r"^[0-9]{10}$") | (total % 10 == 0)


def value_rule(column: Column) -> tuple[str, Callable[[pl.Expr], pl.Expr]]:
    """The one rule that a column's text must pass, and what failing it is called."""
    if column.pattern is not None:
        return "shape", matches(column.pattern)
    if column.length is not None:
        return "length", at_most(column.length)
    match column.kind:
        case Kind.DATE:
            return "unparseable", is_date
        case Kind.INTEGER:
            return "not-a-line-number", is_line_number
        case Kind.NUMBER:
            return "unparseable", matches(NUMBER)
        case Kind.MONEY:
            return "unparseable", matches(MONEY)
        case _:
            return "shape", matches(ICD_10_CM)


def _check(name: str, rule: Callable[[pl.Expr], pl.Expr]) -> pa.Check:
    """A pandera check of a column's values: `rule` gives true for one that may stay."""

    def evaluate(data: PolarsData) -> pl.LazyFrame:
        value = pl.col(data.key or "*")
        return data.lazyframe.select(pl.when(value.is_not_null()).then(rule(value)))

    return pa.Check(evaluate, name=name, ignore_na=True)


def _column(name: str, rule: Callable[[pl.Expr], pl.Expr], fault: str) -> pa.Column:
    return pa.Column(nullable=True, required=False, checks=[_check(f"{name}-{fault}", rule)])


def _values() -> pa.DataFrameSchema:
    rules = {name: value_rule(column) for name, column in COLUMNS.items()}
    return pa.DataFrameSchema({name: _column(name, rule, fault) for name, (fault, rule) in rules.items()})


VALUES = _values()
ICD_9_VALUES = pa.DataFrameSchema(
    {n: _column(n, matches(ICD_9_CM), "shape") for n, column in COLUMNS.items() if column.kind is Kind.DIAGNOSIS}
)


def _warnings(known_programs: frozenset[str]) -> pa.DataFrameSchema:
    """What keeps a row; `known_programs` are the lines of business that resolve, as their name keys."""
    lob = "line_of_business"
    columns = {name: _column(name, luhn, "luhn") for name in NPI_COLUMNS}
    columns[lob] = _column(lob, lambda text: name_key(text).is_in(known_programs).fill_null(value=False), "unknown")
    columns["service_unit_quantity"] = _column(
        "service_unit_quantity", lambda units: units.cast(pl.Float64, strict=False).ne(0), "zero"
    )
    return pa.DataFrameSchema(columns)


def _lines(schema: pl.Schema, as_of: date) -> pa.DataFrameSchema:
    """What a row must have, and how its columns agree."""
    day = pl.lit(as_of) if schema[f"good_{START}"] == pl.Date else pl.lit(as_of.isoformat())
    own, own_end = pl.col(f"good_{START}"), pl.col(f"good_{END}")
    claim, claim_end = pl.col("good_claim_start_date"), pl.col("good_claim_end_date")
    has_own = pl.col(START).is_not_null() if START in schema else pl.lit(value=False)

    def whole(name: str, rule: pl.Expr, *, nulls_pass: bool) -> pa.Check:
        return pa.Check(lambda data: data.lazyframe.select(rule), name=name, ignore_na=nulls_pass)

    def required(*columns: str) -> pa.Check:
        filled = [pl.col(name).is_not_null() for name in columns if name in schema]
        return whole(f"{columns[0]}-missing", pl.any_horizontal(filled), nulls_pass=False)

    checks = [required(*group) for group in REQUIRED]
    checks.append(
        whole(f"{START}-after-as-of", pl.when(has_own).then(own <= day).otherwise(claim <= day), nulls_pass=True)
    )
    in_order = pl.when(has_own).then(own_end >= own).otherwise(claim_end >= claim)
    checks.append(whole(f"{END}-before-start", in_order, nulls_pass=True))
    for name, dtype in schema.items():
        if name == "claim_line_number" and dtype.is_integer():
            checks.append(whole(f"{name}-not-a-line-number", pl.col(name).is_between(1, 10**18), nulls_pass=True))
        elif name == "service_unit_quantity" and dtype.is_float():
            checks.append(whole(f"{name}-unparseable", pl.col(name).is_finite(), nulls_pass=True))
        elif name in MONEY_COLUMNS and dtype.is_decimal():
            checks.append(whole(f"{name}-unparseable", pl.col(name).abs() < pl.lit(10**15), nulls_pass=True))
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


class Passed:
    """Values that passed before: a column whose values are all known to be good is not judged again, batch after batch.

    One for errors and one for warnings, for one extract: neither rules nor types change meanwhile.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._good: dict[str, pl.Series] = {}

    def knows(self, name: str, distinct: pl.Series) -> bool:
        """Whether all these values of a column passed before."""
        return name in self._good and bool(distinct.is_in(self._good[name].implode(), nulls_equal=True).all())

    def learn(self, name: str, good: pl.Series) -> None:
        """Keep values that passed; a column of too many starts anew, so that memory stays bounded."""
        known = self._good.get(name)
        if known is None or len(known) > MOST_KNOWN:
            known = pl.Series(name, [None], dtype=good.dtype)
        self._good[name] = pl.concat([known, good]).unique()


def judge(
    frame: pl.DataFrame,
    distinct: Mapping[str, pl.Series],
    *,
    as_of: date,
    known_programs: frozenset[str],
    passed: tuple[Passed, Passed] | None = None,
) -> Verdict:
    """Hold a batch of canonical lines to the contract.

    Args:
        frame: canonical columns; text is String, dates are Date or ISO text.
        distinct: of text columns whose values repeat, the distinct values; they are judged in their rows' stead.
        as_of: no service starts after this day.
        known_programs: lines of business that resolve, as their name keys.
        passed: what passed without error and without warning in earlier batches of the extract.
    """
    without_error, without_warning = passed or (Passed(), Passed())
    texts = [name for name, dtype in frame.schema.items() if name in COLUMNS and dtype == pl.String]
    errors = _judge_values(VALUES, {name: distinct[name] for name in texts if name in distinct}, without_error, frame)
    errors |= failures(VALUES, frame.select(name for name in texts if name not in distinct))
    errors |= _under_icd_9(errors, distinct, frame)
    dates = _good_dates(frame, errors)
    errors |= failures(_lines(dates.schema, as_of), dates)
    warned = {name: distinct[name] if name in distinct else frame[name].unique() for name in _warned_columns(frame)}
    return Verdict(errors, _judge_values(_warnings(known_programs), warned, without_warning, frame))


def _judge_values(
    schema: pa.DataFrameSchema, values: Mapping[str, pl.Series], passed: Passed, frame: pl.DataFrame
) -> dict[str, pl.Series]:
    """Run a schema over distinct values, columns of known ones left out; the findings are about rows."""
    judged = _side_by_side({name: series for name, series in values.items() if not passed.knows(name, series)})
    if judged.is_empty():
        return {}
    found = failures(schema, judged)
    bad = {check.partition("-")[0]: failing for check, failing in found.items()}
    for name in judged.columns:
        passed.learn(name, judged[name].filter(~bad[name]) if name in bad else judged[name])
    return _rows(found, judged, frame)


def _warned_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name in (*NPI_COLUMNS, "line_of_business", "service_unit_quantity") if name in frame.columns]


def _side_by_side(values: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Columns of different lengths as one frame, the shorter ones filled up with nulls, which no rule judges."""
    height = max((len(series) for series in values.values()), default=0)
    return pl.DataFrame(
        {name: series.extend_constant(None, height - len(series)) for name, series in values.items()}
    )  # fmt: skip


def _rows(found: dict[str, pl.Series], judged: pl.DataFrame, frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Findings about distinct values as findings about rows."""
    rows = {}
    for check, failing in found.items():
        name = check.partition("-")[0]
        bad = judged[name].filter(failing)
        rows[check] = frame[name].is_in(bad.implode()).fill_null(value=False)
    return rows


def _under_icd_9(
    errors: dict[str, pl.Series], distinct: Mapping[str, pl.Series], frame: pl.DataFrame
) -> dict[str, pl.Series]:
    """Diagnosis shapes where rows say that their codes are ICD-9-CM: those rows are judged by its shape instead."""
    if "diagnosis_code_type" not in frame.columns or not (frame["diagnosis_code_type"] == "icd-9-cm").any():
        return {}
    is_icd_9 = (frame["diagnosis_code_type"] == "icd-9-cm").fill_null(value=False)
    codes = {name: distinct[name] for name in ICD_9_VALUES.columns if name in distinct}
    as_icd_9 = _judge_values(ICD_9_VALUES, codes, Passed(), frame)
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
    shown = [
        pl.when(~errors[f"{name}-unparseable"]).then(pl.col(name)).alias(f"good_{name}")
        if f"{name}-unparseable" in errors
        else (pl.col(name) if name in frame.columns else pl.lit(None, dtype)).alias(f"good_{name}")
        for name in DATE_COLUMNS
    ]
    looked_at = {name for group in REQUIRED for name in group} | set(MONEY_COLUMNS) | {"service_unit_quantity"}
    return frame.select(*(name for name in frame.columns if name in looked_at), *shown)
