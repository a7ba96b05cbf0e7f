"""The intermediate files of an extract during a run, read again in order, in bounded frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.control_totals import ControlTotals
from claims_edit.core.schema import FIRST
from claims_edit.core.validate import DUPLICATE
from claims_edit.doubts import SEPARATOR
from claims_edit.intake.extract import ORDINAL
from claims_edit.runner.late_doubts import with_late_doubts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake import Extract, SourceFile

BATCH_ROWS = 250_000
LEAST_ROWS = 50_000  # checks cost least on large batches; readers of long text return small ones

WAITING = ("plain", "held")  # possible repeats: plain rows and others, each in the order of the file


@dataclass
class FileRead:
    """One extract that was read: its totals, and the folder of its intermediate files."""

    file: SourceFile
    place: int
    folder: Path
    totals: ControlTotals = field(default_factory=ControlTotals)
    columns: tuple[str, ...] = ()  # its canonical columns
    ignored: tuple[str, ...] = ()  # its columns that are not read
    waiting: int = 0  # possible repeats, not resolved yet


class Gathering:
    """Collects rows until there are LEAST_ROWS of one type."""

    def __init__(self) -> None:
        """Start without rows."""
        self._waiting: pl.DataFrame | None = None

    def add(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Add rows; returns complete batches."""
        if self._waiting is not None and self._waiting.schema != rows.schema:  # dates in one batch, text in another
            yield from self.rest()
        self._waiting = rows if self._waiting is None else self._waiting.vstack(rows)
        if self._waiting.height >= LEAST_ROWS:
            yield from self.rest()

    def rest(self) -> Iterator[pl.DataFrame]:
        """All remaining rows."""
        if self._waiting is not None and self._waiting.height:
            yield self._waiting
        self._waiting = None


def gathered(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in batches of at least LEAST_ROWS, except the last one of a type."""
    waiting = Gathering()
    for batch in batches:
        yield from waiting.add(batch)
    yield from waiting.rest()


def alike(parts: list[Path]) -> Iterator[Iterator[pl.DataFrame]]:
    """The rows that waited, in order; a column may be dates in one batch and text in another."""
    for _, alike in groupby(parts, key=_schema):
        waiting = pl.scan_parquet(list(alike), glob=False).drop("high", "low")
        yield waiting.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)


def _schema(part: Path) -> pl.Schema:
    return pl.scan_parquet(part, glob=False).collect_schema()


def _with_doubts(candidates: pl.LazyFrame, doubts: pl.DataFrame | None) -> pl.LazyFrame:
    """Candidates with the doubts (ORDINAL, `doubt`) from other rows."""
    if doubts is None or doubts.is_empty():
        return candidates
    both = pl.concat_str("doubts", "doubt", separator=SEPARATOR, ignore_nulls=True)
    joined = candidates.join(doubts.lazy(), on=ORDINAL, how="left", maintain_order="left")
    return joined.with_columns(doubts=pl.when(pl.col("doubt").is_null()).then("doubts").otherwise(both))


def _with_repeats(refused: pl.LazyFrame, repeats: list[Path] | None) -> pl.LazyFrame:
    """Refused rows, with `duplicate-line` and the first row if they are also repeats."""
    if not repeats:
        return refused
    found = pl.scan_parquet(repeats, glob=False).with_columns(repeats=pl.lit(value=True))
    given, check = pl.col("failed_checks"), pl.element()
    checks = pl.concat_list(
        given.list.filter(check < DUPLICATE), pl.lit(DUPLICATE), given.list.filter(check > DUPLICATE)
    )
    joined = refused.join(found, on=ORDINAL, how="left", suffix="_found", maintain_order="left")
    return joined.with_columns(
        pl.when("repeats").then(checks).otherwise("failed_checks").alias("failed_checks"),
        *(pl.coalesce(name, f"{name}_found").alias(name) for name in FIRST),
    )


def in_order(
    found: FileRead,
    extract: Extract,
    name: str,
    schema: dict[str, pl.DataType],
    *,
    unsplit: str | None = None,
    doubts: pl.DataFrame | None = None,
    repeats: list[Path] | None = None,
) -> Iterator[pl.DataFrame]:
    """The file's rows of one kind in file order, with `source_file` and `source_row` in ORDINAL's place.

    Args:
        found: the file.
        extract: its reader, read to its end.
        name: of the kind.
        schema: its columns.
        unsplit: the kind of the rows that could not be split, merged in order.
        doubts: doubts from other rows (ORDINAL, `doubt`).
        repeats: files of the refused rows that repeat another: ORDINAL, and the location of that one.
    """
    shift = extract.source_row().lazy()
    late = extract.late_doubts() if "doubts" in schema else None
    lines_of_a_row = 1 << extract.LINE_BITS
    row, line = pl.col(ORDINAL) // lines_of_a_row + pl.col("shift"), pl.col(ORDINAL) % lines_of_a_row
    columns = [column for column in schema if column != ORDINAL]
    streams = [
        with_late_doubts(
            _with_repeats(_with_doubts(pl.scan_parquet(parts, glob=False), doubts), repeats).set_sorted(ORDINAL), late
        )
        .with_columns((pl.col(ORDINAL) // lines_of_a_row).alias("__row"))
        .join_asof(shift, left_on="__row", right_on="after", strategy="backward", allow_exact_matches=False)
        .select((row * lines_of_a_row + line).alias("__place"), row.alias("source_row"), *columns)
        for prefix in (name, *(f"late-{kind}-{name}" for kind in WAITING))
        if (parts := sorted(found.folder.glob(f"{prefix}-*.parquet")))
    ]  # fmt: skip
    if unsplit is not None and (parts := sorted(found.folder.glob(f"{unsplit}-*.parquet"))):
        place = (pl.col("source_row") * lines_of_a_row).alias("__place")
        streams.append(pl.scan_parquet(parts, glob=False).select(place, "source_row", *columns))
    if not streams:
        return
    merged = streams[0]
    for stream in streams[1:]:
        merged = merged.merge_sorted(stream, key="__place")
    named = merged.drop("__place").with_columns(pl.lit(found.file.path.as_posix()).alias("source_file"))
    yield from named.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
