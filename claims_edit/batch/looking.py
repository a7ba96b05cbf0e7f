"""Batches processed ahead of the one that is settled."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from claims_edit.core.process import ProcessedBatch


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
