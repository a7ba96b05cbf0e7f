"""A line's life, night by night: what each run did to it, from the record's history and withdrawals."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from claims_edit.model import DECISION_LOCATION, Effect, LineStatus, Mode
from claims_edit.report.effects import withdrawn_why
from claims_edit.store import every_decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

_LINE = ("payer_raw", "data_source", "member_id", "billing_provider_id", "claim_id", "claim_line_number",
         "claim_frequency_code")  # fmt: skip
_PLACE = ("run_id", *DECISION_LOCATION)
_DECIDED = ("decided_run_id", "decided_source_file", "decided_source_row")
_HISTORY = f"""
SELECT h.*, d.disposition, d.reason_code, d.charge_amount FROM history AS h
LEFT JOIN ({every_decision("claim_id IN (SELECT unnest($claims))")}) AS d USING ({", ".join(_PLACE)})
WHERE h.claim_id IN (SELECT unnest($claims)) AND h.mode = '{Mode.ENFORCE}' ORDER BY h.run_id
"""  # noqa: S608 -- our own column names
_WITHDRAWALS = "SELECT * FROM withdrawals WHERE claim_id IN (SELECT unnest($claims))"


def lives(connection: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """The life of the line of each decision row; None for rows of shadow runs and of runs without a history.

    Each has `is_current` (whether that decision is), `status` (a sentence) and `nights`: each `as_of, until, run_id,
    what`, in order of the runs; nights on which nothing changed are one entry, from `as_of` until `until`.
    """
    claims = sorted({row["claim_id"] for row in rows})
    history = _rows(connection, _HISTORY, claims)
    withdrawn = {
        (row["run_id"], row["decided_run_id"], *(row[name] for name in _PLACE[1:])): row
        for row in _rows(connection, _WITHDRAWALS, claims)
    }
    of_line: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    placed: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in history:
        line = tuple(row[name] for name in _LINE)
        of_line.setdefault(line, []).append(row)
        if row["source_row"] is not None:
            placed[tuple(row[name] for name in _PLACE)] = line
    found = (placed.get(tuple(row[name] for name in _PLACE)) for row in rows)
    return [
        None if line is None else _life(of_line[line], withdrawn, row) for line, row in zip(found, rows, strict=True)
    ]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, claims: list[str]) -> list[dict[str, Any]]:
    result = connection.execute(sql, {"claims": claims})
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _life(
    history: list[dict[str, Any]], withdrawn: dict[tuple[Any, ...], dict[str, Any]], decision: dict[str, Any]
) -> dict[str, Any]:
    before: tuple[Any, ...] = (None, None, None)
    events = []
    for row in history:
        gone = withdrawn.get((row["run_id"], *before, row["claim_id"], row["claim_line_number"]))
        events.append((row, _what(row, gone)))
        before = tuple(row[name] for name in _DECIDED)
    nights = [
        {"as_of": rows[0]["as_of"], "until": rows[-1]["as_of"], "run_id": rows[-1]["run_id"], "what": what}
        for what, rows in _unchanged_as_one(events)
    ]
    current = before == tuple(decision[name.removeprefix("decided_")] for name in _DECIDED)
    return {"is_current": current, "status": _status(history[-1], nights[-1]), "nights": nights}


def _unchanged_as_one(events: list[tuple[dict[str, Any], str]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for what, same in groupby(events, key=lambda event: event[1]):
        rows = [row for row, _ in same]
        if rows[0]["effect"] == Effect.SEEN_AGAIN:
            yield what, rows
        else:
            yield from ((what, [row]) for row in rows)


def _what(row: dict[str, Any], gone: dict[str, Any] | None) -> str:
    """What a run did to the line, in one or two sentences."""
    decided = f"{row['disposition']} ({row['reason_code']}){_amount(row)}"
    withdrawn = (
        f" The decision {gone['disposition']} ({gone['reason_code']}){_amount(gone)} is withdrawn." if gone else ""
    )
    match Effect(row["effect"]):
        case Effect.DECIDED:
            return f"Decided: {decided}."
        case Effect.CHANGED:
            return f"Came again, changed. Decided: {decided}.{withdrawn}"
        case Effect.SEEN_AGAIN:
            is_superseded = row["status"] == LineStatus.SUPERSEDED
            return f"Seen again, unchanged{': ' + _superseded(row) if is_superseded else ''}."
        case Effect.LATE:
            return "Came late, as it was on an older night: nothing changes."
        case Effect.SUPERSEDED:
            return f"Passed: {_superseded(row)}.{withdrawn}"
        case effect:
            by = gone["withdrawn_by"] if gone else row["superseded_by"]
            return f"{withdrawn_why(effect, by)}.{withdrawn}"


def _superseded(row: dict[str, Any]) -> str:
    return f"superseded by claim {row['superseded_by']}" if row["superseded_by"] else "the claim is a void"


def _amount(row: dict[str, Any]) -> str:
    return "" if row["charge_amount"] is None else f", charge {row['charge_amount']}"


_STATUS = {
    LineStatus.CURRENT: "current",
    LineStatus.NO_CANDIDATE: "withdrawn: no code of rules/codes any more",
    LineStatus.REFUSED: "withdrawn: the line was refused",
    LineStatus.REVISION_UNCLEAR: "withdrawn: a claim that may replace or void it was refused",
}


def _status(last: dict[str, Any], night: dict[str, Any]) -> str:
    """The status of the line after all runs, in one sentence."""
    status = _superseded(last) if last["status"] == LineStatus.SUPERSEDED else _STATUS[LineStatus(last["status"])]
    more = f" to {last['last_seen']}, on {last['times_seen']} nights" if last["times_seen"] > 1 else ""
    return f"Status after run {night['run_id']}: {status}; seen {last['first_seen']}{more}"
