"""Parquet's footer and page headers, read for themselves: a damaged one ends a library's reader, and all with it.

https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift names the fields by number.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims_edit.intake.thrift import NotThriftError, Struct, read_struct

if TYPE_CHECKING:
    import mmap
    from pathlib import Path

TAIL = 8  # bytes: the footer's length, and the magic word
INT32, INT64, BYTE_ARRAY, FIXED_LENGTH = 1, 2, 6, 7  # physical types
SIZE, CHECKSUM = 3, 4  # of a PageHeader: bytes of the page as stored, and its CRC-32


class DamagedPageError(Exception):
    """A page or the footer is not what its writer wrote, or there is none where one should be."""


@dataclass(frozen=True)
class Chunk:
    """A column of a row group: its name, where its pages are, and its statistics (`low` and `high` as stored)."""

    name: bytes
    kind: int
    begin: int
    size: int
    nulls: int | None
    low: bytes | None
    high: bytes | None


@dataclass(frozen=True)
class RowGroup:
    """A row group: its rows, and its columns by name."""

    rows: int
    chunks: dict[bytes, Chunk]


def row_groups(path: Path) -> list[RowGroup]:
    """The row groups of a file of plain columns and others, which are left out.

    Raises:
        DamagedPageError: the footer is none, or gives a column two names.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        end = file.seek(0, 2) - TAIL
        file.seek(max(0, end))
        length = int.from_bytes(file.read(4), "little")
        file.seek(max(0, end - length))
        content = file.read(length)
    try:
        footer, _ = read_struct(content)
        leaves = [element[4] for element in footer[2] if not element.get(5)]
        found = [_row_group(group, leaves) for group in footer[4]]
    except (NotThriftError, KeyError, TypeError, AttributeError, IndexError):
        raise DamagedPageError from None
    if sum(group.rows for group in found) != footer.get(3):
        raise DamagedPageError
    return found


def _row_group(group: Struct, leaves: list[bytes]) -> RowGroup:
    paths = [chunk[3][3] for chunk in group[1]]
    if [path[-1] for path in paths] != leaves:
        raise DamagedPageError
    chunks = [_chunk(chunk[3]) for chunk, path in zip(group[1], paths, strict=True) if len(path) == 1]
    return RowGroup(group[3], {chunk.name: chunk for chunk in chunks})


def _chunk(column: Struct) -> Chunk:
    statistics: dict[int, Any] = column.get(12, {})
    begin = min(column[9], column.get(11) or column[9])
    return Chunk(
        column[3][0], column[1], begin, column[7], statistics.get(3), statistics.get(6), statistics.get(5)
    )  # fmt: skip


def check_pages(file: mmap.mmap, chunk: Chunk) -> bool:
    """Whether a column chunk has checksums; if so, all of its pages have been compared with theirs.

    Raises:
        DamagedPageError: one differs.
    """
    place, end = chunk.begin, chunk.begin + chunk.size
    while place < end:
        try:
            header, place = read_struct(file, place)
            size, checksum = header[SIZE], header.get(CHECKSUM)
            if checksum is None:
                return False
            is_whole = 0 <= size <= end - place and zlib.crc32(file[place : place + size]) == checksum & 0xFFFFFFFF
        except (NotThriftError, KeyError, TypeError):
            raise DamagedPageError from None
        if not is_whole:
            raise DamagedPageError
        place += size
    return True
