"""Rows that a mapping skips, and rows whose folder and file disagree."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.extract import FAULT, Extract
from claims_edit.intake.layout import is_row_column, row_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.intake.mapping import Mapping

CONFLICT = "row-partition-conflict"
COUNTED_APART = ("row-missing-columns", "row-too-many-columns", "row-wrong-length")  # header and trailer records do
QUOTE = '"'


def with_row_rules(extract: Extract, mapping: Mapping) -> Extract:
    """The extract itself, or one that passes rows over and compares them with their folder's columns."""
    return RuledExtract(extract, mapping) if mapping.row_columns() or extract.layout.agreeing else extract


class RuledExtract(Extract):
    """An extract without the rows that its mapping skips; they are counted.

    A row whose own column differs from the one that its folder gives is refused by name; where its own is empty, the
    folder's counts.
    """

    def __init__(self, rows: Extract, mapping: Mapping) -> None:
        """`rows` reads the file, with the columns of the rules."""
        sources = {name: source for name, source in rows.layout.sources.items() if not is_row_column(name)}
        super().__init__(rows.file, replace(rows.layout, sources=sources))
        self.warnings, self.first_warned = rows.warnings, rows.first_warned
        self._rows = rows
        self._mapping = mapping
        self._passed_over = 0
        self._rejects_passed_over = 0

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract."""
        self._passed_over = 0
        for frame in self._rows.batches(rows):
            kept = frame.filter(self._is_claim_line(lambda name, frame=frame: self._value(frame, name)))  # type: ignore[misc]
            self._passed_over += frame.height - kept.height
            if kept.height:
                yield self._agreed(kept)

    def _is_claim_line(self, value: Callable[[str], pl.Expr]) -> pl.Expr:
        """Whether a row is a claim line by the mapping (Boolean, never null)."""
        only = [value(name).is_in(_trimmed(words)) for name, words in self._mapping.rows.items()]
        none = [~value(name).is_in(_trimmed(words)) for name, words in self._mapping.rows_except.items()]
        return reduce(and_, [*only, *none], pl.lit(value=True))

    def _value(self, frame: pl.DataFrame, name: str) -> pl.Expr:
        """A column of the rules as trimmed text, empty where it has no value."""
        column = row_column(self._mapping, name)
        if column not in frame.columns:
            return pl.lit(self.layout.row_constants.get(name) or "")
        return _text(pl.col(column), frame.schema[column]).fill_null("")

    def _agreed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows without the columns of the rules, those that disagree with their folder marked."""
        kept = frame.drop(name for name in frame.columns if is_row_column(name))
        if not self.layout.agreeing:
            return kept
        conflict = pl.lit(value=False)
        filled = []
        for name, value in self.layout.agreeing.items():
            own = _text(pl.col(name), kept.schema[name])
            is_empty = own.is_null() | (own == "")
            conflict |= ~is_empty & own.ne_missing(pl.lit(value, pl.String))
            filled.append(pl.when(is_empty).then(_typed(value, kept.schema[name])).otherwise(pl.col(name)).alias(name))
        found = [pl.col(FAULT)] if FAULT in kept.columns else []
        names = pl.concat_str(*found, pl.when(conflict).then(pl.lit(CONFLICT)), separator=" ", ignore_nulls=True)
        return kept.with_columns(*filled, pl.when(names != "").then(names).alias(FAULT))

    def rejects(self) -> pl.DataFrame:
        """See Extract; records of another kind have other widths, and are skipped by the same rules."""
        found = self._rows.rejects()
        fields = {name: self._rows.text_field(name) for name in self._mapping.row_columns()}
        known = {name: field for name, field in fields.items() if field is not None}
        self._rejects_passed_over = 0
        if found.is_empty() or not known or len(known) < len(fields):
            return found
        seen = pl.all_horizontal(field.is_not_null() for field in known.values())
        seen &= pl.col("check").is_in(COUNTED_APART) & ~pl.col("text").str.contains(QUOTE, literal=True)
        kept = found.filter(~seen.fill_null(value=False) | self._is_claim_line(lambda name: known[name].fill_null("")))
        self._rejects_passed_over = found.height - kept.height
        return kept

    def restart(self) -> Extract | None:
        """See Extract."""
        again = self._rows.restart()
        return None if again is None else RuledExtract(again, self._mapping)

    def source_row(self) -> pl.DataFrame:
        """See Extract."""
        return self._rows.source_row()

    def filtered(self) -> int:
        """See Extract."""
        return self._rows.filtered() + self._passed_over + self._rejects_passed_over


def _trimmed(words: tuple[str, ...]) -> list[str]:
    return [word.strip() for word in words]


def _typed(value: str | None, dtype: pl.DataType) -> pl.Expr:
    """A folder's value with the type that the file's column has; null where it is none of that type."""
    text = pl.lit(value, pl.String)
    return (text.str.to_date("%Y-%m-%d", strict=False) if dtype.is_temporal() else text).cast(dtype, strict=False)


def _text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A value as trimmed text, a float without binary noise behind its point, a moment as its day."""
    if dtype.is_float():
        return pl.coalesce(
            pl.when(column == column.floor()).then(column.cast(pl.Int64, strict=False).cast(pl.String)),
            column.cast(pl.String),
        )
    if isinstance(dtype, pl.Datetime):
        column = column.dt.date()
    return column.cast(pl.String).str.strip_chars()
