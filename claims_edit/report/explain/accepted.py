"""Why accepted rows are not candidates, from the row as it was read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.columns import COLUMNS
from claims_edit.model import has_code_column
from claims_edit.report.explain.facts import origins

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLACE = ("source_file", "source_row", "data_source", "claim_id", "claim_line_number")


def explain_accepted(lines: Iterable[dict[str, Any]], manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The explanations of accepted lines of a run without a candidate code.

    Args:
        lines: each with its location and every canonical column of its extract.
        manifest: of the run that accepted them.

    Each has `kind` (`accepted`), `run_id`, `mode`, the location, `why`, and `facts` (each `name`, `value`, `source`).
    """
    of_file = origins(manifest)
    return [
        {
            "kind": "accepted",
            "run_id": manifest["run_id"],
            "mode": manifest["mode"],
            **{name: line[name] for name in _PLACE},
            "why": _why(line),
            "facts": [
                {"name": name, "value": line[name], "source": of_file(line["source_file"])(name)}
                for name in COLUMNS
                if line.get(name) is not None
            ],
        }
        for line in lines
    ]


def _why(line: dict[str, Any]) -> str:
    code = line.get("hcpcs_code")
    if code is not None:
        return f"No edit applies: hcpcs_code {code} is not in rules/codes."
    if not has_code_column(line):
        return "No edit applies: the extract has no column hcpcs_code, so none of its lines can be edited."
    if line.get("revenue_center_code") is not None:
        return "No edit applies: the line has no procedure code, only a revenue code."
    return "No edit applies: the line has no procedure code."
