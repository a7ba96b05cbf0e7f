"""The report of one published run, on request."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from claims_edit.errors import UsageError
from claims_edit.report import queries
from claims_edit.report.csv_format import write_csv
from claims_edit.report.summary import data_quality, frame_of, rows_of, summary, summary_text
from claims_edit.store import ResultsFolder, ask, open_readonly

if TYPE_CHECKING:
    from pathlib import Path

REPORT_FORMATS = ("csv", "json")


def report(out: Path, run: str | None, fmt: str) -> str:
    """The reasons behind a run's decisions as text; `run` is a run id or the beginning of one, None the latest.

    `csv` is the table of `denial_reasons.csv`; `json` is the summary with that table and the data quality.

    Raises:
        UsageError: no such run or format.
        ResultsError: the folder is damaged.
    """
    if fmt not in REPORT_FORMATS:
        raise UsageError(f"--format {fmt}: not available. Take one of {', '.join(REPORT_FORMATS)}.")
    manifest = ResultsFolder(out).manifest(run)
    with open_readonly(out) as connection:
        if fmt == "csv":
            table = io.BytesIO()
            write_csv(ask(connection, queries.REASONS, {"run_id": manifest["run_id"]}), table)
            return table.getvalue().decode()
        content = summary(connection, manifest)
        content["denial_reasons"] = rows_of(frame_of(connection, queries.REASONS, manifest["run_id"]))
        content["data_quality"] = rows_of(data_quality(connection, manifest))
    return summary_text(content)
