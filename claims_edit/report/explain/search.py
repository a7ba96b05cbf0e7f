"""Find a claim's decided lines and refused rows in the results folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claims_edit.errors import UsageError
from claims_edit.model import DECISION_COLUMNS, DECISION_LOCATION
from claims_edit.report.explain.life import lives
from claims_edit.report.explain.line_explanations import explained
from claims_edit.report.explain.replayed import facts_of
from claims_edit.report.run_view import rules_of
from claims_edit.store import CLAIM, ResultsFolder, every_decision, open_readonly, replay_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

_WANTED = """($claim_id IS NULL OR claim_id = $claim_id) AND ($run_id IS NULL OR run_id = $run_id)
    AND ($row IS NULL OR source_row = $row)
    AND ($file IS NULL OR source_file = $file)"""
_PLACE = ("run_id", *DECISION_LOCATION)
_LOCATION = ", ".join(_PLACE)
_ASKED = every_decision(f"{_WANTED} AND claim_line_number = coalesce($line, claim_line_number)")
# The current decision of each line, else that of the latest run; of a shadow run only where no other run decided it.
_DECIDED = f"""
SELECT {", ".join(DECISION_COLUMNS)} FROM ({_ASKED}) AS d
LEFT JOIN (SELECT {_LOCATION}, claim_frequency_code FROM history) AS h USING ({_LOCATION})
LEFT JOIN (SELECT {_LOCATION}, true AS is_current FROM current_decisions) AS c USING ({_LOCATION})
QUALIFY dense_rank() OVER (
    PARTITION BY {CLAIM}, claim_line_number, claim_frequency_code
    ORDER BY coalesce(is_current, false) DESC, mode = 'enforce' DESC, run_id DESC
) = 1
ORDER BY run_id, source_file, source_row, claim_line_number
"""  # noqa: S608 -- our own column names
_REFUSED = f"SELECT * FROM quarantine WHERE {_WANTED} ORDER BY run_id, source_file, source_row"  # noqa: S608 -- our own

LINE_NUMBERS = ("claim_line_number", "LX01", "item.sequence")  # the names under which refused rows can have it


@dataclass(frozen=True)
class Wanted:
    """Which rows are to be explained: a claim (or its one line), or a row of a file; in one run, or in the latest.

    Attributes:
        claim_id: of the claim; None where a row is named.
        line: the claim's line.
        run: a run id or a prefix of one.
        row: the row's number in its file.
        file: the file's path or the last part of it; may be None where a run has one extract.
    """

    claim_id: str | None = None
    line: int | None = None
    run: str | None = None
    row: int | None = None
    file: str | None = None

    def is_of(self, path: str) -> bool:
        """Whether an extract is the one named by its path; true if none is named."""
        return self.file is None or self.file == path or path.endswith(f"/{self.file}")

    def what(self) -> str:
        """A description of the target, without any value."""
        if self.claim_id is None:
            return "row"
        return "claim" if self.line is None else "line of the claim"


def find(out: Path, wanted: Wanted, *, every_edit: bool = False) -> list[dict[str, Any]]:
    """The explanations of decided lines (see `explained`) and refused rows: the current decision, else the latest.

    A decided line has `life` too (see `lives`).

    A refused row has `kind` (`quarantine`), `failed_checks`, `candidate_code`, its location and the row as read.

    Raises:
        UsageError: no such run, or the target is not well specified.
        ResultsError: the folder is damaged, or with `every_edit` lacks the run's candidate lines.
    """
    folder = ResultsFolder(out)
    parameters = _parameters(folder, wanted)
    with open_readonly(out) as connection:
        decided = _rows(connection, _DECIDED, parameters | {"line": wanted.line})
        refused = _rows(connection, _REFUSED, parameters)
        known = {_place(row): life for row, life in zip(decided, lives(connection, decided), strict=True)}
    manifests = {run["run_id"]: run for run in folder.runs()} if decided else {}
    found = []
    for run_id in dict.fromkeys(row["run_id"] for row in decided):
        of_run = [row for row in decided if row["run_id"] == run_id]
        found += _decisions(out, manifests[run_id], of_run, every_edit=every_edit)
    found = [each | {"life": known[_place(each)]} for each in found]
    return found + [{"kind": "quarantine", **row} for row in _standing(refused, decided, wanted.line)]


def _place(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in _PLACE)


def _parameters(folder: ResultsFolder, wanted: Wanted) -> dict[str, Any]:
    """The values of the queries; a row is one of one run, the latest unless another is named.

    Raises:
        UsageError: the target is not well specified.
    """
    if (wanted.claim_id is None) == (wanted.row is None):
        raise UsageError("explain: give one CLAIM_ID, or --row N with --file NAME.")
    run_id = file = None
    if wanted.run is not None or wanted.row is not None:
        manifest = folder.manifest(wanted.run)
        run_id = manifest["run_id"]
        named = [file for file in manifest["inputs"] if wanted.is_of(file["path"])]
        if wanted.row is not None and len(named) != 1:
            fault = "read several extracts" if named else "read no extract of that name"
            raise UsageError(f"explain --row: run {run_id} {fault}. Name one with --file; its manifest lists them.")
        file = named[0]["path"] if wanted.row is not None else None
    claim_id = None if wanted.claim_id is None else wanted.claim_id.strip()
    return {"claim_id": claim_id, "run_id": run_id, "row": wanted.row, "file": file}


def _decisions(
    out: Path, manifest: dict[str, Any], rows: list[dict[str, Any]], *, every_edit: bool
) -> list[dict[str, Any]]:
    replay = replay_of(out, manifest["run_id"])
    catalog = rules_of(replay, manifest)
    facts = facts_of(replay, rows, catalog, required=every_edit)
    return explained(rows, catalog, manifest, facts=facts, every_edit=every_edit)


def explain(out: Path, claim_id: str, line: int | None = None) -> list[dict[str, Any]]:
    """The explanations of a claim's decided lines and refused rows; see `find`.

    Raises:
        UsageError: no run decided or refused such a line.
        ResultsError: the folder is damaged.
    """
    wanted = Wanted(claim_id, line)
    found = find(out, wanted)
    if not found:
        raise not_found(out, wanted)
    return found


def not_found(out: Path, wanted: Wanted) -> UsageError:
    """The error where nothing is found; it names no value."""
    return UsageError(
        f"{out}: no run decided or refused that {wanted.what()}, and no available extract has it. Check the id and the"
        " line number, or the row and the file; --run names another run."
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    result = connection.execute(sql, parameters)
    columns = [column[0] for column in result.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def _standing(
    refused: list[dict[str, Any]], decided: list[dict[str, Any]], line: int | None
) -> Iterator[dict[str, Any]]:
    """The refused rows (of the one line) that no later run refused again or decided.

    A row whose line number cannot be read may be any line: any later result of the claim replaces it.
    """
    numbers = [_line_number(row["raw_values"]) for row in refused]
    later = [*zip(numbers, refused, strict=True), *((row["claim_line_number"], row) for row in decided)]
    latest: dict[int | None, str] = {}
    for number, row in later:
        for key in {number, None}:
            latest[key] = max(latest.get(key, ""), row["run_id"])
    for number, row in zip(numbers, refused, strict=True):
        if row["run_id"] == latest[number] and (line is None or number in {line, None}):
            yield row


def _line_number(raw_values: str) -> int | None:
    """The line number of a refused row; None where it cannot be read."""
    try:
        values = json.loads(raw_values)
        number = next((values[name] for name in LINE_NUMBERS if name in values), None)
        return None if number is None else int(number)
    except (ValueError, TypeError, AttributeError):
        return None
