"""The report files of one run, written beside its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.report import queries
from claims_edit.report.csv_format import write_csv, write_frame
from claims_edit.report.summary import data_quality, summary, summary_text
from claims_edit.store import ask
from claims_edit.store.database import open_staged

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


def write_reports(decisions_dir: Path, quarantine_dir: Path, run_dir: Path, manifest: dict[str, Any]) -> None:
    """Write the CSV reports and summary.json of one run into `run_dir`, in bounded memory.

    `decisions_dir` and `quarantine_dir` hold the run's Parquet files; either may be empty. The manifest is not written
    here.
    """
    run = {"run_id": manifest["run_id"]}
    with open_staged(decisions_dir, quarantine_dir, run_dir.parents[1] / "scratch") as connection:
        for name, disposition in queries.LINE_REPORTS.items():
            _write(connection, queries.LINES, {**run, "disposition": disposition.value}, run_dir / name)
        _write(connection, queries.REASONS, run, run_dir / "denial_reasons.csv")
        with (run_dir / "data_quality.csv").open("wb") as target:
            write_frame(data_quality(connection, manifest), target)
        (run_dir / "summary.json").write_text(summary_text(summary(connection, manifest)), encoding="utf-8")


def _write(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any], path: Path) -> None:
    with path.open("wb") as target:
        write_csv(ask(connection, sql, parameters), target)
