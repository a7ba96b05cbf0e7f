"""Delimited text of which each line is a row, split by Polars: at half the cost of a reader that must expect others.

A line is *whole* where it has as many fields as the table has columns and each quote in it opens, doubles or closes as
RFC 4180 has it; such a line is the same row to every reader. A line with another number of such fields is refused by
itself. Whatever else there is (a value over several lines, a stray quote, bytes that are no UTF-8, control
characters, very long lines) needs the strict reader, which then reads the file from its beginning (ADR 0003).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from claims_edit.intake.extract import ORDINAL, REJECTS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

PIECE = 8 * 1024 * 1024  # bytes; the memory of smaller ones is used again and again
LONGEST = 512 * 1024  # bytes; a line of more than twice as many is never split here
BOM = b"\xef\xbb\xbf"
CONTROL = (b"\x00", b"\x01")  # the strict reader ends a text at the one, and takes the other for nothing
QUOTED = '"(?:[^"]|"")*"'
TOO_FEW, TOO_MANY = "row-missing-columns", "row-too-many-columns"


class NeedsStrictReaderError(Exception):
    """The text has rows that only the strict reader can find."""


@dataclass
class LineSplit:
    """Splits the lines of a text into `columns` fields.

    Attributes:
        filled: the number of lines so far that are not empty.
        whole: how many of them are rows.
    """

    delimiter: str
    columns: int
    filled: int = 0
    whole: int = 0

    def pieces(self, text: BufferedReader, *, header: bool) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """The rows of a text piece by piece, and the lines that are refused.

        Yields:
            ORDINAL and columns "0", "1", … as text, null where they are empty; and the refused lines (REJECTS_SCHEMA).

        Raises:
            NeedsStrictReaderError: the rows are not lines.
            OSError, EOFError, pyarrow.ArrowException: the file is cut off or damaged.
        """
        start = text.read(len(BOM))
        held = b"" if start == BOM else start
        if header:
            self._check_header(held + text.readline(LONGEST))
            held = b""
        while piece := held + text.read(PIECE):
            held = b""
            if not piece.endswith(b"\n"):
                piece += text.readline(LONGEST)
            yield self._split(piece, is_last=not text.peek(1))

    def _check_header(self, line: bytes) -> None:
        """Check that the first line is the whole header."""
        if not line.endswith(b"\n") or self._delimiters(pl.read_lines(line)["line"]).to_list() != [self.columns - 1]:
            raise NeedsStrictReaderError

    def _split(self, piece: bytes, *, is_last: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        returns = self._check_bytes(piece, is_last=is_last)
        has_quotes = b'"' in piece
        if not has_quotes:
            try:
                found = self._read(piece, quote=None, extra="raise")
            except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):  # a line has a field too many
                pass
            else:
                # No line has a field too many; none has one too few, where this is all that there is.
                ends = found.height - (not piece.endswith(b"\n")) + returns
                if len(piece) == _bytes_of(found) + found.height * (self.columns - 1) + ends:
                    self.filled += found.height
                    self.whole += found.height
                    return found, pl.DataFrame(schema=REJECTS_SCHEMA)
        return self._line_by_line(piece, has_quotes=has_quotes)

    def _line_by_line(self, piece: bytes, *, has_quotes: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows of a piece some of whose lines have quotes or another number of fields."""
        lines = pl.read_lines(piece)["line"]
        is_empty = lines == ""
        delimiters = self._delimiters(lines)
        if delimiters.has_nulls():
            raise NeedsStrictReaderError
        is_whole = (delimiters == self.columns - 1) & ~is_empty
        found = self._read(piece, quote='"' if has_quotes else None, extra="ignore")
        if found.height != lines.len():
            raise NeedsStrictReaderError
        if has_quotes:
            found = found.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
        row = (~is_empty).cum_sum() + self.filled
        refused = pl.DataFrame({"source_row": row, "text": lines}, schema_overrides={"source_row": pl.Int64})
        has_too_few = pl.lit(delimiters) < self.columns - 1
        check = pl.when(has_too_few).then(pl.lit(TOO_FEW)).otherwise(pl.lit(TOO_MANY)).alias("check")
        ordinal = pl.int_range(self.whole + 1, self.whole + 1 + pl.len(), dtype=pl.Int64).alias(ORDINAL)
        found = found.filter(is_whole).with_columns(ordinal)
        self.filled += int((~is_empty).sum())
        self.whole += found.height
        return found, refused.with_columns(check).filter(~is_empty & ~is_whole).select("source_row", "check", "text")

    def _delimiters(self, lines: pl.Series) -> pl.Series:
        """How many delimiters each line has outside of quotes; null where a quote is not one of RFC 4180."""
        delimiter = re.escape(self.delimiter)
        field = f'(?:[^"{delimiter}]*|{QUOTED})'
        counts = lines.str.count_matches(self.delimiter, literal=True)
        quoted = lines.str.contains('"', literal=True).arg_true()
        if not quoted.len():
            return counts
        line = pl.col(lines.name)
        found = (
            lines[quoted]
            .to_frame()
            .select(
                pl.when(line.str.contains(f"^{field}(?:{delimiter}{field}){{{self.columns - 1}}}$"))
                .then(pl.lit(self.columns - 1, pl.UInt32))
                .when(line.str.contains(f"^{field}(?:{delimiter}{field})*$"))
                .then(line.str.replace_all(QUOTED, "").str.count_matches(self.delimiter, literal=True))
            )
        )
        return counts.scatter(quoted, found.to_series())

    def _read(self, piece: bytes, *, quote: str | None, extra: Literal["ignore", "raise"]) -> pl.DataFrame:
        schema = {str(place): pl.String for place in range(self.columns)}
        found = pl.read_csv(
            piece,
            has_header=False,
            separator=self.delimiter,
            quote_char=quote,
            schema=schema,
            extra_columns=extra,
            missing_columns="insert",
            row_index_name=ORDINAL,
            row_index_offset=self.whole + 1,
        )
        return found.with_columns(pl.col(ORDINAL).cast(pl.Int64))

    @staticmethod
    def _check_bytes(piece: bytes, *, is_last: bool) -> int:
        """Check that lines end as lines do, are not very long, and hold text alone; the number of carriage returns."""
        returns = piece.count(b"\r") if b"\r" in piece else 0
        if not is_last and not piece.endswith(b"\n"):
            raise NeedsStrictReaderError
        if any(byte in piece for byte in CONTROL) or piece.startswith(BOM):
            raise NeedsStrictReaderError
        if returns and returns != piece.count(b"\r\n"):
            raise NeedsStrictReaderError
        if any(piece.find(b"\n", at, at + LONGEST) < 0 for at in range(0, len(piece) - LONGEST + 1, LONGEST)):
            raise NeedsStrictReaderError
        if not piece.isascii():
            try:
                piece.decode()
            except UnicodeDecodeError:
                raise NeedsStrictReaderError from None
        return returns


def _bytes_of(frame: pl.DataFrame) -> int:
    """How many bytes the texts of a frame have."""
    return int(frame.select(pl.sum_horizontal(pl.col(pl.String).str.len_bytes().sum().cast(pl.Int64))).item() or 0)
