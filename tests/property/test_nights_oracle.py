"""Runs into one results folder, held to the naive ledger of `tests/lib/ledger.py` (ADR 0017)."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from claims_edit import run_batch
from claims_edit.model import Disposition, Mode
from claims_edit.runner import RunOptions
from claims_edit.store import ResultsFolder, reviews_after
from claims_edit.store.open_reviews import OPEN_REVIEWS
from claims_edit.store.reviews import SEEN_COLUMNS, open_reviews_sql
from tests.lib.examples import examples
from tests.lib.histories import OWNERS, histories, write_extracts
from tests.lib.ledger import Ledger, Line
from tests.lib.nights import Claim, Night

if TYPE_CHECKING:
    from pathlib import Path

Review = tuple[Any, ...]
TOGETHER = 60  # histories in one results folder: their claim ids differ
# The first has a shadow night; each of the first two has every effect and every cause of a withdrawal.
SEEDS = (2, 1, *range(3, 1000))[: examples(1, more=2)]
IN_TABLES = tuple(owner for owner in OWNERS if owner.provider is None)


def played(folder: Path, given_histories: list[list[Night]]) -> dict[str, list[Review]]:
    """Run each night of all histories into one results folder; the reviews open after each run, by its id."""
    ids = {}
    for runs in zip(*given_histories, strict=True):
        place = write_extracts(runs, folder)
        outcome = run_batch(
            RunOptions(
                extracts=(str(place),), out=folder / "results", as_of=runs[0].as_of, force=True,
                reports=("remittance",),
                mode=Mode.SHADOW if runs[0].shadow else Mode.ENFORCE,
            )
        )  # fmt: skip
        ids[outcome.manifest.run_id] = reviews(pl.read_parquet(path) if (path := kept(folder)).exists() else None)
    return ids


def kept(folder: Path) -> Path:
    return folder / "results" / ".current" / "state" / OPEN_REVIEWS


def reviews(rows: pl.DataFrame | None) -> list[Review]:
    columns = ("payer_raw", "data_source", "member_id", "claim_id", "claim_line_number", *SEEN_COLUMNS, "charge_amount")
    return (
        []
        if rows is None
        else sorted(rows.select(columns).with_columns(pl.col(pl.String).fill_null("")).rows(), key=repr)
    )


def record(folder: Path, table: str) -> list[dict[str, Any]]:
    files = sorted((folder / "results" / table).glob("run_id=*/*.parquet"))
    return pl.read_parquet(files, glob=False, hive_partitioning=False).to_dicts()


def line_of(row: dict[str, Any]) -> Line:
    claim = Claim(
        row["payer_raw"], row["data_source"] or "", row["member_id"], row["billing_provider_id"], row["claim_id"]
    )
    return Line(claim, row["claim_line_number"], row["claim_frequency_code"])


def expected(given_histories: list[list[Night]]) -> dict[str, Any]:
    """What the ledgers of all histories say."""
    ledgers = [Ledger(nights) for nights in given_histories]
    outcomes = {
        (run, line): (outcome.disposition, outcome.effect, outcome.superseded_by)
        for ledger in ledgers
        for run, lines in ledger.runs.items()
        for line, outcome in lines.items()
    }
    lives = {
        line: (
            life.status,
            life.superseded_by,
            life.first_seen,
            life.last_seen,
            life.times_seen,
            life.current and (life.current.when.run, life.current.disposition, life.current.amount),
        )
        for ledger in ledgers
        for line, life in ledger.lives.items()
    }
    withdrawals = [
        (
            each.run,
            each.line,
            each.why,
            each.by,
            each.decision.when.run,
            each.decision.disposition,
            each.decision.amount,
        )
        for ledger in ledgers
        for each in ledger.withdrawals
    ]
    reversed_ = [(*each[:-1], -each[-1]) for each in withdrawals if each[5] in {"deny", "return"}]
    posted = [
        (night.run, line, outcome.disposition)
        for nights, ledger in zip(given_histories, ledgers, strict=True)
        for night in nights
        for line, outcome in ledger.runs[night.run].items()
        if not night.shadow and outcome.effect in {"decided", "changed"} and outcome.disposition in {"deny", "return"}
    ]
    opened = [
        (line.claim.payer, line.claim.data_source, line.claim.member, line.claim.claim_id, line.number,
         life.first_seen, life.last_seen, life.times_seen, life.current.amount)
        for ledger in ledgers
        for line, life in ledger.lives.items()
        if life.current and life.current.disposition == Disposition.REVIEW
    ]  # fmt: skip
    return {
        "outcomes": outcomes, "lives": lives, "withdrawals": sorted(withdrawals, key=repr),
        "reviews": sorted(opened, key=repr), "reversals": sorted(reversed_, key=repr),
        "posted": sorted(posted, key=repr),
    }  # fmt: skip


def fed(folder: Path, run: dict[str, int], lines: dict[tuple[Any, ...], Line]) -> dict[str, Any]:
    """What the remittance feeds post and reverse."""
    reversed_, posted = [], []
    for path in sorted((folder / "results" / "runs").glob("*/remittance.parquet")):
        for row in pl.read_parquet(path).to_dicts():
            place = tuple(row[name] for name in ("source_file", "source_row", "claim_id", "claim_line_number"))
            if row["row_kind"] == "reversal":
                line, decided = lines[row["decided_run_id"], *place], run[row["decided_run_id"]]
                reversed_.append(
                    (run[row["run_id"]], line, row["withdrawn_because"], row["withdrawn_by"], decided,
                     row["disposition"], row["charge_amount"])
                )  # fmt: skip
            else:
                posted.append((run[row["run_id"]], lines[row["run_id"], *place], row["disposition"]))
    return {"reversals": sorted(reversed_, key=repr), "posted": sorted(posted, key=repr)}


def found(folder: Path, ids: list[str]) -> dict[str, Any]:
    """What the results folder says."""
    run = {run_id: place for place, run_id in enumerate(ids, start=1)}
    place = ("run_id", "source_file", "source_row", "claim_id", "claim_line_number")
    decisions = {tuple(row[name] for name in place): row for row in record(folder, "decisions")}
    outcomes, lives, lines = {}, {}, {}
    for row in record(folder, "history"):
        line = line_of(row)
        if row["source_row"] is not None:
            decision = decisions[tuple(row[name] for name in place)]
            lines[tuple(row[name] for name in place)] = line
            superseded = decision["reason_code"] == "line-superseded"
            outcomes[run[row["run_id"]], line] = (
                decision["disposition"],
                "superseded" if superseded else row["effect"],
                decision["superseded_by"],
            )
        if row["mode"] == Mode.ENFORCE:
            located = (row["decided_run_id"], row["decided_source_file"], row["decided_source_row"], *line_key(row))
            current = decisions[located] if row["status"] == "current" else None
            lives[line] = (
                row["status"], row["superseded_by"], row["first_seen"], row["last_seen"], row["times_seen"],
                current and (run[current["run_id"]], current["disposition"], current["charge_amount"]),
            )  # fmt: skip
    withdrawals = []
    for row in record(folder, "withdrawals"):
        line = lines[tuple(row[name] for name in ("decided_run_id", *place[1:]))]
        if row["reason_code"] != "line-superseded":  # the ledger has no decision for such a line
            withdrawals.append(
                (run[row["run_id"]], line, row["withdrawn_because"], row["withdrawn_by"], run[row["decided_run_id"]],
                 row["disposition"], row["charge_amount"])
            )  # fmt: skip
    withdrawals.sort(key=repr)
    opened = reviews(pl.read_parquet(path) if (path := kept(folder)).exists() else None)
    return {
        "outcomes": outcomes, "lives": lives, "withdrawals": withdrawals, "reviews": opened,
        **fed(folder, run, lines),
    }  # fmt: skip


def line_key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["claim_id"], row["claim_line_number"]


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_the_results_agree_with_the_ledger(seed: int, tmp_path: Path) -> None:
    random = Random(seed)  # noqa: S311 -- test data
    given_histories = histories(random, TOGETHER, IN_TABLES)
    ids = played(tmp_path, given_histories)
    wanted, given = expected(given_histories), found(tmp_path, list(ids))
    for what in wanted:
        assert given[what] == wanted[what], what
    assert_work_lists_agree(tmp_path, ids)


def assert_work_lists_agree(folder: Path, ids: dict[str, list[Review]]) -> None:
    """The reviews that each run left open are those of the DuckDB file as of that run, and counted in the manifests."""
    runs = ResultsFolder(folder / "results").runs()
    with duckdb.connect(folder / "results" / "claims_edit.duckdb", read_only=True) as connection:
        for place, run in enumerate(runs, start=1):
            opened = ids[run["run_id"]]
            assert reviews(connection.sql(open_reviews_sql(f"'{run['run_id']}'")).pl()) == opened
            assert reviews_after(runs[:place]).open == len(opened)
        assert reviews(connection.sql("FROM reviews").pl()) == opened
