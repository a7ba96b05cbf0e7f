"""The figures of one run, each computed once: every report takes them from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.columns import COLUMNS
from claims_edit.report import queries
from claims_edit.report.csv_format import LIST_SEPARATOR
from claims_edit.store import ask

if TYPE_CHECKING:
    import duckdb

QUALITY_SCHEMA = {
    "check": pl.String, "severity": pl.String, "column": pl.String, "file": pl.String, "rows": pl.Int64,
    "first_rows": pl.String, "first_claims": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """Small frames, each in a fixed order; `lines` and `claims` are counts, `charges` is Decimal(38, 2).

    Attributes:
        reasons: payer, program, disposition, reason_code, month (`2026-03`), lines, claims, charges.
        by_disposition: disposition, lines, claims, charges.
        by_payer: payer, disposition, lines, claims, charges.
        by_reason: disposition, reason_code, lines, claims, charges; most lines first.
        stale: policy_id, policy_version, disposition, first_service, last_service, lines, claims, charges: what was
            decided past a policy's review.
        doubts: doubt, disposition, lines, claims, charges; a line counts for each of its doubts.
        quality: check, severity (`error`, `warning`), column, file, rows; of the first ones the numbers and claim ids.
    """

    reasons: pl.DataFrame
    by_disposition: pl.DataFrame
    by_payer: pl.DataFrame
    by_reason: pl.DataFrame
    stale: pl.DataFrame
    doubts: pl.DataFrame
    quality: pl.DataFrame


def figures_of(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], warned: pl.DataFrame) -> Figures:
    """The figures of one run, from its rows and, for warnings, from its manifest and their first rows."""
    run_id = manifest["run_id"]
    return Figures(
        reasons=frame_of(connection, queries.REASONS, run_id),
        by_disposition=frame_of(connection, queries.BY_DISPOSITION, run_id),
        by_payer=frame_of(connection, queries.BY_PAYER, run_id),
        by_reason=frame_of(connection, queries.TOP_REASONS, run_id),
        stale=frame_of(connection, queries.STALE_POLICIES, run_id),
        doubts=frame_of(connection, queries.DOUBTS, run_id),
        quality=_quality(connection, manifest, warned),
    )


def frame_of(connection: duckdb.DuckDBPyConnection, sql: str, run_id: str) -> pl.DataFrame:
    """The few rows of an aggregate over one run."""
    return pl.concat(ask(connection, sql, {"run_id": run_id}).batches())


def rows_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of an aggregate as JSON has them: money and dates as text."""
    return frame.with_columns(pl.col(pl.Decimal, pl.Date).cast(pl.String)).to_dicts()


def _quality(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], warned: pl.DataFrame) -> pl.DataFrame:
    """How many rows failed each check, by file: errors (refused rows), then warnings (nothing is refused for them)."""
    refused = frame_of(connection, queries.QUARANTINE_BY_FILE, manifest["run_id"])
    errors = refused.with_columns(severity=pl.lit("error"))
    counted = sorted(
        (check, file["path"], rows) for file in manifest["inputs"] for check, rows in file["warnings_by_check"].items()
    )
    warnings = pl.DataFrame(
        [{"check": check, "severity": "warning", "file": path, "rows": rows} for check, path, rows in counted],
        schema={name: QUALITY_SCHEMA[name] for name in ("check", "severity", "file", "rows")},
    )
    first = warned.group_by("check", file="source_file", maintain_order=True).agg(
        first_rows="source_row", first_claims=pl.col("claim_id").drop_nulls()
    )
    named = warnings.join(first, on=["check", "file"], how="left", maintain_order="left")
    both = pl.concat([errors, named], how="diagonal_relaxed").with_columns(
        _joined("first_rows"), _joined("first_claims")
    )
    first_word = pl.col("check").str.split("-").list.first()
    column = pl.when(first_word.is_in(sorted(COLUMNS))).then(first_word)
    return both.with_columns(column=column).select(pl.col(name).cast(kind) for name, kind in QUALITY_SCHEMA.items())


def _joined(name: str) -> pl.Expr:
    """A list as one text, each value once, in order; null where empty."""
    text = pl.col(name).cast(pl.List(pl.String)).list.unique(maintain_order=True).list.join(LIST_SEPARATOR)
    return pl.when(text != "").then(text).alias(name)
