"""Results of an earlier release: read as they are, carried over by the first run; those of a newer one are refused."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import duckdb
import pytest

from claims_edit import __version__
from tests.functional.program import called, manifest
from tests.lib.earlier_release import NIGHTS, unpack

if TYPE_CHECKING:
    from pathlib import Path

READING = (
    ("runs",),
    ("sql", "FROM current_decisions", "--format", "csv", "--to", "answer.csv"),
    ("report",),
    ("report", "--format", "prometheus"),
    ("explain", "A1"),
)
LINE = "claim_id, claim_line_number, claim_frequency_code"


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return unpack(tmp_path)


def ran(extract: str, out: Path, as_of: str, *flags: str) -> None:
    done = called("run", extract, "--out", out, "--as-of", as_of, "--reports", "none", "--quiet", *flags)
    assert done.code == 0, done.err


def rows(out: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        return connection.sql(sql).fetchall()


def written(out: Path) -> dict[str, str]:
    """The bytes of the Parquet files of decisions and of refused rows."""
    return {
        str(path.relative_to(out)): sha256(path.read_bytes()).hexdigest()
        for kind in ("decisions", "quarantine")
        for path in sorted((out / kind).glob("*/*.parquet"))
    }


def shown(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*"))


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_results_of_the_earlier_release_are_read_as_they_are(old: Path, command: tuple[str, ...]) -> None:
    before = shown(old)
    done = called(*command, "--out", old)
    assert (done.code, done.err) == (0, "")
    assert shown(old) == before


@pytest.mark.long
def test_the_first_run_settles_the_earlier_ones_as_this_release_would_have(old: Path) -> None:
    before = written(old)
    ran("night-3.csv", old, "2026-03-04")
    fresh = old.with_name("fresh")
    for extract, as_of in {**NIGHTS, "night-3.csv": "2026-03-03"}.items():
        if extract == "night-3.csv":
            ran(extract, fresh, as_of, "--mode", "shadow")
        ran(extract, fresh, as_of)
    ran("night-3.csv", fresh, "2026-03-04")

    assert {name: digest for name, digest in written(old).items() if name in before} == before
    is_current = "SELECT claim_id, claim_line_number, disposition, charge_amount, source_file FROM {} ORDER BY ALL"
    for view in ("denials", "reviews"):
        assert rows(old, is_current.format(view)) == rows(fresh, is_current.format(view))
    withdrawn = "SELECT as_of, claim_id, claim_line_number, charge_amount, withdrawn_because, withdrawn_by"
    assert rows(old, f"{withdrawn} FROM withdrawals ORDER BY ALL") == rows(
        fresh, f"{withdrawn} FROM withdrawals ORDER BY ALL"
    )
    life = f"SELECT {LINE}, as_of, mode, came, status, superseded_by, first_seen, last_seen, times_seen FROM history"
    assert rows(old, f"{life} ORDER BY ALL") == rows(fresh, f"{life} ORDER BY ALL")


@pytest.mark.long
def test_a_denial_that_the_earlier_release_made_after_the_void_is_never_current(old: Path) -> None:
    denied = "SELECT count(*) FROM decisions WHERE claim_id = 'A1' AND disposition = 'deny' AND mode = 'enforce'"
    assert rows(old, denied) == [(2,)]
    ran("night-3.csv", old, "2026-03-04")
    assert rows(old, "FROM denials WHERE claim_id = 'A1'") == []
    effects = "SELECT as_of::VARCHAR, effect FROM history WHERE claim_id = 'A1' AND claim_frequency_code = '1'"
    assert rows(old, f"{effects} AND mode = 'enforce' ORDER BY ALL") == [
        ("2026-03-01", "decided"), ("2026-03-02", "voided"), ("2026-03-03", "late"), ("2026-03-04", "superseded"),
    ]  # fmt: skip


@pytest.mark.long
def test_the_manifests_of_runs_carried_over_have_the_counts_of_this_release(old: Path) -> None:
    ran("night-3.csv", old, "2026-03-04")
    counted = manifest(old, 1)["counts"]
    assert (counted["withdrawn_because"], counted["history_rows"]) == ({"dropped": 1, "replaced": 2, "voided": 1}, 8)
    assert sum(counted["by_effect"].values()) == counted["decisions"] == 4
    assert [run[0] for run in rows(old, "SELECT as_of::VARCHAR FROM runs")][-1] == "2026-03-04"
    assert "Skipped" in called("run", "night-3.csv", "--out", old, "--as-of", "2026-03-04", "--reports", "none").out


def test_what_cannot_be_carried_over_is_refused_and_left_as_it_is(old: Path) -> None:
    damaged = min(old.glob("runs/*/replay/candidates-00000.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-20])
    before = written(old)
    done = called("run", "night-3.csv", "--out", old, "--as-of", "2026-03-04")
    assert done.code == 13
    assert "candidates-00000.parquet" in done.err
    assert written(old) == before
    assert [path.name for path in (old / ".generations").iterdir()] == ["4"]


@pytest.mark.parametrize("command", [*READING, ("run", "night-3.csv")], ids=lambda command: command[0])
def test_results_of_a_newer_release_are_refused(old: Path, command: tuple[str, ...]) -> None:
    (old / ".current" / ".format").write_text("3\n")
    done = called(*command, "--out", old)
    assert done.code == 13
    fault = (
        f"claims-edit: {old}/.current/.format: the results have format 3, from a newer release; this one"
        f" ({__version__}) reads formats up to 2. Use that release, or another --out."
    )
    assert done.faults == [fault]


def test_a_damaged_format_is_no_bug(old: Path) -> None:
    (old / ".current" / ".format").write_bytes(b"\xff\n")
    done = called("runs", "--out", old)
    assert (done.code, len(done.faults)) == (13, 1)
