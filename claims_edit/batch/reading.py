"""Read the extracts of a run: every row once, in bounded batches, settled to disk under the run's scratch folder."""

from __future__ import annotations

import os
import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
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
from claims_edit.batch.warned import WARNED_SCHEMA
from claims_edit.contract import Passed, Verdict, judge
from claims_edit.errors import InputError
from claims_edit.intake import (
    Format,
    SeenClaims,
    SeenKeys,
    canonicalise,
    claim_hashes,
    faults,
    key_hashes,
    open_extract,
    sniff,
    table_bits,
    test_data,
    with_own_sources,
)
from claims_edit.intake.extract import ORDINAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from claims_edit.intake import Discovered, Extract, Lines, Mapping, SourceFile
    from claims_edit.policy import Catalog

    Look = Callable[[pl.DataFrame], "_Looked"]
    _Whole = tuple[Extract, list["_Looked"], tuple[int, int]]

BATCH_ROWS = 250_000
LEAST_ROWS = 50_000  # checks cost least on large batches; readers of long text hand over small ones
FILE_SHIFT = 44  # a row's place in the run: the file's place in the upper bits, its ordinal in the lower 44
SMALL_FILE = 8 * 1024 * 1024  # bytes; such files are read several at a time


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
    """A batch, what the contract says of it, its keys (`high`, `low`, `row`), and its claims where they share ids."""

    lines: Lines
    verdict: Verdict
    keys: pl.DataFrame
    claims: pl.DataFrame | None


def _one_ahead(look: Look, batches: Iterator[pl.DataFrame]) -> Iterator[_Looked]:
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


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _gathered(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in batches of LEAST_ROWS at least, but for the last one of a type."""
    waiting: pl.DataFrame | None = None
    for batch in batches:
        if waiting is not None and waiting.schema != batch.schema:  # dates in one batch, and text in another
            yield waiting
            waiting = None
        waiting = batch if waiting is None else waiting.vstack(batch)
        if waiting.height >= LEAST_ROWS:
            yield waiting
            waiting = None
    if waiting is not None:
        yield waiting


def _alike(parts: list[Path]) -> Iterator[Iterator[pl.DataFrame]]:
    """The rows that waited, in order; a column may have come as dates in one batch and as text in another."""
    for _, alike in groupby(parts, key=pl.read_parquet_schema):
        waiting = pl.scan_parquet(list(alike)).drop("high", "low", "row")
        yield waiting.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)


class Reading:
    """The reading of all extracts of one run."""

    def __init__(
        self,
        catalog: Catalog,
        mapping: Mapping,
        *,
        as_of: date,
        scratch: Path,
        text_bytes: int,
        on_rows: Callable[[int], None],
        accept_test_data: bool = False,
    ) -> None:
        """`text_bytes` is about what the extracts hold; `on_rows` is told how many rows were read since last told."""
        self._mapping = mapping
        self._as_of = as_of
        self._scratch = scratch
        self._on_rows = on_rows
        self._accept_test_data = accept_test_data
        self._codes = sorted(catalog.codes["hcpcs_code"].to_list())
        self._known_programs = frozenset(catalog.program_spellings["name_key"].to_list())
        self._seen = SeenKeys(scratch, table_bits(text_bytes))
        self._seen_claims = SeenClaims(table_bits(text_bytes // 2))
        self._text_passed = Passed(), Passed()
        self._context: tuple[SourceFile, ...] = ()
        self._extracts: dict[int, Extract] = {}
        self._parts = 0

    def read(self, files: Discovered, fmt: str) -> Iterator[FileRead | InputError]:
        """Read each extract, in order; rows whose key may repeat an earlier one wait for `finish`.

        Small extracts are read ahead on several threads. Of one that cannot be read to its end the error is given, and
        nothing is kept.
        """
        self._context = tuple(sniff(path, fmt) for path in files.context)
        paths, threads = files.extracts, os.cpu_count() or 1
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="read") as pool:
            ahead: deque[tuple[int, Path, Future[_Whole] | None]] = deque()
            for place, path in enumerate(paths):
                small = len(paths) > 1 and path.stat().st_size <= SMALL_FILE
                ahead.append((place, path, pool.submit(self._read_whole, path, fmt, place) if small else None))
                if len(ahead) > threads:
                    yield self._read_file(*ahead.popleft(), fmt)
            while ahead:
                yield self._read_file(*ahead.popleft(), fmt)

    def _read_file(self, place: int, path: Path, whole: Future[_Whole] | None, fmt: str) -> FileRead | InputError:
        try:
            if whole is not None:
                return self._keep_extract(*whole.result(), place)
            before = _state(path)
            return self._keep_extract(self._open(path, fmt), None, before, place)
        except InputError as error:
            self.forget(place)
            return error

    def _open(self, path: Path, fmt: str) -> Extract:
        return open_extract(replace(sniff(path, fmt), context=self._context), self._mapping, self._scratch)

    def _read_whole(self, path: Path, fmt: str, place: int) -> _Whole:
        """All of a small extract, looked at."""
        before = _state(path)
        extract = self._open(path, fmt)
        while True:
            batches = _gathered(extract.batches(BATCH_ROWS))
            looked = [self._look(raw, extract, place, self._passed(extract)) for raw in batches]
            again = extract.mended()
            if again is None:
                return extract, looked, before
            extract = again

    def _keep_extract(
        self, opened: Extract, whole: list[_Looked] | None, before: tuple[int, int], place: int
    ) -> FileRead:
        """Settle an extract, `whole` where it was looked at beforehand, and what could not be split.

        Raises:
            InputError: it cannot be read to its end.
        """
        file = opened.file
        extract: Extract | None = opened
        while extract is not None:
            self.forget(place)
            found = self._settle_batches(extract, place, whole)
            extract = extract.mended()
        rejects = self._extracts[place].rejects()
        found.tally.warnings_by_check.update(self._extracts[place].warnings)
        found.tally.rows_filtered = self._extracts[place].filtered
        if found.tally.rows_read + found.waiting + rejects.height == 0:
            raise InputError(f"{file.path}: has a header and no rows. Ask the sender for the extract again.")
        if rejects.height:
            tally, frame = rejected(rejects, file.name, self._codes)
            found.tally.add(tally)
            self._keep(frame, found, "rejects")
        if _state(file.path) != before:
            raise InputError(f"{file.path}: changed while it was read. Run again once it is written.")
        return found

    def _settle_batches(self, extract: Extract, place: int, whole: list[_Looked] | None) -> FileRead:
        found = FileRead(extract.file, place, self._scratch / f"file-{place:06}", columns=extract.layout.columns)
        found.folder.mkdir()
        self._extracts[place] = extract
        look = partial(self._look, extract=extract, place=place, passed=self._passed(extract))
        for looked in whole if whole is not None else _one_ahead(look, _gathered(extract.batches(BATCH_ROWS))):
            self._set_suspects_aside(looked, found)
            self._on_rows(looked.lines.raw.height)
        return found

    def _passed(self, extract: Extract) -> tuple[Passed, Passed]:
        """What passed before: of all 837 and FHIR extracts, whose columns have one type; of any other by itself."""
        if extract.file.format in {Format.X12, Format.FHIR}:
            return self._text_passed
        return Passed(), Passed()

    def _look(self, raw: pl.DataFrame, extract: Extract, place: int, passed: tuple[Passed, Passed]) -> _Looked:
        """All of a batch that does not depend on the batches before."""
        lines = canonicalise(raw, extract.layout, self._mapping, data_source=extract.file.name)
        return _Looked(lines, self._judge(lines, passed), self._keys(lines, place), claim_hashes(lines))

    def _keys(self, lines: Lines, place: int) -> pl.DataFrame:
        row = lines.raw.select((pl.lit(place << FILE_SHIFT) + pl.col(ORDINAL)).alias("row"))
        return pl.concat([key_hashes(lines.frame), row], how="horizontal")

    def forget(self, place: int) -> None:
        """Drop whatever was kept of a file."""
        self._extracts.pop(place, None)
        shutil.rmtree(self._scratch / f"file-{place:06}", ignore_errors=True)

    def _apart(self, looked: _Looked, found: FileRead) -> tuple[Lines, pl.DataFrame]:
        """The batch with a source of its own for each claim whose id an earlier claim has, and its keys."""
        if looked.claims is None:
            return looked.lines, looked.keys
        repeated = self._seen_claims.repeated(looked.claims)
        lines = with_own_sources(looked.lines, repeated, found.file.name)
        return lines, self._keys(lines, found.place) if len(repeated) else looked.keys

    def _set_suspects_aside(self, looked: _Looked, found: FileRead) -> None:
        lines, keys = self._apart(looked, found)
        part = found.folder / f"keys-{self._parts:06}.parquet"
        suspects = self._seen.suspects(keys.select("high", "low"), part)
        if suspects.any():
            found.waiting += int(suspects.sum())
            waiting = [lines.raw.filter(suspects), keys.filter(suspects)]
            self._keep(pl.concat(waiting, how="horizontal"), found, "suspects")
        settled = settle(lines, looked.verdict, ~suspects, self._codes, self._extracts[found.place].layout)
        self._keep_settled(settled, found, "")

    def _judge(self, lines: Lines, passed: tuple[Passed, Passed] | None = None) -> Verdict:
        verdict = judge(
            lines.frame,
            lines.distinct,
            as_of=self._as_of,
            known_programs=self._known_programs,
            passed=passed,
        )
        verdict.refuse(faults(lines.raw))
        if not self._accept_test_data:
            verdict.refuse(test_data(lines.frame))
        return verdict

    def _keep_settled(self, settled: Settled, found: FileRead, prefix: str) -> None:
        found.tally.add(settled.tally)
        self._keep(settled.candidates, found, f"{prefix}candidates")
        self._keep(settled.revisions, found, f"{prefix}revisions")
        self._keep(settled.quarantine, found, f"{prefix}quarantine")
        self._keep(settled.warned, found, f"{prefix}warned")
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

    def warned(self, found: FileRead) -> Iterator[pl.DataFrame]:
        """The first rows of each batch with a warning, in file order, with `source_file` and `source_row`."""
        return self._in_order(found, "warned", WARNED_SCHEMA, None)

    def reader_warned(self, found: FileRead) -> dict[str, list[tuple[int, str | None]]]:
        """The first places of each warning of the file's reader: source row and claim id."""
        return self._extracts[found.place].first_warned

    def _in_order(
        self, found: FileRead, name: str, schema: dict[str, pl.DataType], unsplit: str | None
    ) -> Iterator[pl.DataFrame]:
        extract = self._extracts[found.place]
        shift = extract.source_row().lazy()
        lines_of_a_row = 1 << extract.LINE_BITS
        row, line = pl.col(ORDINAL) // lines_of_a_row + pl.col("shift"), pl.col(ORDINAL) % lines_of_a_row
        columns = [column for column in schema if column != ORDINAL]
        streams = [
            pl.scan_parquet(parts).set_sorted(ORDINAL).with_columns((pl.col(ORDINAL) // lines_of_a_row).alias("__row"))
            .join_asof(shift, left_on="__row", right_on="after", strategy="backward", allow_exact_matches=False)
            .select((row * lines_of_a_row + line).alias("__place"), row.alias("source_row"), *columns)
            for prefix in (name, f"late-{name}")
            if (parts := sorted(found.folder.glob(f"{prefix}-*.parquet")))
        ]  # fmt: skip
        if unsplit is not None and (parts := sorted(found.folder.glob(f"{unsplit}-*.parquet"))):
            place = (pl.col("source_row") * lines_of_a_row).alias("__place")
            streams.append(pl.scan_parquet(parts).select(place, "source_row", *columns))
        if not streams:
            return
        merged = streams[0]
        for stream in streams[1:]:
            merged = merged.merge_sorted(stream, key="__place")
        named = merged.drop("__place").with_columns(pl.lit(found.file.path.as_posix()).alias("source_file"))
        yield from named.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)

    def revisions(self) -> pl.LazyFrame:
        """All replacements and voids among the accepted rows of the run."""
        parts = sorted(self._scratch.glob("file-*/*revisions-*.parquet"))
        if not parts:
            return pl.LazyFrame(schema=dict.fromkeys(REVISION_COLUMNS, pl.String))
        return pl.scan_parquet(parts)
