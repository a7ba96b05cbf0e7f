"""Speed and memory of whole processes, in pairs on the same machine in the same minutes: `make bench`.

Each pair runs A, B, A, B …; the figure to quote is the median of the ratios, because absolute times drift.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM = [sys.executable, "-m", "claims_edit"]


def timed(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak memory (MB) of one process, its children included."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def nightly(extract: Path, out: Path, *flags: str) -> list[str]:
    """The whole job, from nothing."""
    shutil.rmtree(out, ignore_errors=True)
    return [*PROGRAM, "run", str(extract), "--out", str(out), "--as-of", "2026-11-20", "--quiet", *flags]


def pair(title: str, limit: float, first: list[str], second: list[str], runs: int, out: Path) -> None:
    """Run two commands in turn, and print medians and the ratio."""
    ratios, firsts, seconds, memory = [], [], [], 0.0
    for _ in range(runs):
        shutil.rmtree(out, ignore_errors=True)
        wall, peak = timed(first)
        shutil.rmtree(out, ignore_errors=True)
        other, _ = timed(second)
        firsts.append(wall)
        seconds.append(other)
        ratios.append(wall / other)
        memory = max(memory, peak)
    print(
        f"{title}: {statistics.median(firsts):.1f} s against {statistics.median(seconds):.1f} s, ratio "
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}; wanted {limit}), "
        f"peak {memory:.0f} MB",
        flush=True,
    )


def many_policies(folder: Path, policies: int, codes: int) -> Path:
    """The shipped pack with many more payers, each with one policy of many codes."""
    from claims_edit.policy import default_rules_dir  # noqa: PLC0415 -- only this measure needs it

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(default_rules_dir(), folder)
    subprocess.run([sys.executable, str(HERE / "many_policies.py"), str(folder), str(policies), str(codes)], check=True)
    return folder


def main() -> None:
    """Generate what is missing, then measure."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--lines", type=int, default=20_000_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--dir", type=Path, default=Path("build/bench"))
    told = arguments.parse_args()
    told.dir.mkdir(parents=True, exist_ok=True)
    parquet, text, triple = (
        told.dir / f"{told.lines}.parquet",
        told.dir / f"{told.lines}.csv",
        told.dir / f"{3 * told.lines}.parquet",
    )
    for path, lines in ((parquet, told.lines), (text, told.lines), (triple, 3 * told.lines)):
        if not path.exists():
            wall, peak = timed([*PROGRAM, "sample", "--lines", str(lines), "--out", str(path)])
            print(f"sample {path.name}: {wall:.1f} s, peak {peak:.0f} MB", flush=True)
    out = told.dir / "results"
    baseline = [sys.executable, str(HERE / "baseline.py")]
    pair(
        "run on Parquet / one pass and keys",
        1.5,
        nightly(parquet, out),
        [*baseline, "pass", str(parquet)],
        told.runs,
        out,
    )
    pair("run on CSV / bare strict scan", 2.0, nightly(text, out), [*baseline, "scan", str(text)], told.runs, out)
    rules = many_policies(told.dir / "rules", 1000, 50)
    pair(
        "1,000 policies of 50 codes / the shipped pack", 1.3, nightly(parquet, out, "--rules", str(rules)),
        nightly(parquet, out), told.runs, out,
    )  # fmt: skip
    shutil.rmtree(out, ignore_errors=True)
    wall, peak = timed(nightly(triple, out))
    print(f"run on {3 * told.lines:,} lines of Parquet: {wall:.1f} s, peak {peak:.0f} MB (wanted 1500)")
    versions = [timed([*PROGRAM, "--version"])[0] for _ in range(5)]
    print(f"claims-edit --version: {statistics.median(versions):.2f} s (wanted 0.3)")


if __name__ == "__main__":
    main()
