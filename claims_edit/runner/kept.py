"""The intermediate files of an extract during a run, read again in order, in bounded frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.control_totals import ControlTotals
from claims_edit.core.schema import FIRST
from claims_edit.core.validate import DUPLICATE
from claims_edit.doubts import SEPARATOR
from claims_edit.intake.extract import ORDINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from claims_edit.intake import Extract, SourceFile

    _Stream = tuple[Callable[[list[Path]], pl.LazyFrame], list[Path]]

BATCH_ROWS = 250_000
LEAST_ROWS = 50_000  # checks cost least on large batches; readers of long text return small ones
PLACE = "__place"  # of a row in its file, in the order of the file
WINDOW_BYTES = 8 * 1024 * 1024  # of parts on disk; in memory their rows take about ten times as much
WAITING = ("plain", "held")  # possible repeats: plain rows and others, each in the order of the file


def with_late_doubts(rows: pl.LazyFrame, late: pl.DataFrame | None) -> pl.LazyFrame:
    """Rows, sorted by ORDINAL, with the doubts of `late` (LATE_DOUBTS_SCHEMA) after their own."""
    for ranges in _by_name(late):
        own = ranges.select("first", pl.col("last").alias("__last"), pl.col("token").alias("__late")).sort("first")
        token = pl.when(pl.col(ORDINAL) <= pl.col("__last")).then("__late")
        joined = pl.concat_str("doubts", token, separator=SEPARATOR, ignore_nulls=True)
        rows = (
            rows.join_asof(own.lazy(), left_on=ORDINAL, right_on="first", strategy="backward")
            .with_columns(doubts=pl.when(joined != "").then(joined))
            .drop("first", "__last", "__late", strict=False)
        )
    return rows


def _by_name(late: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    if late is not None:
        yield from late.partition_by("name", maintain_order=True)


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
    columns = [column for column in schema if column != ORDINAL]

    def split(parts: list[Path]) -> pl.LazyFrame:
        row, line = pl.col(ORDINAL) // lines_of_a_row + pl.col("shift"), pl.col(ORDINAL) % lines_of_a_row
        given = _with_repeats(_with_doubts(pl.scan_parquet(parts, glob=False), doubts), repeats).set_sorted(ORDINAL)
        return (
            with_late_doubts(given, late)
            .with_columns((pl.col(ORDINAL) // lines_of_a_row).alias("__row"))
            .join_asof(shift, left_on="__row", right_on="after", strategy="backward", allow_exact_matches=False)
            .select((row * lines_of_a_row + line).alias(PLACE), row.alias("source_row"), *columns)
        )

    def not_split(parts: list[Path]) -> pl.LazyFrame:
        place = (pl.col("source_row") * lines_of_a_row).alias(PLACE)
        return pl.scan_parquet(parts, glob=False).select(place, "source_row", *columns)

    kinds = [(split, prefix) for prefix in (name, *(f"late-{kind}-{name}" for kind in WAITING))]
    kinds += [(not_split, unsplit)] if unsplit is not None else []
    streams = [(placed, sorted(found.folder.glob(f"{prefix}-*.parquet"))) for placed, prefix in kinds]
    for window in _windows([(placed, parts) for placed, parts in streams if parts]):
        merged = reduce(lambda one, other: one.merge_sorted(other, key=PLACE), window)
        yield merged.drop(PLACE).with_columns(pl.lit(found.file.path.as_posix()).alias("source_file")).collect()


def _windows(streams: list[_Stream]) -> Iterator[list[pl.LazyFrame]]:
    """Sorted streams in pieces that fit in memory, in order: of each stream the rows between two places.

    A query over all of them that gave batches would read ahead of a slower writer without bound.
    """
    sizes = [part.stat().st_size for _, parts in streams for part in parts]
    if sum(sizes) <= WINDOW_BYTES:
        if streams:
            yield [placed(parts) for placed, parts in streams]
        return
    ends = [_ends(placed, part) for placed, parts in streams for part in parts]
    bounds: list[int] = []
    held = 0
    for last, size in sorted((last, size) for (_, last), size in zip(ends, sizes, strict=True)):
        held += size
        if held > WINDOW_BYTES:
            bounds, held = [*bounds, last], 0
    spans = dict(zip((part for _, parts in streams for part in parts), ends, strict=True))
    for after, until in pairwise([-1, *bounds, max(last for _, last in ends)]):
        between = (pl.col(PLACE) > after) & (pl.col(PLACE) <= until)
        inside = [(placed, [part for part in parts if _meets(spans[part], after, until)]) for placed, parts in streams]
        if any(parts for _, parts in inside):
            yield [placed(parts).filter(between) for placed, parts in inside if parts]


def _ends(placed: Callable[[list[Path]], pl.LazyFrame], part: Path) -> tuple[int, int]:
    """The first and the last place of a part."""
    first, last = placed([part]).select(pl.col(PLACE).min(), pl.col(PLACE).max().alias("last")).collect().row(0)
    return first, last


def _meets(span: tuple[int, int], after: int, until: int) -> bool:
    return span[1] > after and span[0] <= until
