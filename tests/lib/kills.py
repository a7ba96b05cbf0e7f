"""Kill runs of several nights at random moments, and hold what readers see, and what the rerun leaves, to whole runs.

The nights are those of `tests/lib/histories.py`: claims that come again, changed, replaced, voided and late. Each
history is run once undisturbed; then each of its runs is killed, some at a moment of the clock, some as they touch a
file of the results folder for the nth time, and made again.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from claims_edit.store.generation import DATABASE, PUBLISHED, RUNS
from claims_edit.store.open_reviews import OPEN_REVIEWS
from tests.functional.program import environment
from tests.lib.histories import histories, write_extracts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.lib.nights import Night

TOGETHER = 40  # histories in one results folder: their claim ids differ
KILLS_A_RUN = 2
EARLIEST = 0.3  # of the time that a run takes: before it, the program loads
TIMES = ("started_at", "finished_at", "timings")
RUN_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{6}")
WATCHED = """
import os, signal, sys
from pathlib import Path
from claims_edit.__main__ import main

last, out, count = int(sys.argv.pop(1)), sys.argv.pop(1), Path(sys.argv.pop(1))
seen = 0

def watch(event, arguments):
    global seen
    if arguments and isinstance(arguments[0], (str, Path)) and str(arguments[0]).startswith(out):
        seen += 1
        if seen == last:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
try:
    main()
finally:
    count.write_text(str(seen))
"""

Shown = dict[str, str]


@dataclass
class Counts:
    """What came of the kills: `moments` by kind and by what readers saw then; `broken` names what differed."""

    runs: int = 0
    moments: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        return sum(times for (_, shown), times in self.moments.items() if shown != "ended before")


@dataclass(frozen=True)
class Sound:
    """An undisturbed run: what readers saw after it, how often it touched its folder, and its seconds."""

    shown: Shown
    touches: int
    seconds: float


def campaign(kills: int, seed: int, folder: Path) -> Counts:
    """Kill at least so many runs, in a folder for the extracts and results."""
    counts, random = Counts(), Random(seed)  # noqa: S311 -- kills to repeat
    for number in range(kills):
        if counts.kills >= kills or counts.broken:
            break
        place = folder / f"history-{number}"
        _history(histories(random, TOGETHER), random, place, counts)
    return counts


def _history(given: list[list[Night]], random: Random, folder: Path, counts: Counts) -> None:
    commands = [_command(folder, runs) for runs in zip(*given, strict=True)]
    sound: list[Sound] = []
    for command in commands:
        begun = time.monotonic()
        touches = _ended(folder / "sound", command)
        sound.append(Sound(shown(folder / "sound"), touches, time.monotonic() - begun))
    out, before = folder / "killed", Shown()
    for night, (command, expected) in enumerate(zip(commands, sound, strict=True)):
        for place in range(KILLS_A_RUN):
            kind = ("clock", "touch")[(night + place) % 2]
            was_killed = _killed(out, command, expected, random, kind)
            seen = shown(out)
            whole = {"the runs before": before, "the run too": expected.shown}
            found = next((name for name, state in whole.items() if state == seen), None)
            counts.moments[kind, (found or "neither") if was_killed else "ended before"] += 1
            if found is None:
                counts.broken.append(f"{out}: after a kill of run {night}: {_differing(seen, expected.shown)}")
        _ended(out, command)
        after = shown(out)
        if after != expected.shown:
            counts.broken.append(f"{out}: after the rerun of run {night}: {_differing(after, expected.shown)}")
        counts.runs += 1
        before = after


def _command(folder: Path, runs: Sequence[Night]) -> list[str]:
    """Write the extracts of one night; the command that runs them."""
    place = write_extracts(runs, folder)
    mode = ("--mode", "shadow") if runs[0].shadow else ()
    options = ("--as-of", runs[0].as_of.isoformat(), "--reports", "csv,remittance", "--quiet", *mode)
    return ["run", str(place), *options]


def _process(out: Path, command: list[str], last: int) -> subprocess.Popen[bytes]:
    watched = [sys.executable, "-c", WATCHED, str(last), str(out), str(out.with_suffix(".count"))]
    return subprocess.Popen([*watched, *command, "--out", str(out)], env=environment())


def _ended(out: Path, command: list[str]) -> int:
    """Run the command to its end; how often it touched its folder."""
    if (code := _process(out, command, 0).wait()) != 0:
        raise AssertionError(f"{out}: exit {code}")
    return int(out.with_suffix(".count").read_text(encoding="ascii"))


def _killed(out: Path, command: list[str], expected: Sound, random: Random, kind: str) -> bool:
    """Run the command and kill it; whether that was before its end."""
    if kind == "touch":
        return _process(out, command, random.randint(1, expected.touches)).wait() == -signal.SIGKILL
    process = _process(out, command, 0)
    time.sleep(random.uniform(EARLIEST, 1) * expected.seconds)
    process.kill()
    return process.wait() == -signal.SIGKILL


def shown(out: Path) -> Shown:
    """All that a reader sees, and the state, as texts that have neither times nor ids of runs; none if nothing is."""
    if not (out / ".current").exists():
        return {}
    current = (out / ".current").resolve()
    runs = {run: f"run-{place}" for place, run in enumerate((current / RUNS).read_text(encoding="utf-8").split())}

    def anonymous(text: str) -> str:
        return RUN_ID.sub(lambda found: runs.get(found[0], "unknown run"), text)

    files = [path for path in current.rglob("*") if path.is_file() and path.name not in (DATABASE, PUBLISHED)]
    found = {anonymous(str(path.relative_to(current))): anonymous(_text(path)) for path in files}
    with duckdb.connect(current / DATABASE, read_only=True) as connection:
        names = "SELECT table_name FROM information_schema.tables"
        for (name,) in connection.execute(names).fetchall():
            rows = "* EXCLUDE (started_at, finished_at)" if name == "runs" else "*"
            answer = connection.execute(f"SELECT {rows} FROM {name} ORDER BY ALL").fetchall()
            found[f"DuckDB: {name}"] = "\n".join(sorted(anonymous(repr(row)) for row in answer))
    return found


def _text(path: Path) -> str:
    if path.suffix == ".parquet":
        rows = pl.read_parquet(path, glob=False, hive_partitioning=False)
        in_any_order = path.name == OPEN_REVIEWS
        return f"{rows.schema}\n{sorted(rows.rows(), key=repr) if in_any_order else rows.rows()}"
    if path.name == "manifest.json":
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return json.dumps({name: value for name, value in manifest.items() if name not in TIMES}, sort_keys=True)
    return path.read_bytes().decode("latin-1")


def _differing(one: Shown, other: Shown) -> str:
    return ", ".join(sorted(name for name in {*one, *other} if one.get(name) != other.get(name))[:10])
