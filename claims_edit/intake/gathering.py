"""Small frames put together: readers of long text give small ones, and checks cost least on large ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl


class Gathering:
    """Collects rows until there are at least so many of one schema."""

    def __init__(self, least: int) -> None:
        """Start without rows."""
        self._least = least
        self._waiting: pl.DataFrame | None = None

    def add(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Add rows; returns the rows that are complete."""
        if self._waiting is not None and self._waiting.schema != rows.schema:  # dates in one batch, text in another
            yield from self.rest()
        self._waiting = rows if self._waiting is None else self._waiting.vstack(rows)
        if self._waiting.height >= self._least:
            yield from self.rest()

    def rest(self) -> Iterator[pl.DataFrame]:
        """All rows that wait."""
        if self._waiting is not None and self._waiting.height:
            yield self._waiting
        self._waiting = None


def gathered(frames: Iterator[pl.DataFrame], least: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of at least `least` rows, except the last one of a schema."""
    waiting = Gathering(least)
    for frame in frames:
        yield from waiting.add(frame)
    yield from waiting.rest()
