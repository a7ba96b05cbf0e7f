"""Repair of broken quotes in delimited text: one must cost only its own line, never those after it.

A quote that is opened but not closed makes any CSV reader swallow the following text, up to the end of the file. Where
DuckDB reports such a position, the line that opens the quote is cut from a copy of the extract and quarantined, and the
copy is read again, until nothing is swallowed any more (see ADR 0003).
"""

from __future__ import annotations

import mmap
import re
import shutil
from typing import TYPE_CHECKING, BinaryIO

from claims_edit.errors import InputError
from claims_edit.intake.files import READ_ERRORS, Compression, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

MARK = "\x1d"  # group separator: no claim has one, and a line with nothing else lacks columns
LONGEST_LINE = 64 * 1024 * 1024
LONGEST_SCANNED = 8 * 1024 * 1024  # bytes; DuckDB silently skips a line of 32 MB or more
COPY_BYTES = 8 * 1024 * 1024
BLANK_LINE = re.compile(rb"\n(?=(\r?\n))")


def plain_copy(file: SourceFile, scratch: Path) -> Path:
    """The extract as uncompressed UTF-8: itself, or a copy in `scratch`.

    Raises:
        InputError: the compressed stream is cut off, or the text is not in its own encoding.
    """
    if file.compression is Compression.NONE and file.encoding == "utf-8":
        return file.path
    target = scratch / f"{file.name}-{file.path.stat().st_ino}.plain"
    if target.exists():
        return target
    try:
        with file.open() as text, target.open("wb") as copy:
            shutil.copyfileobj(text, copy, COPY_BYTES)
    except READ_ERRORS as error:
        raise file.unreadable(error) from None
    return target


def one_line_end(path: Path, target: Path) -> Path:
    """Copy `path` to `target` with one kind of line end: extracts combined from several files mix them."""
    with path.open("rb") as text, target.open("wb") as copy:
        held = b""
        while piece := text.read(COPY_BYTES):
            piece = held + piece
            held = b"\r" if piece.endswith(b"\r") else b""
            copy.write(piece.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        copy.write(b"\n" if held else b"")
    return target


def mixes_line_ends(path: Path) -> bool:
    """Whether a text has lines that end with a carriage return and others that do not."""
    returns = feeds = 0
    with path.open("rb") as text:
        while piece := text.read(COPY_BYTES):
            piece += text.read(1) if piece.endswith(b"\r") else b""
            returns += piece.count(b"\r\n") if b"\r" in piece else 0
            feeds += piece.count(b"\n")
            if returns and returns != feeds:
                return True
    return False


def cut_lines(path: Path, target: Path, positions: list[int], cut: list[str], shown_path: Path) -> None:
    """Copy `path` to `target`, each line with one of the positions (1-based bytes) replaced by a mark.

    The texts of the lines are appended to `cut`; the mark has the index there.

    Raises:
        InputError: a line is too long: line ends are missing.
    """
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
        target.open("wb") as copy,
    ):
        done = 0
        for position in sorted(positions):
            start = text.rfind(b"\n", 0, position - 1) + 1
            end = text.find(b"\n", position - 1)
            end = len(text) if end < 0 else end
            if start < done:
                continue
            if end - start > LONGEST_LINE:
                raise InputError(
                    f"{shown_path}: a line is longer than {LONGEST_LINE} bytes. Check quotes and line ends."
                )
            _copy(text, done, start, copy)
            copy.write(f"{MARK}{len(cut)}{MARK}".encode())
            cut.append(text[start:end].decode("utf-8", errors="replace").rstrip("\r"))
            done = end
        _copy(text, done, len(text), copy)


def check_line_lengths(file: SourceFile, path: Path) -> None:
    """Check that no line of `path`, the text of `file`, is so long that DuckDB's reader would silently skip it.

    Raises:
        InputError: a line is twice as long as LONGEST_SCANNED, or nearly; or the compressed stream is cut off.
    """
    try:
        if path != file.path or file.compression is Compression.NONE:
            is_endless = path.stat().st_size > LONGEST_SCANNED and _is_endless(path)
        else:
            with file.open() as text:
                is_endless = any(
                    len(piece) == LONGEST_SCANNED and b"\n" not in piece and b"\r" not in piece
                    for piece in iter(lambda: text.read(LONGEST_SCANNED), b"")
                )
    except READ_ERRORS as error:
        raise file.unreadable(error) from None
    if is_endless:
        raise InputError(f"{file.path}: a line is longer than {LONGEST_SCANNED} bytes. Check quotes and line ends.")


def _is_endless(path: Path) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return any(
            text.find(b"\n", at, at + LONGEST_SCANNED) < 0 and text.find(b"\r", at, at + LONGEST_SCANNED) < 0
            for at in range(0, len(text) - LONGEST_SCANNED + 1, LONGEST_SCANNED)
        )


def _copy(text: mmap.mmap, start: int, end: int, copy: BinaryIO) -> None:
    copy.writelines(text[at : min(at + COPY_BYTES, end)] for at in range(start, end, COPY_BYTES))


def blank_lines_before(path: Path, positions: list[int]) -> list[int]:
    """How many empty lines are before each position (1-based bytes, rising)."""
    counts = []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found, done = 0, 0
        for position in positions:
            for at in range(done, position - 1, COPY_BYTES):
                found += _blank_lines(text[max(at - 2, 0) : min(at + COPY_BYTES, position - 1)], min(at, 2))
            done = max(done, position - 1)
            counts.append(found)
    return counts


def _blank_lines(piece: bytes, before: int) -> int:
    """The empty lines that end in a piece of text, whose first bytes only show the text `before`."""
    if b"\n\n" not in piece and b"\n\r\n" not in piece:
        return 0
    return sum(line.end(1) > before for line in BLANK_LINE.finditer(piece))
