"""Draw where the time of a run goes: `plot.py FIGURES SVG`, of the figures that `where.py --json` wrote."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import vl_convert


def chart(found: dict[str, Any]) -> dict[str, Any]:
    """One bar for each extract, its CPU time split by step (Vega-Lite)."""
    labels = {name: f"{name}: {sum(figures['seconds'].values()):.1f} s" for name, figures in found.items()}
    rows = [
        {"extract": labels[name], "step": step, "place": place, "seconds": spent}
        for name, figures in found.items()
        for place, (step, spent) in enumerate(figures["seconds"].items())
    ]
    steps = list(next(iter(found.values()))["seconds"])
    return {
        "data": {"values": rows},
        "mark": "bar",
        "width": 620,
        "height": {"step": 34},
        "encoding": {
            "y": {
                "field": "extract",
                "type": "nominal",
                "sort": list(labels.values()),
                "title": None,
                "axis": {"labelLimit": 300},
            },
            "x": {
                "field": "seconds",
                "type": "quantitative",
                "stack": "normalize",
                "title": "share of the CPU time of the run",
                "axis": {"format": "%"},
            },
            "color": {
                "field": "step",
                "type": "nominal",
                "scale": {"domain": steps, "scheme": "tableau20"},
                "legend": {"title": "step of the run", "orient": "bottom", "columns": 6},
            },
            "order": {"field": "place", "type": "quantitative"},
        },
        "config": {"background": "white", "font": "sans-serif"},
    }


def main() -> None:
    """Write the picture."""
    figures, target = map(Path, sys.argv[1:])
    drawn = vl_convert.vegalite_to_svg(chart(json.loads(figures.read_text(encoding="utf-8"))))
    target.write_text(drawn + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
