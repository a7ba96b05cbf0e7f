"""The files that list decisions, all written from one pass over the lines of a run."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.report import queries
from claims_edit.report.csv_format import cells_of
from claims_edit.report.remittance import remittance_feed
from claims_edit.store import ask

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.report.run_view import RunView


def write_line_files(view: RunView, folder: Path, *, lines: bool = True, feed: bool = True) -> None:
    """Write the CSV file of each disposition (`lines`), and the remittance feed as CSV and Parquet (`feed`).

    Both are in the order of the record.

    Of a shadow run there is one file, under a name of its own, and a feed without rows.
    """
    reports = {queries.SHADOW_REPORT: None} if view.is_shadow else queries.LINE_REPORTS
    reports = reports if lines else {}
    feeds = (folder / "remittance.csv", folder / "remittance.parquet") if feed else ()
    disposition = pl.col("disposition")
    with ExitStack() as stack:
        files = {stack.enter_context((folder / name).open("wb")): of for name, of in reports.items()}
        remit = stack.enter_context(remittance_feed(view, *feeds))
        for rows in ask(view.connection, queries.LINES, {"run_id": view.run_id, "all": view.is_shadow}).batches():
            cells = cells_of(rows)
            for target, of in files.items():
                work = cells if of is None else cells.filter(disposition == of)
                work.write_csv(target, include_header=target.tell() == 0)
            remitted = disposition.is_in(queries.REMITTED)
            if feeds:
                remit(rows.filter(remitted), cells.filter(remitted))
