"""JSON for programs: one array of objects; money as text, so that no cent is rounded."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from claims_edit.store import Answer


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
