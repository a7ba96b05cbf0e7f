"""Make the DuckDB file of a results folder anew from its Parquet record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.resources import enough_room
from claims_edit.runner.carry_over import carry_over
from claims_edit.store import Readers, ResultsFolder
from claims_edit.store.generation import CURRENT

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
    ResultsFolder(out).manifest()
    folder = ResultsFolder(out, Readers.admitted_to(out / CURRENT))
    with enough_room(out), folder.lock():
        carried_over = carry_over(folder, progress)
        if not carried_over:
            progress("rebuild", 0)
            with folder.changing(folder.scratch("rebuild")):
                pass  # the record remains; its DuckDB file is made again
        return Rebuilt(len(folder.runs()), carried_over)
