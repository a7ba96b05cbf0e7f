"""Answers to SQL in every format."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.errors import UsageError
from claims_edit.report.answers import write_answer
from claims_edit.store import query
from tests.lib.runs import line, publish

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "claim_id, charge_amount, service_start_date, modifiers, program, policy_stale"
SQL = f"SELECT {COLUMNS} FROM denials ORDER BY claim_id"
MANY = "SELECT range AS n, 'line ' || range AS text FROM range(45000)"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    rows = [line(), line(claim_id="[red]C2[/red]", program=None), line(claim_id='C3 "q",\n\x1b[31m')]
    publish(folder, "20260301T010000Z-aaaa", rows)
    return folder


def written(out: Path, sql: str, fmt: str) -> bytes:
    target = io.BytesIO()
    with query(out, sql) as answer:
        write_answer(answer, fmt, target)
    return target.getvalue()


def test_csv(out: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(written(out, SQL, "csv").decode(), newline="")))
    assert [row["claim_id"] for row in rows] == ["C1", 'C3 "q",\n\x1b[31m', "[red]C2[/red]"]
    assert {**rows[0], "claim_id": ""} == {
        "claim_id": "", "charge_amount": "1000.10", "service_start_date": "2026-02-03", "modifiers": "26|LT",
        "program": "commercial", "policy_stale": "false",
    }  # fmt: skip


def test_json(out: Path) -> None:
    rows = json.loads(written(out, SQL, "json"))
    assert rows[0] == {
        "claim_id": "C1", "charge_amount": "1000.10", "service_start_date": "2026-02-03", "modifiers": ["26", "LT"],
        "program": "commercial", "policy_stale": False,
    }  # fmt: skip
    assert rows[1]["claim_id"] == 'C3 "q",\n\x1b[31m'
    assert json.loads(written(out, "SELECT 1 AS a WHERE false", "json")) == []


def test_parquet(out: Path) -> None:
    frame = pl.read_parquet(written(out, SQL, "parquet"))
    assert frame.schema["charge_amount"] == pl.Decimal(18, 2)
    assert frame["modifiers"].to_list()[0] == ["26", "LT"]
    assert pl.read_parquet(written(out, "SELECT 1 AS a WHERE false", "parquet")).height == 0


def test_table_shows_cells_as_they_are_and_lets_none_steer_the_terminal(out: Path) -> None:
    text = written(out, SQL, "table").decode()
    assert "[red]C2[/red]" in text
    assert "\x1b" not in text
    assert "26|LT" in text
    assert all(name in text for name in ("claim_id", "policy_stale"))


def test_a_long_table_says_what_it_leaves_out(out: Path) -> None:
    text = written(out, MANY, "table").decode()
    assert "line 999" in text
    assert "line 1000 " not in text
    assert "The first 1,000 of 45,000 rows" in text


@pytest.mark.parametrize("fmt", ["csv", "json", "parquet"])
def test_other_formats_hold_every_row(out: Path, fmt: str) -> None:
    content = io.BytesIO(written(out, MANY, fmt))
    match fmt:
        case "csv":
            frame = pl.read_csv(content)
        case "json":
            frame = pl.read_json(content)
        case _:
            frame = pl.read_parquet(content)
    assert frame["n"].to_list() == list(range(45000))


def test_an_unknown_format_is_a_usage_error(out: Path) -> None:
    with pytest.raises(UsageError, match="Use one of table, csv, json, parquet"):
        written(out, SQL, "xml")
