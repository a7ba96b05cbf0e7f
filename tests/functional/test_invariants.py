"""What holds for every run: nothing is lost, and nothing but the input shapes the output."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Self

import polars as pl
import pytest

from claims_edit.intake import line_split
from claims_edit.runner import RunOptions, deciding, held_back, kept, reading, run, run_batch
from claims_edit.runner.across_nights import AcrossNights
from tests.functional.program import (
    AS_OF,
    DECK,
    UNREPORTED,
    called,
    csv_text,
    decisions,
    line,
    manifest,
    nothing_is_published,
    program,
    quarantine,
    record,
    write,
)
from tests.lib.examples import first

if TYPE_CHECKING:
    from pathlib import Path

LINES = 2500
TABLES = ("--reports", "csv,remittance")  # the reports that are compared as text
DAY = datetime(2026, 11, 20, tzinfo=UTC).date()


class StandingClock(datetime):
    """A clock that does not move, so that two runs have the same id and times."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2026, 11, 20, 2, 0, 0, tzinfo=tz)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a Parquet sample, the deck and a CSV with lines of every kind of damage."""
    folder = tmp_path_factory.mktemp("night")
    assert called("sample", "--lines", LINES, "--out", folder / "sample.parquet").code == 0
    write(folder / "deck.csv", (DECK / "claims.csv").read_bytes())
    rows = [line(number) for number in range(1, 301)]
    rows[30] |= {"charge_amount": "$5"}
    rows[40] |= {"charge_amount": "-99.50"}
    rows[200] |= {"claim_id": rows[100]["claim_id"], "member_id": rows[100]["member_id"]}
    text = csv_text(rows).encode().splitlines()
    text[50] = text[50].replace(b"Regence", b'"Regence')
    text[60] = b"too,short"
    text[70] += b",too,long"
    text[80] = text[80].replace(b"Regence", b"Reg\xe9nce")
    write(folder / "damaged.csv", b"\n".join(text))
    return folder


def content(out: Path) -> dict[str, bytes]:
    """Every published file but the manifest's timings and the DuckDB file."""
    files = sorted(path for kind in ("decisions", "quarantine", "runs") for path in (out / kind).rglob("*"))
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in files if path.is_file()}
    return {name: text for name, text in found.items() if not name.endswith("manifest.json")}


def run_at_rest(extracts: tuple[str, ...], out: Path) -> Path:
    """The results of a run whose id and times are those of every other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "datetime", StandingClock)
        patch.setattr("claims_edit.runner.run.secrets.token_hex", lambda _bytes: "abcdef")
        run_batch(RunOptions(extracts, out, DAY, reports=("csv", "remittance")))
    return out


@pytest.fixture(scope="module")
def whole(night: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The night in batches of the usual size."""
    return run_at_rest((str(night),), tmp_path_factory.mktemp("whole"))


def assert_same(small: Path, whole: Path) -> None:
    one, other = content(small), content(whole)
    assert len(other) > 8
    assert one.keys() == other.keys()
    assert [name for name in other if one[name] != other[name]] == []
    reported = [{**manifest(out), "timings": None} for out in (small, whole)]
    assert reported[0] == reported[1]


def small_batches(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Read, look closely and write in steps of about so many rows."""
    for module, name in (
        (reading, "BATCH_ROWS"),
        (kept, "BATCH_ROWS"),
        (reading, "LEAST_ROWS"),
        (held_back, "LEAST_ROWS"),
    ):
        monkeypatch.setattr(module, name, rows)
    monkeypatch.setattr(line_split, "PIECE", 200 * rows)
    monkeypatch.setattr(kept, "WINDOW_BYTES", 1000)


@pytest.mark.long
@pytest.mark.parametrize("rows", first(1, [100, 1000]))
def test_the_batch_size_changes_no_byte(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, night: Path, whole: Path, rows: int
) -> None:
    small_batches(monkeypatch, rows)
    assert_same(run_at_rest((str(night),), tmp_path / "small"), whole)


@pytest.mark.long
def test_tiny_batches_change_no_byte(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, night: Path) -> None:
    extracts = str(night / "deck.csv"), str(night / "damaged.csv")
    usual = run_at_rest(extracts, tmp_path / "usual")
    small_batches(monkeypatch, 7)
    assert_same(run_at_rest(extracts, tmp_path / "small"), usual)


@pytest.fixture(scope="module")
def two_runs(night: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same night twice: on one thread, and on two with the files named in another order and twice."""
    folder = tmp_path_factory.mktemp("runs")
    one, two = folder / "one", folder / "two"
    files = sorted(night.iterdir(), reverse=True)
    first = program("run", night, "--out", one, "--quiet", *TABLES, *AS_OF, POLARS_MAX_THREADS="1")
    second = program("run", *files, night, "--out", two, "--quiet", *TABLES, *AS_OF, POLARS_MAX_THREADS="4")
    assert first.code == second.code == 0, first.err + second.err
    return one, two


@pytest.mark.long
def test_threads_and_argument_order_change_nothing(two_runs: tuple[Path, Path]) -> None:
    one, two = two_runs
    for kind in ("decisions", "quarantine"):
        assert record(one, kind).drop("run_id").equals(record(two, kind).drop("run_id"))
    ids = manifest(one)["run_id"], manifest(two)["run_id"]
    one_run, two_run = (out / "runs" / run_id for out, run_id in zip(two_runs, ids, strict=True))
    tables = sorted(path.name for path in one_run.glob("*.csv"))
    assert "denials.csv" in tables
    for name in tables:
        texts = [(run / name).read_text(encoding="utf-8").replace(run.name, "RUN") for run in (one_run, two_run)]
        assert texts[0] == texts[1], name
    kept = sorted(path.name for path in (one_run / "replay").iterdir())
    assert kept == ["candidates-00000.parquet", "contracts.parquet", "revisions.parquet", "rules.zip"]
    for name in kept:
        assert (one_run / "replay" / name).read_bytes() == (two_run / "replay" / name).read_bytes(), name
    reported = [{**manifest(out), "run_id": 0, "started_at": 0, "finished_at": 0, "timings": 0} for out in two_runs]
    assert reported[0] == reported[1]


@pytest.mark.long
def test_rows_and_charges_reconcile(two_runs: tuple[Path, Path]) -> None:
    out = two_runs[0]
    reported = manifest(out)
    counted, charges = (
        reported["counts"],
        {
            name: Decimal(str(reported["charges"][name]))
            for name in ("read", "accepted", "quarantined", "candidates", "unparseable")
        },
    )
    decided, refused = record(out, "decisions"), quarantine(out)
    deck = pl.read_csv(DECK / "claims.csv", infer_schema=False).height
    assert counted["rows_read"] == LINES + deck + 300 == counted["rows_accepted"] + counted["rows_quarantined"]
    assert refused.height == counted["rows_quarantined"]
    assert decided.height == counted["decisions"] == counted["candidates"]
    assert decided.select("source_file", "source_row").is_unique().all()
    assert refused.select("source_file", "source_row").is_unique().all()
    assert not set(decided.select("source_file", "source_row").rows()) & set(
        refused.select("source_file", "source_row").rows()
    )
    assert charges["read"] == charges["accepted"] + charges["quarantined"]
    assert refused["charge_amount"].sum() == charges["quarantined"]
    assert decided["charge_amount"].sum() == charges["candidates"]
    assert sum(map(Decimal, reported["charges"]["by_disposition"].values())) == charges["candidates"]
    lost = refused.filter(pl.col("charge_amount").is_null()).height
    assert charges["unparseable"] <= lost
    for file in reported["inputs"]:
        assert file["rows_read"] == file["rows_accepted"] + file["rows_quarantined"]


@pytest.mark.long
def test_the_damaged_rows_are_the_refused_ones(two_runs: tuple[Path, Path]) -> None:
    refused = quarantine(two_runs[0]).filter(pl.col("source_file").str.ends_with("damaged.csv"))
    assert refused.select("source_row", pl.col("failed_checks").list.join(" ")).rows() == [
        (31, "charge_amount-unparseable"), (50, "row-bad-quoting"), (60, "row-missing-columns"),
        (70, "row-too-many-columns"), (80, "row-bad-encoding"), (201, "duplicate-line"),
    ]  # fmt: skip


@pytest.mark.long
def test_rows_are_in_order_of_file_and_row(two_runs: tuple[Path, Path]) -> None:
    for kind in ("decisions", "quarantine"):
        found = record(two_runs[0], kind).select("source_file", "source_row")
        assert found.equals(found.sort("source_file", "source_row"))


@pytest.mark.long
def test_a_denial_needs_everything_established(two_runs: tuple[Path, Path]) -> None:
    denied = record(two_runs[0], "decisions").filter(pl.col("disposition") == "deny")
    assert denied.height > 0
    for column in ("payer", "program", "policy_version", "citation", "policy_reference", "carc", "group_code"):
        assert denied[column].null_count() == 0, column
    assert not set(denied["program"]) & {"medicare_advantage", "medicare_ffs", "fep", "state_account"}


def test_repeated_keys_are_found_over_files(tmp_path: Path) -> None:
    """The first row in file and row order stays; the file's name parts the keys unless the extract says its source."""
    columns = (*line(1), "data_source")
    rows = [line(3, data_source="east"), line(6, data_source="east")]
    write(tmp_path / "in" / "a.csv", csv_text(rows, columns))
    write(tmp_path / "in" / "b.csv", csv_text([*rows[:1], line(3, data_source="west"), *rows[:1]], columns))
    out = tmp_path / "out"
    assert called("run", tmp_path / "in", "--out", out, "--quiet", *UNREPORTED).code == 0
    assert decisions(out).select("claim_id", "data_source").rows() == [
        ("CL0000003", "east"), ("CL0000006", "east"), ("CL0000003", "west"),
    ]  # fmt: skip
    refused = quarantine(out)
    assert refused["source_row"].to_list() == [1, 3]
    assert set(refused["source_file"]) == {(tmp_path / "in" / "b.csv").as_posix()}
    assert refused["failed_checks"].to_list() == [["duplicate-line"]] * 2


def test_a_bug_in_the_sums_publishes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If a decision went missing, the run would fail rather than be published, also where no night looks at it."""
    monkeypatch.setattr(AcrossNights, "add_decided", lambda *_: None)
    sound = deciding.Deciding.__call__
    monkeypatch.setattr(deciding.Deciding, "__call__", lambda self, lines: sound(self, lines).head(-1))
    extract = write(tmp_path / "night.csv", csv_text([line(3), line(6)]))
    with pytest.raises(Exception, match="candidates = decisions"):
        run_batch(RunOptions((str(extract),), tmp_path / "out", DAY))
    assert nothing_is_published(tmp_path / "out")
