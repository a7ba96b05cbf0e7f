"""The views that sum up: each is held to a count that is made without them, from the record of the sample deck."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from claims_edit.store import dictionary
from claims_edit.store.comments import meaning
from tests.functional.program import ROOT, called, claim, csv_text, manifest, write
from tests.lib.deck import shared_deck
from tests.lib.oracle import payer_of

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "results.md"
EXTRACTS = ("claims.csv", "claims.837", "claims-fhir.ndjson", "damaged.csv")
FIRST = ("review", "return", "refer", "deny", "pass")
AS_OF = ("2026-03-01", "2026-03-02", "2026-03-03")


@pytest.fixture
def deck(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    return shared_deck(tmp_path_factory, "every-format", monkeypatch, *EXTRACTS)


def asked(out: Path, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        return connection.sql(sql).pl().to_dicts()


def recorded(out: Path, table: str) -> list[dict[str, Any]]:
    return pl.read_parquet(out / table, hive_partitioning=False).to_dicts()


def claim_of(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["payer"] or row["payer_raw"],
        *(row[n] for n in ("data_source", "member_id", "claim_id", "billing_npi")),
    )


def total(rows: list[dict[str, Any]]) -> Decimal:
    return sum((row["charge_amount"] or Decimal(0) for row in rows), Decimal(0))


def test_a_claim_has_the_disposition_of_its_line_that_needs_most_attention(deck: Path) -> None:
    lines: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in recorded(deck, "decisions"):
        lines[claim_of(row)].append(row)
    found = {claim_of(row): row for row in asked(deck, "FROM claims")}
    assert found.keys() == lines.keys()
    for key, rows in lines.items():
        counted = [row for row in rows if row["reason_code"] != "line-superseded"]
        kinds = Counter(row["disposition"] for row in counted)
        assert found[key]["disposition"] == min((row["disposition"] for row in rows), key=FIRST.index)
        assert (found[key]["lines"], found[key]["superseded_lines"]) == (len(counted), len(rows) - len(counted))
        assert (found[key]["charges"] or 0) == total(counted)
        assert {kind: found[key][kind] for kind in FIRST} == {kind: kinds[kind] for kind in FIRST}
    assert any(len(rows) > 1 for rows in lines.values())


def test_providers_have_every_line_and_cent_of_the_claims_that_are_not_superseded(deck: Path) -> None:
    rows = [row for row in recorded(deck, "decisions") if row["reason_code"] != "line-superseded"]
    found = asked(deck, "FROM providers")
    assert {row["billing_npi"] for row in found} >= {row["billing_npi"] for row in rows}
    for provider in found:
        own = [row for row in rows if row["billing_npi"] == provider["billing_npi"]]
        denied = [row for row in own if row["disposition"] == "deny"]
        assert (provider["lines"], provider["claims"]) == (len(own), len(set(map(claim_of, own))))
        assert (provider["deny"], provider["denied_claims"]) == (len(denied), len(set(map(claim_of, denied))))
        for kind in FIRST:
            assert provider[f"charges_{kind}"] == total([row for row in own if row["disposition"] == kind])


def test_refused_rows_by_sender_and_by_file_are_those_of_the_record(deck: Path) -> None:
    refused = [row | {"check": check} for row in recorded(deck, "quarantine") for check in row["failed_checks"]]
    by_check = Counter(row["check"] for row in refused)
    found = asked(deck, "SELECT check_name, sum(rows)::BIGINT AS rows, sum(charges) AS charges"
                        " FROM quarantine_by_sender GROUP BY ALL")  # fmt: skip
    assert {row["check_name"]: row["rows"] for row in found} == by_check
    for row in found:
        assert (row["charges"] or 0) == total([each for each in refused if each["check"] == row["check_name"]])
    quality = asked(deck, "FROM data_quality")
    errors = {(row["source_file"], row["check_name"]): row["rows"] for row in quality if row["severity"] == "error"}
    assert errors == Counter((row["source_file"], row["check"]) for row in refused)


def test_refused_rows_name_payer_and_provider_as_they_were_given(deck: Path) -> None:
    rows = [row for row in recorded(deck, "quarantine") if row["source_file"].endswith("claims.csv")]
    for row in rows:
        given = json.loads(row["raw_values"])
        assert (row["payer_raw"], row["billing_npi"]) == (given.get("payer"), given.get("billing_npi"))
    assert {row["payer_raw"] for row in rows} > {None}
    for table in (recorded(deck, "quarantine"), asked(deck, "FROM quarantine_by_sender")):
        assert {row["payer"] for row in table} > {None}
        assert [row["payer"] for row in table] == [payer_of(row["payer_raw"]) for row in table]


def test_inputs_and_their_warnings_are_those_of_the_manifest(deck: Path) -> None:
    files = {file["path"]: file for file in manifest(deck)["inputs"]}
    found = {row.pop("path"): row for row in asked(deck, "SELECT * EXCLUDE run_id FROM inputs")}
    assert found == {path: {name: file[name] for name in found[path]} for path, file in files.items()}
    warned = asked(deck, "FROM data_quality WHERE severity = 'warning'")
    assert {(row["source_file"], row["check_name"]): row["rows"] for row in warned} == {
        (path, check): rows for path, file in files.items() for check, rows in file["warnings_by_check"].items()
    }
    for row in asked(deck, "FROM data_quality"):
        assert row["share"] == pytest.approx(row["rows"] / files[row["source_file"]]["rows_read"], abs=1e-6)


NIGHTS = (
    [claim("same"), claim("dearer"), claim("gone"), claim("voided"), claim("back")],
    [claim("same"), claim("dearer", charge="20.00"), claim("gone", code="99213"), claim("back", code="99213"),
     claim("void", frequency="8", original="voided")],
    [claim("dearer", charge="20.00"), claim("back"), claim("new")],
)  # fmt: skip


@pytest.mark.long
def test_changes_between_runs_are_the_decisions_that_a_later_run_made_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place, (night, as_of) in enumerate(zip(NIGHTS, AS_OF, strict=True)):
        write(tmp_path / f"night-{place}.csv", csv_text(night, tuple(claim(""))))
        done = called("run", f"night-{place}.csv", "--out", "out", "--as-of", as_of, "--reports", "none", "--quiet")
        assert done.code == 0, done.err
    changes = """
        SELECT as_of::VARCHAR AS as_of, claim_id, effect, old_disposition, new_disposition, old_charge_amount,
            new_charge_amount, superseded_by FROM changes_between_runs ORDER BY ALL"""
    ten, twenty = Decimal("10.00"), Decimal("20.00")
    expected = [
        (AS_OF[1], "back", "no-candidate", "deny", None, ten, None, None),
        (AS_OF[1], "dearer", "changed", "deny", "deny", ten, twenty, None),
        (AS_OF[1], "gone", "no-candidate", "deny", None, ten, None, None),
        (AS_OF[1], "voided", "voided", "deny", None, ten, None, "void"),
        (AS_OF[2], "back", "decided", None, "deny", None, ten, None),
    ]
    out = tmp_path / "out"
    assert [tuple(row.values()) for row in asked(out, changes)] == expected
    summed = {view: asked(out, f"FROM {view} ORDER BY ALL") for view in ("claims", "providers", "inputs")}
    assert called("rebuild", "--out", out).code == 0
    assert {view: asked(out, f"FROM {view} ORDER BY ALL") for view in summed} == summed
    assert called("prune", "--keep-days", "0", "--out", out).code == 0
    assert [tuple(row.values()) for row in asked(out, changes)] == expected
    assert {view: asked(out, f"FROM {view} ORDER BY ALL") for view in summed} == summed


def test_every_table_view_and_column_has_the_comment_of_the_data_dictionary(deck: Path) -> None:
    tables = asked(deck, "SELECT table_name, TABLE_COMMENT AS comment FROM information_schema.tables")
    assert {row["table_name"] for row in tables} == dictionary.TABLES.keys()
    for row in tables:
        assert row["comment"].startswith(dictionary.TABLES[row["table_name"]])
    listed = "SELECT c.table_name, c.column_name, c.ordinal_position, c.data_type, d.comment"
    columns = asked(deck, f"{listed} FROM information_schema.columns AS c JOIN duckdb_columns() AS d"
                          " ON d.table_name = c.table_name AND d.column_name = c.column_name")  # fmt: skip
    assert {row["table_name"] for row in columns} == dictionary.TABLES.keys()
    for row in columns:
        place = (row["table_name"], row["column_name"])
        assert (place, row["comment"]) == (place, meaning(*place))
    used = {row["column_name"] for row in columns}
    assert used | {"edit"} >= dictionary.COLUMNS.keys()
    assert {(row["table_name"], row["column_name"]) for row in columns} >= {
        (table, name) for table, own in dictionary.OWN.items() for name in own
    }


SECTIONS = {"decisions": "decisions", "quarantine": "quarantine", "The work list": "reviews"}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_on_the_results_has_the_texts_of_the_dictionary(section: str) -> None:
    stated = {name: text for names, text in table_rows(section) for name in names if text}
    assert stated
    for name, text in stated.items():
        assert (name, text) == (name, meaning(SECTIONS[section], name))


def test_the_page_on_the_results_has_each_table_and_view() -> None:
    stated = {name: text.removeprefix("table: ") for names, text in table_rows("The DuckDB file") for name in names}
    assert stated == dictionary.TABLES


def table_rows(section: str) -> list[tuple[list[str], str]]:
    """The rows of the first table of a section of the page: the names in the first cell, and the meaning without links.

    The meaning is empty where a row refers to the section before.
    """
    lines = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].splitlines()
    first = next(place for place, text in enumerate(lines) if text.startswith("|"))
    cells = [text.strip("|").split("|") for text in takewhile(lambda text: text.startswith("|"), lines[first + 2 :])]
    return [
        (
            re.findall(r"`(\w+)`", row[0]),
            re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", row[-1].strip()).replace("as above", ""),
        )
        for row in cells
    ]
