"""Ad-hoc SQL on the results, strictly read-only: only the tables of the DuckDB file are accessible."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa

from claims_edit.duck import Settings, connect
from claims_edit.errors import ResultsError, UsageError
from claims_edit.store.generation import CURRENT, DATABASE, FORMAT_VERSION, current_generation, format_version
from claims_edit.store.history import HISTORY_SCHEMA, WITHDRAWAL_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_CLOSED: Settings = {
    "enable_external_access": "false",  # no file, no ATTACH, no COPY, no extension from anywhere
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
}
_QUERIES = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_ABOUT_THE_SQL = (  # these quote only the query itself; every other message may quote a cell
    duckdb.ParserException,
    duckdb.SyntaxException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.PermissionException,
)
_UNSHOWN_KINDS = (pa.types.is_interval, pa.types.is_map, pa.types.is_union)
_UNSHOWN = "a type that cannot be shown. Cast it: CAST(… AS VARCHAR)."
_BATCH_ROWS = 20_000
_PUBLISHED_MEANWHILE = 3


@dataclass(frozen=True)
class Answer:
    """The result of one query, read once and in bounded batches."""

    columns: tuple[str, ...]
    _reader: pa.RecordBatchReader

    def batches(self) -> Iterator[pl.DataFrame]:
        """The rows, at least one (perhaps empty) frame.

        Raises:
            UsageError: the query fails, or has a column of a type that Polars does not support.
        """
        try:
            yield self._frame(self._reader.schema.empty_table())
            for batch in self._reader:
                yield self._frame(batch)
        except (duckdb.Error, OSError) as error:
            raise _fault(error) from None
        except pl.exceptions.PolarsError:
            raise UsageError(f"sql: a column has {_UNSHOWN}") from None

    def close(self) -> None:
        """Close an unread result: an open one prevents the file from being opened again."""
        self._reader.close()

    @staticmethod
    def _frame(rows: pa.Table | pa.RecordBatch) -> pl.DataFrame:
        frame = pl.from_arrow(rows)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 -- rows of named columns: never a series
        return frame


@dataclass(frozen=True)
class Limits:
    """The limits of one query: memory in DuckDB's form ("1GB"), and seconds; 0 is no time limit."""

    memory: str = "1GB"
    seconds: float = 600


def open_readonly(out: Path, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to the current DuckDB file that can neither write nor read any other file.

    Args:
        out: the results folder.
        memory: the memory limit of DuckDB; None for no limit.

    Raises:
        UsageError: nothing is published there.
        ResultsError: the folder is damaged, or another program writes to its DuckDB file.
    """
    settings = _CLOSED if memory is None else _CLOSED | {"memory_limit": memory}
    for _ in range(_PUBLISHED_MEANWHILE):
        if current_generation(out) is None:
            raise UsageError(f"{out}: no run is published here. Run `claims-edit run EXTRACT --out` first.")
        path = (out / CURRENT / DATABASE).resolve()
        try:
            connection = connect(path, read_only=True, settings=settings, lock=True)
        except duckdb.Error:
            if path == (out / CURRENT / DATABASE).resolve():
                break
            continue
        if format_version(path.parent) < FORMAT_VERSION:
            _add_absent_tables(connection)
        return connection
    raise ResultsError(
        f"{out / DATABASE}: cannot be opened: missing, damaged, or open for writing elsewhere. Close other programs;"
        " if that does not help, `claims-edit rebuild --out` makes it anew from the Parquet files."
    )


def _add_absent_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty tables that results of an earlier format do not have; the file remains as it is."""
    for table, schema in {"history": HISTORY_SCHEMA, "withdrawals": WITHDRAWAL_SCHEMA}.items():
        connection.register(table, pl.DataFrame(schema=schema).to_arrow())


def ask(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any] | None = None) -> Answer:
    """The result of one SELECT.

    Raises:
        UsageError: DuckDB rejects it.
    """
    try:
        reader = connection.sql(sql, params=parameters).to_arrow_reader(_BATCH_ROWS)
    except duckdb.Error as error:
        raise _fault(error) from None
    columns = tuple(reader.schema.names)
    faults = [
        f"sql: column {name} has {_UNSHOWN}"
        for name, kind in zip(columns, reader.schema.types, strict=True)
        if not _is_known(kind)
    ]
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        faults = [f"sql: duplicate column names ({', '.join(twice)}). Rename each with AS."]
    if faults:
        del reader  # an open result in the error's traceback would prevent the file from being opened again
        raise UsageError(*faults)
    return Answer(columns, reader)


def _is_known(kind: pa.DataType) -> bool:
    """Whether every output format supports this type."""
    if isinstance(kind, pa.OpaqueType) or any(is_of(kind) for is_of in _UNSHOWN_KINDS):
        return False
    return all(_is_known(kind.field(place).type) for place in range(kind.num_fields))


@contextmanager
def query(out: Path, sql: str, limits: Limits | None = None) -> Iterator[Answer]:
    """The result of an analyst's query over the results folder `out`, within its limits, until the block ends.

    Raises:
        UsageError: it is not exactly one SELECT, or it fails, or exceeds its limits.
        ResultsError: the folder is damaged.
    """
    limits = limits or Limits()
    with open_readonly(out, limits.memory) as connection, _stopped_after(limits.seconds, connection):
        _only_one_select(sql)
        answer = ask(connection, sql)
        try:
            yield answer
        finally:
            answer.close()


@contextmanager
def _stopped_after(seconds: float, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Interrupt the connection when the time is over."""
    if not seconds:
        yield
        return
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _only_one_select(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise _fault(error) from None
    if len(statements) != 1:
        raise UsageError(f"sql: {len(statements)} statements. Use exactly one SELECT.")
    if statements[0].type == duckdb.StatementType.MULTI:
        raise UsageError("sql: this PIVOT creates its own type. List its values: PIVOT … ON column IN (…).")
    if statements[0].type not in _QUERIES:
        raise UsageError(f"sql: {statements[0].type.name} is not allowed: the results are read-only. Use one SELECT.")


def _fault(error: Exception) -> UsageError:
    """The error, with DuckDB's message if it cannot contain a cell value."""
    if isinstance(error, _ABOUT_THE_SQL):
        message = " ".join(str(error).split("\n\n")[0].split())
        return UsageError(f"sql: {message} Fix the query and run it again.")
    if isinstance(error, duckdb.OutOfMemoryException) or str(error).startswith("Out of Memory"):
        return UsageError(
            "sql: the query exceeds its memory limit. Select fewer rows or columns, or raise --memory-limit."
        )
    if isinstance(error, duckdb.InterruptException) or str(error).startswith("INTERRUPT"):
        return UsageError("sql: the query exceeded its time limit. Select less, or raise --time-limit.")
    kind = str(error).partition(":")[0]
    return UsageError(
        f"sql: {kind if kind.endswith(' Error') else 'Error'}: a value in the results does not fit the operation"
        " in the query. Use TRY_CAST, or exclude such rows."
    )
