"""Batches processed ahead of the one being routed, and the rows that wait for validation."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from claims_edit.intake.gathering import Gathering
from claims_edit.runner.kept import LEAST_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from claims_edit.core.process import Processing
    from claims_edit.runner.kept import FileRead

_Made = TypeVar("_Made")
KEY_COLUMNS = ("high", "low", "row")


def one_ahead(process: Callable[[pl.DataFrame], _Made], batches: Iterable[pl.DataFrame]) -> Iterator[_Made]:
    """Process each batch, in order, while the one after it is read and the one before it used: two at a time."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="process") as ahead:
        waiting: Future[_Made] | None = None
        for raw in batches:
            following = ahead.submit(process, raw)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


class HeldBack(Gathering):
    """The rows of one extract that the screen did not clear, until there are enough: validation has a fixed cost."""

    def __init__(self, found: FileRead, processing: Processing) -> None:
        """Start without rows."""
        super().__init__(LEAST_ROWS)
        self.found, self.processing = found, processing

    def add(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Hold rows back; returns the rows to validate now."""
        yield from super().add(_copied(rows) if rows.height < self._least else rows)


def _copied(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with copied text: filtered text keeps its whole batch in memory."""
    return pl.DataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()), schema=rows.schema)
