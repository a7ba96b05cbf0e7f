"""The data of the charts: a few rows from the run's figures, with a note on what a chart leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.model import Disposition, Mode
from claims_edit.report.html import charts, tables
from claims_edit.report.html.cells import Table, amount
from claims_edit.store import counted

if TYPE_CHECKING:
    from markupsafe import Markup

    from claims_edit.report.run_view import RunView

CHART_PAYERS = 12
CHART_RUNS = 30
OTHER_REASONS = "all other reasons"
_PLACE = {disposition: place for place, disposition in enumerate(Disposition)}


@dataclass(frozen=True)
class Figure:
    """A chart with its caption, which notes what it leaves out, and the table with the same figures."""

    svg: Markup
    caption: str
    table: str


@dataclass(frozen=True)
class Trend:
    """The enforce runs of the results folder; no chart with fewer than two."""

    figure: Figure | None
    runs: Table
    note: str


def figures(view: RunView) -> list[Figure]:
    """The charts of the run itself; none where nothing was decided."""
    if view.figures.by_disposition.is_empty():
        return []
    return [_by_payer(view), _by_month(view)]


def _by_payer(view: RunView) -> Figure:
    frame = view.figures.by_payer
    largest = frame.group_by("payer").agg(pl.col("charges").sum()).sort("charges", "payer", descending=[True, False])
    payers = largest["payer"].to_list()
    names = {payer: tables.payer_label(view, payer) for payer in payers[:CHART_PAYERS]}
    others = f"{len(payers) - len(names):,} other payers"
    rows = [
        {
            "payer": names.get(row["payer"], others),
            "disposition": row["disposition"],
            "charges": float(row["charges"]),
            "place": _PLACE[Disposition(row["disposition"])],
        }
        for payer in payers
        for row in frame.filter(pl.col("payer").eq_missing(pl.lit(payer, pl.String))).iter_rows(named=True)
    ]
    _, total = tables.totals(frame)
    description = f"A bar for each payer, split by disposition. All charges: {amount(total)}."
    svg = charts.charges_by_payer(_joined(rows, "payer", "disposition", "charges"), description)
    return Figure(svg, "Charges by disposition and payer", "by-payer")


def _by_month(view: RunView) -> Figure:
    frame = view.figures.reasons
    months = sorted(set(frame["month"]))[-tables.MOST_MONTHS :]
    recent = frame.filter(pl.col("month").is_in(months))
    sums = recent.group_by("reason_code").agg(pl.col("lines").sum())
    ranked = sums.sort("lines", "reason_code", descending=[True, False])["reason_code"].to_list()
    own = ranked if len(ranked) < charts.SERIES else ranked[: charts.SERIES - 1]
    domain = [*own, *([OTHER_REASONS] if len(ranked) > len(own) else [])]
    rows = [
        {"month": row["month"], "reason": reason, "lines": row["lines"], "place": domain.index(reason)}
        for row in recent.group_by("month", "reason_code").agg(pl.col("lines").sum()).sort(pl.all()).to_dicts()
        for reason in (row["reason_code"] if row["reason_code"] in own else OTHER_REASONS,)
    ]
    earlier = tables.totals(frame)[0] - tables.totals(recent)[0]
    left = f"; {earlier:,} lines of earlier months are left out" if earlier else ""
    description = f"A bar for each month of service from {months[0]} to {months[-1]}, split by reason."
    svg = charts.lines_by_month(_joined(rows, "month", "reason", "lines"), domain, description)
    return Figure(svg, f"Lines by month and reason{left}", "by-month")


def _joined(rows: list[dict[str, Any]], first: str, second: str, value: str) -> list[dict[str, Any]]:
    """Rows with the same two keys as one row with their sum, in order of first occurrence."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        known = found.setdefault((row[first], row[second]), {**row, value: 0})
        known[value] += row[value]
    return list(found.values())


def trend(view: RunView) -> Trend:
    """The latest enforce runs up to this one, oldest first."""
    counting = [run for run in view.runs if run["mode"] == Mode.ENFORCE]
    runs = counting[-CHART_RUNS:]
    table = tables.trend(runs, _started)
    if len(runs) < 2:  # noqa: PLR2004 -- a line needs two points
        only = "one" if runs else "none"
        note = f"A trend needs two enforce runs in the results folder; there is {only}. Shadow runs do not count."
        return Trend(None, table, note)
    rows = [
        {"run": f"{_started(run)} {run['run_id'][-6:]}", "disposition": each.value, "lines": lines}
        for run in runs
        for each, lines in counted(run).lines.items()
    ]
    description = (
        f"A line for each disposition over {len(runs)} runs, from {_started(runs[0])} to {_started(runs[-1])}."
    )
    figure = Figure(charts.lines_by_run(rows, description), "Lines by disposition over the runs", "trend")
    left = f"The latest {CHART_RUNS} of {len(counting):,} enforce runs. " if len(counting) > len(runs) else ""
    return Trend(figure, table, f"{left}Shadow runs do not count.")


def _started(run: dict[str, Any]) -> str:
    return f"{datetime.fromisoformat(run['started_at']).astimezone(UTC):%Y-%m-%d %H:%M}"
