"""Prune old runs of a results folder: what is neither current nor needed to explain what is current is removed."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.engine import DECISION_SCHEMA
from claims_edit.model import CURRENT, DECISION_LOCATION, Mode
from claims_edit.runner.carry_over import changed_in_place
from claims_edit.runner.deciding import RECORDED_QUARANTINE
from claims_edit.runner.parts import PartWriter, write_record
from claims_edit.store import rewrite_manifest
from claims_edit.store.manifest import MANIFEST_NAME
from claims_edit.store.record import part_files
from claims_edit.store.replay import CANDIDATES, REPLAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.runner.options import Progress

_KEPT_OF_RUN = (MANIFEST_NAME, "summary.json", REPLAY)  # a run over the same files prints this one's summary
_PLACE: dict[str, pl.DataType] = {name: DECISION_SCHEMA[name] for name in DECISION_LOCATION}


def prune(out: Path, keep_days: int, progress: Progress = lambda _stage, _rows: None) -> int:
    """Prune the runs of nights (`as_of`) that are more than `keep_days` days before the latest; returns how many.

    The latest run is never pruned. What the others decided and was current at the first run that remains whole stays,
    with the inputs of those decisions: so current decisions can be explained, and reports of whole runs made again.
    History, withdrawals, manifests and the state stay too. Published with one rename; results of an earlier format are
    carried over first.

    Raises:
        UsageError: no run is published there.
        ResultsError: the folder is busy, damaged or of a newer format, or disk or memory is too small; readers still
            see what was there.
    """
    with changed_in_place(out, progress) as (folder, _):
        runs = folder.runs()
        first_kept = max(date.fromisoformat(run["as_of"]) for run in runs) - timedelta(days=keep_days)
        old = [run for run in runs[:-1] if date.fromisoformat(run["as_of"]) < first_kept]
        if old:
            whole = min(run["run_id"] for run in runs if run not in old)
            scratch = folder.scratch("prune")
            with folder.changing(scratch) as record:
                withdrawn = _withdrawn(record, whole, scratch)
                for run in old:
                    progress("prune", 0)
                    _prune_run(record, run, _current(record, run["run_id"], withdrawn))
        return len(old)


def _prune_run(record: Path, run: dict[str, Any], current: pl.DataFrame) -> None:
    """Prune one run of a generation that is not published; files are replaced, as they may have other names."""
    run_id = run["run_id"]
    run_dir = record / "runs" / run_id
    remaining = sum(_keep(path, current, write_record) for path in part_files(record, "decisions", run_id))
    for path in sorted((run_dir / REPLAY).glob(CANDIDATES)):
        _keep(path, current, pl.DataFrame.write_parquet)
    refused = record / "quarantine" / f"run_id={run_id}"
    shutil.rmtree(refused)
    refused.mkdir()
    PartWriter(refused, "part", RECORDED_QUARANTINE).close()
    for path in run_dir.iterdir():
        if path.name not in _KEPT_OF_RUN:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    rewrite_manifest(run_dir, run | {"pruned": {"decisions": remaining, "quarantine": 0}})


def _keep(path: str | Path, lines: pl.DataFrame, write: Callable[[pl.DataFrame, Path], object]) -> int:
    """Leave only the rows of some lines in a Parquet file; returns how many."""
    path = Path(path)
    rows = pl.read_parquet(path, glob=False, hive_partitioning=False)
    kept = rows.join(lines, on=list(_PLACE), how="semi", maintain_order="left")
    if kept.height < rows.height:
        path.unlink()
        write(kept, path)
    return kept.height


def _withdrawn(record: Path, before: str, scratch: Path) -> pl.LazyFrame:
    """The decisions withdrawn before a run: `decided_run_id` and location, in order of the former."""
    files = sorted(map(str, (record / "withdrawals").glob("run_id=*/*.parquet")))
    path = scratch / "withdrawn.parquet"
    rows = _rows(files, run_id=pl.String(), decided_run_id=pl.String()).filter(pl.col("run_id") < before)
    rows.drop("run_id").sort("decided_run_id").sink_parquet(path, row_group_size=10_000)
    return pl.scan_parquet(path, glob=False)


def _current(record: Path, run_id: str, withdrawn: pl.LazyFrame) -> pl.DataFrame:
    """The locations of the decisions that a run made current and that were not withdrawn, as in `current_decisions`."""
    made = _rows(part_files(record, "history", run_id), mode=pl.String(), effect=pl.String()).filter(
        pl.col("mode") == Mode.ENFORCE, pl.col("effect").is_in(CURRENT)
    )
    place = list(_PLACE)
    own = withdrawn.filter(pl.col("decided_run_id") == run_id).select(place)
    return made.select(place).join(own, on=place, how="anti").collect(engine="streaming")


def _rows(files: list[str], **more: pl.DataType) -> pl.LazyFrame:
    """The locations in Parquet files, and further columns."""
    schema = _PLACE | more
    if not files:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(files, glob=False, hive_partitioning=False).select(*schema)
