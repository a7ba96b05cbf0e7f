"""Run the tests that reach the line in which a folder differs from the project (`make mutate-core`).

    reaching_tests.py FOLDER TESTS...        run TESTS in a copy of the project
    reaching_tests.py FOLDER                 run those that reach the one place that was changed in it

The first time, where nothing is changed, TESTS are run, and it is kept which lines each of them reaches; those that
fail in a copy notice nothing later. A change is tried with those that run its line, as long as they take SECONDS: the
quickest first, then those that run the most lines of the module. Then, as what a test process makes once is run by one
test alone, with as many of the others that reach the module.
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

from coverage import CoverageData

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 25.0
DATA, TIMES = "reached.coverage", "reached.xml"
CHANGED = "claims_edit"


def record(folder: Path, tests: list[str]) -> int:
    """Run these tests in `folder`, but for the long ones, and keep the lines that each of them runs."""
    settings = folder / "reached.ini"
    settings.write_text(f"[run]\nsource = {CHANGED}\ndata_file = {DATA}\n", encoding="utf-8")
    options = ("-n", "auto", "--dist", "loadfile", "-m", "not long", f"--cov={CHANGED}", "--cov-context=test",
               f"--cov-config={settings.name}", "--cov-report=", f"--junitxml={TIMES}")  # fmt: skip
    pytest(folder, [*options, *tests])
    return 0 if (folder / DATA).exists() and (folder / TIMES).exists() else 1


def pytest(folder: Path, arguments: list[str]) -> int:
    """The exit code of pytest on these."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, check=False).returncode


def changed(folder: Path) -> tuple[str, set[int]] | None:
    """The module that differs, and its lines that do; None where none does."""
    for path in sorted((folder / CHANGED).rglob("*.py")):
        name = path.relative_to(folder)
        old, new = ((place / name).read_text(encoding="utf-8").splitlines() for place in (ROOT, folder))
        if old != new:
            same_from = next(
                (at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(new)
            )
            until = max(len(old) - _same_tail(old, new), same_from + 1)
            return name.as_posix(), set(range(same_from + 1, until + 1))
    return None


def _same_tail(old: list[str], new: list[str]) -> int:
    pairs = zip(reversed(old), reversed(new), strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new)))


def tests_of(folder: Path, module: str, lines: set[int]) -> list[list[str]]:
    """The tests that run these lines, the quickest and those that run most of the module; others that reach it."""
    data = CoverageData(str(folder / DATA))
    data.read()
    runs = _runs(data, folder / module)
    reached = Counter(test for tests in runs.values() for test in tests)
    if not reached:  # it is run while others import it: any test may notice
        every = (_runs(data, path) for path in sorted((folder / CHANGED).rglob("*.py")))
        reached = Counter(test for lines_of in every for tests in lines_of.values() for test in tests)
    first = {test for line in lines for test in runs.get(line, ())}
    times = {
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": float(case.get("time", 0))
        for case in ET.parse(folder / TIMES).iter("testcase")  # noqa: S314 - written by the run above
        if case.find("failure") is None and case.find("error") is None
    }
    quickest, deepest = (lambda test: (times[test], test)), (lambda test: (-reached[test], times[test], test))
    groups: list[list[str]] = []
    others = reached.keys() - first
    for some, order in ((first, quickest), (first, deepest), (others, deepest if not first else quickest)):
        left = (some & times.keys()).difference(*groups)
        groups.append(_within(sorted(left, key=order), times))
    return groups


def _runs(data: CoverageData, module: Path) -> dict[int, set[str]]:
    """The tests that run each line of a module, but for those that only import it."""
    contexts = data.contexts_by_lineno(str(module)).items()
    return {line: {context.partition("|")[0] for context in found} - {""} for line, found in contexts}


def _within(tests: list[str], times: dict[str, float]) -> list[str]:
    spent, found = 0.0, []
    for test in tests:
        spent += times[test] + 0.02
        if spent > SECONDS:
            break
        found.append(test)
    return found


def main(folder: Path, tests: list[str]) -> int:
    """0 if the tests of what was changed pass."""
    found = changed(folder)
    if found is None:
        return record(folder, tests)
    return next(
        (code for reached in tests_of(folder, *found) if reached and (code := pytest(folder, ["-x", *reached]))), 0
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
