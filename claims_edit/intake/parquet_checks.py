"""Whether a Parquet file is intact: by the checksums of its pages if it has any, else by statistics.

Without checksums a flipped bit looks like a value. Checks that cost nothing, or almost nothing, are made: the
names that the file gives twice, the nulls of every column that is read, and the bounds of every column of numbers or
days, and of BOUNDED. All other text would cost a run a tenth more, and find little more damage.
"""

from __future__ import annotations

import mmap
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.intake.parquet_pages import (
    BYTE_ARRAY,
    FIXED_LENGTH,
    INT32,
    INT64,
    Chunk,
    DamagedPageError,
    check_pages,
    row_groups,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BOUNDED = frozenset({"claim_id", "hcpcs_code"})  # columns of text whose bounds are checked
SIGNED = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Date)


class FileChecks:
    """The checks of one Parquet file; `sources` are the columns that are read, by the names that batches give them.

    Attributes:
        sizes: the rows of each row group.
    """

    def __init__(self, path: Path, sources: dict[str, str]) -> None:
        """Read the footer.

        Raises:
            DamagedPageError: it is damaged, or has two names for one column.
            OSError: the file cannot be read.
        """
        self._path = path
        self._groups = row_groups(path)
        self._sources = {name: source.encode() for name, source in sources.items()}
        self.sizes = [group.rows for group in self._groups]
        self._bounds = list(pairwise([0, *accumulate(self.sizes)]))
        self._without_checksums: set[tuple[int, str]] = set()
        self._checked = 0

    def check_pages(self, first: int, count: int) -> None:
        """Check the pages that hold these rows, once each, before they are decoded.

        Raises:
            DamagedPageError: one is not what was written.
        """
        groups = [group for group in self._groups_of(first, count) if group >= self._checked]
        if not groups:
            return
        self._checked = groups[-1] + 1
        with self._path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for group in groups:
                for name in self._sources:
                    chunk = self._chunk(group, name)
                    if chunk is not None and not check_pages(content, chunk):
                        self._without_checksums.add((group, name))

    def check_values(self, batch: pl.DataFrame, first: int) -> None:
        """Hold the rows from `first` on to the statistics of columns whose pages have no checksums.

        Raises:
            DamagedPageError: a value lies outside the bounds, or the number of nulls differs.
        """
        groups = list(self._groups_of(first, batch.height))
        is_whole = sum(self.sizes[group] for group in groups) == batch.height
        held = [name for name in self._sources if all((group, name) in self._without_checksums for group in groups)]
        bounded = [name for name in held if _has_bounds(name, batch.schema[name])]
        ends = batch.select(*(pl.col(name).to_physical() for name in bounded))
        lowest, highest = ends.min(), ends.max()
        for name in held:
            chunks = [chunk for group in groups if (chunk := self._chunk(group, name)) is not None]
            nulls = [chunk.nulls for chunk in chunks]
            if is_whole and None not in nulls and sum(filter(None, nulls)) != batch[name].null_count():
                raise DamagedPageError
            if name in bounded and not _is_within(lowest[name].item(), highest[name].item(), chunks):
                raise DamagedPageError

    def _groups_of(self, first: int, count: int) -> Iterable[int]:
        """The row groups that hold these rows."""
        return (group for group, (begin, end) in enumerate(self._bounds) if begin < first + count and end > first)

    def _chunk(self, group: int, name: str) -> Chunk | None:
        return self._groups[group].chunks.get(self._sources[name])


def _has_bounds(name: str, dtype: pl.DataType) -> bool:
    if dtype == pl.String:
        return name in BOUNDED
    return dtype in SIGNED or isinstance(dtype, pl.Decimal)


def _is_within(lowest: Any, highest: Any, chunks: list[Chunk]) -> bool:  # noqa: ANN401 -- of the column's type
    """Whether values (as stored) lie within the bounds of their row groups; true where those are not known."""
    is_text = isinstance(lowest, str)
    kinds = {BYTE_ARRAY} if is_text else {INT32, INT64, FIXED_LENGTH}
    if lowest is None or any(chunk.low is None or chunk.high is None or chunk.kind not in kinds for chunk in chunks):
        return True
    if is_text:
        lowest, highest = lowest.encode(), highest.encode()
    lows = [_stored(chunk.kind, chunk.low) for chunk in chunks]
    highs = [_stored(chunk.kind, chunk.high) for chunk in chunks]
    return bool(not chunks or (min(lows) <= lowest and highest <= max(highs)))


def _stored(kind: int, value: Any) -> Any:  # noqa: ANN401 -- of the column's type
    """A value of the statistics: text as its bytes, a number as it is."""
    if kind == BYTE_ARRAY:
        return value
    return int.from_bytes(value, "big" if kind == FIXED_LENGTH else "little", signed=True)
