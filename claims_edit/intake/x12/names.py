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


class Words:
    """Words of at most three characters, found as Segments.words gives them."""

    def __init__(self, words: Sequence[str]) -> None:
        """A word is found at its place among `words`."""
        numbers = [word(each) for each in words]
        size = next(size for size in count(len(numbers)) if len({number % size for number in numbers}) == len(numbers))
        rests = [number % size for number in numbers]
        self._numbers = np.full(size, -1, dtype=np.int64)
        self._places = np.full(size, UNKNOWN, dtype=np.int16)
        self._numbers[rests], self._places[rests] = numbers, np.arange(len(numbers))

    def places(self, words: Numbers) -> Kinds:
        """The place of each word (of 16 bits: they are compared often); UNKNOWN where it is none of them."""
        rests = words % self._numbers.size
        return np.where(self._numbers[rests] == words, self._places[rests], UNKNOWN)


_NAMES = Words(NAMES)
_MOST = np.array([*MOST_ELEMENTS.values(), 0])  # UNKNOWN is the last, here and below
_IS_CODED = np.array([name in CODES_ONLY for name in (*NAMES, "")])
_IS_CONTROL = np.array([name in CONTROL for name in (*NAMES, "")])


def names_of(segments: Segments) -> Kinds:
    """The place of each segment's name among NAMES; UNKNOWN where it is none of them."""
    return _NAMES.places(segments.words(*segments.names()))


def are_control(names: Kinds) -> Flags:
    """Which are control segments, of the envelopes around the transactions."""
    return _IS_CONTROL[names]


def are_unreadable(segments: Segments, names: Kinds) -> Flags:
    """Whether a segment's name is none of an 837, or another segment begins inside it: a terminator was lost."""
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
        found[claims] |= segments.trimmed_lengths(*segments.bounds(claims, place)) > _LONGEST_CLM_CODE
    coded = np.flatnonzero(_IS_CODED[names])
    owners, ends = segments.inner_ends(coded)
    is_letter = segments.text[ends - 2] >= ord("A")
    owners, ends = owners[is_letter], ends[is_letter]
    for length in {len(name) for name in RUN_INTO}:
        known = [word(name) for name in RUN_INTO if len(name) == length]
        is_name = np.isin(segments.words(ends - length, ends), known)
        before = segments.text[ends[is_name] - length - 1]
        is_digit = (before >= ord("0")) & (before <= ord("9"))
        found[coded[owners[is_name][is_digit]]] = True
    return found
