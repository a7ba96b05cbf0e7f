"""Where the CPU time of a run goes, by step, on one core: `where.py EXTRACT`, for `plot.py` with `--json FILE`.

The run is made in this process, its steps one after another, so that each second belongs to one step. What a step calls
is its own time, unless that is a step itself.
"""

from __future__ import annotations

import os

from claims_edit.resources import ALLOCATOR_OPTIONS, ONE_ARENA

os.environ["POLARS_MAX_THREADS"] = "1"  # before Polars loads
os.environ[ALLOCATOR_OPTIONS] = ONE_ARENA

import argparse
import json
import time
from collections import Counter
from datetime import date
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from claims_edit.core import process
from claims_edit.intake.keys import SeenKeys
from claims_edit.runner import reading, run
from claims_edit.runner.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REST = "start, rules, manifest"
STEPS = (
    "read",
    "screen",
    "keys",
    "close look",
    "route",
    "scratch files",
    "repeated lines",
    "decide",
    "reports",
    "publish",
)


class Clock:
    """CPU seconds by step."""

    def __init__(self) -> None:
        """All time is the rest's until a step begins."""
        self.seconds: Counter[str] = Counter()
        self._steps, self._since = [REST], time.process_time()

    def _charge(self) -> None:
        now = time.process_time()
        self.seconds[self._steps[-1]] += now - self._since
        self._since = now

    def step(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time charged to the step."""

        @wraps(function)
        def charged(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 -- whatever it takes and gives
            self._charge()
            self._steps.append(name)
            try:
                return function(*arguments, **named)
            finally:
                self._charge()
                self._steps.pop()

        return charged

    def stream(self, name: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The same of what gives its results one by one."""

        @wraps(function)
        def charged(*arguments: Any, **named: Any) -> Iterator[Any]:  # noqa: ANN401 -- likewise
            results = iter(function(*arguments, **named))
            following = self.step(name, lambda: next(results, self))
            while (result := following()) is not self:
                yield result

        return charged

    def close(self) -> dict[str, float]:
        """The seconds of each step."""
        self._charge()
        return {name: round(self.seconds[name], 3) for name in (*STEPS, REST)}


def watch(clock: Clock) -> None:
    """Have the clock charge the steps of every run of this process."""
    for owner, name, step in (
        (process.Processing, "screen", "screen"),
        (process, "key_hashes", "keys"),
        (SeenKeys, "suspects", "keys"),
        (process.Processing, "check", "close look"),
        (reading, "route", "route"),
        (reading.Reading, "_keep", "scratch files"),
        (reading.Reading, "finish", "repeated lines"),
        (run, "decide_all", "decide"),
        (run, "write_reports", "reports"),
        (run.ResultsFolder, "publish", "publish"),
    ):
        setattr(owner, name, clock.step(step, getattr(owner, name)))
    reading._batches = clock.stream("read", reading._batches)  # noqa: SLF001 -- a step of the run
    reading.one_ahead = map
    run.prepare_reports = lambda _wanted: None  # its time is the reports'


def main() -> None:
    """Run the job on an extract and print, or add to a file, the seconds of its steps."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("extract", type=Path, metavar="EXTRACT")
    arguments.add_argument("--json", type=Path, help="a JSON file to add the figures to")
    arguments.add_argument("--name", help="what the figures are called there; the file's name if it is left out")
    options = arguments.parse_args()
    clock = Clock()
    watch(clock)
    with TemporaryDirectory() as folder:
        job = RunOptions((str(options.extract),), Path(folder) / "results", date(2026, 11, 20))
        rows = run.run_batch(job).manifest.counts.rows_read
    seconds = clock.close()
    print(f"{options.extract.name}: {rows:,} rows, {sum(seconds.values()):.1f} s of CPU", flush=True)
    print("".join(f"  {step}: {spent:.2f} s\n" for step, spent in seconds.items()), end="", flush=True)
    if options.json:
        found = json.loads(options.json.read_text(encoding="utf-8")) if options.json.exists() else {}
        found[options.name or options.extract.name] = {"rows": rows, "seconds": seconds}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
