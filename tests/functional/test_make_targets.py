"""The make targets hand over what they are given, whatever is in a path."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.functional.program import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
ODD = ("a night.csv", "it's.csv", "$HOME; echo.csv", "[a]*.csv", 'say "x".csv', "plain.csv")


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """An environment whose program says what it was given, one argument a line."""
    program = tmp_path / "venv/bin/claims-edit"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    for made in ("bin/python", ".installed"):
        (tmp_path / "venv" / made).touch()
    return tmp_path / "venv"


def made(venv: Path, cwd: Path, target: str, **variables: str) -> list[str]:
    typed = [f"{name}={value.replace('$', '$$')}" for name, value in variables.items()]
    done = subprocess.run(
        ["make", "-s", "-f", str(ROOT / "Makefile"), target, f"VENV={venv}", *typed],
        cwd=cwd, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("target", ["run", "validate"])
def test_a_path_is_one_argument(venv: Path, tmp_path: Path, target: str, name: str) -> None:
    (tmp_path / name).touch()
    reported = made(venv, tmp_path, target, EXTRACT=name, OUT="my results", MAPPING="my map.yaml", AS_OF="2026-11-20")
    out = ["--out", "my results"] if target == "run" else []
    assert reported == [target, name, *out, "--mapping", "my map.yaml", "--as-of", "2026-11-20"]


def test_several_paths_and_globs_are_as_many_arguments(venv: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c d.csv"):
        (tmp_path / name).touch()
    assert made(venv, tmp_path, "run", EXTRACT="a.csv b.csv", OUT="o")[1:3] == ["a.csv", "b.csv"]
    assert made(venv, tmp_path, "run", EXTRACT="*.csv", OUT="o")[1:4] == ["a.csv", "b.csv", "c d.csv"]


def test_every_option_is_handed_over(venv: Path, tmp_path: Path) -> None:
    reported = made(venv, tmp_path, "run", EXTRACT="x.csv", OUT="o", CONTRACTS="my c.csv", RULES="my rules")
    assert reported == ["run", "x.csv", "--out", "o", "--contracts", "my c.csv", "--rules", "my rules"]
    assert made(venv, tmp_path, "sql", SQL="SELECT 1", OUT="my o")[:4] == ["sql", "SELECT 1", "--out", "my o"]
