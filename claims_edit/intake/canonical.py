"""Canonical text: trimmed, upper-cased, ISO dates, no dots — without validating any value.

Of columns that repeat their values each distinct value is made canonical once, and rows are touched only where that
changed something. Only rows that the screen holds back come here (see ADR 0015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.columns import COLUMNS, DATE_COLUMNS, MONEY_COLUMNS, REQUIRED, Column, ValueKind
from claims_edit.doubts import SEPARATOR, doubt_token
from claims_edit.intake.amounts import as_amounts
from claims_edit.intake.dates import iso_date
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.placeholders import is_placeholder

if TYPE_CHECKING:
    from claims_edit.intake.layout import Layout
    from claims_edit.intake.mapping import Mapping

WHOLE_FLOATS = 2**53  # beyond, a float has lost digits
NEEDED = {name for group in REQUIRED for name in group}  # a column of these is kept even if it is empty
# Of text whose values rarely repeat: blanks, no digit of 1 to 9, a fraction of zeros, an exponent.
ODD = r"\s|^[^1-9]*$|\.0+$|[0-9][Ee][+-]?[0-9]+$"
CODE_LISTS = ("condition_codes", "value_codes")
FILING_INDICATOR = r"^[A-Z0-9]{2}$"
FILING_UNKNOWN = "claim_filing_indicator_code-unknown"
TWO_CHARACTERS = r"^[^A-Z0-9]*[A-Z0-9]{2}(?:[^A-Z0-9]+[A-Z0-9]{2})*[^A-Z0-9]*$"
DOUBTFUL = dict.fromkeys(CODE_LISTS, TWO_CHARACTERS) | {"claim_filing_indicator_code": FILING_INDICATOR}
WHOLE = r"^(\+?[0-9]+)\.0+$"  # how a float writes a code or a number that has no fraction
# Text of a kind that is canonical as it is: no blank, no placeholder word (none has such a digit), no fraction.
_CODE, _NUMBER = r"^[A-Z0-9]*[1-9][A-Z0-9]*$", r"^[0-9]*[1-9][0-9.]*$"
CANONICAL = {
    ValueKind.CODE: _CODE,
    ValueKind.TEXT: _CODE,
    ValueKind.INTEGER: _CODE,
    ValueKind.DIAGNOSIS: r"^[A-Z][0-9][0-9A-Z]{1,5}$",
    ValueKind.PROCEDURE: _CODE,
    ValueKind.NUMBER: _NUMBER,
    ValueKind.MONEY: _NUMBER,
}
LOOKED_UP = ("payer", "claim_frequency_code", *DOUBTFUL)


@dataclass(frozen=True)
class CanonicalLines:
    """A batch of claim lines.

    Attributes:
        raw: the rows as read, under canonical names, with ORDINAL and what else the reader gave.
        frame: the same rows, canonical; text columns are String, dates Date or ISO text (all four alike).
        distinct: of each text column in LOOKED_UP, all distinct canonical values.
    """

    raw: pl.DataFrame
    frame: pl.DataFrame
    distinct: dict[str, pl.Series]


def canonicalize(raw: pl.DataFrame, layout: Layout, mapping: Mapping) -> CanonicalLines:
    """A batch as canonical lines."""
    frame = batch_values(raw, layout, mapping)
    texts = [name for name in frame.columns if name in COLUMNS and frame.schema[name] == pl.String]
    distinct: dict[str, pl.Series] = {}
    changed = []
    examined = _examined(frame, texts, mapping)
    for name, (given, canonical) in _all_canonical(examined, mapping).items():
        if given.ne_missing(canonical).any():
            changed.append(pl.col(name).replace(given, canonical))
        if name in LOOKED_UP:
            distinct[name] = examined[name].replace(given, canonical).unique()
    frame = frame.with_columns(changed)
    frame = frame.with_columns(as_amounts(frame[name]) for name in MONEY_COLUMNS if name in frame.columns)
    frame, distinct = _with_defaults(_one_date_type(frame), distinct)
    return CanonicalLines(raw, *_with_doubts(frame, distinct))


def batch_values(raw: pl.DataFrame, layout: Layout, mapping: Mapping) -> pl.DataFrame:
    """ORDINAL and the non-empty columns: each text or of its kind's type, constants added, null words empty."""
    read = raw.select(ORDINAL, *(name for name in raw.columns if name in COLUMNS and _is_looked_at(raw[name])))
    frame = read.with_columns(as_text_or_typed(read)).with_columns(
        pl.lit(value, pl.String).alias(name) for name, value in layout.constants.items() if name not in read.columns
    )
    frame = frame.with_columns(_null_words(frame, mapping))
    return frame.with_columns(pl.col(name).cast(pl.String) for name in mapping.values if name in frame.columns)


def canonical_values(given: pl.Series, mapping: Mapping) -> pl.Series:
    """The canonical form of each value of a text column, which names the series."""
    return given.to_frame().select(canonical_text(COLUMNS[given.name], mapping)).to_series()


def side_by_side(columns: dict[str, pl.Series]) -> pl.DataFrame:
    """Columns of different lengths as one frame, the shorter ones filled up with nulls."""
    frames = [values.alias(name).to_frame() for name, values in columns.items()]
    return pl.concat(frames, how="horizontal_extend") if frames else pl.DataFrame()


def _all_canonical(examined: dict[str, pl.Series], mapping: Mapping) -> dict[str, tuple[pl.Series, pl.Series]]:
    """The values of each column that may not be canonical, and their canonical forms, found by two queries."""
    shapes = {name: CANONICAL.get(COLUMNS[name].kind) for name in examined if name not in mapping.values}
    is_canonical = side_by_side(examined).select(
        pl.col(name).str.contains(shape).fill_null(value=False) for name, shape in shapes.items() if shape is not None
    )
    odd = {
        name: values.filter(~is_canonical[name].head(len(values))) if name in is_canonical.columns else values
        for name, values in examined.items()
    }
    found = side_by_side(odd).select(canonical_text(COLUMNS[name], mapping) for name in odd)
    return {name: (values, found[name].head(len(values))) for name, values in odd.items()}


def _examined(frame: pl.DataFrame, names: list[str], mapping: Mapping) -> dict[str, pl.Series]:
    """The distinct values of each column that are looked at: all where they repeat, else those that may need it."""
    rare = [name for name in names if _is_rare(name, mapping)]
    values = frame.select(
        (_odd(COLUMNS[name]) if name in rare else pl.col(name)).unique().implode()
        for name in names
        if name not in rare or name not in MONEY_COLUMNS
    )
    return {name: values[name][0].alias(name) for name in values.columns}


def _is_rare(name: str, mapping: Mapping) -> bool:
    """Whether values of a column rarely repeat, so that to find the distinct ones costs more than to look at each."""
    return not COLUMNS[name].repeats and name not in mapping.values


def _odd(column: Column) -> pl.Expr:
    """Text that may not be canonical, or may be refused: some too many rather than one too few."""
    text = pl.col(column.name).drop_nulls()
    return text.filter(text.str.contains(ODD) | (text.str.len_bytes() > (column.length or 0)))


def _null_words(frame: pl.DataFrame, mapping: Mapping) -> list[pl.Expr]:
    """The columns without the words that the mapping calls empty; none are touched where it names no word."""
    words = {name: mapping.empty_words(name) for name in frame.columns if name in COLUMNS and mapping.null_values}
    return [
        pl.when(~pl.col(name).cast(pl.String).str.strip_chars().is_in(empty)).then(pl.col(name)).alias(name)
        for name, empty in words.items()
        if empty
    ]


def _is_looked_at(column: pl.Series) -> bool:
    """Whether a column has a value: most of an 837's 25 diagnoses never do, and an empty column passes all checks."""
    return column.name in NEEDED or column.null_count() < column.len()


def as_text_or_typed(raw: pl.DataFrame) -> list[pl.Expr]:
    """Typed columns of Parquet, by kind: codes as text, amounts as decimals, dates as dates."""
    casts = []
    for name, dtype in raw.schema.items():
        if name == ORDINAL or dtype == pl.String:
            continue
        kind = COLUMNS[name].kind
        column = pl.col(name)
        if kind is ValueKind.DATE and dtype.is_temporal() and dtype != pl.Date:
            casts.append(column.dt.date())
        elif dtype.is_float() and kind is not ValueKind.MONEY:
            casts.append(_from_float(kind, column.fill_nan(None)).alias(name))
        elif not _stays(kind, dtype):
            casts.append(column.cast(pl.String))
    return casts


def _from_float(kind: ValueKind, number: pl.Expr) -> pl.Expr:
    """Floats as text: codes with gaps arrive as 1234567893.0."""
    if kind is ValueKind.NUMBER:
        return number
    whole = (number == number.floor()) & (number.abs() < WHOLE_FLOATS)
    return pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(number.cast(pl.String))


def _stays(kind: ValueKind, dtype: pl.DataType) -> bool:
    match kind:
        case ValueKind.DATE:
            return dtype == pl.Date
        case ValueKind.INTEGER:
            return dtype.is_integer()
        case ValueKind.NUMBER | ValueKind.MONEY:
            return dtype.is_numeric()
        case _:
            return False


def trimmed(text: pl.Expr) -> pl.Expr:
    """Text without white space at its ends; null where nothing is left."""
    stripped = text.str.strip_chars()
    return pl.when(stripped.str.len_bytes() > 0).then(stripped)


def canonical_text(column: Column, mapping: Mapping) -> pl.Expr:
    """The canonical form of a column's text; unrecognized text is unchanged, for validation to refuse."""
    text = trimmed(pl.col(column.name))
    if column.verbatim:
        return text.alias(column.name)
    is_none = is_placeholder(text, column)
    if own := mapping.values.get(column.name):  # a word that the mapping translates is a word of the extract's
        is_none &= ~text.is_in(list(own))
        text = text.replace(own)
    if column.kind not in {ValueKind.DIAGNOSIS, ValueKind.MONEY, ValueKind.NUMBER}:
        text = text.str.replace(WHOLE, "${1}")
    match column.kind:
        case ValueKind.CODE:
            text = text.str.to_uppercase()
        case ValueKind.DIAGNOSIS:
            text = text.str.to_uppercase().str.replace(r"^(.{3})\.(.*)$", "${1}${2}")
        case ValueKind.PROCEDURE:
            text = text.str.to_uppercase().str.replace(r"^([0-9]{2}|[A-Z][0-9]{2})\.([0-9]{1,2})$", "${1}${2}")
        case ValueKind.KEYWORD:
            text = text.str.to_lowercase()
        case ValueKind.DATE:
            text = iso_date(text, mapping.date_formats)
        case ValueKind.TEXT | ValueKind.INTEGER | ValueKind.NUMBER | ValueKind.MONEY:
            pass
    return pl.when(~is_none).then(text).alias(column.name)


def _one_date_type(frame: pl.DataFrame) -> pl.DataFrame:
    """Dates that are compared must be of one type: where any column is typed, ISO texts follow."""
    dates = [name for name in DATE_COLUMNS if name in frame.columns]
    if len({frame.schema[name] for name in dates}) < 2:  # noqa: PLR2004 -- one type, or none
        return frame
    typed = [name for name in dates if frame.schema[name] == pl.Date]
    return frame.with_columns(pl.col(name).dt.to_string("iso") for name in typed)


def _with_defaults(frame: pl.DataFrame, distinct: dict[str, pl.Series]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """A claim that does not give its frequency is an original."""
    name, default = "claim_frequency_code", "1"
    if name not in frame.columns:
        return frame.with_columns(pl.lit(default).alias(name)), distinct | {name: pl.Series(name, [default])}
    if distinct[name].has_nulls():
        filled = distinct[name].fill_null(default).unique()
        return frame.with_columns(pl.col(name).fill_null(default)), distinct | {name: filled}
    return frame, distinct


def _with_doubts(frame: pl.DataFrame, distinct: dict[str, pl.Series]) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Codes without exactly two characters, which may mean a trial or another program: a doubt of their rows."""
    doubts = []
    for name, pattern in DOUBTFUL.items():
        unknown = distinct[name].filter(~distinct[name].str.contains(pattern)) if name in distinct else None
        if unknown is not None and len(unknown):
            token = doubt_token(f"{name}-unknown", name)
            doubts.append(pl.when(pl.col(name).is_in(unknown.implode())).then(pl.lit(token)))
    if not doubts:
        return frame, distinct
    known = [pl.col("doubts")] if "doubts" in frame.columns else []
    joined = pl.concat_str(*known, *doubts, separator=SEPARATOR, ignore_nulls=True)
    frame = frame.with_columns(pl.when(joined != "").then(joined).alias("doubts"))
    return frame, distinct | {"doubts": frame["doubts"].unique()}
