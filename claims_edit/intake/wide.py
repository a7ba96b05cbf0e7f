"""Extracts whose rows carry several claim lines side by side: each line gets a row of its own.

This is the last step of reading. The wrapped extract numbers, rejects and repairs the rows of the file as any
other; here its rows become lines, whose ordinals are the row's and, in the low bits, the line's number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.columns import COLUMNS, ValueKind
from claims_edit.intake.canonical import as_text_or_typed
from claims_edit.intake.extract import FAULT, ORDINAL, Extract
from claims_edit.intake.layout import of_line
from claims_edit.intake.mapping import LINE
from claims_edit.intake.mapping_keys import MOST_LINES
from claims_edit.intake.placeholders import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_NUMBER = "claim_line_number"
NO_LINES = "row-claim-without-lines"
USED = "__used"  # whether a row holds a line, of each line
EMPTY = "__empty"  # whether a row holds no line
ALWAYS_EMPTY = {LINE_NUMBER, "diagnosis_code_type"}  # unused lines have them too: a number, and what qualifies a code
ZERO = " \t+-.0"  # what a text of no amount consists of


def one_line_a_row(extract: Extract) -> Extract:
    """The extract itself, or one that gives each line of its rows a row of its own."""
    return WideExtract(extract) if extract.layout.lines else extract


class WideExtract(Extract):
    """An extract of one claim a row, read as one claim line a row.

    A line is unused, and gives no row, if all its columns are empty, or amounts or units of zero. A row
    without any used line is refused by name.
    """

    LINE_BITS = MOST_LINES.bit_length()

    def __init__(self, rows: Extract) -> None:
        """`rows` reads the file; its layout has the columns of each line."""
        layout = rows.layout
        super().__init__(rows.file, layout.of_one_line())
        self.warnings, self.first_warned = rows.warnings, rows.first_warned
        self._rows = rows
        self._lines = range(1, layout.lines + 1)
        self._shared = [name for name in layout.sources if name in COLUMNS]
        self._per_line = [name for name, wanted in layout.per_line.items() if wanted != LINE]
        self._signs = layout.signs
        self._is_numbered = layout.per_line.get(LINE_NUMBER) == LINE

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract; a batch is no larger than `rows`, even where every line of every row is used."""
        waiting: list[pl.DataFrame] = []
        height = 0
        for frame in self._rows.batches(max(rows // len(self._lines), 1)):
            lines = self._lines_of(frame)
            if waiting and height + lines.height > rows:
                yield pl.concat(waiting)
                waiting, height = [], 0
            waiting.append(lines)
            height += lines.height
        if waiting:
            yield pl.concat(waiting)

    def rejects(self) -> pl.DataFrame:
        """See Extract."""
        return self._rows.rejects()

    def filtered(self) -> int:
        """See Extract."""
        return self._rows.filtered()

    def restart(self) -> WideExtract | None:
        """See Extract."""
        again = self._rows.restart()
        return None if again is None else WideExtract(again)

    def source_row(self) -> pl.DataFrame:
        """See Extract."""
        return self._rows.source_row()

    def _lines_of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The used lines of each row, in order; of a row without any, its first line with a fault."""
        marked = frame.with_columns(
            self._is_used(frame.schema, line).alias(of_line(USED, line)) for line in self._lines
        )
        is_empty = ~pl.any_horizontal(of_line(USED, line) for line in self._lines)
        found = [pl.col(FAULT)] if FAULT in frame.columns else []
        names = pl.concat_str(*found, pl.when(is_empty).then(pl.lit(NO_LINES)), separator=" ", ignore_nulls=True)
        rows = marked.lazy().with_columns(is_empty.alias(EMPTY), pl.when(names != "").then(names).alias(FAULT))
        differing = self._differing(frame.schema)
        lines = [self._line(rows, frame.schema, line, differing) for line in self._lines]
        whole = pl.concat(lines).sort(ORDINAL)
        # Text is copied: what shares memory with its row would keep the columns of all the row's lines in memory.
        return whole.with_columns(pl.col(pl.String) + "").collect(engine="in-memory")

    def _is_used(self, schema: pl.Schema, line: int) -> pl.Expr:
        """Whether a row holds the line of that number (Boolean, never null)."""
        saying = [name for name in self._per_line if name not in ALWAYS_EMPTY]
        columns = {of_line(name, line): name for name in (*saying, *self._signs)}
        return pl.any_horizontal(
            pl.lit(value=False),
            *(_has_value(pl.col(column), schema[column], name) for column, name in columns.items() if column in schema),
        )

    def _line(self, rows: pl.LazyFrame, schema: pl.Schema, line: int, differing: list[str]) -> pl.LazyFrame:
        """The line of that number, of the rows that hold it; `differing` columns are made text."""
        is_used = pl.col(of_line(USED, line))
        columns = {name: of_line(name, line) for name in self._per_line}
        number = [pl.lit(line, pl.Int64).alias(LINE_NUMBER)] if self._is_numbered else []
        found = rows.filter(is_used | pl.col(EMPTY) if line == 1 else is_used).select(
            *self._shared,
            *(
                (pl.col(column) if column in schema else pl.lit(None, pl.String)).alias(name)
                for name, column in columns.items()
            ),
            *number,
            FAULT,
            pl.col(ORDINAL) * (1 << self.LINE_BITS) + line,
        )
        given = pl.DataFrame(schema={name: schema[columns[name]] for name in differing if columns[name] in schema})
        return found.with_columns(as_text_or_typed(given)).with_columns(pl.col(differing).cast(pl.String))

    def _differing(self, schema: pl.Schema) -> list[str]:
        """The columns that have one type for one line and another for another, as where a tool guessed them."""
        return [
            name
            for name in self._per_line
            if len({schema.get(of_line(name, line), pl.String()) for line in self._lines}) > 1
        ]


def _has_value(value: pl.Expr, dtype: pl.DataType, name: str) -> pl.Expr:
    """Whether a value is of a used line: it is neither empty nor zero nor a word for no value."""
    if dtype.is_numeric():
        return (value.fill_nan(None) if dtype.is_float() else value).ne(0).fill_null(value=False)
    if dtype != pl.String:
        return value.is_not_null()
    column = COLUMNS.get(name)
    if column is not None and column.kind in {ValueKind.MONEY, ValueKind.NUMBER}:
        return (value.str.strip_chars(ZERO) != "").fill_null(value=False)
    text = value.str.strip_chars()
    is_none = text == ""
    if column is not None:
        is_none |= is_placeholder(text, column)
    return (~is_none).fill_null(value=False)
