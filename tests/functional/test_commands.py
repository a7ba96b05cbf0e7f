"""Every command, end to end: what it prints, what it writes, and the exit code it ends with."""

from __future__ import annotations

import csv
import io
import json
import shutil
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from claims_edit import __version__
from tests.functional.program import (
    AS_OF,
    DECK,
    ROOT,
    UNREPORTED,
    Done,
    called,
    counts,
    csv_text,
    decisions,
    line,
    lines,
    manifest,
    nothing_is_published,
    program,
    quarantine,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

DENIED = "EX-21-INVESTIGATIONAL-REGENCE"
REPORT_FILES = {
    "manifest.json", "summary.json", "denials.csv", "returns.csv", "reviews.csv", "referrals.csv",
    "withdrawals.csv", "denial_reasons.csv", "data_quality.csv", "remittance.csv", "remittance.parquet",
    "report.html", "report.xlsx", "replay", "warnings.parquet",
}  # fmt: skip


@pytest.fixture(scope="module")
def deck_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A run over the sample deck with its contracts: its results folder, and what it printed."""
    out = tmp_path_factory.mktemp("deck") / "results"
    done = program("run", DECK / "claims.csv", "--contracts", DECK / "contracts.csv", "--out", out, *AS_OF)
    return out, done


@pytest.fixture(scope="module")
def out(deck_run: tuple[Path, Done]) -> Path:
    return deck_run[0]


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    return write(tmp_path / "night.csv", csv_text(lines(20)))


# --- run --------------------------------------------------------------------------------------------------------------


def test_run_prints_a_summary_that_reconciles(deck_run: tuple[Path, Done]) -> None:
    out, done = deck_run
    assert (done.code, done.err) == (0, "")
    reported = manifest(out)["counts"]
    assert reported["rows_read"] == reported["rows_accepted"] + reported["rows_quarantined"] == 176
    for figure in (reported["rows_read"], reported["rows_quarantined"], reported["by_disposition"]["deny"]):
        assert f" {figure} " in done.out
    assert manifest(out)["run_id"] in done.out


def test_run_writes_its_reports(out: Path) -> None:
    (run_dir,) = (out / "runs").iterdir()
    assert {path.name for path in run_dir.iterdir()} == REPORT_FILES
    decided = decisions(out)
    for name, disposition in (
        ("denials", "deny"),
        ("returns", "return"),
        ("reviews", "review"),
        ("referrals", "refer"),
    ):
        reported = pl.read_csv(run_dir / f"{name}.csv", infer_schema=False)
        wanted = decided.filter(pl.col("disposition") == disposition)
        assert reported["claim_id"].sort().to_list() == wanted["claim_id"].sort().to_list()
    reasons = pl.read_csv(run_dir / "denial_reasons.csv")
    kept = decided.filter(pl.col("disposition").is_in(["deny", "return", "review", "refer"]))
    assert {"payer", "program", "reason_code", "month", "lines", "claims", "charges"} <= set(reasons.columns)
    assert (
        reasons.filter(pl.col("disposition") == "deny")["lines"].sum()
        == kept.filter(pl.col("disposition") == "deny").height
    )


def test_run_as_json_is_the_manifest(extract: Path, tmp_path: Path) -> None:
    done = called("run", extract, "--out", tmp_path / "out", "--json", *UNREPORTED)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == manifest(tmp_path / "out")


def test_quiet_prints_nothing(command: Command, extract: Path, tmp_path: Path) -> None:
    assert command("run", extract, "--out", tmp_path / "out", "--quiet", *UNREPORTED) == Done(0, "", "")
    assert counts(tmp_path / "out") == (20, 20, 0)


def test_a_repeated_run_is_a_no_op_unless_forced(command: Command, extract: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = command("run", extract, "--out", out, *UNREPORTED)
    again = command("run", extract, "--out", out, *UNREPORTED)
    run_id = manifest(out)["run_id"]
    assert first.code == again.code == 0
    assert f"Skipped: run {run_id} already processed" in again.out
    assert len(list((out / "runs").iterdir())) == 1
    for changed in (["--force"], ["--mode", "shadow"], ["--as-of", "2026-11-19"], ["--max-quarantine-rate", "0.5"]):
        before = len(list((out / "runs").iterdir()))
        assert command("run", extract, "--out", out, "--quiet", *UNREPORTED, *changed).code == 0
        assert len(list((out / "runs").iterdir())) == before + 1, changed
    write(extract, csv_text(lines(21)))
    assert "Skipped: " not in command("run", extract, "--out", out, *UNREPORTED).out
    assert counts(out) == (21, 21, 0)


@pytest.mark.long
def test_other_rules_are_another_run(command: Command, extract: Path, tmp_path: Path) -> None:
    out, rules = tmp_path / "out", tmp_path / "rules"
    shutil.copytree(ROOT / "rules", rules)
    assert command("run", extract, "--out", out, "--rules", rules, "--quiet", *UNREPORTED).code == 0
    assert "Skipped: " in command("run", extract, "--out", out, *UNREPORTED).out
    reasons = rules / "reasons.yaml"
    reasons.write_text(reasons.read_text(encoding="utf-8") + "# a change\n", encoding="utf-8")
    assert "Skipped: " not in command("run", extract, "--out", out, "--rules", rules, *UNREPORTED).out


def test_shadow_runs_count_nowhere(command: Command, extract: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command("run", extract, "--out", out, "--mode", "shadow", "--quiet", *UNREPORTED).code == 0
    assert decisions(out)["disposition"].to_list() == ["deny"] * 6
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as results:
        for view in ("denials", "reviews", "referrals", "current_decisions", "denial_reasons"):
            assert results.sql(f"SELECT count(*) FROM {view}").fetchall() == [(0,)], view
        assert results.sql("SELECT count(*) FROM decisions WHERE mode = 'shadow'").fetchall() == [(6,)]


def test_too_many_refused_rows_end_with_12_and_are_published(command: Command, tmp_path: Path) -> None:
    rows = [*lines(18), line(19, member_id=""), line(20, hcpcs_code="06OOTX")]
    extract, out = write(tmp_path / "night.csv", csv_text(rows)), tmp_path / "out"
    assert command("run", extract, "--out", out, "--max-quarantine-rate", "0.1", "--quiet", *UNREPORTED).code == 0
    done = command("run", extract, "--out", out, "--max-quarantine-rate", "0.09", "--quiet", *UNREPORTED)
    assert done.code == 12
    assert len(done.faults) == 1
    assert "2 of 20 rows were refused" in done.err
    assert counts(out) == (20, 18, 2)
    assert command("validate", extract, "--max-quarantine-rate", "0.09", "--quiet", *AS_OF).code == 12


def test_keep_going_publishes_the_readable_files_and_ends_with_11(command: Command, tmp_path: Path) -> None:
    good = write(tmp_path / "a.csv", csv_text(lines(6)))
    empty, broken = write(tmp_path / "b.csv", ""), write(tmp_path / "c.csv.gz", b"\x1f\x8b\x08 broken")
    out = tmp_path / "out"
    refused = command("run", good, empty, broken, "--out", out, "--quiet", *UNREPORTED)
    assert refused.code == 11
    assert nothing_is_published(out)
    done = command("run", good, empty, broken, "--out", out, "--keep-going", "--quiet", *UNREPORTED)
    assert done.code == 11
    assert [fault.split(": ")[1] for fault in done.faults] == [str(empty), str(broken)]
    assert counts(out) == (6, 6, 0)
    reported = manifest(out)["inputs"]
    assert [file["status"] for file in reported] == ["read", "refused", "refused"]
    assert reported[1]["fault"] == done.faults[0].removeprefix("claims-edit: ")
    assert command("run", empty, broken, "--out", tmp_path / "none", "--keep-going", "--quiet").code == 11
    assert nothing_is_published(tmp_path / "none")


def test_without_as_of_no_service_starts_tomorrow(command: Command, tmp_path: Path) -> None:
    extract = write(tmp_path / "night.csv", csv_text([line(1), line(2, claim_start_date="9999-12-31")]))
    assert command("run", extract, "--out", tmp_path / "out", "--quiet").code == 0
    assert counts(tmp_path / "out") == (2, 1, 1)


# --- validate ---------------------------------------------------------------------------------------------------------


def test_validate_names_checks_and_rows_and_writes_nothing(command: Command, tmp_path: Path) -> None:
    rows = [*lines(10), line(11, member_id=""), line(12, member_id="", charge_amount="$5")]
    extract = write(tmp_path / "night.csv", csv_text(rows) + "a,b\n")
    done = command("validate", extract, *AS_OF)
    assert (done.code, done.err) == (0, "")
    reported = json.loads(command("validate", extract, "--json", *AS_OF).out)
    assert (reported["rows_read"], reported["rows_quarantined"]) == (13, 3)
    (file,) = reported["files"]
    assert file["first_rows"] == {
        "charge_amount-unparseable": [12],
        "member_id-missing": [11, 12],
        "row-missing-columns": [13],
    }
    assert "member_id-missing" in done.out
    assert "$5" not in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["night.csv"]


# --- explain, report, sql, runs ---------------------------------------------------------------------------------------


def test_explain_says_every_fact_every_edit_and_the_citation(command: Command, out: Path) -> None:
    done = command("explain", DENIED, "--out", out)
    decided = decisions(out).filter(pl.col("claim_id") == DENIED).row(0, named=True)
    assert (done.code, done.err) == (0, "")
    shown = " ".join(done.out.split())
    for fact in ("investigational", decided["policy_reference"], decided["rules_hash"], "commercial"):
        assert fact in shown
    assert " ".join(decided["citation"].split()) in shown
    for edit in decided["edits"]:
        assert edit in shown
    (reported,) = json.loads(command("explain", DENIED, "1", "--out", out, "--json").out)
    assert (reported["claim_id"], reported["citation"]) == (DENIED, decided["citation"])
    assert reported["adjustment_amount"] == str(decided["adjustment_amount"])
    assert [edit["id"] for edit in reported["edits"]] == decided["edits"]


def test_explain_has_refused_rows_and_admits_what_it_lacks(command: Command, out: Path) -> None:
    refused = quarantine(out).drop_nulls("claim_id").row(0, named=True)
    claim_id, check = refused["claim_id"], refused["failed_checks"][0]
    assert check in command("explain", claim_id, "--out", out).out
    for wanted in (["NO-SUCH-CLAIM"], [DENIED, "9"]):
        done = command("explain", *wanted, "--out", out)
        assert (done.code, len(done.faults)) == (2, 1)


def test_report_prints_the_denial_reasons(command: Command, out: Path) -> None:
    (run_dir,) = (out / "runs").iterdir()
    reported = command("report", "--out", out)
    assert reported.code == 0
    assert list(csv.reader(io.StringIO(reported.out))) == list(
        csv.reader(io.StringIO((run_dir / "denial_reasons.csv").read_text(encoding="utf-8")))
    )
    as_json = json.loads(command("report", run_dir.name[:12], "--out", out, "--format", "json").out)
    assert as_json["run_id"] == run_dir.name
    assert command("report", "nope", "--out", out).code == 2


def test_runs_are_listed(command: Command, out: Path) -> None:
    assert manifest(out)["run_id"] in command("runs", "--out", out).out.replace("\n", "")
    (reported,) = json.loads(command("runs", "--out", out, "--json").out)
    assert reported == manifest(out)


def test_sql_answers_in_every_format(command: Command, out: Path, tmp_path: Path) -> None:
    query = "SELECT disposition, count(*) AS lines FROM decisions GROUP BY ALL ORDER BY ALL"
    wanted = decisions(out).group_by("disposition").len("lines").sort("disposition")
    as_csv = command("sql", query, "--out", out, "--format", "csv").out
    assert pl.read_csv(io.StringIO(as_csv)).rows() == wanted.rows()
    as_json = json.loads(command("sql", query, "--out", out, "--format", "json").out)
    assert [tuple(row.values()) for row in as_json] == wanted.rows()
    assert "deny" in command("sql", query, "--out", out).out
    statement, answer = write(tmp_path / "q.sql", query), tmp_path / "a.parquet"
    assert command("sql", "-f", statement, "--out", out, "--format", "parquet", "--to", answer).code == 0
    assert pl.read_parquet(answer).rows() == wanted.rows()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM decisions", "DROP VIEW denials", "CREATE TABLE t (a INT)", "INSERT INTO decisions FROM decisions",
        "UPDATE decisions SET mode = 'x'", "COPY decisions TO '{tmp}/stolen.csv'", "EXPORT DATABASE '{tmp}/stolen'",
        "ATTACH '{tmp}/other.duckdb' AS other", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true",
        "PRAGMA memory_limit='9GB'", "CALL pragma_version()", "SELECT 1; DELETE FROM decisions",
        "SELECT * FROM '{secret}'", "SELECT * FROM read_csv('{secret}')", "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM glob('/*')", "WITH d AS (DELETE FROM decisions RETURNING *) FROM d", "",
    ],
)  # fmt: skip
def test_sql_is_read_only_in_every_way(command: Command, out: Path, tmp_path: Path, statement: str) -> None:
    secret = write(tmp_path / "secret.csv", "word\nhidden\n")
    before = (out / "claims_edit.duckdb").read_bytes()
    done = command("sql", statement.format(tmp=tmp_path, secret=secret), "--out", out)
    assert (done.code, len(done.faults), done.out) == (2, 1, "")
    assert "hidden" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]
    assert (out / "claims_edit.duckdb").read_bytes() == before


def test_a_failing_query_shows_no_cell(command: Command, out: Path) -> None:
    done = command("sql", "SELECT claim_id::INT FROM decisions", "--out", out)
    assert (done.code, len(done.faults)) == (2, 1)
    assert "EX-" not in done.err


@pytest.mark.parametrize("name", ["explain", "report", "runs", "sql"])
def test_a_folder_without_runs_is_a_usage_error(command: Command, tmp_path: Path, name: str) -> None:
    arguments = {"explain": ["X"], "sql": ["SELECT 1"]}.get(name, [])
    done = command(name, *arguments, "--out", tmp_path / "none")
    assert (done.code, len(done.faults)) == (2, 1)


# --- sample, rules, version -------------------------------------------------------------------------------------------


def test_a_sample_is_the_same_every_time_and_grows_at_its_end(command: Command, tmp_path: Path) -> None:
    made = {name: tmp_path / f"{name}.csv" for name in ("once", "again", "longer", "other")}
    for name, count, seed in (("once", 900, 1), ("again", 900, 1), ("longer", 1500, 1), ("other", 900, 2)):
        assert command("sample", "--lines", count, "--out", made[name], "--seed", seed).code == 0
    once = made["once"].read_bytes()
    assert made["again"].read_bytes() == once
    assert made["longer"].read_bytes().startswith(once)
    assert made["other"].read_bytes() != once
    assert once.count(b"\n") == 901


@pytest.mark.parametrize("name", ["sample.xlsx", "none/sample.csv", "none/sample.parquet"])
def test_a_sample_that_cannot_be_written_is_a_usage_error(command: Command, tmp_path: Path, name: str) -> None:
    done = command("sample", "--lines", 9, "--out", tmp_path / name)
    assert (done.code, len(done.faults)) == (2, 1)


@pytest.mark.usefixtures("unproved")
def test_rules_check_list_show_and_table(command: Command) -> None:
    assert "The rules are valid" in command("rules", "check").out
    listed = json.loads(command("rules", "list", "--json").out)
    assert "regence-surgery-242" in json.dumps(listed)
    assert "0600T" in command("rules", "show", "premera-ire").out
    shown = command("rules", "table", "florida_blue")
    assert shown.code == 0
    assert "refer" in shown.out
    assert json.loads(command("rules", "table", "florida_blue", "--json").out)
    for name in ("show", "table"):
        done = command("rules", name, "nobody")
        assert (done.code, len(done.faults)) == (2, 1)


def test_faulty_rules_end_with_10_all_at_once(command: Command, extract: Path, tmp_path: Path) -> None:
    rules, out = tmp_path / "rules", tmp_path / "out"
    shutil.copytree(ROOT / "rules", rules)
    write(rules / "payers.yaml", "payers: [\n")
    policy = next(iter(sorted((rules / "policies").glob("*.yaml"))))
    policy.write_text(policy.read_text(encoding="utf-8") + "\nsurplus: 1\n", encoding="utf-8")
    checked, ran = command("rules", "check", "--rules", rules), command("run", extract, "--out", out, "--rules", rules)
    assert checked.code == ran.code == 10
    assert checked.faults == ran.faults
    assert {"payers.yaml", policy.name} <= {word.partition(":")[0].rpartition("/")[2] for word in checked.err.split()}
    assert nothing_is_published(out)
    assert command("run", extract, "--out", out, "--rules", tmp_path / "none").code == 10


def test_version_and_help_are_reported(command: Command) -> None:
    assert command("--version").out.split()[-1] == __version__
    assert "validate" in command("--help").out
    assert program("--version").out.split()[-1] == __version__


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["frobnicate"], ["run"], ["run", "x.csv"], ["run", "x.csv", "--out", "o", "--mode", "half"],
        ["run", "x.csv", "--out", "o", "--as-of", "2026-13-01"], ["run", "x.csv", "--out", "o", "--format", "xml"],
        ["run", "x.csv", "--out", "o", "--max-quarantine-rate", "2"], ["sample", "--lines", "0", "--out", "x.csv"],
        ["sql", "--out", "o"],
    ],
)  # fmt: skip
def test_wrong_calls_end_with_2(command: Command, arguments: list[str]) -> None:
    done = command(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.err
