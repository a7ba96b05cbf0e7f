"""Make the DuckDB file of a results folder anew from its Parquet record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.runner.carry_over import changed_in_place

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.runner.options import Progress


@dataclass(frozen=True)
class Rebuilt:
    """The outcome of `rebuild`: the published runs, and how many of them were carried over from an earlier format."""

    runs: int
    carried_over: int


def rebuild(out: Path, progress: Progress = lambda _stage, _rows: None) -> Rebuilt:
    """Make the DuckDB file anew and publish it with one rename; carries over results of an earlier format.

    The Parquet record is checked, and remains as it is; the same group as before may read the results.

    Raises:
        UsageError: no run is published there.
        ResultsError: the folder is busy, damaged or of a newer format, or disk or memory is too small; readers still
            see what was there.
    """
    with changed_in_place(out, progress) as (folder, carried_over):
        if not carried_over:
            progress("rebuild", 0)
            with folder.changing(folder.scratch("rebuild")):
                pass  # the record remains; its DuckDB file is made again
        return Rebuilt(len(folder.runs()), carried_over)
