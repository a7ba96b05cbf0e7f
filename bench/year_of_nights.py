"""A year of nights into one results folder: what a run costs, what it writes, and what a query costs, night by night.

`year_of_nights.py --nights 365 --lines 50000`; one row of CSV for each night (`--csv`), and a plot of them (`--plot`).
Each night's extract is of the sample generator: new claims, and claims of earlier nights that are voided (1 % of the
lines), replaced (2 %) or repeated (3 %). One claim in FEW of these has a candidate line. The same seed gives the same
extracts. The programs run as a nightly job does: one process each.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import os
import random
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl
import vl_convert

from bench import PROGRAM, timed
from claims_edit.sample.tables import IRE_CODES, LINES_PER_CLAIM, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench import Spent

FIRST_NIGHT = dt.date(2026, 11, 20)
VOIDED, REPLACED, REPEATED = 0.01, 0.02, 0.03  # shares of a night's lines
FEW = 50  # of the claims that come again, one in so many has a candidate line: in the sample itself, one in 300
DROPPED_ONE_IN = 5  # replacements that lack their claim's last line
QUERIES = {
    "count": "SELECT count(*) AS denials FROM denials",
    "join": (
        "SELECT h.effect, d.disposition, count(*) AS lines, sum(d.charge_amount) AS charges FROM history AS h"
        " JOIN decisions AS d USING (run_id, source_file, source_row) GROUP BY ALL ORDER BY ALL"
    ),
}


@dataclass(frozen=True)
class Figures:
    """One night: seconds of the run and of the queries, and what the run wrote; 0 where it was not measured."""

    night: int
    reports: bool
    run_cpu: float
    run_elapsed: float
    count_cpu: float
    join_cpu: float
    explain_cpu: float
    written_bytes: int
    written_files: int
    folder_files: int
    folder_bytes: int


class Nights:
    """The extracts of the nights, each a pure function of its number."""

    def __init__(self, lines: int, seed: int) -> None:
        """So many lines a night, about."""
        self._lines, self._seed = lines // LINES_PER_CLAIM * LINES_PER_CLAIM, seed
        self._new = int(lines * (1 - VOIDED - REPLACED - REPEATED)) // LINES_PER_CLAIM * LINES_PER_CLAIM

    def new(self, night: int) -> pl.DataFrame:
        """The claims that come for the first time; those of other nights have other numbers."""
        return lines_of(night * self._lines, night * self._lines + self._new, self._seed)

    def extract(self, night: int) -> pl.DataFrame:
        """All lines of a night (from 0)."""
        new = self.new(night)
        if night == 0:
            return new
        drawn = random.Random(self._seed * 1_000_003 + night)  # noqa: S311 -- extracts to repeat
        earlier = pl.concat([self.new(night - 1), *([self.new(drawn.randrange(night - 1))] if night > 1 else [])])
        claims = [int(self._lines * share / LINES_PER_CLAIM) for share in (VOIDED, REPLACED, REPEATED)]
        ids = iter(_claims(earlier, sum(claims), drawn))
        voided, replaced, repeated = (
            earlier.filter(pl.col("claim_id").is_in([next(ids) for _ in range(count)])) for count in claims
        )
        return pl.concat([new, _revised(voided, "8", night), _replacement(replaced, night), repeated])

    def candidate_claim(self, night: int) -> str | None:
        """A claim of that night's new ones that has a candidate line."""
        found = self.new(night).filter(pl.col("hcpcs_code").is_in(IRE_CODES), claim_frequency_code="1")
        return str(found["claim_id"][0]) if found.height else None


def _claims(earlier: pl.DataFrame, count: int, drawn: random.Random) -> list[str]:
    """The numbers of so many originals, one in FEW with a candidate line, in no order."""
    originals = earlier.filter(claim_frequency_code="1").group_by("claim_id", maintain_order=True)
    known = originals.agg(pl.col("hcpcs_code").is_in(IRE_CODES).any().alias("has"))
    with_candidate, others = known.filter("has")["claim_id"].to_list(), known.filter(~pl.col("has"))["claim_id"]
    some = drawn.sample(with_candidate, min(len(with_candidate), -(-count // FEW)))
    ids = some + drawn.sample(others.to_list(), count - len(some))
    return drawn.sample(ids, len(ids))


def _revised(claims: pl.DataFrame, frequency: str, night: int) -> pl.DataFrame:
    """The claims again as voids or replacements, under numbers of their own, which name the original."""
    bill_type = pl.col("bill_type_code").str.head(2) + pl.lit(frequency)
    return claims.with_columns(
        claim_id=pl.format("{}-{}-{}", "claim_id", pl.lit(frequency), pl.lit(str(night))),
        original_claim_id="claim_id",
        claim_frequency_code=pl.lit(frequency),
        bill_type_code=bill_type,
    )


def _replacement(claims: pl.DataFrame, night: int) -> pl.DataFrame:
    """Replacements with another charge, some without their last line."""
    lacks = (pl.col("claim_line_number") == LINES_PER_CLAIM) & (pl.col("claim_id").hash(1) % DROPPED_ONE_IN == 0)
    charge = (pl.col("charge_amount") + 1).cast(claims.schema["charge_amount"])
    return _revised(claims.filter(~lacks), "7", night).with_columns(charge_amount=charge)


def _timed(*arguments: str | Path) -> Spent:
    """Run the program, which must succeed."""
    return timed([*PROGRAM, *map(str, arguments)])


def _files(out: Path) -> dict[tuple[int, int], int]:
    """Each file of the folder once, whatever names it has: its bytes."""
    found = {}
    for place, _, names in os.walk(out):
        for name in names:
            state = os.lstat(os.path.join(place, name))  # noqa: PTH118 -- of many files: a Path costs more
            found[state.st_ino, state.st_mtime_ns] = state.st_size
    return found


def measured(nights: Nights, options: argparse.Namespace) -> Iterator[Figures]:
    """Process each night, and measure it."""
    out: Path = options.dir / "results"
    before = _files(out)
    for night in range(options.nights):
        extract = options.dir / f"night-{night:04}.parquet"
        nights.extract(night).write_parquet(extract)
        reports = night % options.reports_every == options.reports_every - 1
        as_of = FIRST_NIGHT + dt.timedelta(days=night)
        run = _timed(
            "run", extract, "--out", out, "--as-of", as_of.isoformat(), "--quiet",
            *(() if reports else ("--reports", "none")),
        )  # fmt: skip
        extract.unlink()
        after = _files(out)
        written = len(after.keys() - before.keys())
        asked = dict.fromkeys((*QUERIES, "explain"), 0.0)
        if night % options.queries_every == options.queries_every - 1:
            asked = {name: round(_timed("sql", query, "--out", out).cpu, 3) for name, query in QUERIES.items()}
            claim = nights.candidate_claim(night)
            asked["explain"] = round(_timed("explain", claim, "--out", out).cpu, 3) if claim else 0.0
        yield Figures(
            night + 1, reports, round(run.cpu, 3), round(run.wall, 3), asked["count"], asked["join"], asked["explain"],
            run.written, written, len(after), sum(after.values()),
        )  # fmt: skip
        before = after


PANELS: dict[str, dict[str, Callable[[dict[str, Any]], float]]] = {
    "CPU seconds of a run": {
        "no reports": lambda row: 0 if row["reports"] else row["run_cpu"],
        "all reports": lambda row: row["run_cpu"] if row["reports"] else 0,
    },
    "CPU seconds of a query": {
        "count of denials": lambda row: row["count_cpu"],
        "join with history": lambda row: row["join_cpu"],
        "explain": lambda row: row["explain_cpu"],
    },
    "megabytes that a run writes": {
        "no reports": lambda row: 0 if row["reports"] else row["written_bytes"] / 1e6,
        "all reports": lambda row: row["written_bytes"] / 1e6 if row["reports"] else 0,
    },
    "files that a run writes": {
        "no reports": lambda row: 0 if row["reports"] else row["written_files"],
        "all reports": lambda row: row["written_files"] if row["reports"] else 0,
    },
}


def chart(figures: list[Figures]) -> dict[str, Any]:
    """One panel for each kind of figure, over the nights (Vega-Lite)."""
    rows = list(map(asdict, figures))
    return {
        "columns": 2,
        "concat": [_panel(title, lines, rows) for title, lines in PANELS.items()],
        "resolve": {"scale": {"color": "independent"}},
        "config": {"background": "white", "font": "sans-serif"},
    }


def _panel(
    title: str, lines: dict[str, Callable[[dict[str, Any]], float]], rows: list[dict[str, Any]]
) -> dict[str, Any]:
    values = [
        {"night": row["night"], "of": name, "value": round(value, 3)}
        for row in rows
        for name, of in lines.items()
        if (value := of(row))
    ]
    return {
        "title": title,
        "width": 340,
        "height": 180,
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 1},
        "encoding": {
            "x": {"field": "night", "type": "quantitative", "title": "night"},
            "y": {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": True}},
            "color": {"field": "of", "type": "nominal", "legend": {"title": None, "orient": "bottom"}},
        },
    }


def summary(figures: list[Figures]) -> str:
    """Medians of the first nights (of the second ten, where there are so many) and of the last ten."""
    unreported = [row for row in figures if not row.reports]
    early, late = unreported[10:20] if len(unreported) >= 30 else unreported[:10], unreported[-10:]  # noqa: PLR2004
    text = []
    for name in (field.name for field in fields(Figures) if field.name not in ("night", "reports")):
        first, last = (
            median([value for row in rows if (value := getattr(row, name))] or [0]) for rows in (early, late)
        )
        text.append(f"{name}: {first:,} at first, {last:,} at last ({last / first:.2f} times)" if first else name)
    return "\n".join(text)


def main() -> None:
    """Process the nights; the figures are written night by night."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--nights", type=int, default=365)
    arguments.add_argument("--lines", type=int, default=50_000, help="of a night")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--reports-every", type=int, default=30, help="nights; the others have no reports")
    arguments.add_argument("--queries-every", type=int, default=5, help="nights")
    arguments.add_argument("--dir", type=Path, default=Path("build/year"))
    arguments.add_argument("--csv", type=Path, help="of the figures (default: year.csv in --dir)")
    arguments.add_argument("--plot", type=Path, help="SVG (default: year.svg in --dir)")
    options = arguments.parse_args()
    shutil.rmtree(options.dir / "results", ignore_errors=True)
    options.dir.mkdir(parents=True, exist_ok=True)
    figures: list[Figures] = []
    with (options.csv or options.dir / "year.csv").open("w", encoding="utf-8", newline="") as target:
        table = csv.DictWriter(target, [field.name for field in fields(Figures)], lineterminator="\n")
        table.writeheader()
        for row in measured(Nights(options.lines, options.seed), options):
            table.writerow(asdict(row))
            target.flush()
            figures.append(row)
    drawn = vl_convert.vegalite_to_svg(chart(figures))
    (options.plot or options.dir / "year.svg").write_text(drawn + "\n", encoding="utf-8")
    print(summary(figures), flush=True)


if __name__ == "__main__":
    main()
