"""CSV, TSV, pipe-delimited text and the like."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from io import BufferedReader
from typing import TYPE_CHECKING, Self

import polars as pl

from claims_edit.intake.body import body_of, check_skipped
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.files import READ_ERRORS
from claims_edit.intake.fixed_width import FixedWidthExtract, split_line
from claims_edit.intake.gathering import gathered
from claims_edit.intake.header import names_fixed_width, read_header, split_row
from claims_edit.intake.layout import resolve
from claims_edit.intake.line_split import LineSplit, NeedsStrictReaderError
from claims_edit.intake.mapping import column_key
from claims_edit.intake.quote_repair import mixes_line_ends
from claims_edit.intake.readers import FIXED_WIDTH
from claims_edit.intake.strict_text import DOUBLE, REJECT_CHECKS, TEXT_WIDTH, TextExtract, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.body import Body
    from claims_edit.intake.extract import Extract
    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.header import Header
    from claims_edit.intake.layout import Layout
    from claims_edit.intake.mapping import Mapping


class DelimitedExtract(TextExtract):
    """Delimited text with RFC 4180 quoting: split line by line, or where that is unclear by DuckDB's strict reader."""

    def __init__(
        self, file: SourceFile, layout: Layout, scratch: Path, header: Header, body: Body | None = None
    ) -> None:
        """Nameless columns of the header get a name that nothing asks for."""
        super().__init__(file, layout, scratch, body)
        self._delimiter, names = header.delimiter, header.names
        self._names = [name if name.strip() else f"__column_{place}" for place, name in enumerate(names)]
        self._header_lines = int(header.is_in_file)
        self._is_strict = len(self._delimiter.encode()) != 1 or len(set(self._names)) < len(self._names)
        self._needs_strict = False

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract."""
        if self._is_strict:
            yield from self._strict_batches(rows)
            return
        try:
            yield from self._split_batches(rows // TEXT_WIDTH)
        except NeedsStrictReaderError:
            self._needs_strict, self._mixes_line_ends = True, mixes_line_ends(self._plain())
        except READ_ERRORS as error:
            raise self.file.unreadable(error) from None

    def restart(self) -> Self | None:
        """See Extract: read by the strict reader, if rows are not lines."""
        again = super().restart()
        if self._needs_strict:
            again = again if again is not None else copy(self)
            again._is_strict, again._needs_strict = True, False  # noqa: SLF001 -- its own kind
        return again

    def _split_batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """The rows, one per line; after that, the refused lines are available."""
        refused = [self._bad.clear()]

        def whole_rows(text: BufferedReader) -> Iterator[pl.DataFrame]:
            split = LineSplit(self._delimiter, len(self._names))
            for frame, others in split.pieces(text, header=bool(self._header_lines)):
                refused.append(others)
                yield frame.select(ORDINAL, *wanted)

        wanted = [pl.col(str(self._names.index(own))).alias(name) for name, own in self.layout.sources.items()]
        with self._open_text() as text:
            yield from gathered(whole_rows(text), rows)
        self._bad = pl.concat(refused)

    def _open_text(self) -> BufferedReader:
        """What is read, as uncompressed UTF-8."""
        if self._path == self.file.path:
            return BufferedReader(self.file.open())
        return self._path.open("rb")

    def _strict_batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """The rows, split by DuckDB."""
        source = self.read_csv(
            self._names,
            delim=quoted(self._delimiter),
            quote="'\"'",
            escape="'\"'",
            header=str(bool(self._header_lines)).lower(),
            nullstr="chr(1)",  # where empty fields are null, DuckDB lets a row have one too many, its values shifted
        )
        wanted = ", ".join(f"nullif({quoted(own, DOUBLE)}, '') AS {name}" for name, own in self.layout.sources.items())
        query = f"SELECT {wanted}, {self._torn()} AS __torn FROM {source}"  # noqa: S608 -- names are quoted
        seen = 0
        for frame in self.stream(query, rows):
            numbered = frame.with_columns(pl.int_range(seen + 1, seen + frame.height + 1).alias(ORDINAL))
            seen += frame.height
            if numbered["__torn"].null_count() < numbered.height:
                whole = pl.col("__torn").is_null()
                self.set_aside(numbered.filter(~whole).rename({"__torn": "text"}), REJECT_CHECKS["UNQUOTED VALUE"])
                numbered = numbered.filter(whole)
            yield numbered.drop("__torn")

    def text_field(self, column: str) -> pl.Expr | None:
        """See Extract."""
        keys = [column_key(name) for name in self._names]
        if column_key(column) not in keys:
            return None
        place = keys.index(column_key(column))
        return pl.col("text").str.split(self._delimiter).list.get(place, null_on_oob=True).str.strip_chars()

    def _torn(self) -> str:
        """An SQL expression: the row's text where an unread column holds lines as wide as the table, else null.

        Such a value is no text: a quote that was never closed ran into a later line's. (The columns that are read
        may hold no line end at all: validation refuses it.)
        """
        delimiter, columns = quoted(self._delimiter), [quoted(name, DOUBLE) for name in self._names]
        read = {quoted(name, DOUBLE) for name in self.layout.sources.values()}
        swallowed = " OR ".join(
            f"(contains({name}, chr(10)) AND length({name}) - length(replace({name}, {delimiter}, '')) "
            f">= {len(columns) - 1})"
            for name in columns
            if name not in read
        )
        if not swallowed:
            return "NULL::VARCHAR"
        return f"CASE WHEN {swallowed} THEN concat_ws({delimiter}, {', '.join(columns)}) END"


def open_extract(file: SourceFile, mapping: Mapping, scratch: Path) -> Extract:
    """The reader of a text that is delimited, or of fixed width where the mapping gives positions."""
    text, body = body_of(file, mapping, scratch)
    if mapping.fixed_width and not names_fixed_width(text.head, mapping):
        layout = resolve(file.path, list(mapping.fixed_width), mapping)
        if body is not None:
            check_skipped(file, body, layout, partial(split_line, positions=mapping.fixed_width))
        fixed = replace(text, format=FIXED_WIDTH)
        return FixedWidthExtract(fixed, layout, mapping, scratch, body)
    header = read_header(file.path, text.head, mapping)
    layout = resolve(file.path, header.names, mapping)
    if body is not None:
        check_skipped(file, body, layout, partial(split_row, header=header))
    return DelimitedExtract(text, layout, scratch, header, body)
