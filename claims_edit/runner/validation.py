"""Validation only: the rows that a run would refuse, without deciding or writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.intake import load_mapping
from claims_edit.policy import load_catalog
from claims_edit.runner.reading_apart import read_apart
from claims_edit.runner.warned import first_warned

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from claims_edit.runner.kept import FileRead
    from claims_edit.runner.options import Progress
    from claims_edit.runner.reading import Reading

SHOWN_ROWS = 5


@dataclass(frozen=True)
class Validation:
    """The validation result of each extract; rows are identified by number, never by value."""

    files: tuple[dict[str, Any], ...]

    @property
    def rows_read(self) -> int:
        """Rows of all files."""
        return sum(file["rows_read"] for file in self.files)

    @property
    def rows_quarantined(self) -> int:
        """Rows that a run would refuse."""
        return sum(file["rows_quarantined"] for file in self.files)

    @property
    def quarantine_rate(self) -> float:
        """The share of refused rows."""
        return self.rows_quarantined / self.rows_read

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON and for the terminal."""
        return {"rows_read": self.rows_read, "rows_quarantined": self.rows_quarantined, "files": list(self.files)}


def validate_batch(
    extracts: tuple[str, ...],
    as_of: date,
    *,
    rules: Path | None = None,
    mapping: Path | None = None,
    fmt: str = "auto",
    progress: Progress = lambda _stage, _rows: None,
) -> Validation:
    """Validate the extracts.

    Raises:
        RulesError: the rule pack has faults.
        InputError: an extract or the mapping cannot be read.
    """
    catalog = load_catalog(rules)
    wanted = load_mapping(mapping)
    reading_apart = read_apart(
        extracts, catalog, wanted, as_of=as_of, fmt=fmt, on_rows=lambda rows: progress("read", rows)
    )
    with reading_apart as (reading, found):
        return Validation(tuple(_file_result(reading, file) for file in found))


def _file_result(reading: Reading, found: FileRead) -> dict[str, Any]:
    totals = found.totals
    return {
        "path": found.file.path.as_posix(),
        "format": found.file.format,
        "rows_read": totals.rows_read,
        "rows_accepted": totals.rows_accepted,
        "rows_quarantined": totals.rows_quarantined,
        "rows_filtered": totals.rows_filtered,
        "warnings_by_check": dict(sorted(totals.warnings_by_check.items())),
        "quarantined_by_check": dict(sorted(totals.quarantined_by_check.items())),
        "first_rows": _first_rows(reading, found),
        "first_warned_rows": _first_warned_rows(reading, found),
    }


def _first_rows(reading: Reading, found: FileRead) -> dict[str, list[int]]:
    """The numbers of the first rows that fail each check."""
    parts = [
        frame.lazy()
        .explode("failed_checks")
        .group_by("failed_checks")
        .agg(pl.col("source_row").head(SHOWN_ROWS))
        .collect()
        for frame in reading.quarantine(found)
    ]
    if not parts:
        return {}
    first = (
        pl.concat(parts)
        .group_by("failed_checks", maintain_order=True)
        .agg(pl.col("source_row").explode().head(SHOWN_ROWS))
    )
    return dict(sorted(zip(first["failed_checks"].to_list(), first["source_row"].to_list(), strict=True)))


def _first_warned_rows(reading: Reading, found: FileRead) -> dict[str, list[int]]:
    """The numbers of the first rows with each warning."""
    first = first_warned(reading, [found]).group_by("check").agg("source_row")
    return dict(sorted(first.iter_rows()))
