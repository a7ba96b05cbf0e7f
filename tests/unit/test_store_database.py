"""The DuckDB file: tables and views that say what the Parquet record says, wherever the file lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from claims_edit.engine import DECISION_SCHEMA
from claims_edit.model import QUARANTINE_COLUMNS
from claims_edit.store import database, generation
from claims_edit.store.record import PARTS
from tests.lib.examples import first
from tests.lib.runs import REFUSED, REVIEWED, line, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

RUNS = [f"2026030{day}T010000Z-aaaa" for day in range(1, 10)]
DUCKDB_TYPES = {
    pl.String(): "VARCHAR", pl.Int64(): "BIGINT", pl.Date(): "DATE", pl.Float64(): "DOUBLE", pl.Boolean(): "BOOLEAN",
    pl.Decimal(18, 2): "DECIMAL(18,2)", pl.List(pl.String()): "VARCHAR[]",
}  # fmt: skip


def asked(out: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_tables_have_the_documented_columns_in_order_with_the_engines_types(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line()])
    decisions = asked(tmp_path, "SELECT column_name, column_type FROM (DESCRIBE decisions)")
    assert decisions == [(name, DUCKDB_TYPES[dtype]) for name, dtype in DECISION_SCHEMA.items()]
    quarantine = asked(tmp_path, "SELECT column_name, column_type FROM (DESCRIBE quarantine)")
    assert tuple(name for name, _ in quarantine) == QUARANTINE_COLUMNS


def test_decisions_are_the_parquet_rows(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(), line(**REVIEWED, source_row=3)], [REFUSED])
    files = f"{tmp_path}/decisions/**/*.parquet"
    with duckdb.connect(tmp_path / "claims_edit.duckdb", read_only=True) as connection:
        stored = connection.sql("SELECT * FROM decisions ORDER BY source_row").pl()
    assert stored.equals(pl.read_parquet(files, hive_partitioning=False).sort("source_row"))


@pytest.mark.long
def test_the_latest_enforced_run_wins_per_claim_line(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(), line(claim_line_number=2)])
    publish(tmp_path, RUNS[1], [line(**REVIEWED)])
    publish(tmp_path, RUNS[2], [line()], mode="shadow")
    current = asked(tmp_path, "SELECT run_id, claim_line_number, disposition FROM current_decisions ORDER BY 2")
    assert current == [(RUNS[1], 1, "review"), (RUNS[0], 2, "deny")]


@pytest.mark.long
def test_lines_of_one_key_in_one_run_all_stay_and_nulls_are_one_key(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(data_source=None)])
    publish(
        tmp_path,
        RUNS[1],
        [line(data_source=None), line(data_source=None, source_row=3), line(payer_raw="Other", source_row=4)],
    )
    current = asked(tmp_path, "SELECT run_id, source_row, payer_raw FROM current_decisions ORDER BY ALL")
    assert current == [
        (RUNS[0], 2, "Regence BlueShield"),  # seen again: its first decision remains current
        (RUNS[1], 3, "Regence BlueShield"),
        (RUNS[1], 4, "Other"),
    ]


def test_the_views_of_dispositions_take_enforced_runs_only(tmp_path: Path) -> None:
    kinds = ["deny", "review", "refer", "return", "pass"]
    rows = [line(disposition=kind, source_row=row) for row, kind in enumerate(kinds)]
    publish(tmp_path, RUNS[0], rows)
    publish(tmp_path, RUNS[1], rows, mode="shadow")
    for view, kind in (("denials", "deny"), ("reviews", "review"), ("referrals", "refer"), ("returns", "return")):
        assert asked(tmp_path, f"SELECT run_id, disposition FROM {view}") == [(RUNS[0], kind)]


def test_denial_reasons_count_lines_claims_and_charges_of_current_denials(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line(charge_amount=Decimal("7.77"))])
    rows = [
        line(),
        line(claim_line_number=2, source_row=3, charge_amount=Decimal("0.05")),
        line(claim_id="C2", source_row=4, program=None, charge_amount=None),
        line(claim_id="C3", source_row=5, **REVIEWED),
    ]
    publish(tmp_path, RUNS[1], rows)
    assert asked(tmp_path, "FROM denial_reasons") == [
        ("regence", "commercial", "investigational", "2026-02", 2, 1, Decimal("1000.15")),
        ("regence", None, "investigational", "2026-02", 1, 1, None),
    ]


def test_runs_show_the_manifests_in_utc(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line()], [REFUSED])
    sql = """
    SELECT mode, strftime(started_at, '%H:%M'), rows_read, deny, "pass", charges_read, charges_quarantined FROM runs
    """
    assert asked(tmp_path, sql) == [("enforce", "01:00", 2, 1, 0, Decimal("1005.10"), Decimal("5.00"))]


def test_the_file_answers_wherever_it_is_moved_and_whatever_it_is_called(tmp_path: Path) -> None:
    publish(tmp_path / "out", RUNS[0], [line()], [REFUSED])
    moved = tmp_path / "another name.duckdb"
    shutil.copy(tmp_path / "out" / "claims_edit.duckdb", moved)
    shutil.rmtree(tmp_path / "out")
    views = ("decisions", "current_decisions", "denials", "denial_reasons", "quarantine", "runs")
    with duckdb.connect(moved, read_only=True) as connection:
        for view in views:
            assert connection.table(view).count("*").fetchall() == [(1,)]
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{moved}' AS mine (READ_ONLY)")
        assert connection.execute("SELECT count(*) FROM mine.denial_reasons").fetchone() == (1,)


def test_the_file_holds_no_path(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line()])
    publish(tmp_path, RUNS[1], [line()])
    assert os.fsencode(tmp_path) not in (tmp_path / "claims_edit.duckdb").read_bytes()


@pytest.fixture
def inserted(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Which runs each build read from their Parquet files."""
    seen: list[list[str]] = []
    insert = database._insert

    def spy(connection: duckdb.DuckDBPyConnection, generation: Path, manifests: list[dict[str, Any]]) -> None:
        seen.append([run["run_id"] for run in manifests])
        insert(connection, generation, manifests)

    monkeypatch.setattr(database, "_insert", spy)
    return seen


def test_a_new_run_is_added_to_the_file_of_the_last_or_of_the_one_before(
    tmp_path: Path, inserted: list[list[str]]
) -> None:
    publish(tmp_path, RUNS[0], [line()], [REFUSED])
    for run_id in RUNS[1:4]:
        publish(tmp_path, run_id, [line()])
    assert inserted == [RUNS[:1], RUNS[1:2], RUNS[1:3], RUNS[2:4]]
    assert asked(tmp_path, "SELECT count(*) FROM decisions") == [(4,)]


@contextmanager
def held_here(database: Path) -> Iterator[Callable[[], int]]:
    with duckdb.connect(database, read_only=True) as held:
        yield lambda: int(held.execute("SELECT count(*) FROM decisions").fetchall()[0][0])


@contextmanager
def held_elsewhere(database: Path) -> Iterator[Callable[[], int]]:
    reader = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True)\n"
        "for _ in sys.stdin: print(c.execute('SELECT count(*) FROM decisions').fetchone()[0], flush=True)"
    )
    command = [sys.executable, "-c", reader, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        requests, replies = process.stdin, process.stdout
        assert replies.readline() == "open\n"

        def count() -> int:
            requests.write("\n")
            requests.flush()
            return int(replies.readline())

        yield count
        requests.close()


@pytest.mark.long
@pytest.mark.parametrize("held", first(1, [held_here, held_elsewhere]))
def test_a_file_of_the_generation_before_that_is_open_is_left_alone(
    tmp_path: Path, inserted: list[list[str]], held: Callable[[Path], AbstractContextManager[Callable[[], int]]]
) -> None:
    publish(tmp_path, RUNS[0], [line()])
    with held(tmp_path / "claims_edit.duckdb") as count:
        for run_id in RUNS[1:4]:
            publish(tmp_path, run_id, [line()])
            assert count() == 1
    assert inserted == [RUNS[:1], RUNS[1:2], RUNS[2:3], RUNS[2:4]]
    assert asked(tmp_path, "SELECT count(*) FROM decisions") == [(4,)]


@pytest.mark.long
@pytest.mark.parametrize("place", range(6))
def test_a_changed_file_of_the_generation_before_is_not_used(
    tmp_path: Path, inserted: list[list[str]], place: int
) -> None:
    publish(tmp_path, RUNS[0], [line()])
    publish(tmp_path, RUNS[1], [line()])
    CHANGES[place](tmp_path / ".generations/1/claims_edit.duckdb")
    publish(tmp_path, RUNS[2], [line()])
    assert inserted[-1] == RUNS[2:3]
    assert asked(tmp_path, "SELECT run_id, disposition FROM decisions") == [(run, "deny") for run in RUNS[:3]]


def tamper(path: Path) -> None:
    real = path.resolve()
    with duckdb.connect(real) as connection:
        connection.execute("UPDATE decisions SET disposition = 'pass'")


def spoil(path: Path) -> None:
    path.resolve().write_bytes(b"no database")


def truncate(path: Path) -> None:
    real = path.resolve()
    marked = real.stat()
    real.write_bytes(real.read_bytes()[:20000])
    os.utime(real, ns=(marked.st_atime_ns, marked.st_mtime_ns))


def remove(path: Path) -> None:
    path.resolve().unlink()


def older(path: Path) -> None:
    """As if an earlier release, with other views, had written it."""
    real = path.resolve()
    marked = real.stat()
    with duckdb.connect(real) as connection:
        connection.execute("COMMENT ON TABLE runs IS 'schema of yore'")
    os.utime(real, ns=(marked.st_atime_ns, marked.st_mtime_ns))


def shrink(path: Path) -> None:
    """Rows are gone, and the clock tells nothing."""
    real = path.resolve()
    marked = real.stat()
    with duckdb.connect(real) as connection:
        connection.execute("DELETE FROM decisions")
    os.utime(real, ns=(marked.st_atime_ns, marked.st_mtime_ns))


CHANGES = (tamper, spoil, truncate, remove, older, shrink)


@pytest.mark.long
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_is_not_as_it_was_published_is_made_anew_from_parquet(
    tmp_path: Path, inserted: list[list[str]], change: Callable[[Path], None]
) -> None:
    publish(tmp_path, RUNS[0], [line()])
    change(tmp_path / "claims_edit.duckdb")
    publish(tmp_path, RUNS[1], [line()])
    assert inserted[-1] == RUNS[:2]
    assert asked(tmp_path, "SELECT run_id, disposition FROM decisions") == [(run, "deny") for run in RUNS[:2]]


@pytest.mark.long
def test_a_run_that_was_taken_out_on_purpose_leaves_the_file_too(tmp_path: Path, inserted: list[list[str]]) -> None:
    publish(tmp_path, RUNS[0], [line()])
    publish(tmp_path, RUNS[1], [line()])
    for table in PARTS:
        shutil.rmtree(tmp_path / ".current" / table / f"run_id={RUNS[0]}")
    shutil.rmtree(tmp_path / "runs" / RUNS[0])
    (tmp_path / ".current" / generation.RUNS).write_text(f"{RUNS[1]}\n")
    publish(tmp_path, RUNS[2], [line()])
    assert inserted[-1] == [RUNS[1], RUNS[2]]
    assert asked(tmp_path, "SELECT run_id FROM runs") == [(RUNS[1],), (RUNS[2],)]


@pytest.mark.long
def test_a_run_of_an_earlier_release_has_fewer_columns(tmp_path: Path) -> None:
    publish(tmp_path, RUNS[0], [line()], [REFUSED])
    for path in (tmp_path / "decisions").glob("*/*.parquet"):
        pl.read_parquet(path).drop("doubts", "prior_authorization_number", "superseded_by").write_parquet(path)
    (tmp_path / "claims_edit.duckdb").write_bytes(b"not a database any more")
    publish(tmp_path, RUNS[1], [line(claim_id="C2", doubts="a-b")])
    found = asked(tmp_path, "SELECT claim_id, doubts FROM current_decisions ORDER BY claim_id")
    assert found == [("C1", None), ("C2", "a-b")]
