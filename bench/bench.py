"""Speed and memory of whole processes: `make bench`, or `bench.py PART ...` for some of it.

Tables are measured in pairs on the same machine in the same minutes, A, B, A, B …; the figure to quote is the median of
the ratios, because absolute times drift. 837 and FHIR are measured in megabytes of their text a second, packed or not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from decks import DECKS

HERE = Path(__file__).parent
PROGRAM = [sys.executable, "-m", "claims_edit"]
ONE_CORE = ["env", "POLARS_MAX_THREADS=1", "taskset", "-c", "0"]
LINE_BYTES = {"x12": 230, "fhir": 3636}  # what a claim line of the sample takes, about
ENDINGS = {"x12": "837", "fhir": "ndjson"}


class Spent(NamedTuple):
    """Wall and CPU seconds, peak memory (MB) and bytes written of one process, its children included."""

    wall: float
    cpu: float
    peak: float
    written: int


def timed(command: list[str]) -> Spent:
    """Run a command that must succeed."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}")
    return Spent(
        time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, usage.ru_oublock * 512
    )


class Bench:
    """The measures, over extracts that are made once under the bench folder."""

    def __init__(self, reported: argparse.Namespace) -> None:
        """`reported` is the command line."""
        self.lines: int = reported.lines
        self.megabytes: int = reported.megabytes
        self.runs: int = reported.runs
        self.folder: Path = reported.dir
        self.out = self.folder / "results"
        self.folder.mkdir(parents=True, exist_ok=True)

    def extract(self, name: str, lines: int, *flags: str) -> Path:
        """A sample of so many lines, made where it is missing."""
        path = self.folder / name
        if not path.exists():
            wall, _, peak, _ = timed([*PROGRAM, "sample", "--lines", str(lines), "--out", str(path), *flags])
            made = path.stat().st_size / 1e6
            print(
                f"sample {name}: {made:.0f} MB in {wall:.1f} s, {made / wall:.0f} MB/s, peak {peak:.0f} MB", flush=True
            )
        return path

    def nightly(self, extract: Path, *flags: str) -> list[str]:
        """The whole job."""
        return [*PROGRAM, "run", str(extract), "--out", str(self.out), "--as-of", "2026-11-20", "--quiet", *flags]

    def fresh(self, command: list[str]) -> Spent:
        """Time a command that finds no results."""
        shutil.rmtree(self.out, ignore_errors=True)
        return timed(command)

    def pair(self, title: str, limit: float, first: list[str], second: list[str]) -> None:
        """Run two commands in turn, and print medians and the ratios of elapsed and of CPU seconds."""
        measured = [(self.fresh(first), self.fresh(second)) for _ in range(self.runs)]
        ratios = [ours.wall / other.wall for ours, other in measured]
        cpu = statistics.median(ours.cpu / other.cpu for ours, other in measured)
        walls, others = ([statistics.median(getattr(spent, what) for spent in column) for what in ("wall", "cpu")]
                         for column in zip(*measured, strict=True))  # fmt: skip
        print(
            f"{title}: {walls[0]:.1f} s against {others[0]:.1f} s, ratio {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}; wanted {limit}), CPU {walls[1]:.1f} against {others[1]:.1f} s, "
            f"ratio {cpu:.2f}, peak {max(ours.peak for ours, _ in measured):.0f} MB",
            flush=True,
        )

    def deck(self, name: str, ending: str) -> Path:
        """An extract of a deck: `repeating` is the sample of the command line, the others are made by decks.py."""
        if name == "repeating":
            return self.extract(f"{self.lines}.{ending}", self.lines)
        path = self.folder / f"{name}-{self.lines}.{ending}"
        if not path.exists():
            # Apart: a process that it starts later would have its peak of memory.
            timed([sys.executable, str(HERE / "decks.py"), name, str(self.lines), str(path)])
        return path

    def by_hand(self, ending: str, *engines: str) -> None:
        """The run on each deck against the same job by hand."""
        for name in ("repeating", *DECKS):
            path = self.deck(name, ending)
            for engine in engines:
                other = [sys.executable, str(HERE / "by_hand.py"), engine, str(path), str(self.folder / "by_hand")]
                self.pair(f"run on {name} lines, {ending} / by hand in {engine}", 1.0, self.nightly(path), other)

    def parquet(self) -> None:
        """The run on Parquet against the same job by hand in Polars and in DuckDB."""
        self.by_hand("parquet", "polars", "duckdb")

    def csv(self) -> None:
        """The run on CSV against the same job by hand in Polars."""
        self.by_hand("csv", "polars")

    def policies(self) -> None:
        """The shipped pack with many more payers, each with one policy of many codes, against the pack itself."""
        from claims_edit.policy import default_rules_dir  # noqa: PLC0415 -- only this measure needs it

        path, rules = self.extract(f"{self.lines}.parquet", self.lines), self.folder / "rules"
        shutil.rmtree(rules, ignore_errors=True)
        shutil.copytree(default_rules_dir(), rules)
        subprocess.run([sys.executable, str(HERE / "many_policies.py"), str(rules), "1000", "50"], check=True)
        many = self.nightly(path, "--rules", str(rules))
        self.pair("1,000 policies of 50 codes / the shipped pack", 1.3, many, self.nightly(path))

    def triple(self) -> None:
        """Memory on three times the lines."""
        path = self.extract(f"{3 * self.lines}.parquet", 3 * self.lines)
        wall, _, peak, _ = self.fresh(self.nightly(path))
        print(f"run on {3 * self.lines:,} lines of Parquet: {wall:.1f} s, peak {peak:.0f} MB (wanted 1500)", flush=True)

    def start(self) -> None:
        """What every command costs, however little there is to do: it is paid by each small file and each test."""
        path = self.extract("1000.parquet", 1000)
        on_results = ("--out", str(self.out))
        commands = {
            "--version (wanted 0.3)": (timed, ["--version"]),
            "run --help": (timed, ["run", "--help"]),
            "run on 1,000 lines, no reports": (self.fresh, [*self.nightly(path)[3:], "--reports", "none"]),
            "run on 1,000 lines (wanted 1.5)": (self.fresh, self.nightly(path)[3:]),
            "sql": (timed, ["sql", "FROM denial_reasons", *on_results]),
            "explain": (timed, ["explain", "--row", "3", "--format", "json", *on_results]),
        }
        for title, (measure, arguments) in commands.items():
            measured = [measure([*PROGRAM, *arguments]) for _ in range(5)]
            wall, cpu = (statistics.median(getattr(each, name) for each in measured) for name in ("wall", "cpu"))
            print(f"claims-edit {title}: {wall:.2f} s, {cpu:.2f} s of CPU", flush=True)

    def text(self, fmt: str, megabytes: int, *prefix: str, wanted: str) -> None:
        """Megabytes of text a second, plain and packed."""
        lines = megabytes * 1_000_000 // LINE_BYTES[fmt]
        plain = self.extract(f"{lines}.{ENDINGS[fmt]}", lines, "--format", fmt)
        size = plain.stat().st_size / 1e6
        for path in (plain, self.extract(f"{plain.name}.gz", lines, "--format", fmt)):
            measured = [self.fresh([*prefix, *self.nightly(path)]) for _ in range(self.runs)]
            wall = statistics.median(spent.wall for spent in measured)
            cpu = statistics.median(spent.cpu for spent in measured)
            print(
                f"run on {path.name}, {size:.0f} MB of text: {wall:.1f} s, {cpu:.1f} s of CPU, {size / wall:.0f} MB/s, "
                f"peak {max(spent.peak for spent in measured):.0f} MB (wanted {wanted})",
                flush=True,
            )

    def x12(self) -> None:
        """837 on one core, and a quarter of it, which must take as much memory."""
        for megabytes in (self.megabytes, self.megabytes // 4):
            self.text("x12", megabytes, *ONE_CORE, wanted="30 MB/s on one core, 300 MB")

    def reports(self) -> None:
        """The reports of a run in which every line is decided, and the share of the reports in a usual run."""
        import polars as pl  # noqa: PLC0415 -- only this measure needs it

        lines = self.lines // 20
        every = self.folder / f"{lines}-decided.parquet"
        if not every.exists():
            sample = pl.read_parquet(self.extract(f"{lines}.parquet", lines))
            codes = pl.Series(["0600T", "0601T", "47384", "55877", "32999", "47399", "48999", "53899"])
            sites = pl.Series(["C220", "C250", "C787", "C61", "C641", "Z006", "C3490"])
            place = pl.int_range(pl.len())
            sample.with_columns(
                hcpcs_code=pl.lit(codes).gather(place % len(codes)),
                diagnosis_code_1=pl.lit(sites).gather(place % len(sites)),
            ).write_parquet(every)
        self.fresh(self.nightly(every))
        print(f"the report stage of a run with {lines:,} decisions: {self._stages()['reports']:.1f} s", flush=True)
        for fmt in ("html", "xlsx", "remittance", "csv", "json"):
            to = str(self.folder / f"report.{fmt}")
            spent = timed([*PROGRAM, "report", "--out", str(self.out), "--format", fmt, "--to", to])
            print(f"report --format {fmt}: {spent.wall:.1f} s, {spent.cpu:.1f} s of CPU, peak {spent.peak:.0f} MB")
        self.fresh(self.nightly(self.extract(f"{self.lines}.parquet", self.lines)))
        stages = self._stages()
        share = stages["reports"] / sum(stages.values())
        print(f"reports in a run of {self.lines:,} lines: {stages['reports']:.1f} s, {share:.1%} of it", flush=True)

    def _stages(self) -> dict[str, float]:
        """Seconds by stage, as the manifest of the run in the results folder has them."""
        (manifest,) = self.out.glob("runs/*/manifest.json")
        timings: dict[str, float] = json.loads(manifest.read_text(encoding="utf-8"))["timings"]
        return timings

    def fhir(self) -> None:
        """FHIR NDJSON on all cores."""
        self.text("fhir", self.megabytes, wanted="150 MB/s")


PARTS = {
    "parquet": Bench.parquet,
    "csv": Bench.csv,
    "policies": Bench.policies,
    "triple": Bench.triple,
    "start": Bench.start,
    "837": Bench.x12,
    "fhir": Bench.fhir,
    "reports": Bench.reports,
}


def main() -> None:
    """Measure the parts that are named, or all."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them by default")
    arguments.add_argument("--lines", type=int, default=20_000_000, help="claim lines of the tables")
    arguments.add_argument("--megabytes", type=int, default=1000, help="of 837 and FHIR text")
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--dir", type=Path, default=Path("build/bench"))
    reported = arguments.parse_args()
    unknown = sorted(set(reported.parts) - set(PARTS))
    if unknown:
        arguments.error(f"no such part: {', '.join(unknown)}. There are {', '.join(PARTS)}.")
    bench = Bench(reported)
    for name, part in PARTS.items():
        if name in reported.parts or not reported.parts:
            part(bench)
    shutil.rmtree(bench.out, ignore_errors=True)


if __name__ == "__main__":
    main()
