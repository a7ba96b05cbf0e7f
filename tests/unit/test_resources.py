"""Too little disk or memory, whatever a library makes of it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from claims_edit.errors import InputError, ResultsError
from claims_edit.resources import DISK, MEMORY, enough_room, lack_of

ROOT = Path(__file__).resolve().parents[2]
LACKS = {
    OSError(errno.ENOSPC, "No space left on device"): DISK,
    OSError(errno.EDQUOT, "Disk quota exceeded"): DISK,
    OSError("No space left on device (os error 28)"): DISK,
    pl.exceptions.ComputeError("No space left on device (os error 28)"): DISK,
    duckdb.IOException('IO Error: Could not write file "x": No space left on device'): DISK,
    duckdb.OutOfMemoryException("Out of Memory Error: see the 'max_temp_directory_size' setting"): DISK,
    MemoryError(): MEMORY,
    pa.ArrowMemoryError("malloc of size 64 failed"): MEMORY,
    duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate"): MEMORY,
    OSError(errno.ENOMEM, "Cannot allocate memory"): MEMORY,
    OSError("Cannot allocate memory (os error 12)"): MEMORY,
    RuntimeError("can't start new thread"): MEMORY,
    ImportError("libx.so: failed to map segment from shared object"): MEMORY,
}
STATED = pa.ArrowMemoryError("malloc of size 2251799813685376 failed")  # by a damaged file
OTHERS = [
    STATED,
    ValueError("x"),
    OSError(errno.EACCES, "Permission denied"),
    duckdb.IOException("IO Error: no such file"),
]


def failing(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(("error", "lack"), LACKS.items(), ids=repr)
def test_a_lack_is_known_by_any_librarys_words_and_behind_a_readers(
    tmp_path: Path, error: Exception, lack: str
) -> None:
    def reader() -> None:
        try:
            failing(error)
        except Exception:  # noqa: BLE001 -- as readers do
            raise InputError("x.csv: cannot be read to its end. Ask the sender to resend it.") from None

    assert lack_of(error) == lack
    for fails in (reader, partial(failing, error)):
        with pytest.raises(ResultsError) as fault, enough_room(tmp_path):
            fails()
        assert fault.value.exit_code == 13
        assert len(fault.value.faults) == 1
        assert "again." in str(fault.value)


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_any_other_error_stays_what_it_is(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as raised, enough_room(tmp_path):
        raise error
    assert raised.value is error


PROGRAM = """
import os, sys
from claims_edit import native_stderr
native_stderr.watch()
print("a fault", file=sys.stderr)
os.write(2, {words!r})
{end}
"""


def ended(words: bytes, end: str) -> tuple[int, list[str]]:
    """How a program ends in which a library writes words of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(words=words, end=end)],
        cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr.splitlines()


PANIC = b"thread 'polars-1' panicked at x.rs:1:1:\nindex out of `CELL VALUE`\nstack backtrace:\n   0: core\n"


@pytest.mark.parametrize(
    ("words", "end", "code", "reported"),
    [
        (PANIC, "sys.exit(11)", 11, []),
        (b"", "os.kill(os.getpid(), 9)", -9, []),
        (b"", "raise SystemExit(0)", 0, []),
        (b"memory allocation of 5 bytes failed\nstack backtrace:\n", "os.abort()", -6, ["claims-edit: memory: too"]),
        (b"# Fatal process out of memory\n", "os.abort()", -6, ["claims-edit: memory: too"]),
        (PANIC, "os.abort()", -6, ["claims-edit: a bug: a library"]),
        (b"x" * 100_000 + PANIC, "sys.exit(1)", 1, []),
    ],
)
def test_a_librarys_own_words_never_reach_the_terminal(words: bytes, end: str, code: int, reported: list[str]) -> None:
    returned, lines = ended(words, end)
    assert returned == code
    assert lines[0] == "a fault"
    assert len(lines) == 1 + len(reported)
    assert all(line.startswith(begin) for line, begin in zip(lines[1:], reported, strict=True))
