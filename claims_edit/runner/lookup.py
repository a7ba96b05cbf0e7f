"""Look up accepted rows in a run's extracts: only candidates are stored, so the extracts are read again.

An extract is read only if it is unchanged since the run, with the run's mapping, format and as-of date.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.core.candidate_codes import candidate_code
from claims_edit.core.plain_values import ScreenRules
from claims_edit.core.process import Processing
from claims_edit.core.route import refusals
from claims_edit.errors import InputError
from claims_edit.intake import Spool, canonicalize, open_extract, recorded_mapping, sniff
from claims_edit.intake.extract import ORDINAL, read_to_end
from claims_edit.model import LINE_CODE
from claims_edit.policy import recorded_catalog
from claims_edit.runner.kept import BATCH_ROWS
from claims_edit.runner.options import sha256
from claims_edit.runner.revisions import PayerIdentities
from claims_edit.runner.row_locations import source_rows
from claims_edit.store import ResultsFolder, replay_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.intake import Extract, Mapping, SourceFile
    from claims_edit.report.explain import Wanted

KEY = ("claim_id", "claim_line_number")


@dataclass(frozen=True)
class Found:
    """Accepted lines without a candidate code, and the manifest of the run that accepted them.

    Each line has `source_file`, `source_row`, `data_source` and every canonical column that its extract has.
    """

    manifest: dict[str, Any]
    lines: list[dict[str, Any]]


def look_up(out: Path, wanted: Wanted, tell: Callable[[str], None]) -> Found | None:
    """The requested accepted lines, from the latest run that has them (or the run that is named).

    Args:
        out: the results folder.
        wanted: a claim, its line, or a row.
        tell: called with one line before the extracts of a run are read.

    Raises:
        UsageError: no such run.
        InputError: an extract of the run or its mapping is missing or has changed.
        ResultsError: the folder is damaged.
    """
    folder = ResultsFolder(out)
    is_one = wanted.run is not None or wanted.row is not None
    runs = [folder.manifest(wanted.run)] if is_one else folder.runs()[::-1]
    seen: set[tuple[str, ...]] = set()
    for manifest in runs:
        extracts = [file for file in _extracts(manifest, wanted) if _identity(file, manifest) not in seen]
        seen |= {_identity(file, manifest) for file in extracts}
        if extracts:
            tell(f"Reading the extracts of run {manifest['run_id']} again; this may take as long as in the run.")
            if lines := _RunAgain(out, manifest, wanted).lines(extracts):
                return Found(manifest, lines)
    return None


def _extracts(manifest: dict[str, Any], wanted: Wanted) -> list[dict[str, Any]]:
    return [file for file in manifest["inputs"] if file["status"] == "read" and wanted.is_of(file["path"])]


def _identity(file: dict[str, Any], manifest: dict[str, Any]) -> tuple[str, ...]:
    """The inputs of an extract's rows: two runs with the same inputs are read once."""
    options = manifest["options"]
    read_under = (options.get("format"), options.get("mapping"), manifest["as_of"], manifest["rules_hash"])
    return (file["path"], file["sha256"], *map(str, read_under))


class _RunAgain:
    """Reads one run's extracts for the few requested lines, in bounded memory."""

    def __init__(self, out: Path, manifest: dict[str, Any], wanted: Wanted) -> None:
        self._run_id = manifest["run_id"]
        self._format = manifest["options"].get("format", "auto")
        self._mapping: Mapping = recorded_mapping(manifest["options"].get("mapping"))
        self._catalog = recorded_catalog(replay_of(out, self._run_id).rules)
        self._rules = ScreenRules.of(self._catalog, dt.date.fromisoformat(manifest["as_of"]))
        self._wanted = wanted
        self._context = [file for file in manifest["inputs"] if file["status"] == "context"]
        self._spool = Spool()

    def _sniffed(self, file: dict[str, Any]) -> SourceFile:
        """The extract with the context of the run."""
        context = tuple(sniff(self._path(other), self._format) for other in self._context)
        return replace(sniff(self._path(file), self._format), context=context)

    def _path(self, file: dict[str, Any]) -> Path:
        """Where an extract is: it, or a copy of it if it is in an archive."""
        return self._spool.found(file["path"])

    def lines(self, extracts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The lines of all extracts, in order; unreadable ones are reported only if no other extract has any."""
        found: list[dict[str, Any]] = []
        unread: list[str] = []
        try:
            for file in extracts:
                try:
                    found += self._lines_of(file)
                except InputError as error:
                    unread += error.faults
        finally:
            self._spool.close()
        if unread and not found:
            raise InputError(*unread)
        return found

    def _lines_of(self, file: dict[str, Any]) -> list[dict[str, Any]]:
        for needed in (file, *self._context):
            self._check(needed)
        with tempfile.TemporaryDirectory(prefix="claims-edit-") as scratch:
            return list(self._lines(open_extract(self._sniffed(file), self._mapping, Path(scratch))))

    def _check(self, file: dict[str, Any]) -> None:
        path = self._path(file)
        if not path.is_file():
            raise InputError(
                f"{path}: run {self._run_id} read this extract, but it is missing. Restore it, or run this command in"
                " the folder where the run was started."
            )
        if sha256(path) != file["sha256"]:
            raise InputError(
                f"{path}: changed since run {self._run_id} (its SHA-256 differs). Restore that extract, or run this"
                " one."
            )

    def _lines(self, extract: Extract) -> Iterator[dict[str, Any]]:
        ordinal = None if self._wanted.row is None else _ordinal(extract, self._wanted.row)
        last, batches = self._read(extract, ordinal)
        if self._wanted.row is not None and (true := _ordinal(last, self._wanted.row)) != ordinal:
            last, batches = self._read(last, true)  # rows that could not be split are before it
        for batch in batches:
            yield from self._accepted(batch, last)

    def _read(self, extract: Extract, ordinal: int | None) -> tuple[Extract, list[pl.DataFrame]]:
        """The rows that match, unchanged, and the extract that returned them (see `Extract.restart`)."""
        last, found = read_to_end(
            extract, lambda extract: [self._matching(raw, extract, ordinal) for raw in extract.batches(BATCH_ROWS)]
        )
        return last, [raw for raw in found if raw.height]

    def _matching(self, raw: pl.DataFrame, extract: Extract, ordinal: int | None) -> pl.DataFrame:
        if self._wanted.claim_id is None:
            # Copied: rows of a filtered frame may keep the whole batch in memory.
            return raw.filter(pl.col(ORDINAL) // (1 << extract.LINE_BITS) == ordinal).clone()
        keys = raw.select(ORDINAL, *(name for name in KEY if name in raw.columns))
        lines = canonicalize(keys, extract.layout, self._mapping).frame
        is_wanted = lines["claim_id"].cast(pl.String) == self._wanted.claim_id.strip()
        if self._wanted.line is not None:
            is_wanted &= lines["claim_line_number"].cast(pl.Int64, strict=False) == self._wanted.line
        return raw.filter(is_wanted.fill_null(value=False))

    def _accepted(self, raw: pl.DataFrame, extract: Extract) -> Iterator[dict[str, Any]]:
        """The accepted lines that are not candidates; the record has all others."""
        # Test data that the run refused is in the record.
        processing = Processing(
            extract.layout, self._mapping, self._rules, PayerIdentities(self._catalog).of, accept_test_data=True
        )
        lines, result = processing.close_look(raw)
        source_row = source_rows(extract, raw[ORDINAL]).alias("source_row")
        is_other = candidate_code(lines.frame, self._rules.codes)[LINE_CODE].is_null()
        placed = lines.frame.with_columns(source_row).filter(is_other & ~refusals(result, raw.height))
        for line in placed.drop(ORDINAL).iter_rows(named=True):
            yield {
                "data_source": None,
                **dict.fromkeys(extract.layout.columns),
                **line,
                "claim_line_number": int(line["claim_line_number"]),
                "source_file": extract.file.path.as_posix(),
            }


def _ordinal(extract: Extract, row: int) -> int | None:
    """The ordinal of a row of the file, given its shifts; None for a row that could not be split."""
    shifts = extract.source_row()
    ends = [*shifts["after"].to_list()[1:], None]
    for (after, shift), end in zip(shifts.iter_rows(), ends, strict=True):
        ordinal = row - shift
        if ordinal > after and (end is None or ordinal <= end):
            return int(ordinal)
    return None
