"""The sample is decided alike in every format, as far as the format holds the facts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.runner import RunOptions, run_batch
from claims_edit.sample import scan, tables, write_sample

if TYPE_CHECKING:
    from pathlib import Path

LINES = 60_001  # the last claim has one line
SEED = 2
OF_THE_FILE = ("run_id", "source_file", "source_row", "data_source")
KEY = ("claim_id", "claim_line_number")
NAMES = {"x12": "s.837", "fhir": "s.ndjson"}
LACKS = {"x12": ("line_of_business", "paid_amount", "allowed_amount"), "fhir": ("claim_filing_indicator_code",)}


def published(extract: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The decisions, and the refused rows with their checks, of a run over one extract."""
    out = extract.with_name(f"{extract.name}.out")
    run_batch(RunOptions((str(extract),), out, date(2026, 11, 20), reports=()))
    decisions, quarantine = (
        pl.concat(
            pl.read_parquet(part, hive_partitioning=False) for part in out.glob(f"{kind}/run_id=*/part-*.parquet")
        )
        for kind in ("decisions", "quarantine")
    )
    refused = quarantine.select("claim_id", "failed_checks", "candidate_code", "charge_amount")
    return decisions.drop(OF_THE_FILE).sort(KEY), refused.sort(refused.columns)


@pytest.mark.long
@pytest.mark.parametrize("fmt", ["x12", "fhir"])
def test_the_formats_are_decided_like_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fmt: str) -> None:
    monkeypatch.setattr(tables, "_ONE_IN", 400)
    table = tmp_path / "s.parquet"
    scan(LINES, SEED).drop(LACKS[fmt]).sink_parquet(table)
    write_sample(LINES, tmp_path / NAMES[fmt], seed=SEED, fmt=fmt)
    decisions, refused = published(table)
    found, also_refused = published(tmp_path / NAMES[fmt])
    assert found.height > 30
    assert found.to_dicts() == decisions.to_dicts()
    assert also_refused.to_dicts() == refused.to_dicts()
    checks = refused["failed_checks"].explode().unique().sort().to_list()
    assert checks == [
        "claim_line_end_date-before-start", "diagnosis_code_1-shape", "duplicate-line", "hcpcs_code-shape",
        "member_id-missing",
    ]  # fmt: skip
