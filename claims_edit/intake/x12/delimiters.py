"""The delimiters of an interchange: read from its ISA, and replaced by the same three control characters for all.

ASCII has separators of its own, which no claim holds. With them in place of whatever an ISA chose, one table can hold
the segments of several interchanges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

END = "\x1c"  # of a segment
ELEMENT = "\x1d"
COMPONENT = "\x1f"

HEADER_ELEMENTS = 16
HEADER_BYTES = 2048  # no ISA is longer, whatever its elements are padded to
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTROLS = b"\x00\x1a\x1c\x1d\x1f"  # padding, the end-of-file mark of old systems, and the delimiters used here
_MARK = rb"[!-/:-@\[-`{-~\x01-\x08\x0e-\x1f\x7f]"  # no letter, digit or white space
_ISA = re.compile(
    rb"ISA(?P<element>" + _MARK + rb")(?:(?:(?!(?P=element)).){0,100}+(?P=element)){15}"
    rb"(?!(?P=element))(?P<component>" + _MARK + rb")"
    rb"(?!(?P=element)|(?P=component))(?P<terminator>" + _MARK + rb"|[\r\n])"
    rb"(?P<followed>\s{0,8}(?:GS|TA1)(?P=element))?",
    re.DOTALL,
)  # fmt: skip


@dataclass(frozen=True)
class Delimiters:
    """The three delimiters that an ISA sets, each one byte."""

    element: bytes
    component: bytes
    terminator: bytes

    def unified(self, text: bytes) -> bytes:
        """The text with END, ELEMENT and COMPONENT as delimiters, and without line ends that are none of them.

        Line ends are dropped everywhere: some systems break a file into lines of 80 characters.
        """
        return text.translate(*_translation(self))


@cache
def _translation(delimiters: Delimiters) -> tuple[bytes, bytes]:
    """What becomes of each byte, and which ones are dropped."""
    characters = delimiters.element + delimiters.component + delimiters.terminator
    table = bytearray(bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS)))
    table[characters[0]], table[characters[1]], table[characters[2]] = map(ord, (ELEMENT, COMPONENT, END))
    return bytes(table), bytes(set(b"\r\n") - set(characters))


def header(text: bytes, place: int) -> tuple[Delimiters | None, bool]:
    """The delimiters of the ISA that begins at `place`, None if not recognizable; and whether a GS follows it."""
    found = _ISA.match(text, place)
    if found is None:
        return None, False
    return Delimiters(found["element"], found["component"], found["terminator"]), found["followed"] is not None
