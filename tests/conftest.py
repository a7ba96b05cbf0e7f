"""What every test process needs before the program is imported, and what the tests of one run share."""

from __future__ import annotations

import __main__

# A worker of pytest-xdist is started with `python -c`. DuckDB takes a main module without a file for an interactive
# one, and draws a progress bar on standard output, where tests look for results. The program always has a file.
if not hasattr(__main__, "__file__"):
    __main__.__file__ = __file__

import gc
import os
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from claims_edit import policy
from claims_edit.policy.parse import Parsed
from claims_edit.store import database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

    from claims_edit.rule_files.values import Strict

# The same examples on every machine, and no deadline: a busy machine is no fault.
settings.register_profile("claims-edit", deadline=None, derandomize=True, database=None)
settings.load_profile("claims-edit")


def pytest_collection_finish() -> None:
    """Tests and the modules behind them stay to the end: a collection of garbage need not walk them (a tenth less)."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """At the end they go as they would have gone: extension modules complain of what is left."""
    gc.unfreeze()


_compiled = policy.catalog_of


@lru_cache(maxsize=32)
def _once(contents: tuple[tuple[str, bytes], ...], **view: Any) -> policy.Catalog:
    return _compiled(dict(contents), **view)


def _catalog_of(contents: dict[str, bytes], **view: Any) -> policy.Catalog:
    """The same files give the same tables: a test process compiles each pack once."""
    return _once(tuple(sorted(contents.items())), **view)


policy.catalog_of = _catalog_of

parsing = import_module("claims_edit.policy.parse")  # the package has a function of that name
_parse_file = parsing._parse_file


@lru_cache(maxsize=512)
def _parsed_once(path: str, raw: bytes, kind: type[Strict]) -> Parsed:
    parsed = Parsed()
    _parse_file(path, raw, kind, parsed)
    return parsed


def _parse_file_once(path: str, raw: bytes, kind: type[Strict], parsed: Parsed) -> None:
    """A test that changes one file of a pack does not read the others again."""
    found = _parsed_once(path, raw, kind)
    parsed.files.update(found.files)
    parsed.plain.update(found.plain)
    parsed.broken |= found.broken
    parsed.faults += found.faults


parsing._parse_file = _parse_file_once

_build = database._build
_empty: list[bytes] = []


def _build_from_empty(
    path: Path, generation: Path, manifests: list[dict[str, Any]], *, previous: Path | None, scratch: Path
) -> None:
    """A test process makes the tables, views and comments of a new DuckDB file once; other files begin as its copy.

    Where the copy is of no use (a test has another schema), the file is made as it would have been.
    """
    if previous is None:
        if not _empty:
            _build(path, generation, [], previous=None, scratch=scratch)
            _empty.append(path.read_bytes())
        path.write_bytes(_empty[0])
        if database._is_completed(path, generation, manifests, scratch):
            return
    _build(path, generation, manifests, previous=previous, scratch=scratch)


database._build = _build_from_empty

_in_memory = database._in_memory
_writing: list[duckdb.DuckDBPyConnection] = []


@contextmanager
def _connect_here(path: Path, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A test process writes all DuckDB files through one database in memory: to make one takes 15 ms of CPU.

    What is written needs no room on a disk beside it, so `scratch` may be that of the first file.
    """
    if not _writing:
        _writing.append(_in_memory(scratch))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_in_memory", lambda _scratch: _writing[0].cursor())
        with _connect(path, scratch) as connection:
            yield connection


_connect = database._connect
database._connect = _connect_here

# A test process does not outlive its machine: what it writes need not wait for the disk.
os.fsync = lambda _handle: None


@pytest.fixture(scope="session")
def deck_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published run of sample_claims/claims.csv with its contracts: to be read only."""
    from tests.lib.deck import shared_deck  # noqa: PLC0415 -- the program is imported by those that run it

    with pytest.MonkeyPatch.context() as patch:
        return shared_deck(tmp_path_factory, "deck", patch)


@pytest.fixture(scope="session")
def deck_in_all_forms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published run of the deck as CSV, 837 and FHIR, with its contracts: to be read only."""
    from tests.lib.deck import shared_deck  # noqa: PLC0415 -- the program is imported by those that run it

    with pytest.MonkeyPatch.context() as patch:
        return shared_deck(tmp_path_factory, "forms", patch, "claims.csv", "claims.837", "claims-fhir.ndjson")
