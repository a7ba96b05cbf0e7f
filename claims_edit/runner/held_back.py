"""Batches processed ahead of the one that is routed, and the rows that wait for a close look."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.runner.kept import LEAST_ROWS, Gathering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.core.process import ProcessedBatch, Processing
    from claims_edit.runner.kept import FileRead

KEY_COLUMNS = ("high", "low", "row")


def one_ahead(
    process: Callable[[pl.DataFrame], ProcessedBatch], batches: Iterator[pl.DataFrame]
) -> Iterator[ProcessedBatch]:
    """Process each batch while the one before is routed: two batches are at work at any time, never more."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="process") as ahead:
        waiting: Future[ProcessedBatch] | None = None
        for raw in batches:
            following = ahead.submit(process, raw)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


class HeldBack(Gathering):
    """The rows of one extract that its screen held back, until enough are together: a close look has a fixed cost."""

    def __init__(self, found: FileRead, processing: Processing) -> None:
        """No row is held back yet."""
        super().__init__()
        self.found, self.processing = found, processing

    def add(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Hold rows back; what is to be looked at now."""
        yield from super().add(_copied(rows) if rows.height < LEAST_ROWS else rows)


def _copied(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with text of their own: filtered text keeps alive the batch that it was filtered from."""
    return pl.DataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), schema=rows.schema)
