"""The open reviews after a run, kept beside the state so that a run need not look for them in all runs before.

It is derived from the record alone, and made anew from it where it is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.core.line_state import SEEN
from claims_edit.engine import DECISION_SCHEMA
from claims_edit.errors import ResultsError
from claims_edit.model import DECISION_LOCATION, POSTED, Disposition, Mode
from claims_edit.store.generation import STATE
from claims_edit.store.history import HISTORY_SCHEMA, WITHDRAWAL_SCHEMA
from claims_edit.store.manifest import reviews_after

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from claims_edit.store.folder import StagedRun

OPEN_REVIEWS = "reviews.parquet"
OPEN_SCHEMA = DECISION_SCHEMA | SEEN
_TABLES = {"decisions": DECISION_SCHEMA, "history": HISTORY_SCHEMA, "withdrawals": WITHDRAWAL_SCHEMA}
_PLACE = ["run_id", *DECISION_LOCATION]


def write_open_reviews(staged: StagedRun, runs: Sequence[dict[str, Any]], record: Path | None) -> None:
    """Write the reviews that are open after a staged run beside its state: those before, and its own.

    Nothing is written where there are none, nor by a shadow run. `runs` are the manifests of all runs, this one last;
    `record` is the folder of the published ones.

    Raises:
        ResultsError: those of the runs before cannot be read.
    """
    if runs[-1]["mode"] == Mode.SHADOW or not reviews_after(runs).open:
        return
    had_open = len(runs) > 1 and reviews_after(runs[:-1]).open
    own = {name: _rows([folder], name) for name, folder in staged.record_dirs.items() if name in _TABLES}
    seen = _seen(own["history"])
    kept = (
        open_reviews_of(record if had_open else None)
        .join(_withdrawn(own["withdrawals"]), on=_PLACE, how="anti")
        .join(seen, on=_PLACE, how="left", suffix="_now")
        .with_columns(pl.coalesce(f"{name}_now", name).alias(name) for name in SEEN)
    )
    new = _made(own["decisions"], own["history"]).join(seen, on=_PLACE)
    try:
        parts = [rows.select(pl.col(name).cast(dtype) for name, dtype in OPEN_SCHEMA.items()) for rows in (kept, new)]
        pl.concat(parts).sink_parquet(staged.state_dir / OPEN_REVIEWS)
    except pl.exceptions.PolarsError as error:
        raise ResultsError(
            f"{record}: the open reviews of earlier runs cannot be read. Restore the results folder from a backup."
        ) from error


def open_reviews_of(record: Path | None) -> pl.LazyFrame:
    """The reviews that the published runs left open (OPEN_SCHEMA)."""
    if record is None:
        return pl.LazyFrame(schema=OPEN_SCHEMA)
    path = record / STATE / OPEN_REVIEWS
    if path.exists():
        return pl.scan_parquet(path, glob=False)
    decisions, history, withdrawals = (_rows(sorted((record / name).glob("run_id=*")), name) for name in _TABLES)
    made = _made(decisions, history).join(_withdrawn(withdrawals), on=_PLACE, how="anti")
    return made.join(_seen(history), on=_PLACE)


def _rows(folders: list[Path], table: str) -> pl.LazyFrame:
    """The rows of a table in some runs' folders; columns that files of an earlier release lack are null."""
    files = [path for folder in folders for path in sorted(folder.glob("*.parquet"))]
    empty = pl.LazyFrame(schema=_TABLES[table])
    found = [pl.scan_parquet(path, glob=False, hive_partitioning=False) for path in files]
    typed = [
        rows.select(pl.col(name).cast(_TABLES[table][name]) for name in rows.collect_schema() if name in _TABLES[table])
        for rows in found
    ]
    return pl.concat([empty, *typed], how="diagonal")


def _made(decisions: pl.LazyFrame, history: pl.LazyFrame) -> pl.LazyFrame:
    """The reviews that became current."""
    enforced = history.filter(pl.col("mode") == Mode.ENFORCE, pl.col("effect").is_in(POSTED))
    reviews = decisions.filter(pl.col("disposition") == Disposition.REVIEW)
    return reviews.join(enforced.select(_PLACE), on=_PLACE, how="semi")


def _withdrawn(withdrawals: pl.LazyFrame) -> pl.LazyFrame:
    return withdrawals.select(pl.col("decided_run_id").alias("run_id"), *DECISION_LOCATION)


def _seen(history: pl.LazyFrame) -> pl.LazyFrame:
    """When the line of each current decision was seen, after the last of the runs."""
    enforced = history.filter(pl.col("mode") == Mode.ENFORCE, pl.col("decided_run_id").is_not_null())
    located = {"run_id": "decided_run_id", "source_file": "decided_source_file", "source_row": "decided_source_row"}
    return (
        enforced.with_columns(by="run_id", **located)
        .group_by(_PLACE)
        .agg(pl.col(name).sort_by("by").last() for name in SEEN)
    )
