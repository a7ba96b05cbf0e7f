"""The figures of one run, each computed at most once: every report takes them from here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.columns import COLUMNS
from claims_edit.model import Mode
from claims_edit.report import queries
from claims_edit.report.changes import BY_EDIT, by_edit, by_provider
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
    """Small frames of one run, each in a fixed order; `lines` and `claims` are counts, `charges` is Decimal(38, 2).

    Each is computed on first use, from the run's rows and, for warnings, from its manifest and their
    first rows.
    """

    connection: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    warned: pl.DataFrame

    @cached_property
    def reasons(self) -> pl.DataFrame:
        """payer, program, disposition, reason_code, month (`2026-03`), lines, claims, charges."""
        return self._of(queries.REASONS)

    @cached_property
    def by_disposition(self) -> pl.DataFrame:
        """disposition, lines, claims, charges."""
        return self._of(queries.BY_DISPOSITION)

    @cached_property
    def seen(self) -> pl.DataFrame:
        """Effect (`seen-again`, `late`), lines, claims, charges of the decisions that no other figure counts."""
        return self._of(queries.SEEN)

    @cached_property
    def withdrawn(self) -> pl.DataFrame:
        """withdrawn_because, disposition, lines, claims, charges of the decisions of earlier runs that it withdrew."""
        return self._of(queries.WITHDRAWN_BY_CAUSE)

    @cached_property
    def by_payer(self) -> pl.DataFrame:
        """payer, disposition, lines, claims, charges."""
        return self._of(queries.BY_PAYER)

    @cached_property
    def by_reason(self) -> pl.DataFrame:
        """disposition, reason_code, lines, claims, charges; most lines first."""
        return self._of(queries.TOP_REASONS)

    @cached_property
    def stale(self) -> pl.DataFrame:
        """Decisions made after a policy's review was due.

        policy_id, policy_version, disposition, first_service, last_service, lines, claims, charges.
        """
        return self._of(queries.STALE_POLICIES)

    @cached_property
    def doubts(self) -> pl.DataFrame:
        """doubt, disposition, lines, claims, charges; a line counts for each of its doubts."""
        return self._of(queries.DOUBTS)

    @cached_property
    def changes(self) -> pl.DataFrame:
        """What a shadow run decides otherwise than the current decisions: billing_npi and BY_EDIT; else empty."""
        if self.manifest["mode"] != Mode.SHADOW:
            return pl.DataFrame(schema={"billing_npi": pl.String(), **BY_EDIT})
        return self._of(queries.SHADOW_CHANGES)

    @cached_property
    def changes_by_edit(self) -> pl.DataFrame:
        """The same, by edit (BY_EDIT)."""
        return by_edit(self.changes)

    @cached_property
    def changes_by_provider(self) -> pl.DataFrame:
        """The same, by billing provider (BY_PROVIDER)."""
        return by_provider(self.changes)

    @cached_property
    def quality(self) -> pl.DataFrame:
        """check, severity (`error`, `warning`), column, file, rows; row numbers and claim ids of the first ones."""
        return _quality(self.connection, self.manifest, self.warned)

    def _of(self, sql: str) -> pl.DataFrame:
        return frame_of(self.connection, sql, self.manifest["run_id"])

    def compute(self) -> None:
        """Compute all remaining figures: threads may share figures only after that."""
        for name, each in vars(type(self)).items():
            if isinstance(each, cached_property):
                getattr(self, name)


def frame_of(connection: duckdb.DuckDBPyConnection, sql: str, run_id: str) -> pl.DataFrame:
    """The few rows of an aggregate over one run."""
    return pl.concat(ask(connection, sql, {"run_id": run_id}).batches())


def rows_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of an aggregate for JSON: money and dates as text."""
    return frame.with_columns(pl.col(pl.Decimal, pl.Date).cast(pl.String)).to_dicts()


def _quality(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any], warned: pl.DataFrame) -> pl.DataFrame:
    """How many rows failed each check, by file: errors (refused rows), then warnings (accepted rows)."""
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
