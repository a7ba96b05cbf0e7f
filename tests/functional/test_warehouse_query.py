"""`rules sql`: a run over the lines that it selects decides as a run over all of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
import sqlglot

from claims_edit.governance.warehouse_query import DIALECTS
from tests.functional.program import UNREPORTED, called, csv_text, decisions, line, quarantine, write

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = (*line(1), "claim_frequency_code", "original_claim_id", "procedure_code_1", "procedure_code_2", "place")
CODES = ("0600T",) * 12 + ("0601t", " 0600T ", '="0600T"', "0600T-59", "06 00T", "32999", "", "0", "NULL", "hc:0600T")
PROCEDURES = ("0F503ZF", "0f5g3zf", "0FT40ZZ", "J12.8", "Y12.3", "0F503ZF-", "0F5 03ZF", "0600T")
FREQUENCIES = ("1", "1", "1", "", "7", "7", "8", "9", "Z")
ROWS = 1_500


def deck(seed: int) -> list[dict[str, str]]:
    """Lines of few claims, so that they repeat, replace and void each other, in any spelling of id and code."""
    drawn = random.Random(seed)  # noqa: S311 -- test data
    rows = []
    for place in range(ROWS):
        claim = f"{drawn.choice('ABCDEFGH')}-{drawn.randrange(250)}"
        original = f"{drawn.choice('ABCDEFGH')}-{drawn.randrange(250)}"
        rows.append(
            line(
                place + 1,
                claim_id=drawn.choice((claim,) * 16 + (f" {claim} ", "--", "é", "", "N/A")),
                claim_line_number=drawn.choice(("1",) * 6 + ("2", "x")),
                member_id=drawn.choice(("M1", "M1", "M1", "M2")),
                payer=drawn.choice(("Regence", "Regence", "Premera Blue Cross")),
                hcpcs_code=drawn.choice(CODES) if drawn.random() < 0.08 else "99213",
                claim_start_date=drawn.choice(("2026-03-01",) * 30 + ("2026-13-01",)),
                charge_amount=drawn.choice(("10.25", *("10.25",) * 8, "-3.00", "many", "")),
                claim_frequency_code=drawn.choice(FREQUENCIES),
                original_claim_id=drawn.choice((original, original, f"{original} ", "", "000", "N/A", "é", claim)),
                procedure_code_1=drawn.choice(PROCEDURES) if drawn.random() < 0.05 else "",
                procedure_code_2=drawn.choice(PROCEDURES) if drawn.random() < 0.05 else "",
                place=str(place),
            )
        )
    return rows


def query(*options: str) -> list[str]:
    """The two statements."""
    done = called("rules", "sql", *options)
    assert (done.code, done.err) == (0, "")
    lines, totals = done.out.strip().removesuffix(";").split(";\n")
    return [lines, totals]


def run(folder: Path, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The decisions and the refused candidates of a run over these rows, each with the place of its row."""
    extract = write(folder / "extract.csv", rows.write_csv())
    limit = ("--max-quarantine-rate", "1")
    assert called("run", extract, "--out", folder / "out", "--quiet", *UNREPORTED, *limit).code == 0
    place = rows.select("place").with_row_index("source_row", offset=1).cast({"source_row": pl.Int64})
    found = []
    for frame in (decisions(folder / "out"), quarantine(folder / "out").filter("candidate_code")):
        placed = frame.cast({"source_row": pl.Int64}).join(place, on="source_row", how="left", validate="1:1")
        assert not placed["place"].null_count()
        found.append(placed.drop("^(run_id|raw_values|(first_)?source_.*)$").sort("place"))
    return found[0], found[1]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_selected_lines_are_decided_as_all_lines(seed: int, tmp_path: Path) -> None:
    write(tmp_path / "all.csv", csv_text(deck(seed), COLUMNS))
    selection, totals = query("--table", "claims", "--procedures", "2")
    with duckdb.connect() as warehouse:
        file = (tmp_path / "all.csv").as_posix()
        warehouse.execute(f"CREATE TABLE claims AS FROM read_csv('{file}', all_varchar = true)")
        every = pl.DataFrame(warehouse.sql("FROM claims ORDER BY place::INT").to_arrow_table())
        selected = pl.DataFrame(warehouse.sql(f"FROM ({selection}) ORDER BY place::INT").to_arrow_table())
        counted = pl.DataFrame(warehouse.sql(totals).to_arrow_table()).row(0, named=True)

    assert selected.columns == every.columns
    assert selected.height < every.height / 2  # what no candidate's claim is linked with stays
    whole, part = run(tmp_path / "whole", every), run(tmp_path / "part", selected)
    assert whole[0].height > 40
    assert part[0].equals(whole[0])
    assert part[1].equals(whole[1])
    unread = every["charge_amount"].is_in(["many"]).sum()
    charges = every["charge_amount"].cast(pl.Decimal(18, 2), strict=False).sum()
    assert (counted["line_count"], counted["unreadable_charges"], counted["charges"]) == (ROWS, unread, charges)
    assert counted["candidate_lines"] == part[0].height + part[1].height


def test_claims_known_from_earlier_nights_are_selected_without_a_candidate_code() -> None:
    selection, _ = query(
        "--table", "claims", "--procedures", "0", "--known", "decided", "--without", "original_claim_id"
    )
    with duckdb.connect() as warehouse:
        warehouse.execute(
            "CREATE TABLE claims AS FROM (VALUES ('A1', '99213'), ('B2', '99213'), ('C3', '0600T'))"
            " AS given(claim_id, hcpcs_code)"
        )
        warehouse.execute("CREATE TABLE decided AS SELECT 'a1' AS claim_id")
        assert warehouse.execute(f"SELECT claim_id FROM ({selection}) ORDER BY ALL").fetchall() == [("A1",), ("C3",)]


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_each_dialect_is_valid(dialect: str) -> None:
    for options in ((), ("--known", "a.b.decided", "--without", "charge_amount", "--without", "original_claim_id")):
        for statement in query("--dialect", dialect, "--table", "a.b.claims", *options):
            (parsed,) = sqlglot.parse(statement, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
            assert isinstance(parsed, sqlglot.exp.Select)
            assert not list(parsed.find_all(sqlglot.exp.Command))


@pytest.mark.parametrize("name", ["claims; DROP TABLE claims", "a b", "", "(SELECT 1)"])
def test_a_table_is_one_name(name: str) -> None:
    done = called("rules", "sql", "--table", name)
    assert done.code == 2
    assert "Give one" in done.err
