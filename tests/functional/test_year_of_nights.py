"""`bench/year_of_nights.py` measures what it claims to: every event of a claim's life, night after night."""

from __future__ import annotations

import csv
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.functional.program import ROOT, environment

if TYPE_CHECKING:
    from pathlib import Path

NIGHTS = 5


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("year")
    size = ("--nights", str(NIGHTS), "--lines", "30000", "--reports-every", "4", "--queries-every", "5")
    command = [sys.executable, str(ROOT / "bench/year_of_nights.py"), *size, "--dir", str(folder)]
    subprocess.run(command, check=True, env=environment(PYTHONSAFEPATH=""), stdout=subprocess.DEVNULL)
    return folder


@pytest.mark.long
def test_its_nights_have_every_event(year: Path) -> None:
    with duckdb.connect(year / "results/claims_edit.duckdb", read_only=True) as connection:
        causes = {cause for (cause,) in connection.sql("SELECT DISTINCT withdrawn_because FROM withdrawals").fetchall()}
        effects = {effect for (effect,) in connection.sql("SELECT DISTINCT effect FROM history").fetchall()}
        rows = connection.sql("SELECT rows_read FROM runs").fetchall()
    assert causes >= {"voided", "replaced"}
    assert effects >= {"decided", "seen-again", "superseded"}
    assert all(29_000 < count <= 30_000 for (count,) in rows[1:])


@pytest.mark.long
def test_a_run_writes_the_same_files_each_night(year: Path) -> None:
    with (year / "year.csv").open(encoding="utf-8", newline="") as table:
        nights = list(csv.DictReader(table))
    assert [int(night["night"]) for night in nights] == list(range(1, NIGHTS + 1))
    assert [night["reports"] for night in nights] == ["False", "False", "False", "True", "False"]
    assert int(nights[-1]["written_files"]) <= int(nights[1]["written_files"]) + 2  # the segments that are merged
    assert float(nights[-1]["join_cpu"]) > 0
    assert "<svg" in (year / "year.svg").read_text(encoding="utf-8")
