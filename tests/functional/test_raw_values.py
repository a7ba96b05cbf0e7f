"""What is kept of a refused row is the row, whatever is in the rows beside it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import UNREPORTED, called, csv_text, decisions, line, quarantine, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROW = line(1, member_id="", claim_id="WATCHED")
CANDIDATE = line(3, claim_id="CANDIDATE")
BESIDE: dict[str, list[dict[str, str]]] = {
    "alone": [],
    "escapes": [line(7, member_id="", payer='a "quoted" \\ payer', claim_id="tab\there")],
    "empty values": [line(8, member_id="", diagnosis_code_1="", charge_amount="", line_of_business="")],
    "odd numbers": [line(9, member_id="", claim_line_number="1e3", charge_amount="$1,234.50")],
    "other dates": [line(10, member_id="", claim_start_date="03/01/2026")],
    "an unread column with lines": [line(11, member_id="", payer="é\u2028ü")],
}


def as_csv(rows: list[dict[str, str]], path: Path) -> None:
    write(path, csv_text(rows))


def as_ndjson(rows: list[dict[str, str]], path: Path) -> None:
    write(path, "".join(json.dumps(row) + "\n" for row in rows))


def as_parquet(rows: list[dict[str, str]], path: Path) -> None:
    pl.DataFrame(rows).write_parquet(path)


def refused(path: Path, out: Path) -> dict[str, Any]:
    """The watched row as the run kept it."""
    assert called("run", path, "--out", out, "--quiet", *UNREPORTED).code == 0
    (row,) = quarantine(out).filter(claim_id="WATCHED").drop("run_id", "source_file", "source_row").to_dicts()
    return row


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("written", [as_csv, as_ndjson, as_parquet])
def test_text_is_kept_as_it_is(
    tmp_path: Path, written: Callable[[list[dict[str, str]], Path], None], beside: str
) -> None:
    for name, rows in (("alone", [ROW]), ("beside", [*BESIDE[beside], ROW])):
        written(rows, tmp_path / name)
    assert refused(tmp_path / "beside", tmp_path / "b") == refused(tmp_path / "alone", tmp_path / "a")


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
@pytest.mark.parametrize("unit", ["ms", "us"])
def test_a_moment_is_kept_as_it_is_beside_a_day_that_no_calendar_names(
    tmp_path: Path, unit: Any, zone: str | None
) -> None:
    """Such a day makes the column text, in which the row is also read and decided as it was."""
    day = dt.datetime(2026, 3, 1, 10, 30)  # noqa: DTZ001 -- the zone comes next
    moment = pl.Series([day] * 2).dt.cast_time_unit(unit).dt.replace_time_zone(zone)
    alone = pl.DataFrame([ROW, CANDIDATE]).with_columns(claim_start_date=moment)
    far = pl.lit(200_000 * 365 * 86_400 * (1000 if unit == "ms" else 1_000_000)).cast(moment.dtype)
    odd = alone.head(1).with_columns(claim_id=pl.lit("ODD"), claim_start_date=far)
    for name, rows in (("alone", alone), ("beside", pl.concat([odd, alone]))):
        rows.write_parquet(tmp_path / name)
    assert refused(tmp_path / "beside", tmp_path / "b") == refused(tmp_path / "alone", tmp_path / "a")
    assert "10:30:00" in refused(tmp_path / "alone", tmp_path / "c")["raw_values"]
    found = [decisions(tmp_path / out).drop("source_row") for out in ("a", "b")]
    assert found[0].equals(found[1])
    assert quarantine(tmp_path / "b").filter(claim_id="ODD").height == 1
