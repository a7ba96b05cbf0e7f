"""What tasks hand on: rows packed as blocks of bytes, so that Spark moves a few long values in place of many rows.

They are elements of an RDD: `mapInArrow` needs pandas, and makes each value a row of the JVM and back (ADR 0018).
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Kinds. Keys are shuffled by bucket; rows held back wait for the second pass; parts go to the driver's disk.
KEYS, EXPLAINED, HELD, PART, INFO, FAULT = "keys", "explained", "held", "part", "info", "fault"


class Block(NamedTuple):
    """Some rows of a file, or what became of a piece of it; `order` is that in which its task made them."""

    kind: str
    name: str
    place: int
    piece: int
    bucket: int
    order: int
    payload: bytes


def packed(frame: pl.DataFrame, *, compressed: bool = True) -> bytes:
    """A frame as bytes; hashes cannot be compressed."""
    out = io.BytesIO()
    frame.write_ipc_stream(out, compression="lz4" if compressed else "uncompressed")
    return out.getvalue()


def unpacked(payload: bytes) -> pl.DataFrame:
    """The frame of `packed`."""
    return pl.read_ipc_stream(payload)


def blocks_of(shuffled: Iterable[tuple[int, Block]], kinds: tuple[str, ...]) -> Iterator[Block]:
    """The blocks of some kinds in a partition of the shuffle."""
    return (block for _, block in shuffled if block.kind in kinds)


class Spool:
    """Blocks on disk, until the file that they are of has been read to its end: it may be read again."""

    def __init__(self, folder: Path) -> None:
        """`folder` is of this piece only."""
        self._file = (folder / "blocks").open("w+b")

    def add(self, block: Block) -> None:
        """Write one block."""
        pickle.dump(tuple(block), self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def clear(self) -> None:
        """Drop all blocks."""
        self._file.seek(0)
        self._file.truncate()

    def __iter__(self) -> Iterator[Block]:
        """All blocks, in order; none can be added after."""
        self._file.seek(0)
        while True:
            try:
                block: tuple[Any, ...] = pickle.load(self._file)  # noqa: S301 -- written by this task
            except EOFError:
                self._file.close()
                return
            yield Block(*block)
