"""Carry over results of a release that kept no state across nights: its runs are taken in order, as by this release.

What such runs did not keep is unknown: lines without a candidate code, refused rows, and replacements and voids of
claims that they did not decide themselves.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.core.deciding_facts import digests
from claims_edit.core.schema import DECIDED, KEPT_REVISION_SCHEMA
from claims_edit.engine import DECISION_SCHEMA
from claims_edit.errors import ResultsError
from claims_edit.facts.revision import REVISES_NOTHING, REVISION_SCHEMA
from claims_edit.intake import claim_hashes
from claims_edit.model import REPLACEMENT, Disposition, Effect, Mode
from claims_edit.policy import recorded_catalog
from claims_edit.resources import enough_room
from claims_edit.runner.across_nights import AcrossNights
from claims_edit.runner.deciding import KEPT_CANDIDATES, update_state
from claims_edit.runner.revisions import NAMED, PayerIdentities, RunRevisions
from claims_edit.store import Readers, ResultsFolder, StagedRun, replay_of, rewrite_manifest
from claims_edit.store.generation import CURRENT, STATE, add
from claims_edit.store.replay import CANDIDATES, REPLAY, REVISIONS
from claims_edit.store.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.core.line_state import Updated
    from claims_edit.runner.options import Progress

_REMEDY = "Restore the results folder from a backup, or use a new --out."


@contextmanager
def changed_in_place(out: Path, progress: Progress) -> Iterator[tuple[ResultsFolder, int]]:
    """A locked folder of published results, for a command other than a run: carried over first (see `carry_over`).

    The same group as before may read the results. Also yields how many runs were carried over.

    Raises:
        UsageError: no run is published there.
        ResultsError: the folder is busy, damaged or of a newer format, or disk or memory is too small; readers still
            see what was there.
    """
    ResultsFolder(out).manifest()
    folder = ResultsFolder(out, Readers.admitted_to(out / CURRENT))
    with enough_room(out), folder.lock():
        yield folder, carry_over(folder, progress)


def carry_over(folder: ResultsFolder, progress: Progress) -> int:
    """Add the history, the withdrawals and the state to results of an earlier format; the folder must be locked.

    Returns the runs that were carried over: none where the results have the present format.

    Raises:
        ResultsError: the inputs of a run's decisions are missing or damaged; nothing is changed.
    """
    if not folder.is_of_earlier_format():
        return 0
    runs = folder.runs()
    payers = PayerIdentities(recorded_catalog(replay_of(folder.out, runs[-1]["run_id"]).rules))
    scratch = folder.scratch("carry-over")
    with folder.changing(scratch) as record:
        State.empty().write(record / STATE, None, None, State.empty().payers, "")
        for run in runs:
            replay_of(folder.out, run["run_id"])
            progress("carry over", 0)
            staged = folder.stage(run["run_id"])
            state = State.read(record / STATE, payers.of, staged.scratch_dir)
            totals = _settled(run, staged, record, state, payers)
            shutil.rmtree(staged.run_dir)
            for name in ("decisions", "quarantine"):
                shutil.rmtree(staged.record_dirs[name])
            add(record, staged.root)
            added = {part: run[part] | figures for part, figures in totals.items()}
            rewrite_manifest(record / "runs" / run["run_id"], run | added)
            shutil.rmtree(staged.root)
    return len(runs)


def _settled(
    run: dict[str, Any], staged: StagedRun, record: Path, state: State, payers: PayerIdentities
) -> dict[str, Any]:
    """Process one run's lines and write what it did to them; returns its counts and charges."""
    mode, as_of = Mode(run["mode"]), date.fromisoformat(run["as_of"])
    is_shadow = mode is Mode.SHADOW
    nights = _EarlierRun(state, payers, staged.scratch_dir, as_of, staged.run_id, is_shadow=is_shadow)
    replay = record / "runs" / staged.run_id / REPLAY
    kept = staged.scratch_dir / "file-0"
    kept.mkdir()
    decided = sorted((record / "decisions" / f"run_id={staged.run_id}").glob("*.parquet"))
    candidates = sorted(replay.glob(CANDIDATES))
    if len(candidates) != len(decided):
        raise ResultsError(f"{replay}: not the lines that run {staged.run_id} decided. {_REMEDY}")
    for place, (lines_path, decided_path) in enumerate(zip(candidates, decided, strict=True)):
        lines, made = _whole(lines_path, KEPT_CANDIDATES), _whole(decided_path, DECISION_SCHEMA)
        if lines.height != made.height:
            raise ResultsError(f"{lines_path}: not the lines that run {staged.run_id} decided. {_REMEDY}")
        nights.add_decided(lines, made.with_columns(digests(lines, made)))
        _own_revisions(lines).write_parquet(kept / f"revisions-{place:06}.parquet")
        claims = claim_hashes(lines, payers.of(lines["payer"])).alias("high")
        claims.to_frame().write_parquet(kept / f"keys-{place:06}.parquet")
    revisions = RunRevisions(staged.scratch_dir, payers, nights.known_claims)
    named = pl.concat([revisions.named().collect(), _whole(replay / REVISIONS, REVISION_SCHEMA, refused=False)])
    named = named.with_columns(revised_claim_id=pl.coalesce("revised_claim_id", "original_claim_id", "claim_id"))
    named.unique(maintain_order=True).write_parquet(staged.scratch_dir / NAMED)
    return update_state(nights, revisions, staged, mode, as_of, record)


class _EarlierRun(AcrossNights):
    """A run that did not see the state: it may have decided lines that were superseded on an earlier night."""

    def _updated(self, *given: Any) -> Updated:  # noqa: ANN401 -- passed on
        changed = super()._updated(*given)
        is_late = (pl.col("effect") == Effect.SUPERSEDED) & (pl.col("disposition") != Disposition.PASS)
        lines = changed.lines.with_columns(
            effect=pl.when(is_late).then(pl.lit(Effect.LATE)).otherwise("effect"),
            **{name: pl.when(~is_late.fill_null(value=False)).then(name) for name in DECIDED},
        )
        return replace(changed, lines=lines)


def _whole(path: Path, schema: dict[str, pl.DataType], **absent: object) -> pl.DataFrame:
    """The file with the columns of this release; those that it lacks are null, or as given."""
    try:
        rows = pl.read_parquet(path, glob=False, hive_partitioning=False)
    except (OSError, pl.exceptions.PolarsError):
        raise ResultsError(f"{path}: cannot be read as Parquet. {_REMEDY}") from None
    return rows.select(
        pl.col(name).cast(dtype) if name in rows.columns else pl.lit(absent.get(name), dtype).alias(name)
        for name, dtype in schema.items()
    )


def _own_revisions(lines: pl.DataFrame) -> pl.DataFrame:
    """The candidate lines of replacements and voids (KEPT_REVISION_SCHEMA)."""
    number = pl.when(pl.col("claim_frequency_code") == REPLACEMENT).then("claim_line_number")
    given = lines.filter(~pl.col("claim_frequency_code").is_in(REVISES_NOTHING)).with_columns(
        refused=pl.lit(value=False), claim_line_number=number
    )
    return given.select(
        pl.col(name).cast(dtype) if name in given.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in KEPT_REVISION_SCHEMA.items()
    )
