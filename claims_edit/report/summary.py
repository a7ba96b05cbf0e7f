"""What a run came to: counts, charges, dispositions, payers, reasons, and the quality of the data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.columns import COLUMNS
from claims_edit.report import queries
from claims_edit.store import ask

if TYPE_CHECKING:
    import duckdb

QUALITY_SCHEMA = {"check": pl.String, "severity": pl.String, "column": pl.String, "file": pl.String, "rows": pl.Int64}


def frame_of(connection: duckdb.DuckDBPyConnection, sql: str, run_id: str) -> pl.DataFrame:
    """The few rows of an aggregate over one run."""
    return pl.concat(ask(connection, sql, {"run_id": run_id}).batches())


def rows_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of an aggregate as JSON has them: money as text."""
    return frame.with_columns(pl.col(pl.Decimal).cast(pl.String)).to_dicts()


def data_quality(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> pl.DataFrame:
    """How many rows failed each check, by file: errors (refused rows), then warnings (nothing is refused for them)."""
    refused = frame_of(connection, queries.QUARANTINE_BY_FILE, manifest["run_id"])
    errors = refused.with_columns(severity=pl.lit("error"))
    counted = sorted(
        (check, file["path"], rows) for file in manifest["inputs"] for check, rows in file["warnings_by_check"].items()
    )
    warnings = pl.DataFrame(
        [{"check": check, "severity": "warning", "file": path, "rows": rows} for check, path, rows in counted],
        schema=QUALITY_SCHEMA,
    )
    both = pl.concat([errors, warnings.drop("column")], how="diagonal_relaxed")
    first_word = pl.col("check").str.split("-").list.first()
    column = pl.when(first_word.is_in(sorted(COLUMNS))).then(first_word)
    return both.with_columns(column=column).select(pl.col(name).cast(kind) for name, kind in QUALITY_SCHEMA.items())


def summary(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> dict[str, Any]:
    """The content of summary.json: no times, so that the same run gives the same text but for its id."""
    run_id = manifest["run_id"]
    named = ("run_id", "mode", "as_of", "rules_hash", "counts", "charges")
    tables = {
        "by_disposition": queries.BY_DISPOSITION,
        "by_payer": queries.BY_PAYER,
        "by_reason": queries.TOP_REASONS,
    }
    return {
        **{name: manifest[name] for name in named},
        **{name: rows_of(frame_of(connection, sql, run_id)) for name, sql in tables.items()},
    }


def summary_text(content: dict[str, Any]) -> str:
    """JSON with sorted keys."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
