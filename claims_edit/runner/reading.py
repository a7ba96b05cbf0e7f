"""Read the extracts of a run: every row once, in bounded batches, routed to disk under the run's scratch folder."""

from __future__ import annotations

import os
import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.plain_values import ScreenRules
from claims_edit.core.process import ProcessedBatch, Processing
from claims_edit.core.route import RoutedBatch, mark_repeats, plain_totals, rejected, route
from claims_edit.core.schema import CANDIDATE_SCHEMA, QUARANTINE_SCHEMA, WARNED_SCHEMA
from claims_edit.core.validate import DUPLICATE
from claims_edit.duck import literal
from claims_edit.errors import InputError
from claims_edit.intake import SeenKeys, consulted, open_extract, sniff, table_bits
from claims_edit.intake.extract import ORDINAL, read_to_end
from claims_edit.intake.gathering import gathered
from claims_edit.intake.keys import PLACE_BITS, REFUSED_SHIFT, place_in_run
from claims_edit.runner.held_back import KEY_COLUMNS, HeldBack, one_ahead
from claims_edit.runner.kept import BATCH_ROWS, LEAST_ROWS, WAITING, FileRead, alike, in_order
from claims_edit.runner.repeats import Differing, facts_of_repeats
from claims_edit.runner.revisions import PayerIdentities, RunRevisions, none_known, rejected_revisions
from claims_edit.runner.row_locations import ORDINAL_BITS, file_place, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from claims_edit.intake import Discovered, Extract, Mapping, SourceFile
    from claims_edit.policy import Catalog
    from claims_edit.runner.deciding import Deciding

    _Whole = tuple[Extract, list[ProcessedBatch], tuple[int, int]]

SMALL_FILE = 8 * 1024 * 1024  # bytes; several such files are read at a time


def file_state(path: Path) -> tuple[int, int]:
    """What changes where a file is changed: its size, and the time of its last change."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _batches(extract: Extract) -> Iterator[pl.DataFrame]:
    return gathered(extract.batches(BATCH_ROWS), LEAST_ROWS)


class Reading:
    """Reads all extracts of one run."""

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
        may_know: Callable[[pl.Series], pl.Series | None] = lambda _low: None,
    ) -> None:
        """`text_bytes` is the approximate size of the extracts; `on_rows` gets the rows read since its last call.

        `may_know` says of lines, by hash, which an earlier run may have decided.
        """
        self._catalog, self._mapping = catalog, mapping
        self._scratch = scratch
        self._on_rows = on_rows
        self._accept_test_data = accept_test_data
        self._may_know = may_know
        self._rules = ScreenRules.of(catalog, as_of)
        self._codes = self._rules.codes
        self._seen = SeenKeys(scratch, table_bits(text_bytes))
        self._payers = PayerIdentities(catalog)
        self._context: tuple[SourceFile, ...] = ()
        self._extracts: dict[int, Extract] = {}
        self._differing = Differing(scratch, self._extracts, catalog.criteria_columns)
        self._parts = 0

    def read(self, files: Discovered, fmt: str) -> Iterator[FileRead | InputError]:
        """Read each extract, in order; rows whose key may repeat an earlier one wait for `finish`.

        Small extracts are read ahead on several threads. For one that cannot be read to its end, the error is returned,
        and nothing is stored.
        """
        self._context = consulted(files.inputs, fmt)
        paths, threads = files.extracts, os.cpu_count() or 1
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="read") as pool:
            ahead: deque[tuple[int, Path, Future[_Whole] | None]] = deque()
            for place, path in enumerate(paths):
                small = len(paths) > 1 and path.stat().st_size <= SMALL_FILE
                ahead.append((place, path, pool.submit(self._read_whole, path, fmt) if small else None))
                if len(ahead) > threads:
                    yield self._read_file(*ahead.popleft(), fmt)
            while ahead:
                yield self._read_file(*ahead.popleft(), fmt)

    def _read_file(self, place: int, path: Path, whole: Future[_Whole] | None, fmt: str) -> FileRead | InputError:
        try:
            if whole is not None:
                return self._keep_extract(*whole.result(), place)
            before = file_state(path)
            return self._keep_extract(self._open(path, fmt), None, before, place)
        except InputError as error:
            self.forget(place)
            return error

    def _open(self, path: Path, fmt: str) -> Extract:
        extract = open_extract(replace(sniff(path, fmt), context=self._context), self._mapping, self._scratch)
        extract.decided = self._rules.codes.in_any_column
        return extract

    def _read_whole(self, path: Path, fmt: str) -> _Whole:
        """All batches of a small extract, processed."""
        before = file_state(path)
        extract = self._open(path, fmt)

        def process(extract: Extract) -> list[ProcessedBatch]:
            processing = self._processing(extract)
            return [processing.process_batch(raw) for raw in _batches(extract)]

        return *read_to_end(extract, process), before

    def _keep_extract(
        self, opened: Extract, whole: list[ProcessedBatch] | None, before: tuple[int, int], place: int
    ) -> FileRead:
        """Route an extract, `whole` if it was processed ahead, and its rows that could not be split.

        Raises:
            InputError: it cannot be read to its end.
        """
        file = opened.file
        extract, found = read_to_end(opened, lambda extract: self._process_batches(extract, place, whole))
        rejects = extract.rejects()
        found.totals.warnings_by_check.update(extract.warnings)
        found.totals.rows_filtered = extract.filtered()
        self.refuse_empty(found, rejects.height)
        if rejects.height:
            totals, frame = rejected(rejects, self._codes)
            found.totals.add(totals)
            self._keep(frame, found, "rejects")
            self._keep(rejected_revisions(rejects), found, "rejected-revisions")
        if file_state(file.path) != before:
            raise InputError(f"{file.path}: changed while it was read. Run again when it is complete.")
        return found

    @staticmethod
    def refuse_empty(found: FileRead, rejects: int) -> None:
        """Check that an extract has rows; `rejects` of them could not be split.

        Raises:
            InputError: it has none.
        """
        if not (found.totals.rows_read or found.waiting or rejects or found.totals.rows_filtered):
            raise InputError(f"{found.file.path}: has a header and no rows. Ask the sender to resend the extract.")

    def _process_batches(self, extract: Extract, place: int, whole: list[ProcessedBatch] | None) -> FileRead:
        if place in self._extracts:  # it is read again
            self.forget(place)
            self._seen.start_again(sorted(self._scratch.glob("file-*/keys-*.parquet")))
        layout = extract.layout
        found = FileRead(extract.file, place, self._folder(place), columns=layout.columns, ignored=layout.ignored)
        found.folder.mkdir()
        self._extracts[place] = extract
        held = HeldBack(found, self._processing(extract))
        processed = whole if whole is not None else one_ahead(held.processing.process_batch, _batches(extract))
        for batch in processed:
            self._keep_batch(batch, held)
            self._on_rows(batch.raw.height)
        for rows in held.rest():
            self._keep_checked(rows, held)
        return found

    def _processing(self, extract: Extract) -> Processing:
        return Processing(extract.layout, self._mapping, self._rules, self._payers.of, self._accept_test_data)

    def forget(self, place: int) -> None:
        """Drop everything stored for a file."""
        self._extracts.pop(place, None)
        shutil.rmtree(self._folder(place), ignore_errors=True)

    def _folder(self, place: int) -> Path:
        return self._scratch / f"file-{place:06}"

    def _keep_batch(self, batch: ProcessedBatch, held: HeldBack) -> None:
        """Count the plain rows of a batch and hold the others back; possible repeats wait for `finish`."""
        found = held.found
        keys = batch.keys.with_columns(place_in_run(batch.raw, found.place))
        suspects = self._seen.suspects(keys)
        waits = batch.plain & suspects
        self._wait(batch.raw.filter(waits), keys.filter(waits), found, "plain")
        self._keep_keys(keys.filter(batch.plain), found)
        found.totals.add(plain_totals(batch.charge, batch.plain & ~suspects))
        self._parts += 1
        for rows in held.add(batch.raw.hstack(keys.with_columns(suspects)).filter(~batch.plain)):
            self._keep_checked(rows, held)

    def _keep_checked(self, rows: pl.DataFrame, held: HeldBack) -> None:
        """Validate rows that were held back, and route them."""
        found, suspects = held.found, rows["suspect"]
        raw = rows.drop(*KEY_COLUMNS, "suspect")
        checked = held.processing.check(raw, rows.select(KEY_COLUMNS))
        waits = suspects & ~checked.refused
        self._wait(raw.filter(waits), checked.keys.filter(waits), found, "held")
        self._keep(checked.keys.filter(suspects & ~waits), found, "refused-suspects")
        self._keep_keys(checked.keys, found)
        if checked.explained is not None:
            self._keep(checked.explained, found, "explained")
        places, layout = checked.keys["row"], held.processing.layout
        routed = route(checked.lines, checked.result, ~waits, self._codes, layout, places=places)
        self._keep_routed(routed, found, "")

    def _keep_keys(self, keys: pl.DataFrame, found: FileRead) -> None:
        """Store the keys of rows, and apart those of lines that an earlier run may have decided."""
        self._keep(keys, found, "keys")
        if (known := self._may_know(keys["low"])) is not None:
            self._keep(keys.filter(known), found, "met")

    def _wait(self, raw: pl.DataFrame, keys: pl.DataFrame, found: FileRead, kind: str) -> None:
        found.waiting += raw.height
        self._keep(raw.hstack(keys), found, f"{kind}-suspects")

    def _keep_routed(self, routed: RoutedBatch, found: FileRead, prefix: str) -> None:
        found.totals.add(routed.totals)
        self._keep(routed.candidates, found, f"{prefix}candidates")
        self._keep(routed.revisions, found, f"{prefix}revisions")
        self._keep(routed.quarantine, found, f"{prefix}quarantine")
        self._keep(routed.warned, found, f"{prefix}warned")
        self._parts += 1

    def _keep(self, frame: pl.DataFrame, found: FileRead, name: str) -> None:
        if frame.height:
            path = found.folder / f"{name}-{self._parts:06}.parquet"
            # Hashes cannot be compressed.
            frame.write_parquet(path, compression="uncompressed" if name == "keys" else "lz4", statistics=False)

    def finish(self, read: list[FileRead]) -> None:
        """Route the rows that waited: those whose key is on an earlier row are repeats.

        Raises:
            InputError: the mapping skips all rows of all files.
        """
        if not any(file.totals.rows_read + file.waiting for file in read):
            filtered = sum(file.totals.rows_filtered for file in read)
            more = f" and {len(read) - 1} more" if len(read) > 1 else ""
            raise InputError(
                f"{read[0].file.path}{more}: the mapping skips all {filtered} rows. Correct rows or rows_except."
            )
        self._finish(read)

    def _finish(self, read: list[FileRead]) -> None:
        if not any(True for _ in self._scratch.glob("file-*/*suspects-*.parquet")):
            return
        repeats = self._seen.repeats(
            f"{literal(self._scratch)}/file-*/keys-*.parquet",
            f"{literal(self._scratch)}/file-*/*suspects-*.parquet",
            sorted(map(literal, self._scratch.glob("file-*/explained-*.parquet"))),
        )
        for found in read:
            for kind in WAITING:
                self._second_look(found, pl.scan_parquet(repeats, glob=False), kind)
        self._repeats_among_refused(pl.scan_parquet(repeats, glob=False), read)
        self._differing.compare(self._kept_candidates)

    def _second_look(self, found: FileRead, repeats: pl.LazyFrame, kind: str) -> None:
        parts = sorted(found.folder.glob(f"{kind}-suspects-*.parquet"))
        processing = self._processing(self._extracts[found.place])
        for waiting in chain.from_iterable(alike(parts)):
            row, raw = waiting["row"], waiting.drop("row")
            own = repeats.filter(pl.col("row").is_between(row.min(), row.max())).collect()
            rows = row.to_frame().join(own, on="row", how="left", maintain_order="left")
            screened = processing.screen(raw)
            plain = screened.plain & rows["first"].is_null()
            found.totals.add(plain_totals(screened.charge, plain))
            if plain.all():
                continue
            lines, result = processing.close_look(raw.filter(~plain))
            rows = rows.filter(~plain)
            mark_repeats(result, rows["first"].is_not_null())
            firsts = places_of(rows["first"], self._extracts)
            routed = route(lines, result, None, self._codes, processing.layout, firsts)
            self._keep_routed(routed, found, f"late-{kind}-")
            if len(own):
                self._differing.add(facts_of_repeats(lines, result, rows, self._codes))

    def _repeats_among_refused(self, repeats: pl.LazyFrame, read: list[FileRead]) -> None:
        """Store refused rows that repeat another, with the location of the first; they may differ in every value."""
        place = pl.col("row") & PLACE_BITS
        found = repeats.filter(pl.col("row") >= 1 << REFUSED_SHIFT).with_columns(file=file_place(place))
        for file in read:
            own = found.filter(pl.col("file") == file.place).drop("file").collect(engine="streaming")
            if own.is_empty():
                continue
            file.totals.quarantined_by_check[DUPLICATE] += own.height
            ordinal = own.select((place & ORDINAL_BITS).alias(ORDINAL)).to_series()
            firsts = places_of(own["first"], self._extracts).with_columns(ordinal).sort(ORDINAL)
            self._keep(firsts, file, "refused-repeats")
            self._differing.add_unclear(own)

    def _kept_candidates(self, place: int) -> Iterator[pl.DataFrame]:
        return map(partial(pl.read_parquet, glob=False), sorted(self._folder(place).glob("*candidates-*.parquet")))

    def candidates(self, found: FileRead) -> Iterator[pl.DataFrame]:
        """The file's accepted candidate lines in file order, with `source_file` and `source_row`."""
        doubts = self._differing.doubts_in(found.place)
        return in_order(found, self._extracts[found.place], "candidates", CANDIDATE_SCHEMA, doubts=doubts)

    def decided(self, parts: Iterator[pl.DataFrame], deciding: Deciding) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Each part of the run's candidate lines with its decisions, in order."""
        return ((lines, deciding(lines)) for lines in parts)

    def quarantine(self, found: FileRead) -> Iterator[pl.DataFrame]:
        """The file's refused rows in file order, with `source_file` and `source_row`."""
        repeats = sorted(found.folder.glob("refused-repeats-*.parquet"))
        return in_order(
            found, self._extracts[found.place], "quarantine", QUARANTINE_SCHEMA, unsplit="rejects", repeats=repeats
        )

    def warned(self, found: FileRead) -> Iterator[pl.DataFrame]:
        """The first rows of each batch with a warning, in file order, with `source_file` and `source_row`."""
        return in_order(found, self._extracts[found.place], "warned", WARNED_SCHEMA)

    def reader_warned(self, found: FileRead) -> dict[str, list[tuple[int, str | None]]]:
        """The first locations of each warning of the file's reader: source row and claim id."""
        return self._extracts[found.place].first_warned

    def revisions(self, known_claims: Callable[[pl.Series], pl.Series] = none_known) -> RunRevisions:
        """The claims of the run that revise others, or may; `known_claims`: see there."""
        return RunRevisions(self._scratch, self._payers, known_claims)
