"""What revises a line of an earlier night, and when: the order of nights and runs, and the lines of a replacement."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from claims_edit.core.line_state import updated
from claims_edit.core.schema import CAME_SCHEMA, KEY, STATE_SCHEMA, TRACE_SCHEMA
from claims_edit.model import REPLACEMENT, VOID

Rows = list[dict[str, Any]]
REPLACING_SCHEMA: dict[str, pl.DataType] = {"own_high": pl.UInt64(), "claim_line_number": pl.Int64()}


def night(day: int) -> date:
    return date(2026, 11, day)


def frame(rows: Rows, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema)


def line(claim: int, day: int, run: str, **more: object) -> dict[str, Any]:
    """A line that a run decided on a night, current since."""
    return {
        "high": claim, "low": 1000 + claim, "claim_id": f"C{claim}", "claim_line_number": 1,
        "claim_frequency_code": "1", "first_seen": night(day), "last_seen": night(day), "times_seen": 1,
        "latest_as_of": night(day), "latest_run_id": run, "status": "current", "decided_run_id": run,
        "decided_source_file": "a.csv", "decided_source_row": claim, "disposition": "deny",
    } | more  # fmt: skip


def changed(state: Rows, traces: Rows) -> set[tuple[str, str, str | None]]:
    """The lines that a later run changes, which has none of them: claim, status, and what supersedes it."""
    found = updated(
        frame(state, STATE_SCHEMA), frame([], CAME_SCHEMA), frame(traces, TRACE_SCHEMA), frame([], REPLACING_SCHEMA),
        frame([], KEY), as_of=night(9), run_id="r9",
    )  # fmt: skip
    return set(found.lines.select("claim_id", "status", "superseded_by").rows())


def test_a_refused_revision_leaves_what_was_decided_after_it_on_its_night_or_a_later_one() -> None:
    """Of two runs of one night the later counts."""
    decided_and_revised = [
        ((2, "r1"), (2, "r2")),
        ((2, "r2"), (3, "r1")),
        ((2, "r2"), (2, "r1")),
        ((2, "r1"), (2, "r1")),
        ((3, "r1"), (2, "r2")),
    ]
    state = [line(claim, *decided) for claim, (decided, _) in enumerate(decided_and_revised)]
    traces = [
        {"named_high": claim, "own_high": 500 + claim, "claim_id": f"V{claim}", "claim_frequency_code": VOID,
         "is_certain": False, "first_as_of": night(day), "last_as_of": night(day), "last_run_id": run}
        for claim, (_, (day, run)) in enumerate(decided_and_revised)
    ]  # fmt: skip
    assert changed(state, traces) == {("C0", "revision-unclear", None), ("C1", "revision-unclear", None)}


def test_a_line_is_dropped_where_its_own_replacement_came_again_without_it() -> None:
    state = [
        line(0, 2, "r1", claim_frequency_code=REPLACEMENT),
        line(1, 2, "r1", claim_frequency_code=REPLACEMENT),
        line(2, 2, "r1", claim_frequency_code=REPLACEMENT),
        line(3, 2, "r1"),
    ]
    own_claims = [(0, REPLACEMENT, 3), (1, REPLACEMENT, 2), (2, VOID, 3), (3, REPLACEMENT, 3)]
    traces = [
        {"named_high": 900, "own_high": claim, "claim_id": f"C{claim}", "claim_frequency_code": frequency,
         "is_certain": True, "first_as_of": night(2), "last_as_of": night(day), "last_run_id": "r2"}
        for claim, frequency, day in own_claims
    ]  # fmt: skip
    assert changed(state, traces) == {("C0", "superseded", "C0")}
