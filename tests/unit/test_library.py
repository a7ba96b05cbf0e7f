"""The library: its examples run, and frames of any few columns are taken."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import claims_edit

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
AS_OF = date(2026, 11, 20)
LINE: dict[str, Any] = {
    "claim_id": "C1", "claim_line_number": "1", "claim_type": "professional", "member_id": "M1",
    "payer": "Regence", "line_of_business": "commercial", "claim_line_start_date": "2026-03-02",
    "hcpcs_code": "47384", "diagnosis_code_1": "C220", "charge_amount": "100.00",
}  # fmt: skip


def test_the_page_s_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "sample_claims").symlink_to(PAGE.parents[1] / "sample_claims")
    monkeypatch.chdir(tmp_path)
    assert len(blocks) == 5
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 -- our own page


def test_every_name_of_the_library_is_there_and_loads_late() -> None:
    assert all(getattr(claims_edit, name) is not None for name in claims_edit.__all__)
    with pytest.raises(AttributeError, match="has no nothing"):
        _ = claims_edit.nothing
    loaded = "import claims_edit, sys; sys.exit(any(name in sys.modules for name in ('polars', 'duckdb', 'pandera')))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


@pytest.mark.parametrize("absent", [name for name in LINE if name not in {"hcpcs_code", "claim_line_start_date"}])
def test_a_column_that_is_absent_is_an_empty_one(absent: str) -> None:
    rules = claims_edit.load_rules()
    frame = pl.DataFrame([LINE])
    without, empty = frame.drop(absent), frame.with_columns(pl.lit(None, pl.String).alias(absent))
    assert claims_edit.decide(without, rules).equals(claims_edit.decide(empty, rules))
    both = [claims_edit.process_batch(lines, rules, as_of=AS_OF) for lines in (without, empty)]
    assert both[0].totals == both[1].totals
    assert both[0].candidates.equals(both[1].candidates)
    assert claims_edit.decide(frame, rules)["disposition"].item() == "deny"


def test_a_batch_is_what_a_run_makes_of_it(tmp_path: Path) -> None:
    sample = PAGE.parents[1] / "sample_claims" / "claims.csv"
    lines = pl.read_csv(sample, infer_schema=False)
    outcome = claims_edit.run_batch(claims_edit.RunOptions([sample], str(tmp_path), AS_OF, reports=()))  # type: ignore[arg-type]
    batch = claims_edit.process_batch(lines, claims_edit.load_rules(), as_of=AS_OF)
    counts = outcome.manifest.counts.model_dump(mode="json")
    assert batch.totals.rows_read == counts["rows_read"] == lines.height
    quarantine = pl.read_parquet(
        outcome.run_dir.parents[1] / "quarantine" / "**" / "*.parquet", hive_partitioning=False
    )
    repeats_alone = quarantine.filter(pl.col("failed_checks") == pl.lit(["duplicate-line"])).height
    assert batch.totals.rows_quarantined == counts["rows_quarantined"] - repeats_alone
    assert batch.totals.warnings_by_check.total() >= counts["warnings"]
    assert batch.keys.height == lines.height


def test_arrow_tables_are_taken() -> None:
    table = pl.DataFrame([LINE]).to_arrow()
    assert claims_edit.validate(table, claims_edit.load_rules(), as_of=AS_OF).errors == {}


def test_what_is_no_claim_line_is_an_error() -> None:
    rules = claims_edit.load_rules()
    with pytest.raises(claims_edit.UsageError, match="no such column of a claim line: color"):
        claims_edit.validate(pl.DataFrame([LINE | {"color": "red"}]), rules, as_of=AS_OF)
    with pytest.raises(claims_edit.UsageError, match="1 lines have a code that no policy lists"):
        claims_edit.decide(pl.DataFrame([LINE, LINE | {"hcpcs_code": "99213"}]), rules)
