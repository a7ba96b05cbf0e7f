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
from claims_edit.model import DECISION_COLUMNS, DECISION_LOCATION, POSTED, QUARANTINE_COLUMNS, Effect, Mode
from claims_edit.store.generation import DATABASE, remove_database, unchanged_since_shown
from claims_edit.store.history import HISTORY_SCHEMA, WITHDRAWAL_SCHEMA
from claims_edit.store.manifest import counted
from claims_edit.store.record import PARTS, part_files, rows_of

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
_EFFECTS = tuple(map(str, (*POSTED, Effect.SUPERSEDED)))
CLAIM = "coalesce(payer, payer_raw), data_source, member_id, claim_id, billing_npi"
"""The identity of a claim in SQL: as in a run (ADR 0013), but with the NPI as the only billing provider id."""
_CLAIM_LINE = f"{CLAIM}, claim_line_number"


# The decisions of each claim line's latest shadow run. A payer that a run did not recognize is the one that other runs
# have under that name: after it is added to the rules, its lines must not be there twice.
_SHADOW_DECISIONS = f"""
    WITH known AS (
        SELECT payer_raw, max(payer) AS payer FROM decisions WHERE payer IS NOT NULL GROUP BY payer_raw
    )
    SELECT d.* FROM decisions AS d LEFT JOIN known USING (payer_raw) WHERE d.mode = '{Mode.SHADOW}'
    QUALIFY d.run_id = max(d.run_id) OVER (
        PARTITION BY coalesce(d.payer, known.payer, d.payer_raw), d.data_source, d.member_id, d.claim_id, d.billing_npi,
            d.claim_line_number
    )"""  # noqa: S608 -- our own words


def shadow_vs_enforced(shadow: str) -> str:
    """The SQL of shadow decisions (a table expression), each with the current decision of its line.

    A claim and its replacement share the key of a line: `nth` pairs them in order. A payer that only one of the two
    rule packs recognizes has two keys and one name. If two enforced decisions match, the one with the same key is used,
    then the latest.
    """
    return f"""
    WITH shadow AS (
        SELECT *, row_number() OVER (PARTITION BY {_CLAIM_LINE} ORDER BY source_file, source_row) AS nth
        FROM {shadow}
    ), enforced AS (
        SELECT *, row_number() OVER (PARTITION BY {_CLAIM_LINE} ORDER BY source_file, source_row) AS nth
        FROM current_decisions
    )
    SELECT s.data_source, s.claim_id, s.claim_line_number, s.payer_raw, s.payer, s.program, s.billing_npi, s.hcpcs_code,
        s.service_start_date, s.charge_amount,
        (e.disposition, e.reason_code, e.group_code) IS DISTINCT FROM (s.disposition, s.reason_code, s.group_code)
            AS changed,
        e.disposition AS enforced_disposition, s.disposition AS shadow_disposition,
        e.reason_code AS enforced_reason_code, s.reason_code AS shadow_reason_code,
        e.edits[1] AS enforced_edit, s.edits[1] AS shadow_edit,
        e.group_code AS enforced_group_code, s.group_code AS shadow_group_code,
        e.policy_version AS enforced_policy_version, s.policy_version AS shadow_policy_version,
        e.rules_hash AS enforced_rules_hash, s.rules_hash AS shadow_rules_hash,
        e.run_id AS enforced_run_id, s.run_id AS shadow_run_id
    FROM shadow AS s LEFT JOIN enforced AS e
        ON s.data_source IS NOT DISTINCT FROM e.data_source AND s.member_id IS NOT DISTINCT FROM e.member_id
        AND s.billing_npi IS NOT DISTINCT FROM e.billing_npi
        AND s.claim_id = e.claim_id AND s.claim_line_number = e.claim_line_number AND s.nth = e.nth
        AND (coalesce(s.payer, s.payer_raw) = coalesce(e.payer, e.payer_raw) OR s.payer_raw = e.payer_raw)
    QUALIFY row_number() OVER (
        PARTITION BY coalesce(s.payer, s.payer_raw), s.data_source, s.member_id, s.claim_id, s.billing_npi,
            s.claim_line_number, s.nth
        ORDER BY coalesce(s.payer, s.payer_raw) = coalesce(e.payer, e.payer_raw) DESC NULLS LAST, e.run_id DESC
    ) = 1"""  # noqa: S608 -- our own words


LOCATION = ", ".join(DECISION_LOCATION)
# The decisions that were made current, and those among them that no run withdrew.
_MADE = f"""SELECT d.* FROM decisions AS d SEMI JOIN (
    SELECT run_id, {LOCATION} FROM history WHERE mode = '{Mode.ENFORCE}' AND effect IN {_EFFECTS}
) AS made USING (run_id, {LOCATION})"""  # noqa: S608 -- our own words
_NOT_WITHDRAWN = f"""ANTI JOIN (
    SELECT decided_run_id AS run_id, {LOCATION} FROM withdrawals
) AS withdrawn USING (run_id, {LOCATION})"""  # noqa: S608 -- our own words
_VIEWS = f"""
CREATE VIEW current_decisions AS {_MADE} {_NOT_WITHDRAWN};
CREATE VIEW shadow_decisions AS {_SHADOW_DECISIONS};
CREATE VIEW shadow_vs_enforced AS {shadow_vs_enforced("shadow_decisions")};
CREATE VIEW denials AS SELECT * FROM current_decisions WHERE disposition = 'deny';
CREATE VIEW "returns" AS SELECT * FROM current_decisions WHERE disposition = 'return';
CREATE VIEW reviews AS SELECT * FROM current_decisions WHERE disposition = 'review';
CREATE VIEW referrals AS SELECT * FROM current_decisions WHERE disposition = 'refer';
CREATE VIEW denial_reasons AS
    SELECT payer, program, reason_code, strftime(service_start_date, '%Y-%m') AS month, count(*) AS lines,
        count(DISTINCT ({CLAIM})) AS claims,
        CAST(sum(charge_amount) AS DECIMAL(38,2)) AS charges
    FROM current_decisions WHERE disposition = 'deny'
    GROUP BY ALL ORDER BY ALL;
"""  # noqa: S608 -- our own words


def _typed(columns: tuple[str, ...]) -> dict[str, str]:
    return {column: _TYPES.get(column, "VARCHAR") for column in columns}


def _create(name: str, columns: dict[str, str]) -> str:
    listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    return f"CREATE TABLE {name} ({listed});"


SCHEMA = "\n".join(
    [
        *(_create(name, _typed(columns)) for name, columns in TABLES.items()),
        _create("runs", _RUN_COLUMNS),
        _VIEWS,
    ]
)
_SCHEMA_MARK = f"schema {hashlib.sha256(SCHEMA.encode()).hexdigest()[:16]}"


def open_staged(
    folders: Mapping[str, Path], scratch: Path, *, published: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A bounded connection with the Parquet files of one run as tables; `folders` are by name of the table.

    It has `current_decisions` too: those of `published`, the DuckDB file of the runs before, after this run.
    """
    connection = _in_memory(scratch)
    for table, folder in folders.items():
        files = sorted(map(literal, folder.glob("*.parquet")))
        if files:
            connection.read_parquet(files, hive_partitioning=False).create_view(table)
        else:
            connection.execute(_create(table, _typed(TABLES[table])))
    current = _MADE
    if published is not None:
        quoted = str(published).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS published (READ_ONLY)")
        current = f"SELECT * FROM published.current_decisions AS d {_NOT_WITHDRAWN} UNION ALL BY NAME {_MADE}"  # noqa: S608 -- our own words
    connection.execute(f"CREATE VIEW current_decisions AS {current}")
    return connection


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
        connection.execute(SCHEMA)
        connection.execute(f"COMMENT ON TABLE runs IS '{_SCHEMA_MARK}'")
        _insert(connection, generation, manifests)


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
    marks = ", ".join("?" * len(_RUN_COLUMNS))
    rows = [_run_row(run) for run in manifests]
    if rows:
        connection.executemany(f"INSERT INTO runs VALUES ({marks})", rows)  # noqa: S608 -- question marks only


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
