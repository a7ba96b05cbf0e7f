"""Text without delimiters: each field has its place in the line, which the mapping gives."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.mapping import column_key
from claims_edit.intake.mapping_keys import VARIES
from claims_edit.intake.strict_text import TextExtract

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
    """Fixed-width text, one row a line; blanks at the ends of a field are not part of its value."""

    def __init__(
        self, file: SourceFile, layout: Layout, mapping: Mapping, scratch: Path, body: Body | None = None
    ) -> None:
        """Lines have the mapping's length, else that of most first lines, unless the mapping sets it to vary."""
        super().__init__(file, layout, scratch, body)
        self._positions = mapping.fixed_width
        given = mapping.record_length
        self._expected = None if given == VARIES else given or _common_length(file.head, mapping)

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract; an empty line is not a row, and one of the wrong length is refused."""
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
    """The length that most of the first claim lines have, the longer of two; the last line may be cut off."""
    lines = head.splitlines()
    whole = [line for line in (lines[:-1] if len(lines) > 1 else lines) if line.strip()]
    lengths = Counter(len(line) for line in whole if mapping.chooses(split_line(line, mapping.fixed_width)))
    return max(lengths, key=lambda length: (lengths[length], length), default=None)
