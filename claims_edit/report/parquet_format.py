"""Parquet for pipelines, with the original types."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

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
