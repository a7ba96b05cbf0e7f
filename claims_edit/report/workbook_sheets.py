"""The tables of the workbook: the rows and columns of each sheet, and where the complete data is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.model import Disposition
from claims_edit.report.queries import COUNTED, LINE_REPORTS, REVIEWS_REPORT, WITHDRAWALS_REPORT, WITHDRAWN
from claims_edit.store import LOCATION

if TYPE_CHECKING:
    from claims_edit.report.run_view import RunView

QUARANTINE_ROWS = 50_000  # a limit for people: a completely faulty extract has millions
SHEET_ROWS = 1_048_576  # of a sheet, its header included: Excel's limit

_LINE = ("claim_id", "claim_line_number", "member_id", "payer", "program", "service_start_date")
_SERVICE = ("hcpcs_code", "diagnosis_codes", "charge_amount")
_REASON = ("reason_code", "reason", "citation", "source_file", "source_row")
_REMITTED = ("adjustment_amount", "group_code", "carc", "rarcs")

# The columns for people; every column is in the CSV file of the sheet. Reviews show the facts that may be in doubt: the
# payer as given, the last service day, trial evidence, doubts, an authorization. Referrals show the basis of the
# program.
LINE_COLUMNS = {
    Disposition.DENY: (*_LINE, *_SERVICE, *_REMITTED, *_REASON),
    Disposition.RETURN: (*_LINE, *_SERVICE, *_REMITTED, *_REASON),
    Disposition.REVIEW: (
        *_LINE[:3], "payer_raw", *_LINE[3:], "service_end_date", "hcpcs_code", "modifiers", *_SERVICE[1:],
        "trial_evidence", "doubts", "prior_authorization_number", *_REASON[:2], "edits", *_REASON[2:],
    ),
    Disposition.REFER: (*_LINE[:5], "program_basis", _LINE[5], *_SERVICE, "policy_reference", *_REASON),
}  # fmt: skip
WORK_LIST_COLUMNS = (
    "priority", *LINE_COLUMNS[Disposition.REVIEW], "first_seen", "last_seen", "times_seen", "nights_open", "ask",
)  # fmt: skip
WITHDRAWAL_COLUMNS = (
    *_LINE, *_SERVICE, "disposition", "reason_code", *_REMITTED, "why", "withdrawn_by", "withdrawn_because",
    "decided_run_id", "source_file", "source_row",
)  # fmt: skip
QUARANTINE_COLUMNS = (
    "source_file", "source_row", "claim_id", "failed_checks", "candidate_code", "charge_amount", "first_source_file",
    "first_source_row", "raw_values",
)  # fmt: skip


@dataclass(frozen=True)
class TableSheet:
    """One sheet that is a table with a header.

    Attributes:
        name: of the sheet.
        columns: in order, as in `source`.
        source: the text after FROM; its parameters are `$run_id` and, on line sheets, `$disposition`.
        parameters: for `source`.
        rows: the number in the run.
        whole: where all rows and columns are.
        frame: the table itself where `source` is not the run's record.
        fits: the most rows that fit the sheet.
    """

    name: str
    columns: tuple[str, ...]
    source: str
    parameters: dict[str, Any]
    rows: int
    whole: str
    frame: pl.DataFrame | None = None
    fits: int = field(default_factory=lambda: SHEET_ROWS - 1)

    @property
    def shown(self) -> int:
        """The number of rows in the sheet; if that is not all, its last row says so."""
        return self.rows if self.rows <= self.fits else self.fits - 1

    @property
    def left_out(self) -> int:
        """The number of rows that do not fit the sheet."""
        return self.rows - self.shown

    @property
    def left_out_note(self) -> str:
        """The text of the sheet's last row about them."""
        return f"{self.left_out:,} more rows do not fit this sheet. See {self.whole}."


def table_sheets(view: RunView) -> tuple[TableSheet, ...]:
    """The tables of a run's workbook, in the order of the sheets."""
    withdrawals = () if view.is_shadow else (_withdrawals(view),)
    return (_reasons(view), *_lines(view), *withdrawals, _quarantine(view))


def _reasons(view: RunView) -> TableSheet:
    month = (pl.col("month") + "-01").str.to_date("%Y-%m-%d")
    frame = view.figures.reasons.with_columns(month=month)
    return TableSheet(
        "denial reasons", tuple(frame.columns), "reasons", {}, frame.height, "denial_reasons.csv", frame=frame
    )


def _lines(view: RunView) -> list[TableSheet]:
    lines = view.counted.lines
    return [
        _work_list(view)
        if view.has_work_list and disposition is Disposition.REVIEW
        else TableSheet(
            file.removesuffix(".csv"),
            LINE_COLUMNS[disposition],
            f"{COUNTED} WHERE run_id = $run_id AND disposition = $disposition ORDER BY {LOCATION}",
            {"run_id": view.run_id, "disposition": disposition.value},
            lines[disposition],
            file,
        )
        for file, disposition in LINE_REPORTS.items()
    ]


def _work_list(view: RunView) -> TableSheet:
    return TableSheet("reviews", WORK_LIST_COLUMNS, view.work_list, {}, view.reviews.open, REVIEWS_REPORT)


def _withdrawals(view: RunView) -> TableSheet:
    rows = view.manifest["counts"]["withdrawn"]
    run = {"run_id": view.run_id}
    return TableSheet("withdrawals", WITHDRAWAL_COLUMNS, WITHDRAWN, run, rows, WITHDRAWALS_REPORT)


def _quarantine(view: RunView) -> TableSheet:
    rows = view.manifest["counts"]["rows_quarantined"]
    source, whole = "quarantine WHERE run_id = $run_id", "the table quarantine of claims_edit.duckdb"
    fits = min(QUARANTINE_ROWS, SHEET_ROWS - 1)
    return TableSheet("quarantine", QUARANTINE_COLUMNS, source, {"run_id": view.run_id}, rows, whole, fits=fits)
