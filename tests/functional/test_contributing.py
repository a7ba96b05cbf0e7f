"""What CONTRIBUTING.md says of a new edit, format or report is all that the program needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow.orc
import pytest

ROOT = Path(__file__).parents[2]
EDIT = "procedure-discontinued"
OPENING = "READERS = (  # the first that recognizes a text reads it"


def blocks(heading: str) -> list[str]:
    """The blocks of code below a heading of CONTRIBUTING.md."""
    section = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    )
    return re.findall(r"^```(?:python|yaml|)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the program."""
    for name in ("claims_edit", "rules"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def importing(house: Path) -> dict[str, str]:
    """An environment in which the copy is the program, whatever else is on the path."""
    return os.environ | {"PYTHONPATH": str(house)}


def program(house: Path, *arguments: object) -> str:
    """What a copy of the program prints."""
    command = [sys.executable, "-m", "claims_edit", *map(str, arguments)]
    done = subprocess.run(command, cwd=house, env=importing(house), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add_entry(registry: Path, opening: str, entry: str) -> None:
    """Put an entry at the beginning of a registry."""
    text = registry.read_text(encoding="utf-8")
    assert opening in text
    registry.write_text(text.replace(opening, f"{opening}\n{entry.rstrip()}", 1), encoding="utf-8")


@pytest.mark.long
def test_a_new_format_is_its_module_and_its_entry(house: Path) -> None:
    code, entry = blocks("How to add a format")
    (house / "claims_edit/intake/orc.py").write_text(code, encoding="utf-8")
    add_entry(house / "claims_edit/intake/readers.py", OPENING, entry)
    table = pl.read_csv(ROOT / "sample_claims/claims.csv", infer_schema=False)
    pyarrow.orc.write_table(table.cast(pl.String).to_arrow(compat_level=pl.CompatLevel.oldest()), house / "claims.orc")
    as_of = ("--as-of", "2026-11-20", "--reports", "none", "--json")
    program(house, "run", house / "claims.orc", *as_of, "--out", house / "orc")
    program(house, "run", ROOT / "sample_claims/claims.csv", *as_of, "--out", house / "csv")
    of_orc, of_csv = (
        pl.read_parquet(house / out / "decisions/*/*.parquet", hive_partitioning=False).drop("run_id", "source_file")
        for out in ("orc", "csv")
    )
    assert of_orc.height > 100
    assert of_orc.equals(of_csv)


@pytest.mark.long
def test_a_new_report_is_its_module_and_its_entry(house: Path) -> None:
    code, entry = blocks("How to add a report")
    (house / "claims_edit/report/payers.py").write_text(code, encoding="utf-8")
    add_entry(house / "claims_edit/report/registry.py", "REPORTS = (", entry)
    extract = ROOT / "sample_claims/claims.csv"
    program(house, "run", extract, "--as-of", "2026-11-20", "--reports", "none", "--quiet", "--out", house / "out")
    table = program(house, "report", "--format", "payers", "--out", house / "out").splitlines()
    assert table[0] == "| payer | disposition | lines | charges |"
    assert any(row.startswith("| florida_blue | deny |") for row in table[2:])


@pytest.mark.long
def test_a_new_edit_is_its_module_its_reason_and_its_spec_table(tmp_path: Path) -> None:
    for name in ("claims_edit", "rules", "tests/spec", "tests/lib"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests/__init__.py", tmp_path / "tests/__init__.py")
    code, reason, table = blocks("How to add an edit")
    module, reasons = tmp_path / "claims_edit/edits/safeguards.py", tmp_path / "rules/reasons.yaml"
    module.write_text(f"{module.read_text(encoding='utf-8')}\n\n{code}", encoding="utf-8")
    following = "  - edit: contract-excludes\n"
    reasons.write_text(reasons.read_text(encoding="utf-8").replace(following, reason + following), encoding="utf-8")
    (tmp_path / f"tests/spec/cases/{EDIT}.txt").write_text(table, encoding="utf-8")
    wanted = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/spec/test_decisions.py", "-k"]
    done = subprocess.run(
        [*wanted, f"{EDIT} or each_edit"],
        cwd=tmp_path, env=importing(tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_a_new_payer_is_its_file_and_its_tests(house: Path) -> None:
    program(house, "rules", "new", "birch", "--rules", "rules")
    policy, tests = blocks("How to add a payer")
    (house / "rules/policies/birch.yaml").write_text(policy, encoding="utf-8")
    (house / "rules/tests/birch.yaml").write_text(tests, encoding="utf-8")
    assert re.search(r"lines of \d+ files match", program(house, "rules", "test", "--rules", "rules"))
