"""`prune`: what only a look back at old runs needs is removed; what is current remains, and can be withdrawn."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from pyarrow.parquet import read_table

from claims_edit.model import DECISION_COLUMNS
from claims_edit.report.explain.life import lives
from tests.functional.program import ROOT, Row, called, claim, copied, csv_text, decisions, environment, write
from tests.functional.test_rebuild import KILLED, answers, record
from tests.lib.earlier_release import unpack

if TYPE_CHECKING:
    from pathlib import Path

SAME = ("current_decisions", "denials", "reviews", "denial_reasons", "history", "withdrawals", "runs")
AS_OF = {"1": "2026-03-01", "2": "2026-03-02", "3": "2026-03-03", "4": "2026-03-04", "5": "2026-03-05"}


NIGHTS: dict[str, list[Row]] = {
    "1": [claim("kept"), claim("voided"), claim("changed"), claim("later"), claim("refused", charge="ten")],
    "2": [claim("changed", charge="20.00"), claim("void", "8", "voided"), claim("second")],
    "3": [claim("third"), claim("kept")],
    "4": [claim("end", "8", "later"), claim("kept", code="99213")],
    "5": [claim("fifth")],
}

pytestmark = pytest.mark.long  # three nights, whatever is tried


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder of three nights and a shadow run, with the extracts beside it: to be copied."""
    folder = tmp_path_factory.mktemp("nights")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for night in "12":
            ran(folder / "results", night)
        ran(folder / "results", "1", "--mode", "shadow")
        ran(folder / "results", "3")
    return folder


@pytest.fixture
def out(nights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(copied(nights, tmp_path / "nights"))
    return tmp_path / "nights" / "results"


def ran(out: Path, night: str, *flags: str) -> None:
    extract = write(out.parent / f"night-{night}.csv", csv_text(NIGHTS[night], tuple(claim(""))))
    done = called("run", extract.name, "--out", out, "--as-of", AS_OF[night], "--quiet", *flags)
    assert done.code == 0, done.err


def pruned(out: Path, days: int) -> str:
    done = called("prune", "--keep-days", days, "--out", out)
    assert (done.code, done.err) == (0, "")
    return done.out


def count(out: Path, sql: str) -> int:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        ((found,),) = connection.sql(f"SELECT count(*) {sql}").fetchall()
    return int(found)


def test_what_is_current_remains_and_all_else_of_old_runs_is_removed(out: Path) -> None:
    before = answers(out)
    assert before["quarantine"]
    assert pruned(out, 0) == f"Pruned: 3 runs of {out}\n"
    after = answers(out)
    assert {view: after[view] for view in SAME} == {view: before[view] for view in SAME}
    assert after["quarantine"] == []
    assert count(out, "FROM decisions WHERE claim_id = 'voided'") == 0
    assert count(out, "FROM decisions WHERE mode = 'shadow'") == 0
    assert decisions(out).height == count(out, "FROM decisions")
    for table in ("decisions", "quarantine"):  # as other programs read them
        assert read_table(out / table).num_rows == count(out, f"FROM {table}")
    runs = sorted((out / "runs").iterdir())
    whole = [(run / "denials.csv").is_file() for run in runs]
    assert whole == [False, False, False, True]
    assert sorted(path.name for path in runs[0].iterdir()) == ["manifest.json", "replay", "summary.json"]
    inputs = [read_table(run / "replay" / "candidates-00000.parquet")["claim_id"].to_pylist() for run in runs]
    assert inputs == [["kept", "later"], ["changed", "void", "second"], [], ["third", "kept"]]


def test_a_kept_decision_can_still_be_withdrawn(out: Path) -> None:
    other = out.with_name("whole")
    for night in "123":
        ran(other, night)
    pruned(out, 0)
    for folder in (out, other):
        ran(folder, "4")
    columns = "claim_id, withdrawn_because, withdrawn_by, disposition, charge_amount"
    found = []
    for folder in (out, other):
        with duckdb.connect(folder / "claims_edit.duckdb", read_only=True) as connection:
            found.append(connection.sql(f"SELECT {columns} FROM withdrawals ORDER BY ALL").fetchall())
    assert found[0] == found[1]
    assert {row[0] for row in found[0]} == {"changed", "kept", "later", "voided"}
    feeds = [pl.read_csv(max((folder / "runs").glob("*/remittance.csv"))) for folder in (out, other)]
    feeds = [feed.drop("run_id", "decided_run_id", "note") for feed in feeds]
    assert feeds[0].height == 2
    assert feeds[0].equals(feeds[1])
    assert pruned(out, 0) == f"Pruned: 4 runs of {out}\n"
    assert count(out, "FROM decisions WHERE claim_id = 'later'") == 1  # the night that withdrew it is whole
    ran(out, "5")
    assert pruned(out, 0) == f"Pruned: 5 runs of {out}\n"
    assert count(out, "FROM decisions WHERE claim_id IN ('kept', 'later')") == 0


def test_the_reports_of_a_whole_run_are_the_same_as_before(out: Path) -> None:
    ran(out, "4")
    run = max(path.name for path in (out / "runs").iterdir())
    made = out / "runs" / run
    wanted = (made / "report.html").read_bytes(), (made / "remittance.csv").read_bytes()
    pruned(out, 0)
    for name, fmt in (("report.html", "html"), ("remittance.csv", "remittance")):
        done = called("report", run, "--out", out, "--format", fmt, "--to", out.parent / name)
        assert done.code == 0, done.err
    assert ((out.parent / "report.html").read_bytes(), (out.parent / "remittance.csv").read_bytes()) == wanted


def test_a_current_decision_of_a_pruned_run_can_be_explained(out: Path) -> None:
    before = called("explain", "later", "--all", "--out", out)
    pruned(out, 0)
    assert called("explain", "later", "--all", "--out", out) == before
    assert before.code == 0, before.err


def test_a_withdrawn_decision_that_was_removed_is_still_shown(out: Path) -> None:
    before = called("explain", "voided", "--out", out, "--format", "json")
    pruned(out, 0)
    after = called("explain", "voided", "--out", out, "--format", "json")
    assert after.code == before.code == 0, after.err
    keys = ("disposition", "reason_code", "life", "charge_amount", "decided_in_run")
    was, now = ([{key: row.get(key) for key in keys} for row in json.loads(done.out)] for done in (before, after))
    assert was == now
    done = called("explain", "voided", "--all", "--out", out)
    assert (done.code, len(done.faults)) == (13, 1)
    assert "`prune` removes" in done.err


def test_what_needs_all_lines_of_a_pruned_run_is_refused(out: Path) -> None:
    pruned(out, 0)
    old = min(path.name for path in (out / "runs").iterdir())
    for command in (("report", old), ("rules", "diff", ROOT / "rules", ROOT / "rules", "--run", old)):
        done = called(*command, "--out", out)
        assert (done.code, len(done.faults)) == (13, 1)
        assert "was pruned" in done.err


def test_the_life_of_a_line_still_has_the_decisions_that_were_removed(out: Path) -> None:
    pruned(out, 0)
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        rows = [dict(zip(DECISION_COLUMNS, row, strict=True)) for row in connection.sql("FROM decisions").fetchall()]
        found = lives(connection, [row for row in rows if row["claim_id"] == "changed"])
    assert all("None" not in night["what"] for life in found if life for night in life["nights"])
    assert any("charge 10.00" in night["what"] for life in found if life for night in life["nights"])


@pytest.mark.parametrize("moment", ["database", "rename"])
def test_killed_it_leaves_what_was_there(out: Path, moment: str) -> None:
    before, written = answers(out), record(out)
    command = [sys.executable, "-c", KILLED, moment, "prune", "--keep-days", "0", "--out", str(out)]
    assert subprocess.run(command, check=False, env=environment()).returncode == -signal.SIGKILL
    assert (answers(out), record(out)) == (before, written)
    pruned(out, 0)
    assert len(list((out / ".generations").iterdir())) == 1


def test_pruned_again_nothing_more_is_removed_and_the_same_files_are_skipped(out: Path) -> None:
    pruned(out, 0)
    before, written = answers(out), record(out)
    pruned(out, 0)
    assert (answers(out), record(out)) == (before, written)
    assert pruned(out, 30) == f"Pruned: 0 runs of {out}\n"
    again = called("run", "night-1.csv", "--out", out, "--as-of", AS_OF["1"])
    assert again.code == 0, again.err
    assert "Skipped" in again.out


def test_results_of_an_earlier_release_are_carried_over_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old = unpack(tmp_path)
    assert called("rebuild", "--out", old).code == 0
    before = answers(old)
    assert pruned(old, 0).startswith("Pruned: ")
    after = answers(old)
    assert {view: after[view] for view in SAME} == {view: before[view] for view in SAME}
