"""A text without the lines before its header and behind its rows that a mapping skips: titles, totals, signatures."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from claims_edit.columns import DATE_COLUMNS, REQUIRED
from claims_edit.errors import InputError
from claims_edit.intake.files import SNIFF_BYTES
from claims_edit.intake.quote_repair import COPY_BYTES, one_line_end, plain_copy

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Columns
    from pathlib import Path

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.layout import Layout
    from claims_edit.intake.mapping import Mapping

NUMBERS = {"claim_line_number", *DATE_COLUMNS}


@dataclass(frozen=True)
class Body:
    """The input of a text reader: a copy in `path`, and the skipped lines (those with any text)."""

    path: Path
    before: tuple[str, ...]
    behind: tuple[str, ...]


def body_of(file: SourceFile, mapping: Mapping, scratch: Path) -> tuple[SourceFile, Body | None]:
    """The file with the beginning of its body, and the body; None where the mapping skips nothing.

    Raises:
        InputError: the file is cut off, or has no line between those that are skipped.
    """
    if not mapping.skip_rows and not mapping.skip_footer:
        return file, None
    plain = plain_copy(file, scratch)
    if "\r" in file.head and "\n" not in file.head:
        plain = one_line_end(plain, scratch / f"{file.path.stat().st_ino}.ends")
    target = scratch / f"{file.path.stat().st_ino}.body"
    with plain.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as text:
        start, end = _start(text, mapping.skip_rows), _end(text, mapping.skip_footer)
        if start >= end:
            raise InputError(
                f"{file.path}: has no line between the {mapping.skip_rows} first and the {mapping.skip_footer} last, "
                "which the mapping skips. Correct skip_rows or skip_footer."
            )
        with target.open("wb") as copy:
            copy.writelines(text[at : min(at + COPY_BYTES, end)] for at in range(start, end, COPY_BYTES))
        body = Body(target, _lines(text[:start]), _lines(text[end:]))
        head = text[start : min(end, start + SNIFF_BYTES)].decode(errors="replace").removeprefix("\ufeff")
    return replace(file, head=head), body


def _start(text: mmap.mmap, lines: int) -> int:
    """Where the text begins behind its first lines."""
    place = 0
    for _ in range(lines):
        end = text.find(b"\n", place)
        if end < 0:
            return len(text)
        place = end + 1
    return place


def _end(text: mmap.mmap, lines: int) -> int:
    """Where the text ends before its last lines; empty lines do not count."""
    place = len(text)
    while lines and place:
        start = text.rfind(b"\n", 0, place - 1) + 1
        if text[start:place].strip():
            lines -= 1
        place = start
    return place


def _lines(text: bytes) -> tuple[str, ...]:
    return tuple(line for line in text.decode(errors="replace").splitlines() if line.strip(" \t\ufeff"))


def check_skipped(file: SourceFile, body: Body, layout: Layout, split: Callable[[str], Columns[str, str]]) -> None:
    """Check that no skipped line is a claim line, as where a file came without its trailer.

    Raises:
        InputError: one has all that a claim line must have.
    """
    groups = [[layout.sources[name] for name in group if name in layout.sources] for group in REQUIRED]
    digits = {layout.sources[name] for name in NUMBERS if name in layout.sources}
    for key, lines in (("skip_rows", body.before), ("skip_footer", body.behind)):
        for line in lines:
            found = {name: text.strip() for name, text in split(line).items()}
            filled = {name for name, text in found.items() if text and (name not in digits or text[-1:].isdigit())}
            if all(not group or filled & set(group) for group in groups):
                raise InputError(
                    f"{file.path}: a line skipped by {key} has all required values of a claim line. "
                    f"Correct {key} in the mapping, or ask the sender why the file does not have that line."
                )
