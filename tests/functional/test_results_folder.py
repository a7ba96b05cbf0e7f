"""A results folder in trouble: busy, damaged, or left behind by a run that was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.functional.program import (
    ROOT,
    UNREPORTED,
    Done,
    called,
    command_line,
    counts,
    csv_text,
    decisions,
    environment,
    lines,
    manifest,
    nothing_is_published,
    program,
    write,
)
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

LINES = {"small": 300, "large": 400_000}
SIZES = ["small", pytest.param("large", marks=pytest.mark.long)]
# A small run waits where a large one would be caught, until it may go on: its rows are read, and nothing is decided.
WAITING = """
import os, time
from pathlib import Path
from claims_edit.__main__ import main
from claims_edit.runner import run

decide_all = run.decide_all

def wait(*given):
    while not Path(os.environ["MAY_GO_ON"]).exists():
        time.sleep(0.005)
    return decide_all(*given)

run.decide_all = wait
main()
"""


@pytest.fixture(scope="module")
def nights() -> dict[str, Path]:
    return {}


@pytest.fixture
def night(size: str, nights: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extract of so many lines."""
    if size not in nights:
        nights[size] = tmp_path_factory.mktemp(size) / "night.csv"
        assert called("sample", "--lines", LINES[size], "--out", nights[size]).code == 0
    return nights[size]


def started(size: str, go: Path, *arguments: object) -> subprocess.Popen[str]:
    """The program in a process that can be caught at work; a small run ends once there is a file `go`."""
    typed = command_line(*arguments)
    return subprocess.Popen(
        typed if size == "large" else [sys.executable, "-c", WAITING, *typed[3:]],
        cwd=ROOT, env=environment(MAY_GO_ON=str(go)), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def published(command: Command, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    extract = write(tmp_path / "first.csv", csv_text(lines(6)))
    assert command("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    return out


def wait_for_staging(out: Path, child: subprocess.Popen[str]) -> None:
    """Until the run has kept something of what it reads."""
    while not list(out.glob(".staging/*/scratch/file-*")):
        assert child.poll() is None, "the run ended too early to be killed"
        time.sleep(0.005)


@pytest.mark.parametrize(("how", "code"), first(1, [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)]))
@pytest.mark.parametrize("size", SIZES)
def test_a_killed_run_leaves_nothing_visible(published: Path, night: Path, size: str, how: int, code: int) -> None:
    out = published
    before = manifest(out), (out / "claims_edit.duckdb").read_bytes()
    child = started(size, out / "never", "run", night, "--out", out, *UNREPORTED)
    wait_for_staging(out, child)
    child.send_signal(how)
    _, reported = child.communicate()
    assert child.returncode == code
    assert "Traceback" not in reported
    assert (manifest(out), (out / "claims_edit.duckdb").read_bytes()) == before
    assert len(list((out / "runs").iterdir())) == 1
    extract = write(out.parent / "next.csv", csv_text(lines(9)))
    assert called("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (9, 9, 0)
    assert not list(out.glob(".staging/*"))


def test_one_run_at_a_time(command: Command, published: Path) -> None:
    extract = write(published.parent / "next.csv", csv_text(lines(9)))
    with (published / ".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = command("run", extract, "--out", published, *UNREPORTED)
        assert (done.code, done.out, len(done.faults)) == (13, "", 1)
        assert "busy" in done.err
        assert command("sql", "SELECT 1", "--out", published).code == 0
        assert command("explain", "CL0000003", "--out", published).code == 0
    assert command("run", extract, "--out", published, "--quiet", *UNREPORTED).code == 0


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_two_runs_at_once_end_with_0_and_13(size: str, night: Path, tmp_path: Path) -> None:
    out, go = tmp_path / "out", tmp_path / "go"
    first = started(size, go, "run", night, "--out", out, "--quiet", *UNREPORTED)
    wait_for_staging(out, first)
    second = program("run", night, "--out", out, "--quiet", *UNREPORTED)
    assert (second.code, len(second.faults)) == (13, 1)
    go.touch()
    first.communicate()
    assert first.returncode == 0
    assert counts(out)[0] == LINES[size]


@pytest.mark.long
def test_an_analyst_with_the_database_open_stops_nobody(published: Path) -> None:
    with duckdb.connect(published / "claims_edit.duckdb", read_only=True) as held:
        assert held.sql("SELECT count(*) FROM decisions").fetchall() == [(2,)]
        extract = write(published.parent / "next.csv", csv_text(lines(9)))
        done = called("run", extract, "--out", published, "--quiet", *UNREPORTED)
        assert (done.code, done.err) == (0, "")
        assert held.sql("SELECT count(*) FROM decisions").fetchall() == [(2,)]
    with duckdb.connect(published / "claims_edit.duckdb", read_only=True) as fresh:
        assert fresh.sql("SELECT count(*) FROM decisions").fetchall() == [(5,)]
        assert fresh.sql("SELECT count(*) FROM current_decisions").fetchall() == [(3,)]  # the same lines, seen again


def _cut_parquet(out: Path) -> None:
    (part,) = out.glob("decisions/run_id=*/part-00000.parquet")
    os.truncate(part, 100)


def _drop_parquet(out: Path) -> None:
    (part,) = out.glob("decisions/run_id=*/part-00000.parquet")
    part.unlink()


def _spoil_manifest(out: Path) -> None:
    (reported,) = out.glob("runs/*/manifest.json")
    reported.write_text('{"run_id": 5}', encoding="utf-8")


def _drop_generation(out: Path) -> None:
    shutil.rmtree((out / ".current").resolve())


def _replace_link(out: Path) -> None:
    (out / "decisions").unlink()
    (out / "decisions").mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a cut Parquet file": _cut_parquet,
    "a missing Parquet file": _drop_parquet,
    "a spoiled manifest": _spoil_manifest,
    "a missing generation": _drop_generation,
    "a folder in the way": _replace_link,
}


@pytest.mark.parametrize("name", first(3, DAMAGES))
def test_a_damaged_folder_ends_with_13_and_stays_as_it_is(command: Command, published: Path, name: str) -> None:
    DAMAGES[name](published)
    extract = write(published.parent / "next.csv", csv_text(lines(9)))
    before = sorted(path.relative_to(published) for path in published.rglob("*"))
    done = command("run", extract, "--out", published, *UNREPORTED)
    assert (done.code, done.out) == (13, "")
    assert len(done.faults) == 1
    assert str(published) in done.err
    assert sorted(path.relative_to(published) for path in published.rglob("*")) == before


@pytest.mark.long
def test_a_lost_database_is_made_anew(command: Command, published: Path) -> None:
    (published / "claims_edit.duckdb").resolve().write_bytes(b"not a database")
    asked = command("sql", "SELECT 1", "--out", published)
    assert (asked.code, len(asked.faults)) == (13, 1)
    first = published.parent / "first.csv"
    assert command("run", first, "--out", published, "--force", "--quiet", *UNREPORTED).code == 0
    assert command("sql", "SELECT count(*) AS n FROM decisions", "--out", published, "--format", "csv").out == "n\n4\n"


@pytest.mark.long
def test_the_folder_can_be_moved(command: Command, published: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "results"
    moved.parent.mkdir()
    published.rename(moved)
    assert decisions(moved).height == 2
    assert command("explain", "CL0000003", "--out", moved).code == 0
    shutil.copy(moved / "claims_edit.duckdb", tmp_path / "alone.duckdb")
    with duckdb.connect(tmp_path / "alone.duckdb", read_only=True) as alone:
        assert alone.sql("SELECT count(*) FROM denials").fetchall() == [(2,)]


def test_a_refused_first_run_leaves_an_empty_folder(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "x.csv", "a,b\n1,2\n"), "--out", out).code == 11
    assert nothing_is_published(out)
    assert not list(out.glob(".staging/*"))
