"""Text without delimiters: each field has its place in the line, which the mapping gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.mapping import column_key
from claims_edit.intake.text import TextExtract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.body import Body
    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.layout import Layout
    from claims_edit.intake.mapping import Mapping
    from claims_edit.intake.mapping_keys import Position

LINE, LENGTH = "__line", "__length"
WRONG_LENGTH = "row-wrong-length"


class FixedWidthExtract(TextExtract):
    """Fixed-width text, one row a line; blanks at the ends of a field are no part of its value."""

    def __init__(
        self, file: SourceFile, layout: Layout, mapping: Mapping, scratch: Path, body: Body | None = None
    ) -> None:
        """The lines' length is the mapping's, else that of the first lines, where they all have one."""
        super().__init__(file, layout, scratch, body)
        self._positions = mapping.fixed_width
        self._expected = mapping.record_length or _common_length(file.head, mapping)

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract; an empty line is no row, and one of the wrong length is refused."""
        lines = self.read_csv([LINE], delim="chr(1)", quote="''", escape="''", header="false")
        fields = ", ".join(
            f"substring({LINE}, {place.start}, {place.length}) AS {name}"
            for name, source in self.layout.sources.items()
            for place in [self._positions[source]]
        )
        query = f"SELECT {LINE}, length({LINE}) AS {LENGTH}, {fields} FROM {lines}"  # noqa: S608 -- numbers and own names
        seen = 0
        for frame in self.stream(query, rows):
            numbered = frame.with_columns(pl.int_range(seen + 1, seen + frame.height + 1).alias(ORDINAL))
            seen += frame.height
            is_filled = (pl.col(LINE).str.strip_chars() != "").fill_null(value=False)
            is_whole = pl.lit(value=True) if self._expected is None else pl.col(LENGTH) == self._expected
            self.set_aside(numbered.filter(is_filled & ~is_whole).rename({LINE: "text"}), WRONG_LENGTH)
            yield numbered.filter(is_filled & is_whole).drop(LINE, LENGTH)

    def text_field(self, column: str) -> pl.Expr | None:
        """See Extract."""
        places = {column_key(name): place for name, place in self._positions.items()}
        place = places.get(column_key(column))
        if place is None:
            return None
        field = pl.col("text").str.slice(place.start - 1, place.length).str.strip_chars()
        return pl.when(pl.col("text").str.len_chars() >= place.start).then(field)


def split_line(line: str, positions: dict[str, Position]) -> dict[str, str]:
    """The fields of one line."""
    return {name: line[place.start - 1 : place.end].strip() for name, place in positions.items()}


def _common_length(head: str, mapping: Mapping) -> int | None:
    """The length of all first lines that the mapping does not pass over; None where they differ, or there is one."""
    first = [line for line in head.splitlines()[:-1] if line.strip()]
    lengths = [len(line) for line in first if mapping.chooses(split_line(line, mapping.fixed_width))]
    return lengths[0] if len(lengths) > 1 and len(set(lengths)) == 1 else None
