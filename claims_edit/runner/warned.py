"""The first rows of each warning: a warning without a row is not actionable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.extract import FIRST_WARNED
from claims_edit.store import WARNED_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.runner.kept import FileRead
    from claims_edit.runner.reading import Reading


def first_warned(reading: Reading, found: list[FileRead]) -> pl.DataFrame:
    """The first rows of each warning in each file (WARNED_ROWS), sorted: small, whatever the run read."""
    frames = [frame for file in found for frame in _of_file(reading, file)]
    if not frames:
        return pl.DataFrame(schema=WARNED_ROWS)
    rows = pl.concat(frame.select(pl.col(name).cast(kind) for name, kind in WARNED_ROWS.items()) for frame in frames)
    return rows.sort(list(WARNED_ROWS)).group_by("check", "source_file", maintain_order=True).head(FIRST_WARNED)


def _of_file(reading: Reading, found: FileRead) -> Iterator[pl.DataFrame]:
    """The rows with a warning from validation, and those with a warning from the reader."""
    for rows in reading.warned(found):
        yield rows.group_by("check", maintain_order=True).head(FIRST_WARNED)
    yield pl.DataFrame(
        [
            (check, found.file.path.as_posix(), row, claim)
            for check, rows in sorted(reading.reader_warned(found).items())
            for row, claim in rows
        ],
        schema=WARNED_ROWS,
        orient="row",
    )
