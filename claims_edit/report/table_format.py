"""Tables for the terminal."""

from __future__ import annotations

import io
import shutil
from typing import IO, TYPE_CHECKING

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from claims_edit.report.safe_text import plain

if TYPE_CHECKING:
    from claims_edit.store import Answer

SHOWN_ROWS = 1000


def write_table(answer: Answer, target: IO[bytes]) -> None:
    """Write the first rows as a table, and the number of the others."""
    rows, total = pl.DataFrame(), 0
    for batch in answer.batches():
        total += batch.height
        rows = batch if not total else _grown(rows, batch)
    table = frame_table(rows)
    text = io.StringIO()
    console = Console(file=text)
    widest = console.measure(table, options=console.options.update(max_width=1_000_000)).maximum
    console.width = shutil.get_terminal_size().columns if target.isatty() else max(widest, 1)
    console.print(table)
    if total > SHOWN_ROWS:
        text.write(f"The first {SHOWN_ROWS:,} of {total:,} rows. Use --format csv, json or parquet for all.\n")
    target.write(text.getvalue().encode())


def _grown(rows: pl.DataFrame, batch: pl.DataFrame) -> pl.DataFrame:
    missing = SHOWN_ROWS - rows.height
    return pl.concat([rows, batch.head(missing)]) if missing > 0 else rows


def frame_table(frame: pl.DataFrame, title: str | None = None) -> Table:
    """A frame as a rich table: numbers to the right, nulls empty, no markup."""
    table = Table(title=title, title_justify="left")
    for name, dtype in frame.schema.items():
        table.add_column(Text(plain(name)), justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(Text(_shown(value)) for value in row))
    return table


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return plain("|".join(_shown(item) for item in value))
    return plain(str(value))
