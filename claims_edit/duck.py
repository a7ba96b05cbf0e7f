"""DuckDB connections, all made here, so that none shows a progress bar on standard output."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

_WILDCARD = re.compile(r"([*?[])")
Settings = dict[str, str | bool | int | float | list[str]]


def literal(path: Path | str) -> str:
    """A path with all wildcards of DuckDB's readers escaped: they treat any path as a glob."""
    return _WILDCARD.sub(r"[\1]", str(path))


def connect(
    path: Path | None = None, *, read_only: bool = False, settings: Settings | None = None, lock: bool = False
) -> duckdb.DuckDBPyConnection:
    """A connection to a DuckDB file, or to a database in memory, without a progress bar (notebooks have one).

    Args:
        path: of the file.
        read_only: whether it may not be written.
        settings: DuckDB settings by name.
        lock: whether no statement may change a setting.

    Raises:
        duckdb.Error: the file cannot be opened.
    """
    connection = duckdb.connect(path if path is not None else ":memory:", read_only=read_only, config=settings or {})
    connection.execute("SET enable_progress_bar = false")
    if lock:
        connection.execute("SET lock_configuration = true")
    return connection


def shared() -> duckdb.DuckDBPyConnection:
    """A connection to the one database in memory of this process: to make another one takes 15 ms of CPU.

    It is for one query over what the caller registers or reads; its settings are everyone's, so none is changed.
    """
    return _in_memory().cursor()


@cache
def _in_memory() -> duckdb.DuckDBPyConnection:
    return connect()
