"""SQL on the results: read-only in every sense, and silent about cells when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from claims_edit.errors import ResultsError, UsageError
from claims_edit.store import open_readonly, query
from tests.lib.runs import line, publish

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

RUN = "20260301T010000Z-aaaa"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    publish(folder, RUN, [line(), line(claim_line_number=2, source_row=3, group_id="SECRET-9")])
    return folder


def rows(out: Path, sql: str) -> list[tuple[object, ...]]:
    with query(out, sql) as answer:
        return [row for batch in answer.batches() for row in batch.iter_rows()]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) FROM denials", [(2,)]),
        ("FROM denial_reasons SELECT lines", [(2,)]),
        ("WITH d AS (FROM denials) SELECT claim_line_number FROM d ORDER BY 1;", [(1,), (2,)]),
        ("VALUES (1)", [(1,)]),
        ("SELECT 1 WHERE false", []),
        ("SELECT sum(claim_line_number) FROM decisions", [(3,)]),
    ],
)
def test_a_select_is_answered(out: Path, sql: str, expected: list[tuple[object, ...]]) -> None:
    assert rows(out, sql) == expected


@pytest.mark.parametrize("sql", ["DESCRIBE decisions", "SHOW TABLES", "SUMMARIZE runs", "EXPLAIN FROM denials"])
def test_so_is_a_look_at_the_tables(out: Path, sql: str) -> None:
    assert rows(out, sql)


def test_columns_and_types_come_along_when_there_is_no_row(out: Path) -> None:
    with query(out, "SELECT claim_id, charge_amount FROM decisions WHERE false") as answer:
        assert answer.columns == ("claim_id", "charge_amount")
        frames: list[pl.DataFrame] = list(answer.batches())
    assert [frame.height for frame in frames] == [0]
    assert [str(kind) for kind in frames[0].schema.dtypes()] == ["String", "Decimal(precision=18, scale=2)"]


REFUSED = [
    "CREATE TABLE t (a INT)", "CREATE TEMP TABLE t (a INT)", "CREATE VIEW v AS SELECT 1", "DROP TABLE decisions",
    "DROP VIEW denials", "INSERT INTO runs (run_id) VALUES ('x')", "UPDATE runs SET mode = 'x'", "DELETE FROM runs",
    "TRUNCATE runs", "ALTER TABLE runs RENAME TO r", "COPY decisions TO '{file}'", "COPY decisions FROM '{file}'",
    "COPY (SELECT 1) TO '{file}' (FORMAT parquet)", "EXPORT DATABASE '{file}'", "IMPORT DATABASE '{file}'",
    "ATTACH '{file}' AS other", "ATTACH ':memory:' AS other", "DETACH memory", "USE memory", "INSTALL httpfs",
    "LOAD httpfs", "SET threads = 1", "SET enable_external_access = true", "RESET lock_configuration",
    "SET VARIABLE a = 1", "PRAGMA threads = 1", "PRAGMA database_list", "PRAGMA enable_profiling",
    "CALL pragma_version()", "CHECKPOINT", "VACUUM", "ANALYZE", "BEGIN",
    "PREPARE p AS SELECT 1", "CREATE SECRET s (TYPE s3)",
    "CREATE MACRO m() AS 1", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE decisions", "", "  -- nothing",
    "PIVOT decisions ON disposition USING count(*)", "EXPLAIN ANALYZE COPY decisions TO '{file}'",
    "SELECT * FROM read_csv('{file}')", "SELECT * FROM read_csv_auto('{file}')", "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM parquet_scan('{file}')", "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM read_text('{file}')", "SELECT * FROM read_blob('{file}')", "SELECT * FROM glob('{file}*')",
    "SELECT * FROM read_json('{file}')", "SELECT * FROM read_ndjson_objects('{file}')",
    "SELECT * FROM sniff_csv('{file}')", "SELECT * FROM '{file}'", "SELECT * FROM 'https://localhost/x.csv'",
    "SELECT * FROM read_csv('https://localhost/x.csv')", "SELECT getenv('HOME')", "SELECT * FROM sql",
    "SELECT * FROM frame",    "SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = '{file}')",
    "SELECT * FROM enable_profiling()", "SELECT * FROM read_duckdb('{file}', table_name = 'runs')",
    "SELECT * FROM duckdb_secrets()", "SELECT * FROM query('COPY decisions TO ''{file}''')",
    "FROM query('SELECT * FROM read_text(''{file}'')')",
]  # fmt: skip


@pytest.mark.parametrize("sql", REFUSED)
def test_whatever_is_no_select_on_the_results_is_refused(out: Path, tmp_path: Path, sql: str) -> None:
    file = tmp_path / "file.csv"
    before = sorted(tmp_path.rglob("*")), sorted(out.rglob("*")), (out / "claims_edit.duckdb").read_bytes()
    frame = "not seen"
    assert frame
    with pytest.raises(UsageError, match=r"^sql: ") as fault:
        rows(out, sql.replace("{file}", str(file)))
    assert fault.value.exit_code == 2
    assert "\n" not in str(fault.value)
    after = sorted(tmp_path.rglob("*")), sorted(out.rglob("*")), (out / "claims_edit.duckdb").read_bytes()
    assert before == after


def test_a_file_that_is_there_is_not_read_either(out: Path, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("a\n1\n")
    for sql in ("FROM '{file}'", "FROM read_csv('{file}')", "FROM read_text('{file}')", "FROM glob('{file}')"):
        with pytest.raises(UsageError):
            rows(out, sql.replace("{file}", str(tmp_path / "file.csv")))
    inside = next((out / "decisions").glob("**/*.parquet"))
    with pytest.raises(UsageError):
        rows(out, f"FROM read_parquet('{inside}')")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST(group_id AS INT) FROM decisions",
        "SELECT CAST(group_id AS DATE) FROM decisions",
        "SELECT CAST(group_id AS DECIMAL(3,1)) FROM decisions",
        "SELECT CAST(charge_amount AS TINYINT) FROM decisions",
        "SELECT strptime(group_id, '%Y') FROM decisions",
        "SELECT error(group_id) FROM decisions",
        "SELECT group_id::JSON FROM decisions",
        "SELECT CASE WHEN claim_line_number = 2 THEN CAST(group_id AS INT) END FROM decisions",
        "SELECT date_trunc(group_id, DATE '2020-01-01') FROM decisions",
        "SELECT group_id::INTERVAL FROM decisions",
        "SELECT CAST(group_id AS UUID) FROM decisions",
        "SELECT CAST(group_id AS ENUM ('a', 'b')) FROM decisions",
        "SELECT regexp_matches('a', '(' || group_id) FROM decisions",
        "SELECT (SELECT group_id FROM decisions)",
    ],
)
def test_an_error_shows_no_cell(out: Path, sql: str) -> None:
    with pytest.raises(UsageError, match=r"^sql: ") as fault:
        rows(out, sql)
    for cell in ("SECRET", "G1", "1000"):
        assert cell not in str(fault.value)


@pytest.mark.parametrize(
    ("sql", "reported"),
    [
        ("SELECT nosuch FROM denials", 'column "nosuch" not found'),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("FROM nosuch", "Table with name nosuch does not exist"),
        ("SELECT 1 AS a, 2 AS a", r"duplicate column names \(a\)"),
        ("SELECT INTERVAL 1 DAY AS i", "column i has a type that cannot be shown"),
        ("SELECT [{'a': INTERVAL 1 DAY}] AS i", "column i has a type that cannot be shown"),
        ("SELECT MAP {'k': 1} AS m", "column m has a type that cannot be shown"),
        ("SELECT 1::BIGNUM AS b", "column b has a type that cannot be shown"),
        ("SELECT union_value(k := 1) AS u", "a type that cannot be shown"),
    ],
)
def test_an_error_in_the_query_is_reported_in_duckdbs_words(out: Path, sql: str, reported: str) -> None:
    with pytest.raises(UsageError, match=reported):
        rows(out, sql)


def test_the_connection_itself_cannot_write(out: Path) -> None:
    with open_readonly(out) as connection, pytest.raises(duckdb.Error):
        connection.execute("DELETE FROM decisions")


def test_a_folder_without_a_run_reports_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run is published"):
        open_readonly(tmp_path)


def test_a_damaged_file_reports_it(tmp_path: Path) -> None:
    publish(tmp_path, RUN, [line()])
    (tmp_path / "claims_edit.duckdb").resolve().write_bytes(b"no database")
    with pytest.raises(ResultsError, match="cannot be opened"):
        open_readonly(tmp_path)
    (tmp_path / "claims_edit.duckdb").resolve().unlink()
    with pytest.raises(ResultsError, match="cannot be opened"):
        open_readonly(tmp_path)
