"""An 837 file as a stream of texts: whole segments, decoded, whatever delimiters each interchange has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.errors import InputError
from claims_edit.intake.files import READ_ERRORS
from claims_edit.intake.x12.delimiters import BYTE_ORDER_MARK, END, HEADER_BYTES, HEADER_ELEMENTS, Delimiters, header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile

LONGEST_SEGMENT = 1_000_000  # bytes; no 837 has one of a hundredth of that
WHITE = b" \t\r\n\v\f\0"
_HEADER_BEGINS = re.compile(rb"ISA[!-/:-@\[-`{-~\x01-\x08\x0e-\x1f\x7f]")
_NOT_UTF_8 = re.compile(rb"(?<![^\x1c])[^\x1c\x80-\xff]*[\x80-\xff][^\x1c]*")  # segments with any byte beyond ASCII


def texts(file: SourceFile, size: int) -> Iterator[Piece]:
    """The file's text in pieces of about `size` bytes; the last one may be empty.

    Raises:
        InputError: an ISA is missing or damaged, a segment does not end, or the file cannot be read to its end.
    """
    cutter = _Cutter(file.path)
    try:
        with file.open() as stream:
            read, last = stream.read(size), False
            while not last:
                following = stream.read(size)
                last = not following
                piece = cutter.cut(read, last=last)
                if piece.text or last:
                    yield piece
                read = following
    except READ_ERRORS as error:
        raise file.unreadable(error) from None


def too_long(path: Path, what: str, limit: int) -> InputError:
    """What to raise where a terminator was lost."""
    return InputError(
        f"{path}: {what} is longer than {limit // 1_000_000} MB: segment terminators are lost, or differ from the one "
        "in the ISA. Ask the sender to resend the file."
    )


def _tidy(text: bytes) -> bytes:
    """Segments in UTF-8, each ended by END; one that is not UTF-8 is read as Latin-1."""
    if text and not text.endswith(END.encode()):
        text += END.encode()
    if not text.isascii():
        text = text.replace(BYTE_ORDER_MARK, b"")
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            text = _NOT_UTF_8.sub(_as_utf_8, text)
    return text


def _as_utf_8(segment: re.Match[bytes]) -> bytes:
    try:
        segment[0].decode("utf-8")
    except UnicodeDecodeError:
        return segment[0].decode("latin-1").encode("utf-8")
    return segment[0]


@dataclass(frozen=True)
class Piece:
    """A piece of a file.

    Attributes:
        text: whole segments with unified delimiters, each ended by END, in UTF-8.
        components: the component separators of the interchanges that begin in it.
        last: the file ends behind it.
    """

    text: bytes
    components: str
    last: bool


class _Cutter:
    """Cuts a file at segment ends, and at each ISA that changes the delimiters."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delimiters: Delimiters | None = None
        self._held = b""  # the beginning of a segment
        self._place = 0  # of the buffered text, in the file

    def cut(self, read: bytes, *, last: bool) -> Piece:
        """The segments that end in the buffered text and `read`; `last`: the file ends here."""
        text = self._held + read
        if self._delimiters is None:
            begins = text.lstrip(WHITE + BYTE_ORDER_MARK)
            self._place += len(text) - len(begins)
            text = begins
            self._check_beginning(text, last=last)
        headers, end = self._headers(text, last=last)
        done, runs, components = 0, [], ""
        for header_at, following in zip([-1, *headers], [*headers, end], strict=True):
            delimiters = headers.get(header_at, self._delimiters)
            if delimiters is None:
                continue
            begin = max(header_at, 0)
            closes = last or following in headers
            stop = following if closes else text.rfind(delimiters.terminator, begin, following) + 1
            if stop > begin:
                runs.append(delimiters.unified(text[begin:stop]))
                components += delimiters.component.decode("ascii") if header_at in headers else ""
                done = stop
            self._delimiters = delimiters
        self._hold(text, done)
        return Piece(_tidy(END.encode().join(runs)), components, last)

    def _hold(self, text: bytes, done: int) -> None:
        """Buffer the beginning of an unfinished segment."""
        self._held = text[done:].lstrip(WHITE)
        self._place += len(text) - len(self._held)
        if len(self._held) > LONGEST_SEGMENT and len(self._held.rstrip(WHITE)) > LONGEST_SEGMENT:
            raise too_long(self._path, "a segment", LONGEST_SEGMENT)

    def _check_beginning(self, text: bytes, *, last: bool) -> None:
        whole = last or len(text) > len(b"ISA")
        if not (_HEADER_BEGINS.match(text) if whole else b"ISA".startswith(text)):
            raise InputError(f"{self._path}: does not begin with an interchange header (ISA). Use an X12 837 file.")

    def _headers(self, text: bytes, *, last: bool) -> tuple[dict[int, Delimiters], int]:
        """Where interchanges begin, with their delimiters; and up to where that is certain.

        One begins with "ISA" at the beginning of a segment, or with a whole header that GS or TA1 follows: the
        terminator before it is lost, as where files are put together of which the first lacks its last one.
        """
        headers: dict[int, Delimiters] = {}
        delimiters = self._delimiters
        for found in _HEADER_BEGINS.finditer(text):
            place = found.start()
            begins = self._begins(text, place, b"" if delimiters is None else delimiters.terminator)
            own_delimiters, is_followed = header(text, place)
            if own_delimiters is not None and (begins or is_followed):
                headers[place] = delimiters = own_delimiters
            elif not last and len(text) - place < HEADER_BYTES:
                return headers, place  # its end is yet to be read
            elif begins and (not last or text.count(found[0][-1:], place) >= HEADER_ELEMENTS):
                raise self._unusable(place)
        return headers, len(text)

    def _begins(self, text: bytes, place: int, terminator: bytes) -> bool:
        """Whether a segment begins at a place, but for white space before it."""
        while place and text[place - 1 : place] != terminator and text[place - 1] in WHITE:
            place -= 1
        return place == 0 or text[place - 1 : place] == terminator

    def _unusable(self, place: int) -> InputError:
        return InputError(
            f"{self._path}: byte {self._place + place + 1}: the interchange header (ISA) lacks sixteen elements or "
            "three different delimiters. Ask the sender to resend the file."
        )
