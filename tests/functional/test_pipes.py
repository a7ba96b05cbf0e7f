"""Extracts from pipes and standard input, and what is no extract at all: devices, folders that cannot be entered."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import stat
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import (
    ROOT,
    UNREPORTED,
    called,
    command_line,
    counts,
    csv_text,
    decisions,
    environment,
    line,
    lines,
    manifest,
    record,
    write,
)
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable


def parquet(rows: list[dict[str, str]]) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(rows).write_parquet(content)
    return content.getvalue()


KINDS: dict[str, Callable[[list[dict[str, str]]], bytes]] = {
    "csv": lambda rows: csv_text(rows).encode(),
    "csv, packed": lambda rows: gzip.compress(csv_text(rows).encode()),
    "csv, UTF-16": lambda rows: csv_text(rows).encode("utf-16"),
    "csv, a stray quote": lambda rows: csv_text([*rows, line(99, member_id='a"b')]).encode(),
    "ndjson": lambda rows: "".join(json.dumps(row) + "\n" for row in rows).encode(),
    "parquet": parquet,
}


def fifo(folder: Path, content: bytes) -> Path:
    """A pipe with a name, into which somebody writes once."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True).start()
    return pipe


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies lie."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


@pytest.mark.parametrize("kind", first(2, KINDS))
def test_a_pipe_is_read_once_as_a_file_would_be(tmp_path: Path, scratch: Path, kind: str) -> None:
    content = KINDS[kind](lines(9))
    same = write(tmp_path / "same", content)
    pipe = fifo(tmp_path, content)
    for extract, out in ((same, "of-file"), (pipe, "of-pipe")):
        assert called("run", extract, "--out", tmp_path / out, "--quiet", *UNREPORTED).code == 0
    assert decisions(tmp_path / "of-pipe").equals(decisions(tmp_path / "of-file"))
    (read,) = manifest(tmp_path / "of-pipe")["inputs"]
    assert read["sha256"] == hashlib.sha256(content).hexdigest()
    assert (read["path"], read["bytes"]) == (str(pipe), len(content))
    assert record(tmp_path / "of-pipe", "decisions")["source_file"].unique().to_list() == [str(pipe)]
    assert not list(scratch.iterdir())


def test_the_copy_of_a_pipe_is_private(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(*_: object, **__: object) -> None:
        seen.extend(stat.S_IMODE(folder.stat().st_mode) for folder in scratch.iterdir())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("claims_edit.runner.run.discover", look)
    done = called("run", fifo(tmp_path, b"x"), "--out", tmp_path / "out", *UNREPORTED)
    assert (done.code, seen) == (13, [0o700])
    assert not list(scratch.iterdir())


@pytest.mark.long
def test_standard_input_is_an_extract(tmp_path: Path) -> None:
    beside = write(tmp_path / "b.csv", csv_text(lines(3)))
    given = command_line("run", "-", beside, "--out", tmp_path / "out", "--quiet")
    content = csv_text([line(number) for number in range(10, 19)]).encode()
    subprocess.run([*given, *UNREPORTED], input=content, cwd=ROOT, env=environment(), check=True)
    assert counts(tmp_path / "out") == (12, 12, 0)
    assert [file["path"] for file in manifest(tmp_path / "out")["inputs"]] == ["-", str(beside)]


def test_the_same_out_of_a_pipe_again_is_a_no_op(tmp_path: Path) -> None:
    for _ in range(2):
        pipe = fifo(tmp_path, csv_text(lines(3)).encode())
        assert called("run", pipe, "--out", tmp_path / "out", "--quiet", *UNREPORTED).code == 0
        pipe.unlink()
    assert len(list((tmp_path / "out/runs").iterdir())) == 1


def test_an_empty_pipe_and_an_odd_one_say_so_by_its_name(tmp_path: Path, scratch: Path) -> None:
    for content, reported in ((b"", "the file is empty"), (b"PK\x03\x04" + b"\x00" * 40, "the zip archive is cut off")):
        pipe = fifo(tmp_path, content)
        done = called("validate", pipe)
        assert (done.code, len(done.faults)) == (11, 1)
        assert done.err.startswith(f"claims-edit: {pipe}: ")
        assert reported in done.err
        assert str(scratch) not in done.err
        pipe.unlink()


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_device_is_refused_by_name(tmp_path: Path, command: str, device: str) -> None:
    if not Path(device).exists():
        pytest.skip("this system has no such device")
    out = ("--out", tmp_path / "out") if command == "run" else ()
    done = called(command, device, *out)
    assert (done.code, done.err) == (11, f"claims-edit: {device}: is a device. Give a file.\n")


@pytest.mark.parametrize("option", ["--mapping", "--contracts"])
@pytest.mark.parametrize("what", ["/dev/zero", "/dev/null", "pipe"])
def test_what_a_run_reads_besides_is_a_file_too(tmp_path: Path, option: str, what: str) -> None:
    given = tmp_path / what  # an absolute path stays one
    if what == "pipe":
        os.mkfifo(given)
    extract = write(tmp_path / "x.csv", csv_text(lines(3)))
    done = called("run", extract, option, given, "--out", tmp_path / "out", *UNREPORTED)
    assert (done.code, done.err) == (11, f"claims-edit: {given}: is a device or a pipe. Give a file.\n")


def test_a_folder_that_cannot_be_entered_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may look at what is in the folder `closed`: simulated, for root may look anywhere."""
    write(tmp_path / "in/closed/night.csv", csv_text(lines(3)))
    write(tmp_path / "in/open.csv", csv_text(lines(3)))
    real = os.stat

    def refusing(path: Any, *given: Any, **named: Any) -> os.stat_result:
        if "closed/" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *given, **named)

    monkeypatch.setattr(os, "stat", refusing)
    for extract in (tmp_path / "in", tmp_path / "in/closed", tmp_path / "in/closed/night.csv"):
        done = called("validate", extract)
        assert (done.code, len(done.faults)) == (11, 1), done.err
        assert f"{tmp_path}/in/closed" in done.err
        assert "Permission denied" in done.err


HEAD = "claim_id,claim_line_number,claim_type,member_id,payer,claim_start_date,hcpcs_code\n"
ROW = "C1,1,professional,M1,Premera,2024-01-05,0600T\n"
LONG = 40_000_000


@pytest.mark.parametrize(
    ("name", "begin", "again", "end"),
    first(
        6,
        [
            ("behind.csv", HEAD, "x", ""),
            ("last.csv", HEAD + ROW, "x", ""),
            ("between.csv", HEAD + ROW, "x", "\n" + ROW),
            ("fields.csv", HEAD, ROW.strip(), ""),
            ("quoted.csv", HEAD + ROW + '"', "x", "\n" + ROW),
            ("first.csv", "", ROW.strip(), ""),
            ("between.ndjson", '{"claim_id": "C1", "payer": "P"}\n{"claim_id": "', "x", '"}\n'),
            ("first.ndjson", '{"claim_id": "', "x", '"}\n'),
        ],
    ),
)
@pytest.mark.parametrize("packed", [False, True])
def test_one_line_without_an_end_reports_it_and_loses_nothing(
    tmp_path: Path, name: str, begin: str, again: str, end: str, *, packed: bool
) -> None:
    mapping = write(
        tmp_path / "map.yaml", "constants: {claim_line_number: '1', claim_type: professional, member_id: M, "
        "claim_start_date: 2024-01-05}\n",
    )  # fmt: skip
    content = (begin + again * (LONG // len(again)) + end).encode()
    extract = write(tmp_path / name, gzip.compress(content, 1) if packed else content)
    done = called("validate", extract, *(("--mapping", mapping) if name.endswith("json") else ()))
    assert (done.code, len(done.faults)) == (11, 1)
    assert "line is longer than" in done.err
    assert "has a header and no rows" not in done.err
