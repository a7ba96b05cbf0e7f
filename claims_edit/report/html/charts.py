"""The report's charts: Vega-Lite, drawn when the report is made; inline SVG, no script in the page.

Colors are the page's own custom properties, so that a chart follows the page in dark mode and in print.
"""

from __future__ import annotations

import re
import textwrap
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from claims_edit.model import Disposition
from claims_edit.report.html.drawing import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 640
# For a money axis: thousands, millions and billions with their usual letters, cents as cents.
_MONEY = "abs(datum.value) < 1000 ? format(datum.value, ',~r') : replace(format(datum.value, '~s'), 'G', 'B')"
_COUNT = "datum.value === floor(datum.value) ? format(datum.value, '~s') : ''"  # no fractions of a line
_BAR_ROW, _LABEL_LINE = 26, 14
_LABEL_WIDTH = 32  # characters of a line of a payer's label
_LABEL_LINES = 3
_HEIGHT = 220
_FONT = "Liberation Sans"  # bundled with vl-convert: text has the same width on every machine
SERIES = 7  # colors for reasons; the last one is for all other reasons
_OPENING = re.compile(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>(?:<rect [^>]*/>)?")
_ROLES = re.compile(r" (?:role|aria-[a-z]+)=\"[^\"]*\"")  # the chart is one image, with a title and a description
_BAR = {"type": "bar", "stroke": "var(--paper)", "strokeWidth": 1}
_STACKED = {"field": "place", "type": "quantitative"}


def charges_by_payer(rows: Sequence[dict[str, Any]], description: str) -> Markup:
    """Bars of charges, one for each payer (`payer`, `disposition`, `charges`), in the order of the rows."""
    payers = list(dict.fromkeys(row["payer"] for row in rows))
    labels = [_label(payer) for payer in payers]
    row_height = max(_BAR_ROW, _LABEL_LINE * max(label.count("\n") + 1 for label in labels) + 4)
    chart = {
        "data": {"values": [{**row, "payer": labels[payers.index(row["payer"])]} for row in rows]},
        "mark": _BAR,
        "encoding": {
            "x": _quantity("charges", "Charges", {"labelExpr": _MONEY, "tickCount": 6}),
            "y": {"field": "payer", "type": "nominal", "title": None, "sort": labels, "axis": _payer_axis()},
            "color": _by_disposition([f"var(--{each})" for each in Disposition]),
            "order": _STACKED,
        },
        "width": _WIDTH - 150,
        "height": row_height * max(len(payers), 2),
    }
    return _svg(chart, "chart-payers", "Charges by disposition and payer", description)


def _label(payer: str) -> str:
    """The name on a few short lines, cut so that payers with the same beginning stay distinct."""
    lines = textwrap.wrap(payer, _LABEL_WIDTH) or [payer]
    if len(lines) > _LABEL_LINES:
        lines = [*lines[: _LABEL_LINES - 1], f"\N{HORIZONTAL ELLIPSIS}{payer[1 - _LABEL_WIDTH :]}"]
    return "\n".join(lines)


def _payer_axis() -> dict[str, Any]:
    """Labels of several lines, each centered at its bar: Vega itself centers the first line."""
    lines = r"length(split(datum.value, '\n'))"
    raised = [
        {"test": f"{lines} === {count}", "value": -_LABEL_LINE * (count - 1) / 2}
        for count in range(2, _LABEL_LINES + 1)
    ]
    return {
        "labelExpr": r"split(datum.value, '\n')",
        "labelLimit": 240,
        "labelLineHeight": _LABEL_LINE,
        "labelOffset": {"condition": raised, "value": 0},
    }


def lines_by_month(rows: Sequence[dict[str, Any]], reasons: Sequence[str], description: str) -> Markup:
    """Bars of lines, one for each month (`month`, `reason`, `lines`); `reasons` in the order of their colors."""
    colors = [f"var(--series-{number})" for number in range(1, len(reasons) + 1)]
    colors[SERIES - 1 :] = ["var(--series-other)"] * len(colors[SERIES - 1 :])
    chart = {
        "data": {"values": list(rows)},
        "mark": _BAR,
        "encoding": {
            "x": {"field": "month", "type": "ordinal", "title": "Month of service", "axis": {"labelAngle": -45}},
            "y": _quantity("lines", "Lines", {"labelExpr": _COUNT, "tickCount": 5}),
            "color": {
                "field": "reason",
                "type": "nominal",
                "scale": {"domain": list(reasons), "range": colors},
                "legend": {"title": None, "columns": 3, "labelLimit": 240, "columnPadding": 28},
            },
            "order": _STACKED,
        },
        "width": _WIDTH - 60,
        "height": _HEIGHT,
    }
    return _svg(chart, "chart-months", "Lines by month and reason", description)


def lines_by_run(rows: Sequence[dict[str, Any]], description: str) -> Markup:
    """Lines over the runs (`run`, `disposition`, `lines`), one for each disposition, with different shapes too."""
    runs = list(dict.fromkeys(row["run"] for row in rows))
    chart = {
        "data": {"values": list(rows)},
        "mark": {"type": "line", "point": {"filled": True, "size": 60}, "strokeWidth": 2},
        "encoding": {
            "x": {"field": "run", "type": "ordinal", "title": "Run", "sort": runs, "axis": {"labelAngle": -45}},
            "y": _quantity("lines", "Lines", {"labelExpr": _COUNT, "tickCount": 5}),
            "color": _by_disposition([f"var(--{each})" for each in Disposition]),
            "shape": _by_disposition(["circle", "square", "triangle-up", "diamond", "cross"]),
        },
        "width": _WIDTH - 60,
        "height": _HEIGHT,
    }
    return _svg(chart, "chart-runs", "Lines by disposition over the runs", description)


def _quantity(field: str, title: str, axis: dict[str, Any]) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "title": title, "axis": axis}


def _by_disposition(marks: list[str]) -> dict[str, Any]:
    """Colors or shapes, one for each disposition."""
    scale = {"domain": [each.value for each in Disposition], "range": marks}
    return {"field": "disposition", "type": "nominal", "scale": scale, "legend": {"title": None}}


@cache
def _can_draw() -> bool:
    return find_spec("vl_convert") is not None


def _svg(chart: dict[str, Any], ident: str, title: str, description: str) -> Markup:
    if not _can_draw():
        why = "Not drawn here: pip install 'claims-edit[charts]'. The tables of this page have its figures."
        return Markup('<p class="nothing">{}. {}</p>').format(title, why)
    drawn = engine().draw(chart | {"config": _CONFIG})
    body = _OPENING.sub(
        lambda found: (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" class="chart" {found[1]}'
            f' aria-labelledby="{ident}-title {ident}-desc"><title id="{ident}-title">{escape(title)}</title>'
            f'<desc id="{ident}-desc">{escape(description)}</desc>'
        ),
        _ROLES.sub("", drawn),
        count=1,
    )
    return Markup(body)  # noqa: S704 -- Vega escapes what it draws, and title and description are escaped here


_TEXT = {"labelColor": "var(--ink)", "titleColor": "var(--ink)", "labelFont": _FONT, "titleFont": _FONT}
_CONFIG: dict[str, Any] = {
    "aria": False,
    "padding": {"left": 32, "right": 24, "top": 5, "bottom": 5},  # the page's font may be wider than the measured one
    "background": None,
    "font": _FONT,
    "axis": {
        **_TEXT, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "var(--rule)",
        "domainColor": "var(--muted)", "tickColor": "var(--muted)",
    },
    "legend": {
        **_TEXT, "labelFontSize": 12, "orient": "top", "symbolType": "square", "symbolStrokeWidth": 0, "rowPadding": 4,
    },
    "view": {"stroke": None},
}  # fmt: skip
