"""Thrift's compact protocol, as far as Parquet's footer and page headers use it.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import mmap

TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
INTEGERS = frozenset({4, 5, 6})
LONG_LIST = 15
DEEPEST = 16
MOST_BITS = 70

Struct = dict[int, Any]  # by the number of a field: whole numbers, truth, bytes, lists and structs of them


class NotThriftError(Exception):
    """The bytes are none of the protocol's."""


def read_struct(content: bytes | mmap.mmap, place: int = 0) -> tuple[Struct, int]:
    """The struct that begins at `place`, and where it ends.

    Raises:
        NotThriftError: there is none.
    """
    reader = _Reader(content, place)
    try:
        return reader.struct(0), reader.place
    except IndexError:
        raise NotThriftError from None


class _Reader:
    """Reads one value after another."""

    def __init__(self, content: bytes | mmap.mmap, place: int) -> None:
        self.content = content
        self.place = place

    def struct(self, depth: int) -> Struct:
        if depth > DEEPEST:
            raise NotThriftError
        found: Struct = {}
        field = 0
        while head := self.byte():
            kind, step = head & 0x0F, head >> 4
            field = field + step if step else self.integer()
            found[field] = kind == TRUE if kind in {TRUE, FALSE} else self.value(kind, depth)
        return found

    def value(self, kind: int, depth: int) -> Any:  # noqa: ANN401 -- of any type
        if kind in INTEGERS:
            return self.integer()
        if kind == BINARY:
            return self.take(self.size())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in {LIST, SET}:
            head = self.byte()
            size = self.size() if head >> 4 == LONG_LIST else head >> 4
            if size > len(self.content):
                raise NotThriftError
            return [self.value(head & 0x0F, depth + 1) for _ in range(size)]
        if kind in {TRUE, FALSE, BYTE}:  # of a list: a field's truth is in its kind
            return self.byte()
        if kind == DOUBLE:
            return self.take(8)
        raise NotThriftError  # Parquet has no maps

    def byte(self) -> int:
        byte = self.content[self.place]
        self.place += 1
        return byte

    def take(self, size: int) -> bytes:
        begin = self.place
        if begin + size > len(self.content):
            raise NotThriftError
        self.place += size
        return self.content[begin : begin + size]

    def size(self) -> int:
        """A number without a sign."""
        byte = self.byte()
        if not byte & 0x80:
            return byte
        number, shift = byte & 0x7F, 7
        while (byte := self.byte()) & 0x80:
            number |= (byte & 0x7F) << shift
            shift += 7
            if shift > MOST_BITS:
                raise NotThriftError
        return number | byte << shift

    def integer(self) -> int:
        """A number with a sign (zigzag)."""
        number = self.size()
        return (number >> 1) ^ -(number & 1)
