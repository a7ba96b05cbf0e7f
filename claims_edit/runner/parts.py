"""Parquet parts of a fixed number of rows, so that the bytes out do not depend on how extracts were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART_ROWS = 250_000


def in_parts(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of PART_ROWS, the last one shorter."""
    waiting: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        waiting.append(frame)
        height += frame.height
        while height >= PART_ROWS:
            whole = pl.concat(waiting)
            yield whole.head(PART_ROWS)
            waiting = [whole.slice(PART_ROWS)]
            height -= PART_ROWS
    if height:
        yield pl.concat(waiting)


class PartWriter:
    """Writes parts one by one, with the columns of `schema`; `close` leaves a part without rows where none came."""

    def __init__(self, folder: Path, name: str, schema: dict[str, pl.DataType]) -> None:
        """Parts are named `<name>-00000.parquet` and so on."""
        self._folder, self._name, self._schema = folder, name, schema
        self._place = 0

    def add(self, part: pl.DataFrame) -> None:
        """Write one part."""
        path = self._folder / f"{self._name}-{self._place:05}.parquet"
        part.select(*self._schema).rechunk().write_parquet(path, row_group_size=PART_ROWS)
        self._place += 1

    def close(self) -> None:
        """A reader's glob finds at least one part."""
        if self._place == 0:
            self.add(pl.DataFrame(schema=self._schema))
