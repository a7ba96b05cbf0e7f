"""What CONTRIBUTING.md says of a new edit is all that the program needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EDIT = "procedure-discontinued"


def test_a_new_edit_is_its_module_its_reason_and_its_spec_table(tmp_path: Path) -> None:
    for name in ("claims_edit", "rules", "tests/spec", "tests/lib"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests/__init__.py", tmp_path / "tests/__init__.py")
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = told.partition("## How to add an edit")[2].partition("\n## ")[0]
    code, reason, table = re.findall(r"^```(?:python|yaml|)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    module, reasons = tmp_path / "claims_edit/edits/safeguards.py", tmp_path / "rules/reasons.yaml"
    module.write_text(f"{module.read_text(encoding='utf-8')}\n\n{code}", encoding="utf-8")
    following = "  - edit: contract-excludes\n"
    reasons.write_text(reasons.read_text(encoding="utf-8").replace(following, reason + following), encoding="utf-8")
    (tmp_path / f"tests/spec/cases/{EDIT}.txt").write_text(table, encoding="utf-8")
    wanted = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/spec/test_decisions.py", "-k"]
    done = subprocess.run([*wanted, f"{EDIT} or each_edit"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
