"""The segments of a text, found by their delimiters; what they hold is taken out only where it is asked for.

Most of an 837 (addresses, contacts) says nothing of a claim line. So the text stays bytes, with the places of its
delimiters, and elements become text column by column.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from claims_edit.intake.x12.delimiters import COMPONENT, ELEMENT, END

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
SPACE = ord(" ")


class Segments:
    """Segments by place (from 0), and their elements by the guides' numbers; empty segments are none.

    Attributes:
        begins: the first byte of each segment.
        ends: the byte behind its last one.
        count: how many elements it has.
    """

    def __init__(self, text: bytes) -> None:
        """`text` is segments with unified delimiters, each ended by END."""
        self.text = np.frombuffer(text, dtype=np.uint8)
        self._delimiters: Numbers = np.flatnonzero((self.text == ord(END)) | (self.text == ord(ELEMENT)))
        last: Numbers = np.flatnonzero(self.text[self._delimiters] == ord(END))
        first = np.concatenate(([0], last[:-1] + 1))[: last.size]
        ends = self._delimiters[last]
        begins = np.concatenate(([0], ends[:-1] + 1))[: last.size]
        is_filled = ends > begins
        self.begins, self.ends, self._first = begins[is_filled], ends[is_filled], first[is_filled]
        self.count: Numbers = (last - first)[is_filled]

    def __len__(self) -> int:
        """How many segments there are."""
        return int(self.begins.size)

    def bounds(self, segments: Numbers, places: Numbers | int) -> tuple[Numbers, Numbers]:
        """Where elements begin and end in the text (0 is the name); both 0 where a segment (or -1) has none such."""
        exists = (segments >= 0) & (places <= self.count[segments])
        delimiter = np.where(exists, self._first[segments] + places, 0)
        begins = np.where(np.equal(places, 0), self.begins[segments], self._delimiters[delimiter - 1] + 1)
        return np.where(exists, begins, 0), np.where(exists, self._delimiters[delimiter], 0)

    def elements(self, segments: Numbers, places: Numbers | int) -> pl.Series:
        """Elements as text, trimmed; null where empty, or where there is no such segment (-1) or element."""
        if not (segments >= 0).any():
            return pl.repeat(None, segments.size, dtype=pl.String, eager=True)
        trimmed = self.texts(*self.bounds(segments, places)).str.strip_chars()
        return trimmed.to_frame("").select(pl.when(pl.col("") != "").then("")).to_series()

    def whole(self, segments: Numbers) -> pl.Series:
        """Segments as the guides print them, whatever delimiters they came with."""
        text = self.texts(self.begins[segments], self.ends[segments])
        return text.str.replace_all(ELEMENT, "*", literal=True).str.replace_all(COMPONENT, ":", literal=True)

    def places(self, segments: Numbers) -> tuple[Numbers, Numbers]:
        """Every element of the segments: which of the segments (its place among them), and which element."""
        counts = self.count[segments]
        owners = np.repeat(np.arange(segments.size), counts)
        return owners, np.arange(owners.size) - np.repeat(np.cumsum(counts) - counts, counts) + 1

    def joined(self, segments: Numbers) -> bytes:
        """Segments one behind the other, as they stand in the text."""
        return self._copied(self.begins[segments], self.ends[segments] + 1)[0].tobytes()

    def since(self, segment: int) -> bytes:
        """The text from a segment on."""
        return self.text[self.begins[segment] :].tobytes()

    def texts(self, begins: Numbers, ends: Numbers) -> pl.Series:
        """Pieces of the text."""
        copied, offsets = self._copied(begins, ends)
        array = pa.LargeStringArray.from_buffers(len(begins), pa.py_buffer(offsets), pa.py_buffer(copied))
        return pl.Series(array)

    def _copied(self, begins: Numbers, ends: Numbers) -> tuple[np.ndarray[tuple[int], np.dtype[np.uint8]], Numbers]:
        """Pieces of the text one behind the other, and where each begins and the last one ends."""
        lengths = ends - begins
        offsets: Numbers = np.concatenate(([0], np.cumsum(lengths)))
        return self.text[np.repeat(begins - offsets[:-1], lengths) + np.arange(offsets[-1])], offsets


def components(elements: pl.Series, /, **places: int) -> pl.DataFrame:
    """The named components of composite elements, trimmed, null where empty; 1 is the first."""
    listed = elements.str.split(COMPONENT).to_frame("")
    trimmed = listed.select(
        pl.col("").list.get(place - 1, null_on_oob=True).str.strip_chars().alias(name)
        for name, place in places.items()
    )
    return trimmed.select(pl.when(pl.col(name) != "").then(name).alias(name) for name in places)
