"""The segments of a text, found by their delimiters; what they hold is taken out only where it is asked for.

Most of an 837 (addresses, contacts) is not about a claim line. So the text stays bytes, with the places of its
delimiters, and elements become text column by column.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

from claims_edit.intake.x12.delimiters import COMPONENT, ELEMENT, END
from claims_edit.intake.x12.runs import Composites, ranges
from claims_edit.intake.x12.strings import Strings, as_series, filled, nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Kinds = np.ndarray[tuple[int], np.dtype[np.int16]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]

_LONGEST_WORD = 3
_FOUR = 4
_MASKS = np.array([256**length - 1 for length in range(_FOUR + 1)], dtype=np.int64)
_INDENTATION = re.compile(rb"\x1c[ \t\v\f]+")
IS_BLANK: Flags = np.isin(np.arange(256), list(b" \t\v\f"))
# Two empty segments before all others: missing elements are taken from the second.
_NOT_THERE = 2 * END.encode()
_NONE = 1
_MARKS, _NO_MARK = np.uint8(4), 0x1E  # a range of characters with END, ELEMENT and COMPONENT, and one outside
NOWHERE = 2**31  # the place of an element that no segment has


class Segments:
    """Segments by place (from 0), and their elements by the guides' numbers; empty segments are none.

    Attributes:
        text: the bytes of all, behind two of their ends.
        fours: the four bytes from each one on, as a number.
        begins: the first byte of each segment.
        ends: the byte behind its last one.
        count: how many elements it has.
    """

    def __init__(self, text: bytes, components: str) -> None:
        """`text` is segments with unified delimiters, each ended by END.

        `components` are the component separators: those before the first ISA, and those of each interchange.
        """
        self._components = np.frombuffer(components.encode("ascii"), dtype=np.uint8)
        self._strings = Strings(_NOT_THERE, text)
        self.text, self.fours = self._strings.text, self._strings.fours
        is_mark = (self.text - np.uint8(ord(END)) < _MARKS) & (self.text != _NO_MARK)
        self._last_blank = _last_blank(self.text, is_mark)
        # Where each component ends; of each element the number of its last one, whether it has several, where it ends.
        self._component_ends: Numbers = np.flatnonzero(is_mark)
        kinds = self.text[self._component_ends]
        self._last: Numbers = np.flatnonzero(kinds != ord(COMPONENT))
        self._has_several: Flags = np.append(np.False_, self._last[1:] - self._last[:-1] > 1)
        self._element_ends: Numbers = self._component_ends[self._last]
        last: Numbers = np.flatnonzero(kinds[self._last] == ord(END))
        ends = self._element_ends[last]
        begins: Numbers = np.concatenate(([0], ends + 1))[:-1]
        first: Numbers = np.concatenate(([0], last + 1))[:-1]
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
        return self.begins, self._element_ends[self._first]

    def _elements(self, segments: Numbers, places: Numbers | int) -> Numbers:
        """The numbers of elements (1 is the first of a segment); _NONE where a segment (or -1) has none such."""
        has_none = (segments < 0) | (places > self.count[segments])
        found: Numbers = self._first[segments] + places
        found[has_none] = _NONE
        return found

    def bounds(self, segments: Numbers, places: Numbers | int) -> tuple[Numbers, Numbers]:
        """Where elements begin and end (1 is the first); the same place where a segment (or -1) has none such."""
        elements = self._elements(segments, places)
        return self._element_ends[elements - 1] + 1, self._element_ends[elements]

    def elements(self, segments: Numbers, places: Numbers | int) -> pl.Series:
        """Elements as text, trimmed; null where empty, or where there is no such segment (-1) or element."""
        elements = self._elements(segments, places)
        begins, ends = self._element_ends[elements - 1] + 1, self._element_ends[elements]
        if self._has_several[elements].any():
            text = self._separated(begins, ends, segments)
            return filled(text) if self.are_padded(begins, ends).any() else text
        return self.trimmed(begins, ends)

    def columns(self, wanted: Mapping[str, tuple[Numbers, Numbers | int]]) -> dict[str, pl.Series]:
        """Elements by name, as `elements` gives them, of segments of one number: one pass takes out all of them."""
        given = {name: each for name, each in wanted.items() if (each[0] >= 0).any()}
        size = max(segments.size for segments, _ in wanted.values())
        found = dict.fromkeys(wanted, nothing(size))
        if not given:
            return found
        segments = np.concatenate([segments for segments, _ in given.values()])
        places = np.concatenate([np.broadcast_to(places, size) for _, places in given.values()])
        elements = self._elements(segments, places)
        found |= self._split(given, self._element_ends[elements - 1] + 1, self._element_ends[elements])
        has_several = self._has_several[elements].reshape(-1, size).any(axis=1)
        return found | {name: self.elements(*given[name]) for name in np.array(list(given))[has_several]}

    def parts(self, composites: Composites, wanted: Mapping[str, int]) -> dict[str, pl.Series]:
        """Components of each by name, trimmed, null where empty: one pass takes out all of them."""
        most = int((composites.last - composites.before).max(initial=0))
        given = {name: nth for name, nth in wanted.items() if nth <= most}
        pieces = [self.component(composites, nth) for nth in given.values()]
        found = dict.fromkeys(wanted, nothing(composites.last.size))
        return found | self._split(given, *map(np.concatenate, zip(*pieces, strict=True))) if given else found

    def _split(self, names: Iterable[str], begins: Numbers, ends: Numbers) -> dict[str, pl.Series]:
        """Pieces of the text, trimmed: as many for each name."""
        text, listed = self.trimmed(begins, ends), list(names)
        size = begins.size // len(listed)
        return {name: text.slice(nth * size, size) for nth, name in enumerate(listed)}

    def trimmed(self, begins: Numbers, ends: Numbers) -> pl.Series:
        """Pieces of the text, trimmed; null where empty."""
        text = self.texts(begins, ends)
        return filled(text) if self.are_padded(begins, ends).any() else text

    def composites(self, segments: Numbers, places: Numbers | int) -> Composites:
        """Composite elements."""
        elements = self._elements(segments, places)
        return Composites(self._last[elements - 1], self._last[elements])

    def sizes(self, composites: Composites) -> Numbers:
        """How many components each has, up to the last one that is there; 0 for an empty element."""
        begins, ends = self.component(composites, 1)
        size = composites.last - composites.before
        size[(size == 1) & (begins == ends)] = 0
        return size

    def component(self, composites: Composites, nth: Numbers | int) -> tuple[Numbers, Numbers]:
        """Where a component of each begins and ends (1 is the first); the same place where it has none such."""
        components = composites.before + nth
        components[components > composites.last] = _NONE
        return self._component_ends[components - 1] + 1, self._component_ends[components]

    def whole_composites(self, composites: Composites) -> pl.Series:
        """Composite elements as text, with COMPONENT between their components; null where empty."""
        first = np.minimum(composites.before + 1, composites.last)
        return self.texts(self._component_ends[first - 1] + 1, self._component_ends[composites.last])

    def are_padded(self, begins: Numbers, ends: Numbers) -> Flags:
        """Whether pieces of the text have a blank at an end."""
        if not ((begins <= self._last_blank) & (begins < ends)).any():
            return np.zeros(begins.size, dtype=np.bool_)
        found: Flags = IS_BLANK[self.text[begins]] | IS_BLANK[self.text[ends - 1]]
        return found & (begins < ends)

    def say(self, segments: Numbers, place: int, *codes: str) -> tuple[list[Flags], Numbers]:
        """For each of some codes (of at most three characters), whether an element, trimmed, is that code.

        Also, which of the segments (their places among these) have a blank at an end of it.
        """
        words, padded = self.trimmed_words(*self.bounds(segments, place))
        return [words == word(code) for code in codes], padded

    def are_same(self, pieces: tuple[Numbers, Numbers], others: tuple[Numbers, Numbers]) -> Flags:
        """Whether pieces of the text, trimmed, are the same as others, and not empty."""
        lengths = pieces[1] - pieces[0]
        if lengths.max(initial=0) > 2 * _FOUR or self.are_padded(*pieces).any() or self.are_padded(*others).any():
            same: Flags = (self.trimmed(*pieces) == self.trimmed(*others)).fill_null(value=False).to_numpy()
            return same
        found: Flags = (lengths > 0) & (lengths == others[1] - others[0])
        for begin in (0, _FOUR):
            masks = _MASKS[np.clip(lengths - begin, 0, _FOUR)]
            four, other = (self.fours[np.minimum(begins + begin, self.text.size)] for begins in (pieces[0], others[0]))
            found &= (four & masks) == (other & masks)
        return found

    def trimmed_words(self, begins: Numbers, ends: Numbers) -> tuple[Numbers, Numbers]:
        """Pieces of the text, trimmed, as `words` gives them; and which of them have a blank at an end."""
        words = self.words(begins, ends)
        padded = np.flatnonzero(self.are_padded(begins, ends))
        if padded.size:
            trimmed = filled(self.texts(begins[padded], ends[padded]))
            words[padded] = [word(text or "") if len(text or "") <= _LONGEST_WORD else -1 for text in trimmed]
        return words, padded

    def trimmed_lengths(self, begins: Numbers, ends: Numbers) -> Numbers:
        """How many bytes pieces of the text have, trimmed."""
        lengths = ends - begins
        padded = np.flatnonzero(self.are_padded(begins, ends))
        if padded.size:
            trimmed = filled(self.texts(begins[padded], ends[padded]))
            lengths[padded] = trimmed.str.len_bytes().fill_null(0).to_numpy()
        return lengths

    def whole(self, segments: Numbers) -> pl.Series:
        """Segments with the separator that most have between elements; null where empty."""
        text = self._separated(self.begins[segments], self.ends[segments], segments)
        return text.str.replace_all(ELEMENT, "*", literal=True)

    def filled_elements(self, segments: Numbers) -> tuple[Numbers, Numbers]:
        """Every element up to the last filled one: which of the segments (its place among them), and which element."""
        owners, places = ranges(self.count[segments])
        begins, ends = self.bounds(segments[owners], places + 1)
        last = np.full(segments.size, -1, dtype=np.int64)
        last[owners[begins < ends]] = places[begins < ends]  # the last one wins
        counts = places <= last[owners]
        return owners[counts], places[counts] + 1

    def words(self, begins: Numbers, ends: Numbers) -> Numbers:
        """Pieces of the text as numbers, if they are of at most three bytes; else -1."""
        lengths = np.minimum(ends - begins, _LONGEST_WORD + 1)
        words: Numbers = self.fours[begins] & _MASKS[lengths]
        words[lengths > _LONGEST_WORD] = -1
        return words

    def joined(self, segments: Numbers) -> bytes:
        """Segments one after the other, as in the text."""
        return self._copied(self.begins[segments], self.ends[segments] + 1)[0].tobytes()

    def since(self, segment: int) -> bytes:
        """The text from a segment on."""
        return self.text[self.begins[segment] :].tobytes()

    def texts(self, begins: Numbers, ends: Numbers) -> pl.Series:
        """Pieces of the text, null where empty."""
        return self._strings.between(begins, ends)

    def _separated(self, begins: Numbers, ends: Numbers, segments: Numbers) -> pl.Series:
        """Pieces of the text with the component separators that their segments have; null where empty."""
        copied, offsets = self._copied(begins, ends)
        places = np.flatnonzero(copied == ord(COMPONENT))
        if places.size:
            copied[places] = self._component(segments[np.searchsorted(offsets, places, "right") - 1])
        is_filled = np.packbits(ends > begins, bitorder="little")
        buffers = [pa.py_buffer(is_filled), pa.py_buffer(offsets), pa.py_buffer(copied)]
        return as_series(pa.Array.from_buffers(pa.large_string(), len(begins), buffers))

    def _component(self, segments: Numbers) -> Bytes:
        """The component separators of the segments' interchanges."""
        is_header = self.words(*self.names()) == word("ISA")
        nth = np.minimum(np.cumsum(is_header)[segments], self._components.size - 1)
        separators: Bytes = self._components[nth]
        return separators

    def _copied(self, begins: Numbers, ends: Numbers) -> tuple[Bytes, Numbers]:
        """Pieces of the text one behind the other, and where each begins and the last one ends."""
        lengths = ends - begins
        offsets: Numbers = np.concatenate(([0], np.cumsum(lengths)))
        return self.text[np.repeat(begins - offsets[:-1], lengths) + np.arange(offsets[-1])], offsets


def _last_blank(text: Bytes, is_mark: Flags) -> int:
    """The last place of a blank, or of another character that is not printed, beside a mark; -1 for none."""
    is_blank = (text == ord(" ")) | (text < ord(END))
    beside = np.flatnonzero((is_mark[1:] & is_blank[:-1]) | (is_mark[:-1] & is_blank[1:]))
    return int(beside[-1]) + 1 if beside.size else -1


def word(text: str) -> int:
    """A text of at most three characters as Segments.words gives it."""
    return int.from_bytes(text.encode(), "little")
