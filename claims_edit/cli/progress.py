"""Progress of long work on standard error: counts and rates, never a value; nothing if it is not a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def announce(notice: str) -> None:
    """One line before long work; nothing if standard error is not a terminal."""
    if sys.stderr.isatty():
        click.echo(notice, err=True)


@contextmanager
def shown(*, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """A function that takes the stage and the rows read since its last call."""
    if quiet or not sys.stderr.isatty():
        yield lambda _stage, _rows: None
        return
    from rich.console import Console  # noqa: PLC0415 -- most runs have no terminal to show it on
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 -- likewise

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        begun, rows = time.perf_counter(), 0

        def tell(stage: str, more: int) -> None:
            nonlocal rows
            rows += more
            rate = rows / max(time.perf_counter() - begun, 0.001)
            counts = f"{rows:,} rows, {rate:,.0f} rows/s" if stage == "read" else f"{rows:,} rows read"
            bar.update(task, description=f"{stage}: {counts}")

        yield tell
