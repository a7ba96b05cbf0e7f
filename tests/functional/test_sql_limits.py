"""A query that takes too much ends with one line, and a statement that never ends is not waited for."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.functional.program import Done, called, published_night
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable

BIG = "range(1000000)"
ENDLESS = "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) "


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_night(tmp_path_factory.mktemp("limits"), 6)


def is_one_line(done: Done, reported: str) -> bool:
    return done.code == 2 and len(done.faults) == 1 and reported in done.err


@pytest.mark.parametrize(
    "sql",
    first(
        3,
        [
            f"SELECT count(*) FROM {BIG} a, {BIG} b",
            f"FROM {BIG} a, {BIG} b",
            f"{ENDLESS} SELECT count(*) FROM a",
            f"{ENDLESS} FROM a",
        ],
    ),
)
@pytest.mark.parametrize("fmt", ["table", "csv"])
def test_a_query_that_never_ends_is_stopped(out: Path, tmp_path: Path, sql: str, fmt: str) -> None:
    target = tmp_path / "answer"
    done = called("sql", sql, "--out", out, "--time-limit", "0.3", "--format", fmt, "--to", target)
    assert is_one_line(done, "--time-limit"), done.err
    assert not target.exists()


@pytest.mark.parametrize(
    "sql", [f"FROM {BIG} a, {BIG} b ORDER BY 2, 1", "SELECT list(a.range) FROM range(100000000) a"]
)
def test_a_query_that_takes_too_much_memory_is_stopped(out: Path, sql: str) -> None:
    assert is_one_line(called("sql", sql, "--out", out, "--memory-limit", "100MB"), "--memory-limit")


@pytest.mark.parametrize("more", [(), ("--time-limit", "0"), ("--memory-limit", "2 GiB", "--time-limit", "60")])
def test_what_stays_within_its_limits_is_answered(out: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    to = ("--format", "csv", "--to", tmp_path / "answer")
    assert called("sql", "SELECT count(*) AS n FROM decisions", "--out", out, *to, *more).code == 0
    assert (tmp_path / "answer").read_text() == "n\n2\n"


@pytest.mark.parametrize("size", ["much", "1", "-1GB", "1GB; DROP"])
def test_a_limit_that_is_no_amount_is_refused(out: Path, size: str) -> None:
    done = called("sql", "SELECT 1", "--out", out, f"--memory-limit={size}")
    assert done.code == 2
    assert "Write it as 500MB or 2GB." in done.err


def a_device(_folder: Path) -> Path:
    return Path("/dev/zero")


def a_terminal(_folder: Path) -> Path:
    return Path("/dev/null")


def a_folder(folder: Path) -> Path:
    return folder


def a_pipe_without_end(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    threading.Thread(target=_fill, args=(folder / "pipe",), daemon=True).start()
    return folder / "pipe"


def _fill(pipe: Path) -> None:
    with pipe.open("wb", buffering=0) as endless:
        try:
            while True:
                endless.write(b"-- x\n" * 10_000)
        except BrokenPipeError:
            return


def a_file_without_end(folder: Path) -> Path:
    with (folder / "long.sql").open("wb") as long:
        long.truncate(1 << 40)
    return folder / "long.sql"


@pytest.mark.parametrize("what", [a_device, a_terminal, a_folder, a_file_without_end])
def test_a_statement_is_read_from_files_that_end(out: Path, tmp_path: Path, what: Callable[[Path], Path]) -> None:
    assert is_one_line(called("sql", "-f", what(tmp_path), "--out", out), "Use a file with one SELECT.")


def test_a_statement_is_read_from_a_pipe_up_to_its_length(out: Path, tmp_path: Path) -> None:
    pipe = a_pipe_without_end(tmp_path)
    holder = os.open(pipe, os.O_RDWR)  # as a shell holds it: the pipe has a writer when it is opened
    try:
        assert is_one_line(called("sql", "-f", pipe, "--out", out), "is longer than")
    finally:
        os.close(holder)


def test_a_pipe_that_nothing_comes_out_of_is_not_waited_for(out: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    holder = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        done = called("sql", "-f", tmp_path / "pipe", "--out", out, "--time-limit", "0.2")
    finally:
        os.close(holder)
    assert is_one_line(done, "this pipe had no data")


def test_a_statement_may_come_from_a_pipe(out: Path, tmp_path: Path) -> None:
    to = ("--format", "csv", "--to", tmp_path / "answer")
    read_end, write_end = os.pipe()
    os.write(write_end, b"SELECT count(*) AS n FROM decisions")
    os.close(write_end)
    try:
        assert called("sql", "-f", f"/dev/fd/{read_end}", "--out", out, *to).code == 0
    finally:
        os.close(read_end)
    assert (tmp_path / "answer").read_text() == "n\n2\n"
