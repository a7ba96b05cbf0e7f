"""Compare two results folders, as before and after a change of the program: `same_results.py OLD NEW`.

Of each table of the record, the rows of either that the other does not have are counted, without what differs from run
to run by itself: the run's id. Reports are compared as text. Exit 1 if anything differs, with its columns; no value is
printed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import polars as pl

TABLES = ("decisions", "quarantine", "history", "withdrawals")
RUN = r"\d{8}T\d{12}Z-[0-9a-f]{6}"
MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|\+00:00| UTC)?(?: [0-9a-f]{6}\b)?"
OWN = ("started_at", "finished_at", "timings", "fingerprint")
TEXTS = ("*.csv", "*.json", "*.html", "*.md")


def rows(results: Path, table: str) -> pl.DataFrame:
    """The rows of a table, without the id of the run that made them."""
    files = sorted((results / table).glob("*/*.parquet"))
    if not files:
        return pl.DataFrame()
    frame = pl.read_parquet(files, hive_partitioning=False, missing_columns="insert")
    return frame.with_columns(pl.col(pl.String).str.replace_all(RUN, "RUN"))


def differing(old: pl.DataFrame, new: pl.DataFrame) -> list[str]:
    """What differs between two tables, in words; nothing if they are equal, in order."""
    if old.columns != new.columns:
        return [f"columns {sorted({*old.columns} ^ {*new.columns})}"]
    if old.equals(new):
        return []
    if old.height != new.height:
        return [f"{old.height:,} and {new.height:,} rows"]
    return [f"{name}: {n:,} rows" for name in old.columns if (n := int((old[name].ne_missing(new[name])).sum()))]


def texts(results: Path) -> dict[str, str]:
    """The reports of each run, by the run's place and the file's name, without ids and moments."""
    found = {}
    for place, run in enumerate(sorted(path for path in (results / "runs").iterdir() if path.is_dir())):
        for path in sorted(each for pattern in TEXTS for each in run.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if path.name == "manifest.json":
                content = json.loads(text)
                text = json.dumps({name: value for name, value in content.items() if name not in OWN}, sort_keys=True)
            found[f"run {place}: {path.name}"] = re.sub(MOMENT, "MOMENT", re.sub(RUN, "RUN", text))
    return found


def main(old: Path, new: Path) -> int:
    """Tell what differs."""
    if missing := [str(each) for each in (old, new) if not (each / "runs").is_dir()]:
        sys.exit(f"{', '.join(missing)}: no run is published there. Name the --out of a run.")
    faults, compared = [], []
    for table in TABLES:
        before, after = rows(old, table), rows(new, table)
        faults += [f"{table}: {fault}" for fault in differing(before, after)]
        compared.append(f"{after.height:,} {table}")
    reports, others = texts(old), texts(new)
    faults += [f"{name}: differs" for name in sorted({*reports, *others}) if reports.get(name) != others.get(name)]
    print("\n".join(faults) if faults else f"the same: {', '.join(compared)}, {len(others)} reports")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
