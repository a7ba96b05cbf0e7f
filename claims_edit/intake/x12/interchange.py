"""An 837 file as a stream of texts: whole segments, decoded, whatever delimiters each interchange has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from claims_edit.errors import InputError
from claims_edit.intake.files import READ_ERRORS
from claims_edit.intake.x12.delimiters import BYTE_ORDER_MARK, END, HEADER_BYTES, Delimiters, header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile

LONGEST_SEGMENT = 1_000_000  # bytes; no 837 has one of a hundredth of that
WHITE = b" \t\r\n\v\f\0"
_HEADER_BEGINS = re.compile(rb"ISA[!-/:-@\[-`{-~\x01-\x08\x0e-\x1f\x7f]")
_BLANKS = (b" ", b"\t", b"\v", b"\f")
_INDENTED = re.compile(rb"\x1c[ \t\v\f]+")
_NOT_UTF_8 = re.compile(rb"(?<![^\x1c])[^\x1c\x80-\xff]*[\x80-\xff][^\x1c]*")  # segments with any byte beyond ASCII


def texts(file: SourceFile, size: int) -> Iterator[tuple[bytes, bool]]:
    """The file's text (UTF-8) in pieces of about `size` bytes, each of whole segments with unified delimiters.

    With each piece, whether it is the last (it may be empty).

    Raises:
        InputError: an ISA is missing or damaged, a segment does not end, or the file cannot be read to its end.
    """
    cutter = _Cutter(file.path)
    try:
        with file.open() as stream:
            while piece := stream.read(size):
                if text := cutter.cut(piece, last=False):
                    yield _tidy(text), False
            yield _tidy(cutter.cut(b"", last=True)), True
    except READ_ERRORS as error:
        raise file.unreadable(error) from None


def too_long(path: Path, what: str, limit: int) -> InputError:
    """What to raise where a terminator was lost."""
    return InputError(
        f"{path}: {what} is longer than {limit // 1_000_000} MB: segment terminators are lost, or are not the one that "
        "the ISA sets. Ask the sender for the file again."
    )


def _tidy(text: bytes) -> bytes:
    """Segments in UTF-8, each ended by END, without white space before them; what is no UTF-8 is read as Latin-1."""
    if not text.endswith(END.encode()):
        text += END.encode()
    if not text.isascii():
        text = text.replace(BYTE_ORDER_MARK, b"")
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            text = _NOT_UTF_8.sub(_as_utf_8, text)
    if any(END.encode() + white in text for white in _BLANKS):
        text = _INDENTED.sub(END.encode(), text)
    return text.lstrip(b"".join(_BLANKS))


def _as_utf_8(segment: re.Match[bytes]) -> bytes:
    try:
        segment[0].decode("utf-8")
    except UnicodeDecodeError:
        return segment[0].decode("latin-1").encode("utf-8")
    return segment[0]


class _Cutter:
    """Cuts a file at segment ends, and at each ISA that changes the delimiters."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delimiters: Delimiters | None = None
        self._held = b""  # the beginning of a segment
        self._place = 0  # of what is held, in the file

    def cut(self, piece: bytes, *, last: bool) -> bytes:
        """The segments that end in what is held and `piece`, with unified delimiters; `last`: the file ends here."""
        text = self._held + piece
        if self._delimiters is None:
            begins = text.lstrip(WHITE + BYTE_ORDER_MARK)
            self._place += len(text) - len(begins)
            text = begins
            self._check_beginning(text, last=last)
        runs, done = self._runs(text, last=last)
        rest = text[done:].lstrip(WHITE)
        self._place += len(text) - len(rest)
        self._held = rest
        if len(rest) > LONGEST_SEGMENT and len(rest.rstrip(WHITE)) > LONGEST_SEGMENT:
            raise too_long(self._path, "a segment", LONGEST_SEGMENT)
        return END.encode().join(runs)

    def _check_beginning(self, text: bytes, *, last: bool) -> None:
        whole = last or len(text) > len(b"ISA")
        if not (_HEADER_BEGINS.match(text) if whole else b"ISA".startswith(text)):
            raise InputError(f"{self._path}: does not begin with an interchange header (ISA). Give an X12 837 file.")

    def _runs(self, text: bytes, *, last: bool) -> tuple[list[bytes], int]:
        """What stands between unified delimiters, run by run, and how much of the text that is."""
        runs: list[bytes] = []
        begin, end = 0, len(text)
        for found in _HEADER_BEGINS.finditer(text):
            place = found.start()
            at_start = self._starts_segment(text, place)
            told = header(text, place)
            if (told is None or not (at_start or told[1])) and not last and len(text) - place < HEADER_BYTES:
                end = place  # its end is yet to be read
                break
            if told is not None and (at_start or told[1]):
                if at_start and told[0] == self._delimiters:
                    continue
                if self._delimiters is not None:
                    runs.append(self._delimiters.unified(text[begin:place]))
                begin, self._delimiters = place, told[0]
            elif at_start and (not last or self._terminator() in text[place:]):
                raise self._unusable(place)
        if self._delimiters is None:
            return [], 0
        done = end if last else text.rfind(self._terminator(), begin, end) + 1
        if done <= begin:
            return runs, begin
        return [*runs, self._delimiters.unified(text[begin:done])], done

    def _terminator(self) -> bytes:
        return b"" if self._delimiters is None else self._delimiters.terminator

    def _starts_segment(self, text: bytes, place: int) -> bool:
        """Whether nothing but white space stands between `place` and the end of a segment."""
        while place and text[place - 1] in WHITE and text[place - 1 : place] != self._terminator():
            place -= 1
        return place == 0 or text[place - 1 : place] == self._terminator()

    def _unusable(self, place: int) -> InputError:
        return InputError(
            f"{self._path}: byte {self._place + place + 1}: the interchange header (ISA) does not have its sixteen elements "
            "and three different delimiters behind them. Ask the sender for the file again."
        )
