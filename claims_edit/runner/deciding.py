"""Decide candidate lines: each one once, in file and row order, together with its inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.core.control_totals import Decided
from claims_edit.core.deciding_facts import digests
from claims_edit.core.schema import CANDIDATE_SCHEMA, QUARANTINE_SCHEMA, STATE_SCHEMA
from claims_edit.engine import DECISION_SCHEMA, decide
from claims_edit.facts.payer import with_payer
from claims_edit.intake.extract import ORDINAL
from claims_edit.model import QUARANTINE_COLUMNS, Mode
from claims_edit.policy import archived
from claims_edit.runner.across_nights import history_rows
from claims_edit.runner.held_back import one_ahead
from claims_edit.runner.parts import PartWriter, in_parts
from claims_edit.store.history import HISTORY_SCHEMA, WITHDRAWAL_SCHEMA, withdrawn_decisions
from claims_edit.store.replay import CONTRACTS, REVISIONS, RULES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from claims_edit.model import StalePolicy
    from claims_edit.policy import Catalog
    from claims_edit.runner.across_nights import AcrossNights
    from claims_edit.runner.kept import FileRead
    from claims_edit.runner.options import RunOptions
    from claims_edit.runner.reading import Reading
    from claims_edit.runner.revisions import RunRevisions
    from claims_edit.store import StagedRun

_WANTED = {
    "withdrawn_because": "why", "withdrawn_by": "by", "decided_run_id": "decided_run_id",
    "source_file": "decided_source_file", "source_row": "decided_source_row",
    "claim_id": "claim_id", "claim_line_number": "claim_line_number",
}  # fmt: skip
RECORDED_QUARANTINE = {
    name: pl.Int64() if name == "source_row" else QUARANTINE_SCHEMA.get(name, pl.String())
    for name in QUARANTINE_COLUMNS
}
KEPT_CANDIDATES: dict[str, pl.DataType] = {
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    **{name: dtype for name, dtype in CANDIDATE_SCHEMA.items() if name != ORDINAL},
}


@dataclass(frozen=True)
class Deciding:
    """How candidate lines are decided: plain data, the same for all lines of a run, in any process.

    Attributes:
        catalog: the rules.
        superseding: the replacements and voids of the run and of earlier nights (REVISION_SCHEMA).
        contracts: may be empty.
        stale_policy: see `decide`.
    """

    catalog: Catalog
    superseding: pl.DataFrame
    contracts: pl.DataFrame
    stale_policy: StalePolicy

    def __call__(self, lines: pl.DataFrame) -> pl.DataFrame:
        """One decision per line (KEPT_CANDIDATES), in order: see `decide`; and `facts`, its digest (`digests`)."""
        decided = decide(
            lines,
            self.catalog,
            revisions=self.superseding.lazy(),
            contracts=self.contracts,
            stale_policy=self.stale_policy,
        )
        return decided.with_columns(digests(lines, decided))


def decide_all(
    reading: Reading,
    found: list[FileRead],
    staged: StagedRun,
    catalog: Catalog,
    contracts: pl.DataFrame,
    options: RunOptions,
    nights: AcrossNights,
    revisions: RunRevisions,
) -> Decided:
    """Write the run's decisions, refused rows and replay part by part; returns the totals of the decisions."""
    decided = Decided()
    own = revisions.of_candidates().with_columns(came=pl.lit(options.as_of, pl.Date))
    superseding = pl.concat([own, nights.revisions()]).collect()
    run = (pl.lit(staged.run_id).alias("run_id"), pl.lit(options.mode.value).alias("mode"))
    decisions = PartWriter(staged.decisions_dir, "part", DECISION_SCHEMA)
    candidates = PartWriter(staged.replay_dir, "candidates", KEPT_CANDIDATES)
    given = in_parts(frame for file in found for frame in reading.candidates(file))
    deciding = Deciding(catalog, superseding, contracts, options.stale_policy)
    for lines, outcomes in reading.decided(given, deciding):
        part = outcomes.with_columns(run)
        decided.add(part)
        decisions.add(part)
        candidates.add(lines)
        nights.add_decided(lines, part)
    for writer in (decisions, candidates):
        writer.close()
    _write_quarantine(
        (frame.with_columns(run) for file in found for frame in reading.quarantine(file)), staged, catalog
    )
    superseding.write_parquet(staged.replay_dir / REVISIONS)
    contracts.write_parquet(staged.replay_dir / CONTRACTS)
    (staged.replay_dir / RULES).write_bytes(archived(catalog.contents))
    return decided


def _write_quarantine(refused: Iterator[pl.DataFrame], staged: StagedRun, catalog: Catalog) -> None:
    quarantine = PartWriter(staged.quarantine_dir, "part", RECORDED_QUARANTINE)

    def add(part: pl.DataFrame) -> None:
        quarantine.add(part.with_columns(with_payer(part.select("payer_raw"), catalog)["payer"]))

    for _ in one_ahead(add, in_parts(refused)):
        pass
    quarantine.close()


def update_state(
    nights: AcrossNights, revisions: RunRevisions, staged: StagedRun, mode: Mode, as_of: date, record: Path | None
) -> dict[str, Any]:
    """Write what the run did to each known line, the decisions that it withdrew, and the state after it.

    A shadow run sees the state and leaves it as it is: it withdraws nothing. `record` is the folder of the earlier
    runs. Returns its `counts` and `charges` for the manifest.
    """
    counts = mode is Mode.ENFORCE
    wanted = PartWriter(staged.scratch_dir, "withdrawn", {name: WITHDRAWAL_SCHEMA[name] for name in _WANTED})
    run = {
        "run_id": pl.lit(staged.run_id),
        "mode": pl.lit(mode.value),
        "as_of": pl.lit(as_of, pl.Date),
    }
    state: list[Path] = []
    rows = 0

    def changes() -> Iterator[pl.DataFrame]:
        for changed in nights.changes(revisions, record):
            if changed.withdrawn.height:
                wanted.add(changed.withdrawn.select(pl.col(name).alias(own) for own, name in _WANTED.items()))
            if counts and changed.lines.height:
                state.append(staged.scratch_dir / f"changed-{len(state):05}.parquet")
                changed.lines.select(*STATE_SCHEMA).sort("low").write_parquet(state[-1], compression="lz4")
            yield history_rows(changed, run)

    history = PartWriter(staged.history_dir, "part", HISTORY_SCHEMA)
    for part in in_parts(changes()):
        rows += part.height
        history.add(part)
    history.close()
    because = _write_withdrawals(staged, run, record)
    if counts or record is None:
        nights.write_state(staged.state_dir, state)
    withdrawn = {"withdrawn": because.total(), "withdrawn_because": dict(sorted(because.items()))}
    return {
        "counts": nights.totals.counts() | {"history_rows": rows} | withdrawn,
        "charges": nights.totals.charges(),
    }


def _write_withdrawals(staged: StagedRun, run: dict[str, pl.Expr], record: Path | None) -> Counter[str]:
    """Write the decisions of earlier runs that the run withdrew; returns how many, by cause."""
    because: Counter[str] = Counter()
    withdrawals = PartWriter(staged.withdrawals_dir, "part", WITHDRAWAL_SCHEMA)
    if record is not None and (paths := sorted(staged.scratch_dir.glob("withdrawn-*.parquet"))):
        for part in in_parts(withdrawn_decisions(paths, record, staged.scratch_dir)):
            because.update(dict(part["withdrawn_because"].value_counts().iter_rows()))
            withdrawals.add(part.with_columns(run_id=run["run_id"], as_of=run["as_of"]))
    withdrawals.close()
    return because
