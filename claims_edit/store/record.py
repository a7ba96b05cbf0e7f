"""The Parquet record of a run: its files, and the check against its manifest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import duckdb

from claims_edit.duck import connect, literal, shared
from claims_edit.errors import ResultsError
from claims_edit.store.as_published import AsPublished
from claims_edit.store.generation import DATABASE, GENERATIONS, RECORD_FOLDERS, RUNS, noted_runs
from claims_edit.store.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PARTS = {
    "decisions": "decisions", "quarantine": "rows_quarantined", "history": "history_rows", "withdrawals": "withdrawn",
}  # fmt: skip
"""Folder, and the manifest's count of its rows."""


def rows_of(run: dict[str, Any]) -> dict[str, int]:
    """The rows that the record of a run has, by name of the table (PARTS), from its manifest."""
    return {table: run.get("pruned", {}).get(table, run["counts"][count]) for table, count in PARTS.items()}


def part_files(root: Path, folder: str, run_id: str) -> list[str]:
    """The Parquet files of one run, in the order of their rows."""
    place = f"{root / folder}/run_id={run_id}"
    try:
        return sorted(f"{place}/{name}" for name in os.listdir(place) if name.endswith(".parquet"))  # noqa: PTH208
    except FileNotFoundError:
        return []


def all_parts(root: Path, run_ids: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """The Parquet files of these runs, by table and run."""
    return {(table, run_id): part_files(root, table, run_id) for run_id in run_ids for table in PARTS}


def run_ids(root: Path) -> list[str]:
    """The runs of a generation or of a staged run, oldest first, from any folder that has them."""
    found = {path.name.removeprefix("run_id=") for name in RECORD_FOLDERS for path in (root / name).glob("*")}
    return sorted(found)


def manifests(root: Path) -> list[dict[str, Any]]:
    """The manifests below `root`, oldest first.

    Raises:
        ResultsError: one is missing or damaged.
    """
    return [read_manifest(root / "runs" / run_id) for run_id in run_ids(root)]


def check_record(root: Path) -> list[dict[str, Any]]:
    """Check every run below `root` against its manifest; return the manifests.

    The footers of its files are read, but for those that are as they were when they were published (`AsPublished`).

    Raises:
        ResultsError: with one fault for each unreadable file and each run with missing rows.
    """
    known = manifests(root)
    rows_wanted = {run["run_id"]: rows_of(run) for run in known}
    parts = AsPublished(root).others(all_parts(root, rows_wanted))
    expected = {(name, run_id): rows_wanted[run_id][name] for name, run_id in parts}
    files = {path: key for key, paths in parts.items() for path in paths}
    rows, faults = _row_counts(list(files))
    found = dict.fromkeys(expected, 0)
    for path, count in rows.items():
        found[files[path]] += count
    if not faults:
        faults = [
            f"{root / name / f'run_id={run_id}'}: {found[name, run_id]} rows, but the manifest has {count}."
            " Restore the folder from a backup, or move this run out of it, then run again."
            for (name, run_id), count in expected.items()
            if found[name, run_id] != count
        ]
    if faults:
        raise ResultsError(*faults)
    return known


def check_known_runs(generation: Path) -> None:
    """Check that the record of a generation has every known run: from its list, else from its DuckDB file.

    A power failure can lose whole runs if the disk lost synced data; an older generation may still have them.

    Raises:
        ResultsError: with one fault for each missing run, and the location of a copy.
    """
    held = run_ids(generation)
    if missing := sorted(set(_known_runs(generation)) - set(held)):
        raise ResultsError(*(_lost(generation, run_id) for run_id in missing))


def _known_runs(generation: Path) -> list[str]:
    noted = noted_runs(generation)
    if noted is not None:
        return noted
    try:
        with connect(generation / DATABASE, read_only=True, settings={"threads": 1}) as connection:
            return [run_id for (run_id,) in connection.execute("SELECT run_id FROM runs").fetchall()]
    except duckdb.Error:  # missing or damaged: it is created again
        return []


def _lost(generation: Path, run_id: str) -> str:
    others = sorted(other.name for other in generation.parent.iterdir() if run_id in run_ids(other))
    copy = f"Copy it from {GENERATIONS}/{others[-1]}" if others else "Restore it from a backup"
    noted = generation / RUNS
    taken = f"delete its line in {noted}" if noted.exists() else f"delete {generation / DATABASE}"
    return (
        f"{generation}: run {run_id} is missing from the record; nothing else was removed. {copy}; if it was removed on"
        f" purpose, {taken}."
    )


def _row_counts(files: list[str]) -> tuple[dict[str, int], list[str]]:
    """The rows of each Parquet file, and a fault for each file that is not Parquet."""
    if not files:
        return {}, []
    footer = "SELECT file_name, num_rows FROM parquet_file_metadata($files)"
    with shared() as connection:
        try:
            return dict(connection.execute(footer, {"files": list(map(literal, files))}).fetchall()), []
        except duckdb.Error:
            faults = []
        for path in files:
            try:
                connection.execute(footer, {"files": [literal(path)]}).fetchall()
            except duckdb.Error:
                faults.append(
                    f"{path}: cannot be read as Parquet. Restore it from a backup, or move its run elsewhere."
                )
    return {}, faults
