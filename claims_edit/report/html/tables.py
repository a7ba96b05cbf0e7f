"""The report's tables, from the figures and the manifest, as text to be escaped."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.doubts import DOUBTS
from claims_edit.edits import LABELS
from claims_edit.model import UNCOUNTED, Disposition
from claims_edit.report.changes import MEASURES
from claims_edit.report.csv_format import LIST_SEPARATOR
from claims_edit.report.html.cells import Cell, Table, amount, count, money, whole, words
from claims_edit.store import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from claims_edit.report.run_view import RunView

MOST_PAYERS = 20
MOST_MONTHS = 24
MOST_REASON_ROWS = 50
MOST_PROVIDERS = 50
_CHANGED = ("Lines", "Charges", "Denied charges, enforced", "Denied charges, shadow", "Change of denied charges")
NOT_ON_FILE = "not recognized"
_SUMS = (pl.col("lines").sum(), pl.col("charges").sum())


def _sums(lines: int, charges: Decimal) -> Cell:
    return count(lines, amount(charges)) if lines else Cell("", number=True)


def payer_label(view: RunView, payer: str | None) -> str:
    """The payer's name in the rules."""
    if payer is None:
        return NOT_ON_FILE
    known = view.catalog.pack.payers.payers.get(payer)
    return known.label if known else payer


def program_label(view: RunView, program: str | None) -> str:
    """The program's name in the rules."""
    if program is None:
        return "unknown"
    known = view.catalog.pack.programs.programs.get(program)
    return known.label if known else program


def reason_label(reason_code: str) -> str:
    """The label of an edit."""
    return LABELS.get(reason_code, reason_code.replace("-", " "))


def by_disposition(view: RunView) -> Table:
    """Lines, claims and charges of every disposition in the run."""
    frame = in_order(view.figures.by_disposition)
    rows = [
        [words(row["disposition"]), count(row["lines"]), count(row["claims"]), money(row["charges"])]
        for row in frame.iter_rows(named=True)
    ]
    lines, charges = totals(frame)
    return Table(
        "by-disposition",
        "Decisions by disposition",
        ("Disposition", "Lines", "Claims", "Charges"),
        rows,
        [words("all"), count(lines), words(""), money(charges)],
        "A claim with lines of different dispositions counts under each." if rows else "",
    )


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in the order of the dispositions."""
    return frame.sort(pl.col("disposition").cast(pl.Enum([each.value for each in Disposition])), maintain_order=True)


def totals(frame: pl.DataFrame) -> tuple[int, Decimal]:
    """Lines and charges of all rows."""
    lines, charges = frame.select(_SUMS).row(0)
    return lines, charges or Decimal()


def by_payer(view: RunView) -> Table:
    """Payer by disposition: the payers with the highest charges, and the others together."""
    frame = view.figures.by_payer
    largest = frame.group_by("payer").agg(_SUMS).sort("charges", "payer", descending=[True, False])["payer"].to_list()
    kept = largest[:MOST_PAYERS]
    return _split(
        Table("by-payer", "By payer: lines, and charges below", (), []),
        frame,
        "payer",
        [(payer_label(view, payer), [payer]) for payer in kept]
        + ([(f"{len(largest) - len(kept):,} other payers", largest[MOST_PAYERS:])] if largest[MOST_PAYERS:] else []),
    )


def by_program(view: RunView) -> Table:
    """Program by disposition."""
    frame = view.figures.reasons
    programs = sorted(set(frame["program"]), key=lambda program: (program is None, program))
    return _split(
        Table("by-program", "By program: lines, and charges below", (), []),
        frame,
        "program",
        [(program_label(view, program), [program]) for program in programs],
    )


def by_month(view: RunView) -> Table:
    """Month of service by disposition: the latest months, and the earlier ones together."""
    frame = view.figures.reasons
    months = sorted(set(frame["month"]), reverse=True)
    earlier = months[MOST_MONTHS:]
    return _split(
        Table("by-month", "By month of service: lines, and charges below", (), []),
        frame,
        "month",
        [(month, [month]) for month in months[:MOST_MONTHS]]
        + ([(f"before {months[MOST_MONTHS - 1]}", earlier)] if earlier else []),
    )


def _split(table: Table, frame: pl.DataFrame, column: str, groups: Sequence[tuple[str, list[str | None]]]) -> Table:
    """Rows of one column's groups, by disposition."""
    summed = frame.group_by(column, "disposition").agg(_SUMS)
    found = {(row[column], row["disposition"]): row for row in summed.iter_rows(named=True)}

    def cells(members: Iterable[str | None]) -> list[Cell]:
        rows = [[found[key, each] for key in members if (key, each) in found] for each in Disposition]
        sums = [(sum(row["lines"] for row in each), sum((row["charges"] for row in each), Decimal())) for each in rows]
        all_of = (sum(lines for lines, _ in sums), sum((charges for _, charges in sums), Decimal()))
        return [_sums(*each) for each in (*sums, all_of)]

    return Table(
        table.id,
        table.caption,
        (column.capitalize(), *Disposition, "all"),
        [[words(label), *cells(members)] for label, members in groups],
        [words("all"), *cells([member for _, members in groups for member in members])],
    )


def by_reason(view: RunView) -> Table:
    """Every reason of the run with its message, most lines first."""
    says = dict(view.catalog.reasons.select("reason_code", "reason").iter_rows())
    rows = [
        [
            Cell(reason_label(row["reason_code"]), below=row["reason_code"]),
            words(row["disposition"]),
            count(row["lines"]),
            count(row["claims"]),
            money(row["charges"]),
            words(says.get(row["reason_code"], "")),
        ]
        for row in view.figures.by_reason.iter_rows(named=True)
    ]
    columns = ("Reason", "Disposition", "Lines", "Claims", "Charges", "Message")
    return Table("by-reason", "By reason", columns, rows)


def all_reasons(view: RunView) -> Table:
    """Payer, program, reason and month together: the rows with the highest charges, and the sum of the others."""
    frame = view.figures.reasons
    order = ["charges", "payer", "program", "disposition", "reason_code", "month"]
    largest = frame.sort(order, descending=[True, *[False] * (len(order) - 1)], nulls_last=True)
    lines, charges = totals(largest.slice(MOST_REASON_ROWS))
    rows = [
        [
            words(payer_label(view, row["payer"])),
            words(program_label(view, row["program"])),
            words(row["disposition"]),
            words(reason_label(row["reason_code"])),
            whole(row["month"]),
            count(row["lines"]),
            count(row["claims"]),
            money(row["charges"]),
        ]
        for row in largest.head(MOST_REASON_ROWS).iter_rows(named=True)
    ]
    columns = ("Payer", "Program", "Disposition", "Reason", "Month", "Lines", "Claims", "Charges")
    left = f"The {MOST_REASON_ROWS} rows with the highest charges. {frame.height - len(rows):,} others are left out"
    note = f"{left}: {lines:,} lines, charges {amount(charges)}. All are in denial_reasons.csv."
    caption = "By payer, program, reason and month"
    return Table("all-reasons", caption, columns, rows, note=note if frame.height > len(rows) else "")


def changes_by_edit(view: RunView) -> Table:
    """What a shadow run decides otherwise, by the edits that decide before and after."""
    rows = [
        [_deciding(row["edit_before"]), _deciding(row["edit_after"]), *_changed(row)]
        for row in view.figures.changes_by_edit.iter_rows(named=True)
    ]
    columns = ("Enforced edit", "Shadow edit", *_CHANGED)
    return Table("changes-by-edit", "Changes by single edit", columns, rows, _all_changes(view, 2))


def changes_by_provider(view: RunView) -> Table:
    """The same by billing provider: those with the largest change of denied charges."""
    frame = view.figures.changes_by_provider
    rows = [[words(row["billing_npi"] or "no NPI"), *_changed(row)] for row in frame.head(MOST_PROVIDERS).to_dicts()]
    more = frame.height - len(rows)
    note = f"The {MOST_PROVIDERS} providers with the largest change. {more:,} others are in shadow_changes.csv."
    columns = ("Billing provider (NPI)", *_CHANGED)
    caption = "Changes by billing provider"
    return Table("changes-by-provider", caption, columns, rows, _all_changes(view, 1), note if more else "")


def _deciding(edit: str | None) -> Cell:
    return Cell(reason_label(edit), below=edit) if edit else Cell("not decided by an enforced run")


def _changed(row: dict[str, Any]) -> list[Cell]:
    return [count(row["lines"]), *(money(row[name]) for name in MEASURES if name != "lines")]


def _all_changes(view: RunView, labels: int) -> list[Cell]:
    sums = view.figures.changes.select(pl.col(name).sum() for name in MEASURES).to_dicts()[0]
    return [words("all"), *[words("")] * (labels - 1), *_changed(sums)]


def quality(view: RunView) -> Table:
    """Checks that refused rows failed, and warnings."""
    rows = [
        [
            words(row["check"]),
            words(row["severity"]),
            words(row["column"]),
            words(row["file"]),
            count(row["rows"]),
            words(_comma(row["first_rows"])),
            words(_comma(row["first_claims"])),
        ]
        for row in view.figures.quality.iter_rows(named=True)
    ]
    columns = ("Check", "Severity", "Column", "File", "Rows", "First rows", "First claims")
    return Table("quality", "Failed checks and warnings by file", columns, rows)


def doubts(view: RunView) -> Table:
    """Data on decided lines that could not be interpreted, and how to resolve it."""
    rows = [
        [
            words(row["doubt"]),
            words(row["disposition"]),
            count(row["lines"]),
            count(row["claims"]),
            money(row["charges"]),
            words(known.label if (known := DOUBTS.get(row["doubt"])) else ""),
            words(known.remedy if known else ""),
        ]
        for row in view.figures.doubts.iter_rows(named=True)
    ]
    columns = ("Doubt", "Disposition", "Lines", "Claims", "Charges", "Problem", "How to resolve it")
    return Table("doubts", "Facts in doubt: a line counts for each of its doubts", columns, rows)


def _comma(joined: str | None) -> str:
    return (joined or "").replace(LIST_SEPARATOR, ", ")


def trend(runs: Sequence[dict[str, Any]], label: Callable[[dict[str, Any]], str]) -> Table:
    """Lines by disposition of each run, oldest first, and those that the run saw again or late."""
    rows = [
        [
            whole(label(run)),
            words(run["run_id"]),
            *map(count, counted(run).lines.values()),
            *(count(counted(run).others.get(each, (0,))[0]) for each in UNCOUNTED),
            count(run["counts"]["decisions"]),
            count(run["counts"]["rows_quarantined"]),
        ]
        for run in runs
    ]
    columns = ("Started", "Run", *Disposition, "seen again", "late", "all", "Quarantined rows")
    return Table("trend", "Lines by disposition and run", columns, rows)
