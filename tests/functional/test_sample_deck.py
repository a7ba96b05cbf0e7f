"""The program over the sample deck must decide and refuse what the expected files say, from every format."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.functional.program import UNREPORTED, called

ROOT = Path(__file__).resolve().parents[2]
DECK = ROOT / "sample_claims"
MADE_FILES = (
    "claims.csv", "contracts.csv", "damaged.csv", "expected_decisions.csv", "expected_quarantine.csv",
    "claims.837", "claims-fhir.ndjson", "expected_decisions_837_fhir.csv", "expected_quarantine_837_fhir.csv",
)  # fmt: skip
LISTS = ("edits", "rarcs")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


def published(out: Path, *extracts: Path | str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The decisions and the quarantine of a run over extracts with the deck's contracts."""
    contracts = DECK / "contracts.csv"
    done = called("run", *extracts, "--contracts", contracts, "--out", out, *UNREPORTED)
    assert done.code == 0, done.err
    return tuple(  # type: ignore[return-value]
        pl.read_parquet(sorted(out.glob(f"{kind}/run_id=*/part-*.parquet")), hive_partitioning=False)
        for kind in ("decisions", "quarantine")
    )


@pytest.fixture(scope="module", params=["claims.csv", "claims.parquet"])
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pl.DataFrame, pl.DataFrame]:
    return published(tmp_path_factory.mktemp("results"), DECK / request.param)


def rows_of(name: str) -> list[dict[str, str]]:
    with (DECK / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_text(decision: dict[str, Any], columns: list[str]) -> dict[str, str]:
    """A decision as the expected file writes it."""
    shown = {column: decision[column] for column in columns}
    shown |= {column: "|".join(decision[column]) for column in LISTS}
    shown["policy_stale"] = str(decision["policy_stale"]).lower()
    return {column: "" if value is None else str(value) for column, value in shown.items()}


def test_every_decision_is_the_expected_one(results: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    expected = rows_of("expected_decisions.csv")
    decided = [as_text(decision, list(expected[0])) for decision in results[0].to_dicts()]
    assert [row["claim_id"] for row in decided] == [row["claim_id"] for row in expected]
    for decision, row in zip(decided, expected, strict=True):
        assert decision == row


def test_every_refused_row_names_its_columns(results: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    expected = rows_of("expected_quarantine.csv")
    refused = [
        {
            "source_row": str(row["source_row"]),
            "claim_id": row["claim_id"] or "",
            "failed_columns": "|".join(sorted({check.partition("-")[0] for check in row["failed_checks"]})),
        }
        for row in results[1].sort("source_row").to_dicts()
    ]
    assert refused == expected


def test_837_and_fhir_are_decided_by_the_facts_that_they_hold(tmp_path: Path) -> None:
    decisions, quarantine = published(tmp_path, "sample_claims/claims.837", "sample_claims/claims-fhir.ndjson")
    expected = rows_of("expected_decisions_837_fhir.csv")
    decided = [as_text(decision, list(expected[0])) for decision in decisions.to_dicts()]
    assert [(row["claim_id"], row["claim_line_number"]) for row in decided] == [
        (row["claim_id"], row["claim_line_number"]) for row in expected
    ]
    for decision, row in zip(decided, expected, strict=True):
        assert decision == row
    refused = quarantine.select(
        "source_file", pl.col("source_row").cast(str), pl.col("claim_id").fill_null(""),
        pl.col("failed_checks").list.join(" "),
    )  # fmt: skip
    assert refused.to_dicts() == rows_of("expected_quarantine_837_fhir.csv")


def test_a_denial_always_has_its_citation(results: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    denied = results[0].filter(pl.col("disposition") == "deny")
    assert denied.height > 0
    assert denied["citation"].null_count() == 0
    assert denied["policy_reference"].null_count() == 0


@pytest.mark.long
def test_damaged_lines_are_kept_apart(tmp_path: Path) -> None:
    decisions, quarantine = published(tmp_path, DECK / "damaged.csv")
    assert decisions.select("source_row", "claim_id").rows() == [
        (1, "EX-21-INVESTIGATIONAL-FLORIDA"),
        (7, "EX-11-MA-REVIEWED"),
    ]
    assert quarantine["source_row"].sort().to_list() == [2, 3, 5, 6]
    assert all(check.startswith("row-") for checks in quarantine["failed_checks"] for check in checks)


@pytest.mark.long
def test_the_deck_is_what_its_tables_make(tmp_path: Path) -> None:
    assert run("sample_claims.make", tmp_path).returncode == 0
    for name in MADE_FILES:
        assert (tmp_path / name).read_bytes() == (DECK / name).read_bytes(), f"{name}: run make.py again"
    assert pl.read_parquet(tmp_path / "claims.parquet").equals(pl.read_parquet(DECK / "claims.parquet"))


def test_both_forms_of_the_deck_hold_the_same_rows() -> None:
    in_csv = [{column: value or None for column, value in row.items()} for row in rows_of("claims.csv")]
    assert pl.read_parquet(DECK / "claims.parquet").to_dicts() == in_csv
