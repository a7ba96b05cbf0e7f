"""Which segment of an 837 each segment is by its name, and which cannot be read as the one that they seem to be."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from claims_edit.intake.x12.delimiters import ELEMENT
from claims_edit.intake.x12.segments import word
from claims_edit.intake.x12.vocabulary import CODES_ONLY, CONTROL, MOST_ELEMENTS, NAMES, RUN_INTO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claims_edit.intake.x12.segments import Flags, Kinds, Numbers, Segments

UNKNOWN = -1
_CLM_CODES = range(6, 11)  # elements of one character
_LONGEST_CLM_CODE = 2
_FIRST_EMPTY_REF = 3
_TEN = 10
_SLOTS, _SHIFT = 1024, 12


class Words:
    """Words of at most three characters, found as Segments.words gives them."""

    def __init__(self, words: Sequence[str]) -> None:
        """A word is found at its place among `words`."""
        numbers = np.array([word(each) for each in words])
        self._factor = next(odd for odd in count(1, 2) if np.bincount(_slots(numbers, odd)).max() == 1)
        self._numbers = np.full(_SLOTS, -1, dtype=np.int64)
        self._places = np.full(_SLOTS, UNKNOWN, dtype=np.int16)
        slots = _slots(numbers, self._factor)
        self._numbers[slots], self._places[slots] = numbers, np.arange(numbers.size)

    def indexes(self, words: Numbers) -> Kinds:
        """The place of each word (of 16 bits: they are compared often); UNKNOWN if it is not one of them."""
        slots = _slots(words, self._factor)
        return np.where(self._numbers[slots] == words, self._places[slots], UNKNOWN)


def _slots(words: Numbers, factor: int) -> Numbers:
    """A slot for each word: a remainder would take ten times as long."""
    slots: Numbers = words * factor >> _SHIFT & _SLOTS - 1
    return slots


_NAMES = Words(NAMES)
_MOST = np.array([*MOST_ELEMENTS.values(), 0])  # UNKNOWN is the last, here and below
_IS_CODED = np.array([name in CODES_ONLY for name in (*NAMES, "")])
_IS_CONTROL = np.array([name in CONTROL for name in (*NAMES, "")])


def names_of(segments: Segments) -> Kinds:
    """The place of each segment's name among NAMES; UNKNOWN if it is not one of them."""
    return _NAMES.indexes(segments.words(*segments.names()))


def are_control(names: Kinds) -> Flags:
    """Which are control segments, of the envelopes around the transactions."""
    return _IS_CONTROL[names]


def are_unreadable(segments: Segments, names: Kinds) -> Flags:
    """Whether a segment's name is not one of an 837, or another segment begins inside it: a terminator was lost."""
    found: Flags = (names == UNKNOWN) | _is_overfull(segments, names) | _is_run_together(segments, names)
    return found


def _is_overfull(segments: Segments, names: Kinds) -> Flags:
    """Whether a segment has more elements than one of its name can have; empty ones at its end are none."""
    found: Flags = segments.count > _MOST[names]
    doubtful = np.flatnonzero(found)
    if doubtful.size:
        filled = segments.texts(segments.begins[doubtful], segments.ends[doubtful]).str.strip_chars_end(ELEMENT + " ")
        found[doubtful] = filled.str.count_matches(ELEMENT, literal=True).to_numpy() > _MOST[names[doubtful]]
    return found


def _is_run_together(segments: Segments, names: Kinds) -> Flags:
    """Whether a segment shows, though it has not too many elements, that another one begins inside it.

    REF03, which no 837 fills, is filled; one of CLM06 to CLM10 is longer than a code; or, among codes and numbers, a
    digit has the name of a segment behind it, at the end of an element that is not the last. Blanks fill nothing.
    """
    found = np.zeros(len(segments), dtype=np.bool_)
    references = np.flatnonzero((names == NAMES.index("REF")) & (segments.count >= _FIRST_EMPTY_REF))
    found[references] = segments.trimmed_lengths(*segments.bounds(references, _FIRST_EMPTY_REF)) > 0
    claims = np.flatnonzero(names == NAMES.index("CLM"))
    for place in _CLM_CODES:
        begins, ends = segments.bounds(claims, place)
        long = np.flatnonzero(ends - begins > _LONGEST_CLM_CODE)
        found[claims[long]] |= segments.trimmed_lengths(begins[long], ends[long]) > _LONGEST_CLM_CODE
    is_digit = segments.text - np.uint8(ord("0")) < _TEN
    turns = is_digit[:-1] & (segments.text[1:] >= ord("A"))  # a digit with a letter behind it
    ends_element = segments.text == ord(ELEMENT)
    for length in {len(name) for name in RUN_INTO}:
        known = [word(name) for name in RUN_INTO if len(name) == length]
        begins = np.flatnonzero(turns[:-length] & ends_element[length + 1 :]) + 1
        owners = np.searchsorted(segments.begins, begins, "right") - 1
        is_name = np.isin(segments.words(begins, begins + length), known)
        found[owners[is_name & _IS_CODED[names[owners]]]] = True
    return found
