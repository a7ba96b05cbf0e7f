"""Every warning names its first rows, files and claims, whatever the size of a batch; the manifest names no claim."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.intake.x12.extract import X12Extract
from claims_edit.runner import RunOptions, held_back, kept, run_batch, validate_batch
from claims_edit.runner import reading as reading_module
from tests.functional.program import DECK

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = date(2026, 11, 20)
DECK_837 = DECK / "claims.837"
HEADER = "claim_id,claim_line_number,claim_type,member_id,payer,claim_line_start_date,hcpcs_code,line_of_business\n"


def extract(folder: Path, name: str, odd: set[int], *, refused: int = 0, candidate: int = 0) -> Path:
    """A CSV of 40 lines, whose line of business no rule knows in the `odd` rows; one is refused, one a candidate."""
    path = folder / name
    lines = [
        f"{name[0]}{row},1,{'dental' if row == refused else 'professional'},M{row},Premera,2024-01-01,"
        f"{'0600T' if row == candidate else '99213'},{'Nonesuch' if row in odd else 'commercial'}\n"
        for row in range(1, 41)
    ]
    path.write_text(HEADER + "".join(lines))
    return path


@pytest.mark.parametrize("batch_rows", [3, 250_000])
def test_the_first_rows_of_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int) -> None:
    for module, name in (
        (reading_module, "BATCH_ROWS"),
        (kept, "BATCH_ROWS"),
        (reading_module, "LEAST_ROWS"),
        (held_back, "LEAST_ROWS"),
    ):
        monkeypatch.setattr(module, name, batch_rows)
    extracts = (
        extract(tmp_path, "a.csv", {2, 4, 9, 11, 12, 30, 31}, refused=4, candidate=3),
        extract(tmp_path, "b.csv", {40}),
    )
    out = tmp_path / "out"
    outcome = run_batch(RunOptions(tuple(map(str, extracts)), out, AS_OF, reports=("csv",)))
    quality = pl.read_csv(outcome.run_dir / "data_quality.csv", infer_schema=False)
    found = quality.filter(check="line_of_business-unknown").select("rows", "first_rows", "first_claims").rows()
    assert found == [("6", "2|9|11|12|30", "a2|a9|a11|a12|a30"), ("1", "40", "b40")]
    words = re.findall(r"\w+", (outcome.run_dir / "manifest.json").read_text())  # a hash may have these letters
    assert "a11" not in words


def test_validate_names_the_rows_of_a_warning(tmp_path: Path) -> None:
    (file,) = validate_batch((str(extract(tmp_path, "a.csv", {3, 7})),), AS_OF).files
    assert file["first_warned_rows"] == {"line_of_business-unknown": [3, 7]}


@pytest.mark.long
@pytest.mark.parametrize("piece", [400, 2_000_000])
def test_what_an_837_is_warned_of_names_segments_and_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(X12Extract, "CHUNK_BYTES", piece)
    segments = [segment.strip() for segment in DECK_837.read_text().split("~")]
    closing = next(place for place, segment in enumerate(segments) if segment.startswith("SE*"))
    segments[closing] = segments[closing].replace("SE*", "SE*9")
    (tmp_path / "claims.837").write_text("~\n".join(segments))
    outcome = run_batch(RunOptions((str(tmp_path / "claims.837"),), tmp_path / "out", AS_OF, reports=("csv",)))
    quality = pl.read_csv(outcome.run_dir / "data_quality.csv", infer_schema=False).filter(severity="warning")
    found = {
        check: (rows, claims) for check, rows, claims in quality.select("check", "first_rows", "first_claims").rows()
    }
    assert found["se01-segment-count"] == (str(closing + 1), None)
    rows, claims = found["hcpcs_code-not-evaluable"]
    assert segments[int(rows) - 1].startswith("SV")
    assert any(segment.startswith(f"CLM*{claims}*") for segment in segments)
