"""The work list: the reviews that are open after the run, those with the highest priority."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.report import queries
from claims_edit.report.html.cells import Cell, Table, count, money, whole, words
from claims_edit.report.html.rows import shown
from claims_edit.report.html.tables import payer_label, reason_label
from claims_edit.store import ask
from claims_edit.store.reviews import REVIEW_COLUMNS

if TYPE_CHECKING:
    from claims_edit.report.run_view import RunView

MOST_ROWS = 200


def work_list(view: RunView) -> Table:
    """The first rows, and the number of the others."""
    first = f"SELECT {', '.join(REVIEW_COLUMNS)} FROM {view.work_list} LIMIT {MOST_ROWS}"  # noqa: S608 -- our own words
    frame = pl.concat(ask(view.connection, first).batches())
    rows = [
        [
            count(row["priority"]),
            words(shown(row["claim_id"])),
            Cell(shown(row["claim_line_number"]), number=True),
            Cell(reason_label(row["reason_code"]), below=row["reason_code"]),
            words(shown(row["payer_raw"]) if row["payer"] is None else payer_label(view, row["payer"])),
            whole(shown(row["hcpcs_code"])),
            whole(shown(row["service_start_date"])),
            money(row["charge_amount"]),
            whole(shown(row["first_seen"])),
            count(row["nights_open"]),
            count(row["times_seen"]),
            words(row["ask"]),
        ]
        for row in frame.iter_rows(named=True)
    ]
    left = view.reviews.open - len(rows)
    note = f"The {MOST_ROWS} with the highest priority. {left:,} others are in {queries.REVIEWS_REPORT}."
    columns = (
        "Priority", "Claim", "Line", "Reason", "Payer", "Code", "Service", "Charge", "First seen", "Nights open",
        "Times seen", "Ask",
    )  # fmt: skip
    return Table("work-list-rows", "Open reviews by priority", columns, rows, note=note if left else "")
