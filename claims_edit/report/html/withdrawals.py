"""The decisions of earlier runs that the run withdrew: a sentence, their sums by cause, and the largest of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.model import Effect
from claims_edit.report import queries
from claims_edit.report.effects import WITHDRAWN_LABELS
from claims_edit.report.html.cells import Cell, Table, amount, count, money, plural, whole, words
from claims_edit.report.html.rows import shown
from claims_edit.report.html.tables import reason_label, totals
from claims_edit.store import ask

if TYPE_CHECKING:
    from claims_edit.report.run_view import RunView

MOST_ROWS = 200


def withdrawn_note(view: RunView) -> str:
    """One sentence: how many, and how many of them may have been posted."""
    lines, charges = totals(view.figures.withdrawn)
    if not lines:
        return "No decision of an earlier run was withdrawn."
    posted, posted_charges = totals(view.figures.withdrawn.filter(pl.col("disposition").is_in(queries.REMITTED)))
    may = f"{posted:,} (denied or returned, charges {amount(posted_charges)}) may have been posted"
    return (
        f"{plural(lines, 'decision')} of earlier runs, with charges of {amount(charges)},"
        f" {'is' if lines == 1 else 'are'} no longer current. Of these, {may if posted else 'none was posted'}."
    )


def withdrawn_tables(view: RunView) -> list[Table]:
    """The tables; none where nothing was withdrawn."""
    return [] if view.figures.withdrawn.is_empty() else [_by_cause(view), _largest(view)]


def _by_cause(view: RunView) -> Table:
    """Lines, claims and charges by cause and disposition."""
    rows = [
        [
            Cell(WITHDRAWN_LABELS[Effect(row["withdrawn_because"])], below=row["withdrawn_because"]),
            words(row["disposition"]),
            count(row["lines"]),
            count(row["claims"]),
            money(row["charges"]),
        ]
        for row in view.figures.withdrawn.iter_rows(named=True)
    ]
    columns = ("Because", "Disposition", "Lines", "Claims", "Charges")
    return Table("withdrawn-by-cause", "Withdrawn decisions by cause", columns, rows)


def _largest(view: RunView) -> Table:
    """The withdrawn decisions with the highest charges."""
    wanted = {"run_id": view.run_id, "rows": MOST_ROWS}
    frame = pl.concat(ask(view.connection, queries.LARGEST_WITHDRAWALS, wanted).batches())
    rows = [
        [
            words(shown(row["claim_id"])),
            Cell(shown(row["claim_line_number"]), number=True),
            words(row["disposition"]),
            Cell(reason_label(row["reason_code"]), below=row["reason_code"]),
            money(row["charge_amount"]),
            words(row["why"]),
            words(shown(row["withdrawn_by"])),
            whole(row["decided_run_id"]),
        ]
        for row in frame.iter_rows(named=True)
    ]
    left = totals(view.figures.withdrawn)[0] - len(rows)
    note = f"The {MOST_ROWS} with the highest charges. {left:,} others are in {queries.WITHDRAWALS_REPORT}."
    columns = ("Claim", "Line", "Disposition", "Reason", "Charge", "Because", "By claim", "Decided by run")
    return Table("withdrawn", "Withdrawn decisions", columns, rows, note=note if left else "")
