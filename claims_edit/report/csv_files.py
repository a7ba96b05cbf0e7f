"""The CSV files of a run: the lines of each disposition, the denial reasons, and the data quality."""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.report import queries
from claims_edit.report.csv_format import cells_of, write_csv, write_frame
from claims_edit.store import ask
from claims_edit.store.reviews import REVIEW_COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.report.run_view import RunView


def denial_reasons(view: RunView) -> str:
    """The table of `denial_reasons.csv`."""
    table = io.BytesIO()
    write_frame(view.figures.reasons, table)
    return table.getvalue().decode()


def write_csv_files(view: RunView, folder: Path) -> None:
    """Write `denial_reasons.csv`, `data_quality.csv`, the lines of each disposition, and `withdrawals.csv`.

    Lines are in the order of the record, but for `reviews.csv`: the whole work list, in order of priority. A shadow run
    has one file of lines, under a separate name, and `shadow_changes.csv`; it withdraws nothing.
    """
    frames = {"denial_reasons.csv": view.figures.reasons, "data_quality.csv": view.figures.quality}
    if view.is_shadow:
        frames[queries.SHADOW_CHANGES_REPORT] = view.figures.changes
    for name, frame in frames.items():
        with (folder / name).open("wb") as target:
            write_frame(frame, target)
    run = {"run_id": view.run_id}
    reports = {queries.SHADOW_REPORT: None} if view.is_shadow else dict(queries.LINE_REPORTS)
    if view.has_work_list:
        del reports[queries.REVIEWS_REPORT]
        columns = ", ".join(queries.TEXTS.get(name, name) for name in REVIEW_COLUMNS)
        with (folder / queries.REVIEWS_REPORT).open("wb") as target:
            write_csv(ask(view.connection, f"SELECT {columns} FROM {view.work_list}"), target)  # noqa: S608 -- our own column names
    if not view.is_shadow:
        with (folder / queries.WITHDRAWALS_REPORT).open("wb") as target:
            write_csv(ask(view.connection, queries.WITHDRAWALS, run), target)
    with ExitStack() as stack:
        files = {stack.enter_context((folder / name).open("wb")): of for name, of in reports.items()}
        for rows in ask(view.connection, queries.LINES, run | {"all": view.is_shadow}).batches():
            cells = cells_of(rows)
            for target, of in files.items():
                work = cells if of is None else cells.filter(pl.col("disposition") == of)
                work.write_csv(target, include_header=target.tell() == 0)
