"""One run, end to end: the only module that combines the parts (docs/architecture.md)."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from claims_edit.errors import InputError
from claims_edit.intake import discover, load_mapping, spooled, text_bytes
from claims_edit.model import Mode
from claims_edit.policy import load_catalog
from claims_edit.report.run_files import prepare_reports, write_reports
from claims_edit.resources import enough_room, lack_of
from claims_edit.run_log import RUN_ID
from claims_edit.runner.across_nights import AcrossNights
from claims_edit.runner.carry_over import carry_over
from claims_edit.runner.contracts import load_contracts, no_contracts
from claims_edit.runner.deciding import decide_all, update_state
from claims_edit.runner.kept import FileRead
from claims_edit.runner.options import Hashing, Progress, RunOptions, fingerprint
from claims_edit.runner.reading import Reading
from claims_edit.runner.revisions import PayerIdentities
from claims_edit.runner.run_manifest import input_entry, manifest_of, moment
from claims_edit.runner.warned import first_warned
from claims_edit.store import Readers, ResultsFolder, RunManifest, StagedRun, write_manifest, write_warned
from claims_edit.store.open_reviews import write_open_reviews

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from claims_edit.intake import Discovered, Spool
    from claims_edit.policy import Catalog


@dataclass(frozen=True)
class RunOutcome:
    """The outcome of `run_batch`.

    Attributes:
        manifest: of the run; of the earlier one if this was a no-op.
        run_dir: where the manifest and the reports are.
        repeated: whether an earlier run already processed the same files, so nothing was written.
        refused: one fault for each extract that could not be read (with `keep_going`).
        over_threshold: whether more rows were quarantined than `max_quarantine_rate` allows.
    """

    manifest: RunManifest
    run_dir: Path
    repeated: bool = False
    refused: tuple[str, ...] = ()
    over_threshold: bool = False


@dataclass
class _Stages:
    """Seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - begun, 3)


def run_batch(
    options: RunOptions,
    progress: Progress = lambda _stage, _rows: None,
    reads: Callable[..., Reading] = Reading,
    extracts: tuple[str | Path, ...] = (),
) -> RunOutcome:
    """Read, check, decide and publish the extracts of one night.

    Args:
        options: what to do.
        progress: called with the stage and the rows since the last call.
        reads: makes the reading of the extracts, from the arguments of `Reading`.
        extracts: what to read in place of the extracts of the options; a Path is read as it is.

    Raises:
        RulesError: the rule pack has faults.
        UsageError: there is no such group.
        InputError: an extract, the mapping or the contracts cannot be read (with `keep_going`: no extract can).
        ResultsError: the results folder is busy, damaged or a file, or disk or memory is too small.
    """
    with enough_room(options.out), spooled(extracts or options.extracts) as (given, spool):
        return _run_batch(given, spool, options, progress, reads)


def _run_batch(
    extracts: tuple[str | Path, ...],
    spool: Spool,
    options: RunOptions,
    progress: Progress,
    reads: Callable[..., Reading],
) -> RunOutcome:
    started = datetime.now(UTC)
    stages = _Stages()
    with stages.of("rules"):
        shadow = options.mode is Mode.SHADOW
        catalog = load_catalog(options.rules, proposed=shadow, ahead_of=options.drafts_ahead_of())
        contracts = load_contracts(options.contracts, catalog) if options.contracts else no_contracts()
        mapping = load_mapping(options.mapping)
        files = discover(extracts, options.format, spool)
        result_options = options.result_options()
        readers = Readers.named(options.group)
    folder = ResultsFolder(options.out, readers)
    with folder.lock(), Hashing(files.inputs) as hashing:
        carry_over(folder, progress)
        runs = folder.runs()
        if (
            not options.force
            and (earlier := _done_before(result_options, folder, runs, catalog, files.inputs, hashing)) is not None
        ):
            return _outcome(RunManifest.model_validate(earlier), options, repeated=True)
        staged = _staged(folder, started, runs)
        prepare_reports(options.reports)
        payers = PayerIdentities(catalog)
        with stages.of("state"):
            state = folder.state(payers.of, staged.scratch_dir)
            nights = AcrossNights(state, payers, staged.scratch_dir, options.as_of, staged.run_id, is_shadow=shadow)
        with stages.of("read"):
            reading = reads(
                catalog,
                mapping,
                as_of=options.as_of,
                scratch=staged.scratch_dir,
                text_bytes=sum(map(text_bytes, files.extracts)),
                on_rows=lambda rows: progress("read", rows),
                accept_test_data=options.accept_test_data,
                may_know=nights.may_know,
            )
            found, refused = _read_all(reading, files, options)
        with stages.of("repeated keys"):
            progress("repeated keys", 0)
            reading.finish(found)
        with stages.of("decide"):
            progress("decide", 0)
            revisions = reading.revisions(nights.known_claims)
            decided = decide_all(reading, found, staged, catalog, contracts, options, nights, revisions)
        with stages.of("earlier nights"):
            night_totals = update_state(nights, revisions, staged, options.mode, options.as_of, folder.record())
        write_warned(staged.run_dir, first_warned(reading, found))
        inputs = [input_entry(path, found, refused, hashing) for path in files.inputs]
        manifest = manifest_of(result_options, catalog, staged, started, inputs, found, decided)
        manifest["counts"] |= night_totals["counts"]
        manifest["charges"] |= night_totals["charges"]
        manifest["passed_over"] = [{"path": file.path.as_posix(), "what": file.what} for file in files.passed_over]
        manifest["tables"] = [table.record() for table in files.tables]
        write_open_reviews(staged, (*runs, manifest), folder.record())
        with stages.of("reports"):
            progress("reports", 0)
            published = folder.database_for(staged) if shadow else None
            write_reports(staged, manifest, earlier=runs, catalog=catalog, wanted=options.reports, published=published)
        manifest |= {"timings": stages.seconds, "finished_at": moment(datetime.now(UTC))}
        written = write_manifest(staged.run_dir, manifest)
        progress("publish", 0)
        folder.publish(staged)
    return _outcome(written, options)


def _staged(folder: ResultsFolder, started: datetime, runs: list[dict[str, Any]]) -> StagedRun:
    run_id = f"{_after(started, runs):%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(3)}"
    RUN_ID.set(run_id)
    return folder.stage(run_id)


def _after(started: datetime, runs: list[dict[str, Any]]) -> datetime:
    """The moment, or one later than that of the last run: the order of the ids is the order of the runs."""
    if not runs:
        return started
    last = datetime.strptime(runs[-1]["run_id"].partition("Z")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    return max(started, last + timedelta(microseconds=1))


def _outcome(manifest: RunManifest, options: RunOptions, *, repeated: bool = False) -> RunOutcome:
    """The outcome of a run; a repeated one has the outcome of the earlier run."""
    rate = manifest.counts.rows_quarantined / manifest.counts.rows_read
    return RunOutcome(
        manifest,
        options.out / "runs" / manifest.run_id,
        repeated=repeated,
        refused=tuple(file.fault or "" for file in manifest.inputs if file.status == "refused"),
        over_threshold=options.max_quarantine_rate is not None and rate > options.max_quarantine_rate,
    )


def _done_before(
    result_options: dict[str, Any],
    folder: ResultsFolder,
    runs: list[dict[str, Any]],
    catalog: Catalog,
    paths: list[Path],
    hashing: Hashing,
) -> dict[str, Any] | None:
    """The manifest of an earlier run (of `runs`) over the same bytes, rules, contracts and options.

    Extracts are hashed first only if an earlier run read files of the same sizes; usually none did, and the hashes are
    computed while reading.
    """
    sizes = sorted(path.stat().st_size for path in paths)
    alike = [run for run in runs if sorted(file["bytes"] for file in run["inputs"]) == sizes]
    if not any(run["rules_hash"] == catalog.rules_hash and run["options"] == result_options for run in alike):
        return None
    same = folder.same_run(
        fingerprint(result_options, catalog.rules_hash, [(p.as_posix(), hashing.of(p)) for p in paths])
    )
    return folder.manifest(same) if same else None


def _read_all(reading: Reading, files: Discovered, options: RunOptions) -> tuple[list[FileRead], dict[Path, str]]:
    """Read every extract, in order; the readable ones, and the faults of the others."""
    found: list[FileRead] = []
    refused: dict[Path, str] = {}
    for path, read in zip(files.extracts, reading.read(files, options.format), strict=True):
        if isinstance(read, FileRead):
            found.append(read)
        elif options.keep_going and lack_of(read) is None:
            refused[path] = str(read)
        else:
            raise read
    if not found:
        raise InputError(*sorted(refused.values()))
    return found, refused
