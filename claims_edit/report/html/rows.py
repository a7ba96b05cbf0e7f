"""The decisions in the report: the largest by charge, each with the explanation behind its row.

Parts that many rows share (a policy version, the evidence on a tumor site, a text) are stored once, by index.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.report import queries
from claims_edit.report.explain import REMITTANCE, explained
from claims_edit.report.html.tables import payer_label, program_label, reason_label
from claims_edit.report.safe_text import plain
from claims_edit.store import ask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.report.run_view import RunView

MOST_ROWS = 1000
"""The number of decisions shown, whatever the size of the run."""
LONGEST = 200  # characters of a cell: a payer's name may have a thousand
BLOCKS = ("policy", "program_rule", "liability")  # of an explanation: one at most
LISTS = ("guidance", "evidence")  # of an explanation: any number


class Pool:
    """Unique items, in order of first occurrence."""

    def __init__(self) -> None:
        """Begin empty."""
        self.items: list[Any] = []
        self._places: dict[Any, int] = {}
        self._seen: dict[int, tuple[int, Any]] = {}

    def place(self, item: Any) -> int:  # noqa: ANN401 -- whatever JSON can hold
        """The index of the item, which is added if it is new."""
        if (known := self._seen.get(id(item))) is not None:
            return known[0]
        key = item if isinstance(item, str | tuple) else json.dumps(item, default=str)
        place = self._places.setdefault(key, len(self.items))
        if place == len(self.items):
            self.items.append(item)
        self._seen[id(item)] = (place, item)  # a reference to the item keeps its id unique
        return place


@dataclass
class Shown:
    """The shown decisions and their shared parts.

    Attributes:
        rows: one for each table row: the texts of its cells, and `payer`, `disposition`, `reason` to filter by.
        shared: policies, program rules, liabilities, guidance and evidence, by kind, each once.
        explanations: the data of the page's script: a record for each row, and the texts and edits that they name.
        lines: the number of decisions left out.
        charges: their charges.
    """

    rows: list[dict[str, str]] = field(default_factory=list)
    shared: dict[str, list[Any]] = field(default_factory=dict)
    explanations: dict[str, Any] = field(default_factory=dict)
    lines: int = 0
    charges: Decimal = Decimal()


def shown_decisions(view: RunView) -> Shown:
    """The decisions with the highest charges, with their explanations and the count of the others."""
    largest = pl.concat(ask(view.connection, queries.LARGEST, {"run_id": view.run_id, "rows": MOST_ROWS}).batches())
    decisions = largest.to_dicts()
    pools = {name: Pool() for name in (*BLOCKS, *LISTS, "texts", "facts", "edits")}
    records = [_record(each, pools) for each in explained(decisions, view.catalog, view.manifest)]
    charged = sum((row["charge_amount"] for row in decisions if row["charge_amount"] is not None), Decimal())
    return Shown(
        rows=[_row(view, row) for row in decisions],
        shared={name: pools[name].items for name in (*BLOCKS, *LISTS)},
        explanations={
            "rows": records,
            "texts": pools["texts"].items,
            "facts": pools["facts"].items,
            "edits": [dict(edit) for edit in pools["edits"].items],
        },
        lines=sum(view.counted.lines.values()) - len(decisions),
        charges=sum(view.counted.charges.values(), Decimal()) - charged,
    )


def _row(view: RunView, row: dict[str, Any]) -> dict[str, str]:
    """The cells of one table row, as text."""
    on_file = payer_label(view, row["payer"])
    return {
        "claim": shown(row["claim_id"]),
        "line": shown(row["claim_line_number"]),
        "disposition": row["disposition"],
        "reason": reason_label(row["reason_code"]),
        "payer": on_file,
        "payer_shown": on_file if row["payer"] is not None else f"{shown(row['payer_raw'])} ({on_file})",
        "program": program_label(view, row["program"]),
        "code": shown(row["hcpcs_code"]),
        "service": shown(row["service_start_date"]),
        "charge": "" if row["charge_amount"] is None else f"{row['charge_amount']:,.2f}",
    }


def _record(each: dict[str, Any], pools: dict[str, Pool]) -> dict[str, Any]:
    """One explanation, with shared parts by index; missing facts are left out."""
    texts = pools["texts"]
    known = [fact for fact in each["facts"] if fact["value"] not in (None, [])]
    missing = [fact["name"] for fact in each["facts"] if fact["value"] in (None, [])]
    return {
        "where": [texts.place(shown(each["source_file"])), each["source_row"]],
        "reason": texts.place(each["reason"]),
        "citation": texts.place(each["citation"] or "none"),
        "facts": [[pools["facts"].place((fact["name"], fact["source"])), shown(fact["value"])] for fact in known],
        "missing": texts.place(", ".join(missing)),
        "edits": [pools["edits"].place(tuple(edit.items())) for edit in each["edits"]],
        "remittance": [
            [label, shown(each[name])] for name, label in REMITTANCE.items() if each[name] not in (None, [])
        ],
        "notes": [texts.place(note) for note in each["notes"]],
        "changes": [texts.place(change) for change in each["changes"]],
        **({"evidence_note": texts.place(each["evidence_note"])} if each["evidence_note"] else {}),
        **{name: pools[name].place(each[name]) for name in BLOCKS if each[name] is not None},
        **{name: [pools[name].place(item) for item in each[name]] for name in LISTS if each[name]},
    }


def shown(value: object) -> str:
    """A cell as text: no control characters, lists joined, and no longer than LONGEST."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    text = plain(str(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def script_safe(content: object) -> str:
    """JSON that no HTML parser can mistake for markup, whatever its cells."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.translate(_ESCAPED)


_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def choices(values: Iterable[str]) -> list[str]:
    """The choices of a filter."""
    return sorted(set(values), key=str.casefold)
