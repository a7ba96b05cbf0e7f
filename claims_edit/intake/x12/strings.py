"""Pieces of a text as columns, without copying them: Arrow's views of strings, made by place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from claims_edit.intake.x12.segments import Numbers

# A view is a string's length in four bytes and the string itself, if it has room there; else the length, the first
# four bytes, the number of a buffer and the place in that.
_VIEW, _LENGTH = 16, 4
_ROOM = _VIEW - _LENGTH
# By length, which bytes of a view are the string.
_MASKS = np.array(
    [[0xFF * (_LENGTH <= place < _LENGTH + length) for place in range(_VIEW)] for length in range(_ROOM + 1)],
    dtype=np.uint8,
).view(f"V{_VIEW}")[:, 0]


class Strings:
    """The strings of a text.

    Attributes:
        text: its bytes.
        fours: the four bytes from each one on, as a number.
    """

    def __init__(self, *texts: bytes) -> None:
        """The text is these, one behind the other; it is copied once, with a margin."""
        size = sum(map(len, texts))
        self._bytes = b"".join((bytes(_LENGTH), *texts, bytes(_VIEW)))
        self.text = np.frombuffer(self._bytes, dtype=np.uint8, count=size, offset=_LENGTH)
        self.fours = np.ndarray((size + 1,), dtype="<u4", buffer=self._bytes, offset=_LENGTH, strides=(1,))
        # What becomes the view of a string that begins at each byte.
        self._views = np.ndarray((size + 1,), dtype=f"V{_VIEW}", buffer=self._bytes, strides=(1,))

    def between(self, begins: Numbers, ends: Numbers) -> pl.Series:
        """Pieces of the text, null where empty."""
        lengths = ends - begins
        views = self._views[begins]
        words = views.view("<u8")
        words &= _MASKS[np.minimum(lengths, _ROOM)].view("<u8")
        numbers = views.view("<u4").reshape(-1, _VIEW // _LENGTH)
        numbers[:, 0] = lengths
        long = np.flatnonzero(lengths > _ROOM)
        if long.size:
            numbers[long, 2], numbers[long, 3] = 0, begins[long] + _LENGTH
        is_filled = lengths > 0
        validity = None if is_filled.all() else pa.py_buffer(np.packbits(is_filled, bitorder="little"))
        buffers = [validity, pa.py_buffer(views), pa.py_buffer(self._bytes)]
        return as_series(pa.Array.from_buffers(pa.string_view(), len(begins), buffers))


def as_series(array: pa.Array) -> pl.Series:
    """An array of strings as a series."""
    text = pl.from_arrow(array)
    return text if isinstance(text, pl.Series) else text.to_series()


def nothing(size: int) -> pl.Series:
    """A column of nulls."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, size)


def filled(text: pl.Series) -> pl.Series:
    """Trimmed text; null where nothing is left."""
    trimmed = text.str.strip_chars()
    return trimmed.set(trimmed == "", None)
