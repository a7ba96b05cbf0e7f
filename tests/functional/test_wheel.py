"""The wheel works by itself: built, installed in a clean environment without a network, and run from another folder."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.functional.program import DECK, ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(importlib.util.find_spec("build") is None, reason="the package `build` is not installed"),
    pytest.mark.skipif(
        importlib.util.find_spec("hatchling") is None, reason="the package `hatchling` is not installed"
    ),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment: the wheel installed, its dependencies seen through a .pth file, the project not."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    interpreter = folder / "bin" / "python"
    install = [
        str(interpreter),
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return interpreter


def test_the_same_commit_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    """As `make dist` and the release workflow build it."""
    build = [sys.executable, "-m", "build", "--no-isolation"]
    env = os.environ | {"SOURCE_DATE_EPOCH": "1764115200"}
    for folder in ("one", "two"):
        subprocess.run(
            [*build, "--outdir", str(tmp_path / folder), str(ROOT)],
            check=True,
            capture_output=True,
            env=env,
            cwd=tmp_path,
        )
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / each).iterdir()} for each in ("one", "two"))
    assert one == two
    assert {wheel.name, wheel.name.partition("-py3")[0] + ".tar.gz"} == set(one)


def run(python: Path, cwd: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The installed program, in an environment that does not show the project."""
    command = [str(python.with_name("claims-edit")), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)


def test_the_rules_are_inside(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for path in (path for path in (ROOT / "rules").rglob("*") if path.is_file()):
        assert f"claims_edit/rules/{path.relative_to(ROOT / 'rules').as_posix()}" in inside
    for path in (ROOT / "claims_edit" / "report" / "html").iterdir():  # template, style sheet and script of the report
        assert path.is_dir() or f"claims_edit/report/html/{path.name}" in inside
    assert not [name for name in inside if name.startswith(("tests/", "bench/", "sample_claims/"))]


def test_it_checks_its_rules_and_runs_the_deck_elsewhere(python: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [python, "-c", "import claims_edit; print(claims_edit.__file__)"],
        cwd=tmp_path, env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(python.parent.parent))
    checked = run(python, tmp_path, "rules", "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "The rules are valid" in checked.stdout
    done = run(python, tmp_path, "run", DECK / "claims.csv", "--out", "results", "--as-of", "2026-11-20", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.glob("results/runs/*/denials.csv"))
    assert list(tmp_path.glob("results/runs/*/report.html"))
