"""`rebuild`: the DuckDB file is made anew from the Parquet files, whole or not at all."""

from __future__ import annotations

import grp
import os
import signal
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.functional.program import called, copied, environment
from tests.lib.earlier_release import NIGHTS, unpack
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VIEWS = ("current_decisions", "denials", "reviews", "denial_reasons", "quarantine", "history", "withdrawals", "runs")
KILLED = """
import os, signal, sys
from pathlib import Path
from claims_edit.__main__ import main
from claims_edit.store import folder

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv.pop(1) == "database":
    folder.build_database = die
else:
    Path.replace = die
main()
"""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return unpack(tmp_path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same nights, run by this release: to be copied."""
    folder = unpack(tmp_path_factory.mktemp("nights")).with_name("fresh")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        for extract, as_of in NIGHTS.items():
            done = called("run", extract, "--out", folder, "--as-of", as_of, "--reports", "none", "--quiet")
            assert done.code == 0, done.err
    return folder


@pytest.fixture
def out(old: Path, published: Path) -> Path:
    return copied(published, old.with_name("fresh"))


def answers(out: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        return {view: connection.sql(f"FROM {view} ORDER BY ALL").fetchall() for view in VIEWS}


def record(out: Path) -> dict[str, str]:
    """Every file of the current state but the DuckDB file, by its bytes."""
    shown = (out / ".current").resolve()
    return {
        str(path.relative_to(shown)): sha256(path.read_bytes()).hexdigest()
        for path in shown.rglob("*")
        if path.is_file() and path.suffix != ".duckdb"
    }


def emptied(database: Path) -> None:
    with duckdb.connect(database) as connection:
        connection.execute("DELETE FROM decisions")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": lambda database: database.unlink(),
    "cut": lambda database: database.write_bytes(database.read_bytes()[:5000]),
    "no database": lambda database: database.write_bytes(b"claim"),
    "rows deleted": emptied,
    "intact": lambda _: None,
}


@pytest.mark.parametrize("damage", first(2, DAMAGES.values()), ids=DAMAGES)
def test_the_duckdb_file_is_as_it_was_whatever_became_of_it(out: Path, damage: Callable[[Path], object]) -> None:
    before, written = answers(out), record(out)
    damage((out / "claims_edit.duckdb").resolve())
    done = called("rebuild", "--out", out)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"Made anew: {out}/claims_edit.duckdb (3 runs)\n"
    assert all(before[view] for view in ("current_decisions", "history", "withdrawals"))
    assert answers(out) == before
    assert record(out) == written
    assert len(list((out / ".generations").iterdir())) == 1


@pytest.mark.long
def test_results_of_an_earlier_release_are_carried_over(old: Path) -> None:
    done = called("rebuild", "--out", old)
    assert done.out == f"Made anew: {old}/claims_edit.duckdb (4 runs, carried over from an earlier format)\n"
    rebuilt = answers(old)
    assert rebuilt["history"]
    assert rebuilt["withdrawals"]
    assert called("rebuild", "--out", old).out == f"Made anew: {old}/claims_edit.duckdb (4 runs)\n"
    assert answers(old) == rebuilt


@pytest.mark.long
@pytest.mark.parametrize("moment", ["database", "rename"])
@pytest.mark.parametrize("kind", ["present", "earlier"])
def test_killed_it_leaves_what_was_there(out: Path, old: Path, moment: str, kind: str) -> None:
    folder = out if kind == "present" else old
    before = record(folder)
    database = (folder / "claims_edit.duckdb").read_bytes()
    command = [sys.executable, "-c", KILLED, moment, "rebuild", "--out", str(folder)]
    assert subprocess.run(command, check=False, env=environment()).returncode == -signal.SIGKILL
    assert record(folder) == before
    assert (folder / "claims_edit.duckdb").read_bytes() == database
    assert called("rebuild", "--out", folder).code == 0
    assert len(list((folder / ".generations").iterdir())) == 1
    assert not (folder / ".staging").exists()


def test_where_it_fails_it_leaves_what_was_there(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, written = answers(out), record(out)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("claims_edit.store.folder.build_database", full)
    done = called("rebuild", "--out", out)
    assert (done.code, len(done.faults)) == (13, 1)
    assert "No space left on device" in done.err
    assert (answers(out), record(out)) == (before, written)


def test_a_record_that_lacks_rows_is_refused(out: Path) -> None:
    before = answers(out)
    min(out.glob("decisions/*/part-00000.parquet")).unlink()
    done = called("rebuild", "--out", out)
    assert (done.code, len(done.faults)) == (13, 1)
    assert answers(out) == before


@pytest.mark.long
def test_the_group_that_may_read_the_results_still_may(out: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    assert called("run", "night-3.csv", "--out", out, "--as-of", "2026-03-04", "--group", group, "--quiet").code == 0
    assert called("rebuild", "--out", out).code == 0
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (out / ".current").resolve().rglob("*")}
    assert modes == {True: 0o750, False: 0o640}


@pytest.mark.parametrize("made", [True, False])
def test_where_nothing_is_published_nothing_is_made(tmp_path: Path, *, made: bool) -> None:
    out = tmp_path / "results"
    if made:
        out.mkdir()
    done = called("rebuild", "--out", out)
    assert (done.code, len(done.faults)) == (2, 1)
    assert out.exists() == made
    assert not made or not list(out.iterdir())
