"""However the rows of a night are ordered, cut into batches or split over files, each line is decided alike."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from claims_edit.runner import RunOptions, kept, reading, run_batch
from tests.lib.candidates import LINE_BYTES, lines_of
from tests.lib.examples import examples

if TYPE_CHECKING:
    from pathlib import Path


AS_OF = date(2026, 11, 20)
LINES = 60
COLUMNS = (
    "claim_id", "claim_line_number", "claim_type", "member_id", "payer", "group_id", "line_of_business",
    "claim_filing_indicator_code", "claim_start_date", "claim_end_date", "hcpcs_code", "hcpcs_modifier_1",
    "diagnosis_code_type", "diagnosis_code_1", "diagnosis_code_2", "charge_amount", "data_source",
    "claim_frequency_code", "original_claim_id",
)  # fmt: skip
PER_PLACE = ("run_id", "source_file", "source_row")


def extract(blob: bytes) -> pl.DataFrame:
    """Claim lines as an extract would give them, the first day of every tenth broken."""
    rows = [
        {
            **line,
            "claim_start_date": line["service_start_date"].isoformat() if place % 10 else "soon",
            "claim_end_date": line["service_end_date"].isoformat(),
        }
        for place, line in enumerate(lines_of(blob), 1)
    ]
    return pl.DataFrame(rows, infer_schema_length=None).select(pl.col(COLUMNS).cast(pl.String))


def decided(frames: list[pl.DataFrame], folder: Path) -> tuple[Counter[str], list[int]]:
    """Each decision but for its place, as text; and the counts of the run."""
    folder.mkdir()
    for place, frame in enumerate(frames):
        frame.write_csv(folder / f"part-{place}.csv")
    outcome = run_batch(RunOptions((str(folder),), folder.with_suffix(".out"), AS_OF, reports=()))
    parts = sorted(folder.with_suffix(".out").glob("decisions/run_id=*/part-*.parquet"))
    decisions = pl.concat(pl.read_parquet(part, hive_partitioning=False) for part in parts).drop(PER_PLACE)
    reported = outcome.manifest.counts.model_dump(mode="json")
    return Counter(str(row) for row in decisions.rows()), [
        reported["rows_read"],
        reported["rows_quarantined"],
        reported["warnings"],
    ]


@pytest.mark.long
@given(
    blob=st.binary(min_size=LINES * LINE_BYTES, max_size=LINES * LINE_BYTES),
    cut=st.integers(1, LINES - 1),
    batch=st.integers(7, LINES),
    seed=st.integers(0, 1000),
)
@settings(
    max_examples=examples(2, more=5),
    phases=(Phase.explicit, Phase.generate),  # shrinking would take minutes, and tell no more
    suppress_health_check=[HealthCheck.large_base_example, HealthCheck.function_scoped_fixture],
)
def test_batch_size_row_order_and_file_split_change_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    blob: bytes,
    cut: int,
    batch: int,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("night")
    noise = Random(seed)  # noqa: S311 -- test data
    frame = extract(bytes(byte or noise.randrange(256) for byte in blob))
    whole = decided([frame], folder / "whole")
    assert whole[1][0] == LINES
    assert LINES // 10 <= whole[1][1] < LINES // 3
    # All three at once: whichever of them changed anything would show.
    shuffled = frame.sample(fraction=1, shuffle=True, seed=seed)
    monkeypatch.setattr(reading, "BATCH_ROWS", batch)
    monkeypatch.setattr(kept, "BATCH_ROWS", batch)
    assert decided([shuffled.head(cut), shuffled.slice(cut)], folder / "otherwise") == whole
