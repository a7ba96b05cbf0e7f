"""Decide candidate lines: each one once, in file and row order, together with its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.control_totals import Decided
from claims_edit.core.schema import CANDIDATE_SCHEMA, QUARANTINE_SCHEMA
from claims_edit.engine import DECISION_SCHEMA, decide
from claims_edit.intake.extract import ORDINAL
from claims_edit.model import QUARANTINE_COLUMNS
from claims_edit.policy import archived
from claims_edit.runner.parts import PartWriter, in_parts
from claims_edit.store.replay import CONTRACTS, REVISIONS, RULES

if TYPE_CHECKING:
    from claims_edit.policy import Catalog
    from claims_edit.runner.kept import FileRead
    from claims_edit.runner.options import RunOptions
    from claims_edit.runner.reading import Reading
    from claims_edit.store import StagedRun

RECORDED_QUARANTINE = {
    name: pl.Int64() if name == "source_row" else QUARANTINE_SCHEMA.get(name, pl.String())
    for name in QUARANTINE_COLUMNS
}
KEPT_CANDIDATES: dict[str, pl.DataType] = {
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    **{name: dtype for name, dtype in CANDIDATE_SCHEMA.items() if name != ORDINAL},
}


def decide_all(
    reading: Reading,
    found: list[FileRead],
    staged: StagedRun,
    catalog: Catalog,
    contracts: pl.DataFrame,
    options: RunOptions,
) -> Decided:
    """Write the run's decisions, refused rows and replay part by part; returns the totals of the decisions."""
    decided = Decided()
    revisions = reading.revisions()
    run = (pl.lit(staged.run_id).alias("run_id"), pl.lit(options.mode.value).alias("mode"))
    decisions = PartWriter(staged.decisions_dir, "part", DECISION_SCHEMA)
    candidates = PartWriter(staged.replay_dir, "candidates", KEPT_CANDIDATES)
    for lines in in_parts(frame for file in found for frame in reading.candidates(file)):
        part = decide(
            lines, catalog, revisions=revisions, contracts=contracts, stale_policy=options.stale_policy
        ).with_columns(run)
        decided.add(part)
        decisions.add(part)
        candidates.add(lines)
    quarantine = PartWriter(staged.quarantine_dir, "part", RECORDED_QUARANTINE)
    for refused in in_parts(frame.with_columns(run) for file in found for frame in reading.quarantine(file)):
        quarantine.add(refused)
    for writer in (decisions, candidates, quarantine):
        writer.close()
    _keep(staged, catalog, revisions, contracts)
    return decided


def _keep(staged: StagedRun, catalog: Catalog, revisions: pl.LazyFrame, contracts: pl.DataFrame) -> None:
    """The other inputs of the decisions."""
    revisions.collect().write_parquet(staged.replay_dir / REVISIONS)
    contracts.write_parquet(staged.replay_dir / CONTRACTS)
    (staged.replay_dir / RULES).write_bytes(archived(catalog.contents))
