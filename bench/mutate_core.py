"""Change the core one place at a time and run its tests: each change must be noticed (`make mutate-core`).

Cosmic Ray makes the changes and runs the tests, in a copy of the project: it writes into the modules themselves. A
module takes minutes and the whole core hours, so this is run by hand. A module that is named is tried alone, and
`--tests` names the tests to hold it to.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
CORE = ("claims_edit/core", "claims_edit/edits", "claims_edit/facts", "claims_edit/runner")
COPIED = ("claims_edit", "rules", "sample_claims", "docs", "bench", "tests", "pyproject.toml")
# The narrowest first, so that most changes are noticed soon.
TESTS = (
    "tests/unit/test_batch_settling.py tests/unit/test_values.py tests/spec tests/unit/test_engine.py"
    " tests/property tests/unit tests/rules tests/golden"
)
SECONDS = 900  # a test run that takes longer was sent into a loop
SESSION = "session.sqlite"


def modules(named: list[str]) -> list[str]:
    """The modules to change: those named, or every one of the core."""
    paths = [ROOT / each for each in named or CORE]
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return [file.relative_to(ROOT).as_posix() for file in files if file.name != "__init__.py"]


def run(*arguments: str, folder: Path) -> str:
    """A command of Cosmic Ray, in the copy."""
    tool = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
    return subprocess.run(tool, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def fates(module: str, tests: str) -> list[tuple[str, str]]:
    """Each change of a module: where and what, and whether it was killed."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
        command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider -m 'not long' {tests}"
        config = f'[cosmic-ray]\nmodule-path = "{module}"\ntimeout = {SECONDS}.0\nexcluded-modules = []\n'
        config += f'test-command = "{command}"\n[cosmic-ray.distributor]\nname = "local"\n'
        (folder / "cosmic-ray.toml").write_text(config, encoding="utf-8")
        run("cosmic-ray", "init", "cosmic-ray.toml", SESSION, folder=folder)
        run("cosmic-ray", "baseline", "cosmic-ray.toml", folder=folder)
        run("cosmic-ray", "exec", "cosmic-ray.toml", SESSION, folder=folder)
        lines = run("cosmic-ray", "dump", SESSION, folder=folder).splitlines()
    found = []
    for line in lines:
        item, result = json.loads(line)
        (change,) = item["mutations"]
        place = f"{change['module_path']}:{change['start_pos'][0]} {change['operator_name'].rpartition('/')[2]}"
        found.append((place, result["test_outcome"] if result else "not run"))
    return found


def main() -> None:
    """Try the modules, tell what lived, and the score of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="files or folders of the project; all of the core if none is given")
    parser.add_argument("--tests", default=TESTS, help="what pytest is to run, in this order")
    options = parser.parse_args()
    lived = 0
    for module in modules(options.modules):
        found = fates(module, options.tests)
        survivors = [place for place, outcome in found if outcome != "killed"]
        lived += len(survivors)
        print(f"{module}: {len(found) - len(survivors)} of {len(found)} changes were noticed", flush=True)
        print("".join(f"  lived: {place}\n" for place in survivors), end="", flush=True)
    sys.exit(1 if lived else 0)


if __name__ == "__main__":
    main()
