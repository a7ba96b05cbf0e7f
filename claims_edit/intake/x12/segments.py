"""The segments of a text, found by their delimiters; what they hold is taken out only where it is asked for.

Most of an 837 (addresses, contacts) says nothing of a claim line. So the text stays bytes, with the places of its
delimiters, and elements become text column by column.
"""

from __future__ import annotations

import re
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa

from claims_edit.intake.x12.delimiters import COMPONENT, ELEMENT, END

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]

_LONGEST_WORD = 3
_MASKS = np.array([256**length - 1 for length in range(_LONGEST_WORD + 2)], dtype=np.int64)
_INDENTATION = re.compile(rb"\x1c[ \t\v\f]+")
IS_BLANK: Flags = np.isin(np.arange(256), list(b" \t\v\f"))


class Segments:
    """Segments by place (from 0), and their elements by the guides' numbers; empty segments are none.

    Attributes:
        text: the bytes of all.
        begins: the first byte of each segment.
        ends: the byte behind its last one.
        count: how many elements it has.
    """

    def __init__(self, text: bytes, components: str) -> None:
        """`text` is segments with unified delimiters, each ended by END.

        `components` are the component separators: of what stands before the first ISA, and of each interchange.
        """
        self._components = np.frombuffer(components.encode("ascii"), dtype=np.uint8)
        padded = text + bytes(_LONGEST_WORD)
        self._fours = np.ndarray((len(text),), dtype="<u4", buffer=padded, strides=(1,))  # four bytes from each on
        self.text: Bytes = np.frombuffer(padded, dtype=np.uint8, count=len(text))
        self._delimiters: Numbers = np.flatnonzero(self.text | 1 == ord(ELEMENT))  # END is one less
        last: Numbers = np.flatnonzero(self.text[self._delimiters] == ord(END))
        ends = self._delimiters[last]
        begins = np.concatenate(([0], ends + 1))[:-1]
        first = np.concatenate(([0], last + 1))[:-1]
        is_filled = begins < ends
        self.begins, self.ends, self._first = begins[is_filled], ends[is_filled], first[is_filled]
        self.count: Numbers = (last - first)[is_filled]

    @classmethod
    def unindented(cls, text: bytes, components: str) -> Self:
        """The segments of a text, without the white space before them."""
        segments = cls(text, components)
        if IS_BLANK[segments.text[segments.begins]].any():
            segments = cls(_INDENTATION.sub(END.encode(), END.encode() + text), components)
        return segments

    @property
    def last_component(self) -> str:
        """The component separator of the last interchange."""
        return chr(self._components[-1])

    def __len__(self) -> int:
        """How many segments there are."""
        return int(self.begins.size)

    def names(self) -> tuple[Numbers, Numbers]:
        """Where the name of each segment begins and ends."""
        return self.begins, self._delimiters[self._first]

    def bounds(self, segments: Numbers, places: Numbers | int) -> tuple[Numbers, Numbers]:
        """Where elements begin and end (1 is the first); both 0 where a segment (or -1) has none such."""
        has_none = (segments < 0) | (places > self.count[segments])
        delimiter = self._first[segments] + places
        if has_none.any():
            delimiter[has_none] = 1
        begins, ends = self._delimiters[delimiter - 1] + 1, self._delimiters[delimiter]
        begins[has_none] = ends[has_none] = 0
        return begins, ends

    def elements(self, segments: Numbers, places: Numbers | int) -> pl.Series:
        """Elements as text, trimmed; null where empty, or where there is no such segment (-1) or element."""
        begins, ends = self.bounds(segments, places)
        text = self.texts(begins, ends, segments)
        return filled(text) if self.are_padded(begins, ends).any() else text

    def are_padded(self, begins: Numbers, ends: Numbers) -> Flags:
        """Whether pieces of the text have a blank at an end."""
        found: Flags = IS_BLANK[self.text[begins]] | IS_BLANK[self.text[ends - 1]]
        return found & (begins < ends)

    def say(self, segments: Numbers, place: int, *codes: str) -> tuple[list[Flags], Numbers]:
        """For each of some codes (of at most three characters), whether an element, trimmed, is that code.

        Also, which of the segments (their places among these) have a blank at an end of it.
        """
        begins, ends = self.bounds(segments, place)
        words = self.words(begins, ends)
        padded = np.flatnonzero(self.are_padded(begins, ends))
        found = [words == word(code) for code in codes]
        if padded.size:
            trimmed = self.elements(segments[padded], place)
            for flags, code in zip(found, codes, strict=True):
                flags[padded] = trimmed.eq_missing(code).to_numpy()
        return found, padded

    def trimmed_words(self, segments: Numbers, place: int) -> tuple[Numbers, Numbers]:
        """An element of each segment, trimmed, as `words` gives it; and which of them have a blank at an end of it."""
        begins, ends = self.bounds(segments, place)
        words = self.words(begins, ends)
        padded = np.flatnonzero(self.are_padded(begins, ends))
        if padded.size:
            trimmed = self.elements(segments[padded], place)
            words[padded] = [word(text or "") if len(text or "") <= _LONGEST_WORD else -1 for text in trimmed]
        return words, padded

    def composites(self, segments: Numbers, places: Numbers | int) -> pl.Series:
        """Composite elements, for `components`; null where empty, or where there is none."""
        return self.texts(*self.bounds(segments, places))

    def whole(self, segments: Numbers) -> pl.Series:
        """Segments with the separator that most have between elements; null where empty."""
        text = self.texts(self.begins[segments], self.ends[segments], segments)
        return text.str.replace_all(ELEMENT, "*", literal=True)

    def places(self, segments: Numbers) -> tuple[Numbers, Numbers]:
        """Every element up to the last filled one: which of the segments (its place among them), and which element."""
        owners, places = ranges(self.count[segments])
        begins, ends = self.bounds(segments[owners], places + 1)
        last = np.full(segments.size, -1, dtype=np.int64)
        last[owners[begins < ends]] = places[begins < ends]  # the last one that is told stays
        counts = places <= last[owners]
        return owners[counts], places[counts] + 1

    def inner_ends(self, segments: Numbers) -> tuple[Numbers, Numbers]:
        """Where each element ends that has another one behind it, and of which of the segments it is."""
        owners, places = ranges(np.maximum(self.count[segments] - 1, 0))
        return owners, self._delimiters[self._first[segments][owners] + 1 + places]

    def words(self, begins: Numbers, ends: Numbers) -> Numbers:
        """Pieces of the text as numbers, if they are of at most three bytes; else -1."""
        lengths = np.minimum(ends - begins, _LONGEST_WORD + 1)
        words: Numbers = self._fours[begins] & _MASKS[lengths]
        words[lengths > _LONGEST_WORD] = -1
        return words

    def joined(self, segments: Numbers) -> bytes:
        """Segments one behind the other, as they stand in the text."""
        return self._copied(self.begins[segments], self.ends[segments] + 1)[0].tobytes()

    def since(self, segment: int) -> bytes:
        """The text from a segment on."""
        return self.text[self.begins[segment] :].tobytes()

    def texts(self, begins: Numbers, ends: Numbers, segments: Numbers | None = None) -> pl.Series:
        """Pieces of the text, null where empty; `segments`, where they are, have their own component separators."""
        copied, offsets = self._copied(begins, ends)
        if segments is not None:
            places = np.flatnonzero(copied == ord(COMPONENT))
            if places.size:
                copied[places] = self._component(segments[np.searchsorted(offsets, places, "right") - 1])
        is_filled = np.packbits(ends > begins, bitorder="little")
        buffers = [pa.py_buffer(is_filled), pa.py_buffer(offsets), pa.py_buffer(copied)]
        text = pl.from_arrow(pa.Array.from_buffers(pa.large_string(), len(begins), buffers))
        return text if isinstance(text, pl.Series) else text.to_series()

    def _component(self, segments: Numbers) -> Bytes:
        """The component separators of the interchanges in which segments stand."""
        is_header = self.words(*self.names()) == word("ISA")
        nth = np.minimum(np.cumsum(is_header)[segments], self._components.size - 1)
        separators: Bytes = self._components[nth]
        return separators

    def _copied(self, begins: Numbers, ends: Numbers) -> tuple[Bytes, Numbers]:
        """Pieces of the text one behind the other, and where each begins and the last one ends."""
        lengths = ends - begins
        offsets: Numbers = np.concatenate(([0], np.cumsum(lengths)))
        return self.text[np.repeat(begins - offsets[:-1], lengths) + np.arange(offsets[-1])], offsets


def word(text: str) -> int:
    """A text of at most three characters as Segments.words gives it."""
    return int.from_bytes(text.encode(), "little")


def nothing(size: int) -> pl.Series:
    """A column of nulls."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, size)


def latest(begins: Flags) -> Numbers:
    """For each place the last one up to there at which something begins; -1 where nothing has."""
    places = np.flatnonzero(begins)
    return np.repeat(np.append(-1, places), np.diff(np.concatenate(([0], places, [begins.size]))))


def ranges(counts: Numbers) -> tuple[Numbers, Numbers]:
    """For each count n the numbers 0 to n - 1, one range behind the other; and of which count each is."""
    owners = np.repeat(np.arange(counts.size), counts)
    return owners, np.arange(owners.size) - np.repeat(np.cumsum(counts) - counts, counts)


def components(elements: pl.Series, /, **places: int) -> pl.DataFrame:
    """The named components of composite elements, trimmed, null where empty; 1 is the first."""
    listed = elements.str.split(COMPONENT).to_frame("")
    parts = listed.select(
        pl.col("").list.get(place - 1, null_on_oob=True).alias(name) for name, place in places.items()
    )
    if elements.str.contains(" ", literal=True).any():
        parts = parts.select(pl.all().str.strip_chars())
    return parts.select(pl.when(pl.col(name) != "").then(name).alias(name) for name in places)


def filled(text: pl.Series) -> pl.Series:
    """Trimmed text; null where nothing is left."""
    trimmed = text.str.strip_chars()
    return trimmed.set(trimmed == "", None)
