"""A full disk, wherever it is found, ends with 13, one line and a remedy; `/dev/full` is one."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import UNREPORTED, Done, called, csv_text, lines, nothing_is_published, write
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_in_polars_words(*_: Any, **__: Any) -> None:
    raise pl.exceptions.ComputeError("No space left on device (os error 28)")


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    return write(tmp_path / "night.csv", csv_text(lines(9)))


def ends_with_a_remedy(done: Done) -> bool:
    return done.code == 13 and len(done.faults) == 1 and "the disk is full. Free" in done.err


def staging(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("claims_edit.store.folder.StagedRun.decisions_dir", property(full))


def reading(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pl.DataFrame, "write_parquet", full_in_polars_words)


def kept_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Path, "write_bytes", full)


def summary(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("claims_edit.report.run_files.summary_text", full)


def page(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("claims_edit.report.html.page.write_html", full)


def manifest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("claims_edit.runner.run.write_manifest", full)


@pytest.mark.parametrize("where", first(5, [staging, reading, kept_rules, summary, page, manifest]))
@pytest.mark.parametrize("more", [(), ("--keep-going",)])
def test_a_disk_that_fills_up_during_a_run(
    tmp_path: Path, extract: Path, monkeypatch: pytest.MonkeyPatch, where: Callable[[pytest.MonkeyPatch], None],
    more: tuple[str, ...],
) -> None:  # fmt: skip
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        where(patch)
        done = called("run", extract, "--out", out, "--as-of", "2026-11-20", "--reports", "html", "--quiet", *more)
    assert ends_with_a_remedy(done), done.err
    assert nothing_is_published(out)
    assert not list(out.glob(".staging/*"))


def test_a_disk_that_is_full_when_the_lock_is_taken(
    tmp_path: Path, extract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_to = os.write

    def refusing(handle: int, content: bytes) -> int:
        if Path(f"/proc/self/fd/{handle}").readlink().name == ".lock":
            full()
        return write_to(handle, content)

    monkeypatch.setattr(os, "write", refusing)
    assert ends_with_a_remedy(called("run", extract, "--out", tmp_path / "out", "--quiet", *UNREPORTED))


def test_a_full_disk_behind_validate(extract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading(monkeypatch)
    assert ends_with_a_remedy(called("validate", extract))


@pytest.mark.parametrize("fmt", first(2, ["csv", "xlsx", "json", "html", "remittance"]))
def test_a_report_written_to_a_full_disk(tmp_path: Path, extract: Path, fmt: str) -> None:
    assert called("run", extract, "--out", tmp_path / "out", "--quiet", *UNREPORTED).code == 0
    done = called("report", "--out", tmp_path / "out", "--format", fmt, "--to", FULL)
    assert ends_with_a_remedy(done), done.err


@pytest.mark.parametrize("fmt", first(2, ["csv", "json", "table", "parquet"]))
def test_an_answer_written_to_a_full_disk(tmp_path: Path, extract: Path, fmt: str) -> None:
    assert called("run", extract, "--out", tmp_path / "out", "--quiet", *UNREPORTED).code == 0
    done = called("sql", "SELECT * FROM decisions", "--out", tmp_path / "out", "--format", fmt, "--to", FULL)
    assert ends_with_a_remedy(done), done.err


@pytest.mark.parametrize("deeper", ["", "x", "x/y"])
def test_an_out_that_is_a_file_ends_with_13(tmp_path: Path, extract: Path, deeper: str) -> None:
    done = called("run", extract, "--out", write(tmp_path / "file", "mine") / deeper, "--quiet", *UNREPORTED)
    assert (done.code, len(done.faults)) == (13, 1)
    assert "Name a folder." in done.err
