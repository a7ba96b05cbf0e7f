"""The columns of a delimited text: its header's, or those that the mapping gives."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.errors import InputError
from claims_edit.intake.mapping import column_key

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.mapping import Mapping

DELIMITERS = (",", "\t", "|", ";", "^", "~")
LOOKED_AT = 1000  # first lines of a text without a header
LEAST_NAMED = 2  # columns of positions that a header must name, so that the text is delimited


@dataclass(frozen=True)
class Header:
    """How a text is split: its delimiter and its columns' names, in order.

    `is_in_file` says whether the names are the text's first line.
    """

    delimiter: str
    names: list[str]
    is_in_file: bool = True


def read_header(path: Path, head: str, mapping: Mapping) -> Header:
    """How a delimited text is split, from its beginning.

    Raises:
        InputError: no delimiter splits it, or it has not the columns that the mapping names.
    """
    if not mapping.header:
        return _without_header(path, head, mapping)
    wanted = mapping.wanted()
    best = Header(",", [])
    known = -1
    for delimiter in (mapping.delimiter,) if mapping.delimiter else DELIMITERS:
        names = _first_row(head, delimiter)
        named = len({column_key(name) for name in names} & wanted)
        if (named, len(names)) > (known, len(best.names)):
            known, best = named, Header(delimiter, names)
    if len(best.names) < 2:  # noqa: PLR2004 -- a table has at least two columns
        raise InputError(f"{path}: {_undivided(head, mapping)}")
    if _is_short(best, head):
        raise InputError(
            f"{path}: the header names {len(best.names)} columns, and every row has one more, which is empty. "
            "A name may be lost, and the values after it shifted. Ask the sender to resend the extract."
        )
    return best


def _is_short(header: Header, head: str) -> bool:
    """Whether the first rows all have one field more than the header, an empty one."""
    lines = head.splitlines()
    try:
        rows = [row for row in csv.reader(lines[1:LOOKED_AT] or [], delimiter=header.delimiter) if row]
    except csv.Error:
        return False
    whole = rows[:-1] if len(rows) > 1 and not head.endswith("\n") else rows  # the last one may be cut off
    return bool(whole) and all(len(row) == len(header.names) + 1 and not row[-1].strip() for row in whole)


def names_fixed_width(head: str, mapping: Mapping) -> bool:
    """Whether a text has a header line that names the mapping's fixed-width columns, and so is delimited."""
    wanted = {column_key(name) for name in mapping.fixed_width}
    return any(
        len({column_key(name) for name in _first_row(head, delimiter)} & wanted) >= LEAST_NAMED
        for delimiter in DELIMITERS
    )


def split_row(line: str, header: Header) -> dict[str, str]:
    """The fields of one line."""
    return dict(zip(header.names, _first_row(line, header.delimiter), strict=False))


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error:
        return []


def _without_header(path: Path, head: str, mapping: Mapping) -> Header:
    """How a text without a header is split: into as many columns as most of its claim lines have."""
    best, share = Header(",", [], is_in_file=False), (0.0, 0)
    widths: Counter[int] = Counter()
    for delimiter in (mapping.delimiter,) if mapping.delimiter else DELIMITERS:
        found = _widths(head, delimiter, mapping)
        widths |= found
        width = len(mapping.names) or found.most_common(1)[0][0]
        lines = found[width] / found.total()
        if width > 1 and lines and (lines, width) > share:
            names = list(mapping.names) or _places(width)
            best, share = Header(delimiter, names, is_in_file=False), (lines, width)
    if not best.names:
        most = max(widths)
        if mapping.names and most > 1:
            raise InputError(
                f"{path}: its first lines have up to {most} columns, but the mapping has {len(mapping.names)} names. "
                "Correct names or delimiter in the mapping."
            )
        raise InputError(f"{path}: {_undivided(head, mapping)}")
    first = {column_key(name) for name in _first_row(head, best.delimiter)}
    if len(first & ({column_key(name) for name in mapping.names} | mapping.wanted())) >= LEAST_NAMED:
        raise InputError(
            f"{path}: its first line has column names, but the mapping has `header: false`. "
            "Leave that key out, or skip the line with `skip_rows: 1`."
        )
    return best


def _places(width: int) -> list[str]:
    return [str(place) for place in range(1, width + 1)]


def _widths(head: str, delimiter: str, mapping: Mapping) -> Counter[int]:
    """How many of the first claim lines have how many columns; the last line may be cut off."""
    lines = head.splitlines()[: LOOKED_AT + 1]
    try:
        rows = list(csv.reader(lines[:-1] if len(lines) > 1 else lines, delimiter=delimiter))
    except csv.Error:
        return Counter([0])
    chosen = [
        len(row)
        for row in rows
        if row and mapping.chooses(dict(zip(mapping.names or _places(len(row)), row, strict=False)))
    ]
    return Counter(chosen or [len(row) for row in rows] or [0])


def _undivided(head: str, mapping: Mapping) -> str:
    """The fault of a text that no delimiter splits."""
    if mapping.delimiter:
        return "the mapping's delimiter does not split the first line. Correct delimiter in the mapping."
    lengths = {len(line) for line in head.splitlines()[:-1]}
    is_even = len(lengths) == 1 and max(lengths) > 20  # noqa: PLR2004 -- shorter lines are words
    return (
        "no delimiter of comma, tab, pipe, semicolon, caret or tilde splits the first line"
        + (", and its lines are of one length, as in fixed-width text" if is_even else "")
        + ". In a --mapping file, give the delimiter, the positions (fixed_width; see `claims-edit mapping list`), "
        "or skip_rows where a title comes first; or check that the file is a table."
    )
