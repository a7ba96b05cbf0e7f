"""Parquet parts of a fixed number of rows, so that the bytes out do not depend on how extracts were read."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART_ROWS = 100_000  # several copies of a part are in memory, and refused rows may have long raw values
PARTITION = "run_id"  # of the record: the folder's key, and a column of its files
SCHEMA_KEY = "ARROW:schema"


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
    """Writes parts one by one, with the columns of `schema`; `close` writes an empty part if there are no rows."""

    def __init__(self, folder: Path, name: str, schema: dict[str, pl.DataType]) -> None:
        """Parts are named `<name>-00000.parquet` and so on."""
        self._folder, self._name, self._schema = folder, name, schema
        self._place = 0

    def add(self, part: pl.DataFrame) -> None:
        """Write one part."""
        path = self._folder / f"{self._name}-{self._place:05}.parquet"
        rows = part.select(*self._schema).rechunk()
        if PARTITION in self._schema:
            write_record(rows, path)
        else:
            rows.write_parquet(path, row_group_size=PART_ROWS)
        self._place += 1

    def close(self) -> None:
        """Ensure that a reader's glob finds at least one part."""
        if self._place == 0:
            self.add(pl.DataFrame(schema=self._schema))


def write_record(rows: pl.DataFrame, path: Path) -> None:
    """Write a part whose column PARTITION has, for pyarrow and pandas, the type that they use for the folder's key.

    They refuse a folder where the two differ, and make the key a dictionary; Polars would make such a column
    categorical. The file has an Arrow schema for each: Arrow reads the first of that key, Polars the last.
    """
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    key = pa.field(PARTITION, pa.dictionary(pa.int32(), pa.string()))
    for_arrow = table.schema.set(table.schema.get_field_index(PARTITION), key)
    serialized = base64.b64encode(for_arrow.serialize().to_pybytes()).decode()
    marked = table.replace_schema_metadata({SCHEMA_KEY: serialized})
    with path.open("wb") as file:  # pyarrow takes a name with a colon for a URL
        pq.write_table(marked, file, row_group_size=PART_ROWS, compression="zstd")
