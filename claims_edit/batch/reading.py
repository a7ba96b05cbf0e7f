"""Read the extracts of a run: every row once, in bounded batches, settled to disk under the run's scratch folder."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.batch.settle import (
    CANDIDATE_SCHEMA,
    QUARANTINE_SCHEMA,
    REVISION_COLUMNS,
    Settled,
    mark_repeats,
    rejected,
    settle,
)
from claims_edit.batch.tally import Tally
from claims_edit.contract import Passed, Verdict, judge
from claims_edit.errors import InputError
from claims_edit.intake import SeenKeys, canonicalise, key_hashes, open_extract
from claims_edit.intake.extract import ORDINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from claims_edit.intake import Extract, Lines, Mapping, SourceFile
    from claims_edit.policy import Catalog

BATCH_ROWS = 250_000
FILE_SHIFT = 40  # a row's place in the run: the file's place in the upper bits, its ordinal in the lower 40


@dataclass
class FileRead:
    """One extract as it was read: its tally, and the folder that holds what was kept."""

    file: SourceFile
    place: int
    folder: Path
    tally: Tally = field(default_factory=Tally)
    columns: tuple[str, ...] = ()  # the canonical columns that it has
    waiting: int = 0  # rows whose key may stand on an earlier row, not settled yet


@dataclass(frozen=True)
class _Looked:
    """A batch, what the contract says of it, and its keys (`high`, `low`, `row`)."""

    lines: Lines
    verdict: Verdict
    keys: pl.DataFrame


def _one_ahead(look: Callable[[pl.DataFrame], _Looked], batches: Iterator[pl.DataFrame]) -> Iterator[_Looked]:
    """Look at each batch while the one before is settled: two batches are at work at any time, never more."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="look") as ahead:
        waiting: Future[_Looked] | None = None
        for raw in batches:
            following = ahead.submit(look, raw)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def _alike(parts: list[Path]) -> Iterator[Iterator[pl.DataFrame]]:
    """The rows that waited, in order; a column may have come as dates in one batch and as text in another."""
    for _, alike in groupby(parts, key=pl.read_parquet_schema):
        waiting = pl.scan_parquet(list(alike)).drop("high", "low", "row")
        yield waiting.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)


class Reading:
    """The reading of all extracts of one run."""

    def __init__(
        self, catalog: Catalog, mapping: Mapping, *, as_of: date, scratch: Path, on_rows: Callable[[int], None]
    ) -> None:
        """`on_rows` is told how many rows were read since it was last told."""
        self._mapping = mapping
        self._as_of = as_of
        self._scratch = scratch
        self._on_rows = on_rows
        self._codes = sorted(catalog.codes["hcpcs_code"].to_list())
        self._known_programs = frozenset(catalog.program_spellings["name_key"].to_list())
        self._seen = SeenKeys(scratch)
        self._extracts: dict[int, Extract] = {}
        self._parts = 0

    def read(self, file: SourceFile, place: int) -> FileRead:
        """Read one extract; rows whose key may repeat an earlier one wait for `finish`.

        Raises:
            InputError: the file cannot be read to its end; nothing of it is kept.
        """
        extract: Extract | None = open_extract(file, self._mapping, self._scratch)
        while extract is not None:
            self.forget(place)
            found = self._read_through(extract, place)
            extract = extract.mended()
        rejects = self._extracts[place].rejects()
        if found.tally.rows_read + found.waiting + rejects.height == 0:
            raise InputError(f"{file.path}: has a header and no rows. Ask the sender for the extract again.")
        if rejects.height:
            tally, frame = rejected(rejects, file.name, self._codes)
            found.tally.add(tally)
            self._keep(frame, found, "rejects")
        return found

    def _read_through(self, extract: Extract, place: int) -> FileRead:
        found = FileRead(extract.file, place, self._scratch / f"file-{place:06}", columns=extract.layout.columns)
        found.folder.mkdir()
        self._extracts[place] = extract
        look = partial(self._look, extract=extract, place=place, passed=(Passed(), Passed()))
        for looked in _one_ahead(look, extract.batches(BATCH_ROWS)):
            self._set_suspects_aside(looked, found)
            self._on_rows(looked.lines.raw.height)
        return found

    def _look(self, raw: pl.DataFrame, *, extract: Extract, place: int, passed: tuple[Passed, Passed]) -> _Looked:
        """All of a batch that does not depend on the batches before."""
        lines = canonicalise(raw, extract.layout, self._mapping, data_source=extract.file.name)
        row = raw.select((pl.lit(place << FILE_SHIFT) + pl.col(ORDINAL)).alias("row"))
        return _Looked(lines, self._judge(lines, passed), pl.concat([key_hashes(lines.frame), row], how="horizontal"))

    def forget(self, place: int) -> None:
        """Drop whatever was kept of a file."""
        self._extracts.pop(place, None)
        shutil.rmtree(self._scratch / f"file-{place:06}", ignore_errors=True)

    def _set_suspects_aside(self, looked: _Looked, found: FileRead) -> None:
        lines, keys = looked.lines, looked.keys
        part = found.folder / f"keys-{self._parts:06}.parquet"
        suspects = self._seen.suspects(keys.select("high", "low"), part)
        if suspects.any():
            found.waiting += int(suspects.sum())
            waiting = [lines.raw.filter(suspects), keys.filter(suspects)]
            self._keep(pl.concat(waiting, how="horizontal"), found, "suspects")
        settled = settle(lines, looked.verdict, ~suspects, self._codes, self._extracts[found.place].layout)
        self._keep_settled(settled, found, "")

    def _judge(self, lines: Lines, passed: tuple[Passed, Passed] | None = None) -> Verdict:
        return judge(
            lines.frame,
            lines.distinct,
            as_of=self._as_of,
            known_programs=self._known_programs,
            passed=passed,
        )

    def _keep_settled(self, settled: Settled, found: FileRead, prefix: str) -> None:
        found.tally.add(settled.tally)
        self._keep(settled.candidates, found, f"{prefix}candidates")
        self._keep(settled.revisions, found, f"{prefix}revisions")
        self._keep(settled.quarantine, found, f"{prefix}quarantine")
        self._parts += 1

    def _keep(self, frame: pl.DataFrame, found: FileRead, name: str) -> None:
        if frame.height:
            frame.write_parquet(found.folder / f"{name}-{self._parts:06}.parquet", compression="lz4", statistics=False)

    def finish(self, read: list[FileRead]) -> None:
        """Settle the rows that waited: those whose key really stands on an earlier row are repeats."""
        if not any(True for _ in self._scratch.glob("file-*/suspects-*.parquet")):
            return
        repeats = self._seen.repeats(
            str(self._scratch / "file-*" / "keys-*.parquet"), str(self._scratch / "file-*" / "suspects-*.parquet")
        )
        for found in read:
            first = found.place << FILE_SHIFT
            own = repeats.filter((repeats >= first) & (repeats < first + (1 << FILE_SHIFT))) - first
            self._second_look(found, own)

    def _second_look(self, found: FileRead, repeats: pl.Series) -> None:
        parts = sorted(found.folder.glob("suspects-*.parquet"))
        if not parts:
            return
        layout = self._extracts[found.place].layout
        for raw in chain.from_iterable(_alike(parts)):
            lines = canonicalise(raw, layout, self._mapping, data_source=found.file.name)
            verdict = self._judge(lines)
            mark_repeats(lines, verdict, repeats)
            self._keep_settled(settle(lines, verdict, None, self._codes, layout), found, "late-")

    def candidates(self, found: FileRead) -> Iterator[pl.DataFrame]:
        """The file's accepted candidate lines in file order, with `source_file` and `source_row`."""
        return self._in_order(found, "candidates", CANDIDATE_SCHEMA, None)

    def quarantine(self, found: FileRead) -> Iterator[pl.DataFrame]:
        """The file's refused rows in file order, with `source_file` and `source_row`."""
        return self._in_order(found, "quarantine", QUARANTINE_SCHEMA, "rejects")

    def _in_order(
        self, found: FileRead, name: str, schema: dict[str, pl.DataType], unsplit: str | None
    ) -> Iterator[pl.DataFrame]:
        shift = self._extracts[found.place].source_row().lazy()
        streams = [
            pl.scan_parquet(parts).set_sorted(ORDINAL)
            .join_asof(shift, left_on=ORDINAL, right_on="after", strategy="backward", allow_exact_matches=False)
            .select((pl.col(ORDINAL) + pl.col("shift")).alias("source_row"), *(c for c in schema if c != ORDINAL))
            for prefix in (name, f"late-{name}")
            if (parts := sorted(found.folder.glob(f"{prefix}-*.parquet")))
        ]  # fmt: skip
        if unsplit is not None and (parts := sorted(found.folder.glob(f"{unsplit}-*.parquet"))):
            streams.append(pl.scan_parquet(parts))
        if not streams:
            return
        merged = streams[0]
        for stream in streams[1:]:
            merged = merged.merge_sorted(stream, key="source_row")
        named = merged.with_columns(pl.lit(found.file.path.as_posix()).alias("source_file"))
        yield from named.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)

    def revisions(self) -> pl.LazyFrame:
        """All replacements and voids among the accepted rows of the run."""
        parts = sorted(self._scratch.glob("file-*/*revisions-*.parquet"))
        if not parts:
            return pl.LazyFrame(schema=dict.fromkeys(REVISION_COLUMNS, pl.String))
        return pl.scan_parquet(parts)
