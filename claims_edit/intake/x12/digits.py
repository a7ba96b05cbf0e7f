"""Pieces of an 837's text that are digits alone, found without making text of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from claims_edit.intake.x12.segments import Flags, Numbers, Segments

DAY = 8  # characters of a day
_ZEROS, _SIXES, _HIGH = 0x30303030, 0x06060606, 0xF0F0F0F0  # a digit is 0x30 to 0x39
_TEN = 10


def are_days(segments: Segments, begins: Numbers, ends: Numbers) -> Flags:
    """Whether pieces of the text are eight digits."""
    found: Flags = ends - begins == DAY
    for place in (0, DAY // 2):
        four = segments.fours[np.minimum(begins + place, segments.text.size)]
        found &= (four & _HIGH == _ZEROS) & ((four + _SIXES) & _HIGH == _ZEROS)
    return found


def are_periods(segments: Segments, begins: Numbers, ends: Numbers) -> Flags:
    """Whether pieces of the text are eight digits, a hyphen and eight digits."""
    found: Flags = ends - begins == DAY + 1 + DAY
    if found.any():
        found &= are_days(segments, begins, begins + DAY) & are_days(segments, ends - DAY, ends)
        found &= segments.text[np.minimum(begins + DAY, segments.text.size - 1)] == ord("-")
    return found


def small_numbers(segments: Segments, begins: Numbers, ends: Numbers) -> tuple[Numbers, Flags]:
    """Pieces of the text as numbers, and whether each is one or two digits."""
    lengths = ends - begins
    tens, ones = (segments.text[place] - np.uint8(ord("0")) for place in (begins, ends - 1))  # no digit is 10 or more
    is_number = ((lengths == 1) | (lengths == len("12"))) & (tens < _TEN) & (ones < _TEN)
    return np.where(lengths == 1, 0, tens.astype(np.int64)) * _TEN + ones, is_number
