"""Change the core one place at a time and run its tests: each change must be noticed (`make mutate-core`).

Cosmic Ray makes the changes and runs the tests, in a copy of the project: it writes into the modules themselves. A
module takes minutes and the whole core hours, so this is run by hand. A module that is named is tried alone,
`--sample` draws so many changes from all modules (the same ones each time), and `--tests` names the tests to hold them
to: of those, each change is tried with the tests that reach it (bench/reaching_tests.py). Changes of annotations are
left out: they run as before.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import WorkerOutcome, WorkResult

if TYPE_CHECKING:
    from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).resolve().parents[1]
CORE = ("claims_edit/core", "claims_edit/edits", "claims_edit/facts", "claims_edit/runner")
TESTS = "tests"
SECONDS = 900  # a test run that takes longer was sent into a loop
SESSION = "session.sqlite"


def modules(named: list[str]) -> list[str]:
    """The modules to change: the files and folders that were named, or every one of the core."""
    paths = [ROOT / each for each in named or CORE]
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return [file.relative_to(ROOT).as_posix() for file in files if file.name != "__init__.py"]


def run(*arguments: str, folder: Path) -> str:
    """A command of Cosmic Ray, in the copy."""
    tool = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
    return subprocess.run(tool, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


@cache
def annotated(module: Path) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the annotations of a module begin and end: line, from 1, and column."""
    return [
        ((each.lineno, each.col_offset), (each.end_lineno or 0, each.end_col_offset or 0))
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        for each in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(each, ast.expr)
    ]


def narrow(session: Path, sample: int | None) -> None:
    """Leave out the changes of annotations, and all but a sample of the others."""

    def runs(change: MutationSpec) -> bool:
        spans = annotated(session.parent / change.module_path)
        return not any(start <= tuple(change.start_pos) < end for start, end in spans)

    def order(job: tuple[str, MutationSpec]) -> tuple[str, tuple[int, ...], str, int]:
        return str(job[1].module_path), tuple(job[1].start_pos), job[1].operator_name, job[1].occurrence

    with use_db(session) as database:
        jobs = sorted(((item.job_id, item.mutations[0]) for item in database.work_items), key=order)
        tried = [job for job, change in jobs if runs(change)]
        if sample is not None:
            tried = random.Random(0).sample(tried, min(sample, len(tried)))  # noqa: S311 - the same ones each time
        for job in {job for job, _ in jobs}.difference(tried):
            database.set_result(job, WorkResult(WorkerOutcome.SKIPPED))


def fates(paths: list[str], tests: str, sample: int | None) -> list[tuple[str, str]]:
    """Each change of these modules that is tried: where and what, and whether it was killed."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for source in sorted(ROOT.glob("[!.]*")):
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / source.name)
        command = f"{sys.executable} {ROOT}/bench/reaching_tests.py ."
        config = f"[cosmic-ray]\nmodule-path = {json.dumps(paths)}\ntimeout = {SECONDS}.0\nexcluded-modules = []\n"
        config += f'test-command = "{command}"\n[cosmic-ray.distributor]\nname = "local"\n'
        (folder / "cosmic-ray.toml").write_text(config, encoding="utf-8")
        run("cosmic-ray", "init", "cosmic-ray.toml", SESSION, folder=folder)
        narrow(folder / SESSION, sample)
        subprocess.run([*shlex.split(command), *tests.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        run("cosmic-ray", "exec", "cosmic-ray.toml", SESSION, folder=folder)
        lines = run("cosmic-ray", "dump", SESSION, folder=folder).splitlines()
    found = []
    for item, result in map(json.loads, lines):
        (change,) = item["mutations"]
        place = f"{change['module_path']}:{change['start_pos'][0]} {change['operator_name'].rpartition('/')[2]}"
        if not result or result["worker_outcome"] != "skipped":
            found.append((place, result["test_outcome"] if result else "not run"))
    return sorted(found)


def main() -> None:
    """Try the modules, tell what lived, and the score of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="files or folders of the project; all of the core if none is given")
    parser.add_argument("--sample", type=int, help="how many changes to draw from all of them; else each is tried")
    parser.add_argument("--tests", default=TESTS, help="what pytest is to run; all short tests if not given")
    options = parser.parse_args()
    lived = 0
    named = modules(options.modules)
    for paths in [named] if options.sample else [[module] for module in named]:
        found = fates(paths, options.tests, options.sample)
        survivors = [place for place, outcome in found if outcome != "killed"]
        lived += len(survivors)
        print(f"{', '.join(paths)}: {len(found) - len(survivors)} of {len(found)} changes were noticed", flush=True)
        print("".join(f"  lived: {place}\n" for place in survivors), end="", flush=True)
    sys.exit(1 if lived else 0)


if __name__ == "__main__":
    main()
