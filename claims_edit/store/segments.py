"""Sorted Parquet segments: later rows replace earlier ones, and small segments are merged into larger ones.

A new segment is merged with those before it that are not much larger, so that there are few, and each row is written
again a logarithmic number of times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

RANGE_ROWS = 500_000  # rows processed at a time
ROW_GROUP_ROWS = 50_000
_KEYS = 1 << 64


def rows_in(paths: list[Path]) -> int:
    """The rows of all files, from their footers."""
    return sum(int(pq.read_metadata(path).num_rows) for path in paths)


def key_ranges(rows: int) -> list[tuple[int, int]]:
    """Ranges of a uniform UInt64 key, both ends included, so that each has about RANGE_ROWS rows."""
    parts = max(1, -(-rows // RANGE_ROWS))
    ends = [_KEYS * part // parts for part in range(parts + 1)]
    return [(first, end - 1) for first, end in pairwise(ends)]


@dataclass(frozen=True)
class Segments:
    """The segments of one kind, oldest first.

    Attributes:
        paths: of the files, sorted by `key`.
        schema: their columns.
        key: the UInt64 column that they are sorted by.
        collapse: makes each key unique again in rows of several segments, which come in order.
    """

    paths: tuple[Path, ...]
    schema: dict[str, pl.DataType]
    key: str
    collapse: Callable[[pl.DataFrame], pl.DataFrame]

    @property
    def rows(self) -> int:
        """Rows, replaced ones included."""
        return rows_in(list(self.paths))

    def column(self, name: str) -> Iterator[pl.Series]:
        """One column of all rows, replaced ones included, file by file."""
        for path in self.paths:
            yield pl.read_parquet(path, glob=False, columns=[name]).to_series()

    def matching(self, wanted: pl.Expr) -> pl.DataFrame:
        """The latest form of the rows that match (Boolean); whether a row matches must not change with its form."""
        found = [pl.scan_parquet(path, glob=False).filter(wanted) for path in self.paths]
        if not found:
            return pl.DataFrame(schema=self.schema)
        return self.collapse(pl.concat(pl.collect_all(found)))

    def between(self, first: int, last: int) -> pl.DataFrame:
        """The latest form of the rows with a key in this range."""
        return self.matching(pl.col(self.key).is_between(first, last))

    def with_newest(self, newest: Path, merged: Path) -> Segments:
        """The segments after one more: merged, in a file at `merged`, with the last ones that are not much larger."""
        kept, tail = list(self.paths), [newest]
        while kept and rows_in(kept[-1:]) <= 2 * rows_in(tail):
            tail.insert(0, kept.pop())
        if len(tail) == 1:
            return replace(self, paths=(*kept, newest))
        whole = replace(self, paths=tuple(tail))
        write_segment(merged, whole.in_ranges(), self.schema)
        return replace(self, paths=(*kept, merged))

    def in_ranges(self) -> Iterator[pl.DataFrame]:
        """The latest form of all rows, in order of the key, in bounded frames."""
        for first, last in key_ranges(self.rows):
            yield self.between(first, last).sort(self.key)


def write_segment(path: Path, frames: Iterable[pl.DataFrame], schema: dict[str, pl.DataType]) -> None:
    """Write frames, which come in order of the key, as one segment."""
    first = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest())
    # A handle: pyarrow takes a name with a colon for a URL.
    with path.open("wb") as file, pq.ParquetWriter(file, first.schema, compression="lz4") as writer:
        for frame in frames:
            rows = frame.select(*schema).to_arrow(compat_level=pl.CompatLevel.oldest())
            writer.write_table(rows, row_group_size=ROW_GROUP_ROWS)
