"""The open reviews after a run, kept beside the state so that a run need not look for them in all runs before.

They are derived from the record alone, and made anew from it where the file is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from claims_edit.duck import Settings, connect, literal
from claims_edit.errors import ResultsError
from claims_edit.model import DECISION_COLUMNS, DECISION_LOCATION, Mode
from claims_edit.resources import lack_of
from claims_edit.store.generation import STATE
from claims_edit.store.manifest import reviews_after
from claims_edit.store.reviews import SEEN_COLUMNS, open_reviews_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from claims_edit.store.folder import StagedRun

OPEN_REVIEWS = "reviews.parquet"
_TABLES = ("decisions", "history", "withdrawals")
_MEMORY = "300MB"
_ROW_GROUP_ROWS = 20_000
_PLACE = f"run_id, {', '.join(DECISION_LOCATION)}"
# Those before the run that it did not withdraw, with what it saw of them.
_KEPT = f"""
SELECT {", ".join(DECISION_COLUMNS)}, {", ".join(f"coalesce({name}_now, {name}) AS {name}" for name in SEEN_COLUMNS)}
FROM opened ANTI JOIN (SELECT decided_{_PLACE} FROM withdrawals) AS gone ON opened.run_id = gone.decided_run_id
    AND {" AND ".join(f"opened.{name} = gone.{name}" for name in DECISION_LOCATION)}
LEFT JOIN (
    SELECT decided_run_id AS run_id, decided_source_file AS source_file, decided_source_row AS source_row,
        {", ".join(DECISION_LOCATION[2:])}, {", ".join(f"{name} AS {name}_now" for name in SEEN_COLUMNS)} FROM history
) AS seen USING ({_PLACE})"""  # noqa: S608 -- our own column names


def write_open_reviews(staged: StagedRun, runs: Sequence[dict[str, Any]], record: Path | None) -> None:
    """Write the reviews that are open after a staged run beside its state: those before, and its own.

    Nothing is written where there are none, nor by a shadow run. `runs` are the manifests of all runs, this one last;
    `record` is the folder of the published ones.

    Raises:
        ResultsError: those of the runs before cannot be read.
    """
    if runs[-1]["mode"] == Mode.SHADOW or not reviews_after(runs).open:
        return
    had_open = record is not None and reviews_after(runs[:-1]).open
    before = record / STATE / OPEN_REVIEWS if had_open and record is not None else None
    is_whole = before is not None and not before.exists()
    settings: Settings = {"memory_limit": _MEMORY, "temp_directory": str(staged.scratch_dir), "threads": 2}
    rows = open_reviews_sql(f"'{staged.run_id}'")
    try:
        with connect(settings=settings) as connection:
            for name in _TABLES:
                earlier = sorted((record / name).glob("run_id=*")) if is_whole and record is not None else []
                _show(connection, name, [path for folder in (*earlier, staged.record_dirs[name])
                                         for path in sorted(folder.glob("*.parquet"))])  # fmt: skip
            if before is not None and not is_whole:
                _show(connection, "opened", [before])
                rows = f"{_KEPT} UNION ALL BY NAME ({rows})"
            target = str(staged.state_dir / OPEN_REVIEWS).replace("'", "''")
            connection.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP_ROWS})")
    except duckdb.Error as error:
        if lack_of(error) is not None:
            raise
        raise ResultsError(
            f"{record}: the open reviews of earlier runs cannot be read. Restore the results folder from a backup."
        ) from error


def _show(connection: duckdb.DuckDBPyConnection, name: str, files: list[Path]) -> None:
    """Parquet files as one view; columns that those of an earlier release lack are null."""
    paths = list(map(literal, files))
    connection.read_parquet(paths, hive_partitioning=False, union_by_name=len(paths) > 1).create_view(name)
