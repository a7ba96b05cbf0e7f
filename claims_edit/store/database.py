"""The DuckDB file: the Parquet record as tables, with views on them, in one portable file without any path inside."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from claims_edit.duck import Settings, connect, literal
from claims_edit.model import DECISION_COLUMNS, QUARANTINE_COLUMNS, Effect, Mode
from claims_edit.store import dictionary
from claims_edit.store.analyst_views import ANALYST_VIEWS
from claims_edit.store.comments import comments_sql, dictionary_text
from claims_edit.store.generation import DATABASE, remove_database, unchanged_since_shown
from claims_edit.store.history import HISTORY_SCHEMA, WITHDRAWAL_SCHEMA
from claims_edit.store.manifest import counted
from claims_edit.store.record import PARTS, part_files, rows_of
from claims_edit.store.reviews import RULE_COLUMNS, SEEN_COLUMNS, review_rules_sql, text_sql
from claims_edit.store.views import MADE, NOT_WITHDRAWN, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OLDEST_READER = "v1.2.0"  # every DuckDB since then can open the file; the first with Zstandard
MEMORY_LIMIT = "400MB"
THREADS = 2
ROW_GROUP_ROWS = 8192  # a row group is compressed in memory, and a refused row may have kilobytes of raw values

_TYPES = {
    "source_row": "BIGINT", "claim_line_number": "BIGINT", "service_start_date": "DATE", "service_end_date": "DATE",
    "modifiers": "VARCHAR[]", "diagnosis_codes": "VARCHAR[]", "edits": "VARCHAR[]", "rarcs": "VARCHAR[]",
    "failed_checks": "VARCHAR[]", "units": "DOUBLE", "charge_amount": "DECIMAL(18,2)", "paid_amount": "DECIMAL(18,2)",
    "adjustment_amount": "DECIMAL(18,2)", "policy_stale": "BOOLEAN", "candidate_code": "BOOLEAN",
    "first_source_row": "BIGINT", "raw_values": "VARCHAR USING COMPRESSION zstd", "as_of": "DATE",
    "first_seen": "DATE", "last_seen": "DATE", "times_seen": "INTEGER", "came": "BOOLEAN",
    "decided_source_row": "BIGINT",
}  # fmt: skip
TABLES: dict[str, tuple[str, ...]] = {
    "decisions": DECISION_COLUMNS,
    "quarantine": QUARANTINE_COLUMNS,
    "history": tuple(HISTORY_SCHEMA),
    "withdrawals": tuple(WITHDRAWAL_SCHEMA),
}
_RUN_COLUMNS = {
    "run_id": "VARCHAR", "mode": "VARCHAR", "started_at": "TIMESTAMP", "finished_at": "TIMESTAMP", "as_of": "DATE",
    "rules_hash": "VARCHAR", "rules_version": "VARCHAR", "rows_read": "BIGINT", "rows_accepted": "BIGINT",
    "rows_quarantined": "BIGINT", "warnings": "BIGINT", "candidates": "BIGINT", "decisions": "BIGINT",
    "deny": "BIGINT", "return": "BIGINT", "review": "BIGINT", "refer": "BIGINT", "pass": "BIGINT",
    "seen_again": "BIGINT", "late": "BIGINT", "withdrawn": "BIGINT",
    "charges_read": "DECIMAL(38,2)", "charges_accepted": "DECIMAL(38,2)", "charges_quarantined": "DECIMAL(38,2)",
}  # fmt: skip
_INPUT_COLUMNS = {
    "run_id": "VARCHAR", "path": "VARCHAR", "bytes": "BIGINT", "sha256": "VARCHAR", "format": "VARCHAR",
    "status": "VARCHAR", "fault": "VARCHAR", "rows_read": "BIGINT", "rows_accepted": "BIGINT",
    "rows_quarantined": "BIGINT", "rows_filtered": "BIGINT", "warnings": "BIGINT",
}  # fmt: skip
_WARNING_COLUMNS = {"run_id": "VARCHAR", "path": "VARCHAR", "check_name": "VARCHAR", "rows": "BIGINT"}


def _typed(columns: tuple[str, ...]) -> dict[str, str]:
    return {column: _TYPES.get(column, "VARCHAR") for column in columns}


def _create(name: str, columns: dict[str, str]) -> str:
    listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    return f"CREATE TABLE {name} ({listed});"


_STORED = {
    **{name: _typed(columns) for name, columns in TABLES.items()},
    "runs": _RUN_COLUMNS,
    "inputs": _INPUT_COLUMNS,
    "input_warnings": _WARNING_COLUMNS,
    "review_rules": RULE_COLUMNS,
}
SCHEMA = "\n".join([*(_create(name, columns) for name, columns in _STORED.items()), VIEWS, ANALYST_VIEWS])
_SCHEMA_MARK = f"{dictionary.TABLES['runs']} ({hashlib.sha256((SCHEMA + dictionary_text()).encode()).hexdigest()[:16]})"
"""The comment on `runs`: set last, so a file that has it is complete."""


def open_staged(
    folders: Mapping[str, Path], scratch: Path, *, published: Path | None = None, reviews: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A bounded connection with the Parquet files of one run as tables; `folders` are by name of the table.

    It has `current_decisions` too: those of `published`, the DuckDB file of the runs before, after this run. And
    `open_reviews`: the file `reviews`, none without one.
    """
    connection = _in_memory(scratch)
    for table, folder in folders.items():
        files = sorted(map(literal, folder.glob("*.parquet")))
        if files:
            connection.read_parquet(files, hive_partitioning=False).create_view(table)
        else:
            connection.execute(_create(table, _typed(TABLES[table])))
    if reviews is not None:
        connection.read_parquet([literal(reviews)], hive_partitioning=False).create_view("open_reviews")
    else:
        connection.execute(_create("open_reviews", _typed((*DECISION_COLUMNS, *SEEN_COLUMNS))))
    current = MADE
    if published is not None:
        quoted = str(published).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS published (READ_ONLY)")
        current = f"SELECT * FROM published.current_decisions AS d {NOT_WITHDRAWN} UNION ALL BY NAME {MADE}"  # noqa: S608 -- our own words
    connection.execute(f"CREATE VIEW current_decisions AS {current}")
    return connection


def keep_in_order(connection: duckdb.DuckDBPyConnection, rows: str, path: Path) -> str:
    """Write rows (the text after FROM) to a Parquet file once, for several readers; the name of a view on it.

    A read has the order of the file. Sorts of many wide rows at a time have too little memory.
    """
    quoted = str(path).replace("'", "''")
    connection.execute(f"COPY (SELECT * FROM {rows}) TO '{quoted}' (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_ROWS})")  # noqa: S608 -- our own words
    connection.read_parquet([literal(path)], hive_partitioning=False).create_view("in_order")
    return "in_order"


def build_database(generation: Path, manifests: list[dict[str, Any]], *, previous: Path | None, scratch: Path) -> None:
    """Write the DuckDB file of `generation`, in bounded memory.

    The new runs are added to the file that is there, else to a copy of that of the previous generation, if it is valid
    and unchanged; otherwise all runs are read from their Parquet files, so the record always has precedence.

    Raises:
        duckdb.Error: the record cannot be read, or the disk is full.
    """
    path = generation / DATABASE
    is_free = path.exists() and not _is_open_here(path)
    if not (is_free and _is_completed(path, generation, manifests, scratch)):
        _build(path, generation, manifests, previous=previous, scratch=scratch)


def _is_open_here(path: Path) -> bool:
    """Whether this process has the file open, under whatever name, or cannot know.

    DuckDB's locks are those of a process: they keep out other processes, and within one it compares names only.
    """
    file, handles = path.stat(), Path("/proc/self/fd")
    if not handles.is_dir():
        return True
    for handle in handles.iterdir():
        with suppress(OSError):
            if os.path.samestat(handle.stat(), file):
                return True
    return False


def copy_of(generation: Path, manifests: list[dict[str, Any]], scratch: Path) -> Path:
    """A DuckDB file of a published generation in `scratch`: its own may be damaged, or open for writing elsewhere.

    Raises:
        duckdb.Error: the record cannot be read, or the disk is full.
    """
    path = scratch / f"copy-of-{DATABASE}"
    _build(path, generation, manifests, previous=generation, scratch=scratch)
    return path


def _build(
    path: Path, generation: Path, manifests: list[dict[str, Any]], *, previous: Path | None, scratch: Path
) -> None:
    remove_database(path)
    if previous is not None and unchanged_since_shown(previous):
        shutil.copyfile(previous / DATABASE, path)
        if _is_completed(path, generation, manifests, scratch):
            return
        remove_database(path)
    with _connect(path, scratch) as connection:
        _create_all(connection)
        _insert(connection, generation, manifests)
        _renew_review_rules(connection, manifests)


def _create_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Create tables, views and comments, and mark the schema: in one transaction, in the way that needs least CPU."""
    connection.execute("SET threads = 1; PRAGMA disable_optimizer")
    connection.execute(f"BEGIN; {SCHEMA}")
    columns = connection.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    connection.execute(comments_sql(_STORED, columns))
    connection.execute(f"COMMENT ON TABLE runs IS {text_sql(_SCHEMA_MARK)}; COMMIT")
    connection.execute(f"SET threads = {THREADS}; PRAGMA enable_optimizer")


def _in_memory(scratch: Path) -> duckdb.DuckDBPyConnection:
    settings: Settings = {
        "memory_limit": MEMORY_LIMIT,
        "threads": THREADS,
        "temp_directory": str(scratch),
        "storage_compatibility_version": OLDEST_READER,
    }
    return connect(settings=settings)


@contextmanager
def _connect(path: Path, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, for writing: attached, because only then can its row groups be small enough for long raw values."""
    with _in_memory(scratch) as connection:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS results (ROW_GROUP_SIZE {ROW_GROUP_ROWS})")
        connection.execute("USE results")
        yield connection
        connection.execute("USE memory")
        connection.execute("DETACH results")


def _is_completed(path: Path, generation: Path, manifests: list[dict[str, Any]], scratch: Path) -> bool:
    """Add the runs that the file lacks; False if it is damaged, open elsewhere, or does not match the manifests."""
    try:
        with _connect(path, scratch) as connection:
            mark = connection.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'runs'").fetchone()
            if mark != (_SCHEMA_MARK,):
                return False
            held = _held_rows(connection)
            old = {run["run_id"]: tuple(rows_of(run).values()) for run in manifests}
            if any(old.get(run_id) != rows for run_id, rows in held.items()):
                return False
            _insert(connection, generation, [run for run in manifests if run["run_id"] not in held])
            _renew_review_rules(connection, manifests)
    except duckdb.Error:
        return False
    return True


def _held_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, ...]]:
    """Rows of each table (PARTS) in the file, by run."""
    counted = " ".join(
        f"LEFT JOIN (SELECT run_id, count(*) AS {table} FROM {table} GROUP BY run_id) USING (run_id)"  # noqa: S608 -- our own names
        for table in PARTS
    )
    columns = ", ".join(f"coalesce({table}, 0)" for table in PARTS)
    rows = connection.execute(f"SELECT run_id, {columns} FROM (SELECT run_id FROM runs) {counted}").fetchall()  # noqa: S608 -- our own names
    return {run_id: tuple(counts) for run_id, *counts in rows}


def _insert(connection: duckdb.DuckDBPyConnection, generation: Path, manifests: list[dict[str, Any]]) -> None:
    for table in TABLES:
        files = [path for run in manifests for path in part_files(generation, table, run["run_id"])]
        if files:
            connection.execute(
                # By name: files of an earlier release have fewer columns.
                f"INSERT INTO {table} BY NAME SELECT *"  # noqa: S608 -- names of our own
                " FROM read_parquet($files, union_by_name = true, hive_partitioning = false)",
                {"files": list(map(literal, files))},
            )
    inputs = [{"run_id": run["run_id"], **file} for run in manifests for file in run["inputs"]]
    _insert_rows(connection, "runs", [_run_row(run) for run in manifests])
    _insert_rows(connection, "inputs", [[file[column] for column in _INPUT_COLUMNS] for file in inputs])
    warned = [[file["run_id"], file["path"], *found] for file in inputs for found in file["warnings_by_check"].items()]
    _insert_rows(connection, "input_warnings", warned)


def _insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: list[list[Any]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 -- question marks only


def _renew_review_rules(connection: duckdb.DuckDBPyConnection, manifests: list[dict[str, Any]]) -> None:
    """The weights of the latest enforced run, and what to ask."""
    enforced = [run for run in manifests if run["mode"] == Mode.ENFORCE]
    connection.execute("DELETE FROM review_rules")
    rules = review_rules_sql(enforced[-1] if enforced else {})
    connection.execute(f"INSERT INTO review_rules SELECT * FROM {rules}")  # noqa: S608 -- quoted texts of our own


def _utc(moment: str) -> datetime:
    """The moment in UTC, without a zone: so that every client can read it."""
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None)


def _run_row(run: dict[str, Any]) -> list[Any]:
    counts, charges, shown = run["counts"], run["charges"], counted(run)
    flat = {
        **run,
        **counts,
        **shown.lines,
        "seen_again": shown.others.get(Effect.SEEN_AGAIN, (0,))[0],
        "late": shown.others.get(Effect.LATE, (0,))[0],
        **{column: _utc(run[column]) for column in ("started_at", "finished_at")},
        **{f"charges_{part}": charges[part] for part in ("read", "accepted", "quarantined")},
    }
    return [flat[column] for column in _RUN_COLUMNS]
