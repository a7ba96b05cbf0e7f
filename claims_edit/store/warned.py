"""The first rows of each warning of a run, stored next to its manifest: the manifest itself has no value of a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.errors import ResultsError

if TYPE_CHECKING:
    from pathlib import Path

WARNED = "warnings.parquet"
WARNED_ROWS = {"check": pl.String(), "source_file": pl.String(), "source_row": pl.Int64(), "claim_id": pl.String()}


def write_warned(run_dir: Path, rows: pl.DataFrame) -> None:
    """Write the rows (WARNED_ROWS)."""
    rows.write_parquet(run_dir / WARNED)


def read_warned(run_dir: Path) -> pl.DataFrame:
    """The rows of a run (WARNED_ROWS); none for a run of an earlier release.

    Raises:
        ResultsError: the file is damaged.
    """
    path = run_dir / WARNED
    try:
        return pl.read_parquet(path, glob=False) if path.exists() else pl.DataFrame(schema=WARNED_ROWS)
    except (OSError, pl.exceptions.PolarsError):
        raise ResultsError(f"{path}: damaged. Restore it from a backup.") from None
