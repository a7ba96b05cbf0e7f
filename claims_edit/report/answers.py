"""Query results in the formats for people and programs."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import polars as pl

from claims_edit.errors import UsageError
from claims_edit.report.csv_format import write_csv
from claims_edit.report.table_format import write_table

if TYPE_CHECKING:
    from claims_edit.store import Answer


def write_parquet(answer: Answer, target: IO[bytes]) -> None:
    """Write all rows as one Parquet file."""
    import pyarrow.parquet as pq  # noqa: PLC0415 -- no other format needs it

    batches = answer.batches()
    first = next(batches).to_arrow()
    with pq.ParquetWriter(target, first.schema) as writer:
        writer.write_table(first)
        for batch in batches:
            writer.write_table(batch.to_arrow().cast(first.schema))


def write_json(answer: Answer, target: IO[bytes]) -> None:
    """Write all rows as one array, an object a line."""
    separator = "[\n"
    for batch in answer.batches():
        if batch.height:
            target.write((separator + objects(batch)).encode())
            separator = ",\n"
    target.write(b"[]\n" if separator == "[\n" else b"\n]\n")


def objects(batch: pl.DataFrame) -> str:
    """The rows of a frame as JSON objects, one a line, with commas between them."""
    lines = batch.with_columns(pl.col(pl.Binary).bin.encode("hex")).write_ndjson()
    return lines.rstrip("\n").replace("\n", ",\n")  # a line break inside a cell is escaped in JSON


ANSWER_FORMATS = {"table": write_table, "csv": write_csv, "json": write_json, "parquet": write_parquet}


def write_answer(answer: Answer, fmt: str, target: IO[bytes]) -> None:
    """Write an answer to an open binary stream (`sys.stdout.buffer`, or a file opened with `wb`).

    Raises:
        UsageError: no such format, or the query fails.
    """
    if fmt not in ANSWER_FORMATS:
        raise UsageError(f"--format {fmt}: not available. Use one of {', '.join(ANSWER_FORMATS)}.")
    ANSWER_FORMATS[fmt](answer, target)
