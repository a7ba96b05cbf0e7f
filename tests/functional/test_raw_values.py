"""What is kept of a refused row is the row, whatever is in the rows beside it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import UNREPORTED, called, csv_text, decisions, line, quarantine, write
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACE = ("run_id", "source_file", "source_row")
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


def refused(out: Path, *paths: Path) -> dict[str, dict[str, Any]]:
    """The watched row of each file as one run kept it, by the file's name."""
    assert called("run", *paths, "--out", out, "--quiet", *UNREPORTED).code == 0
    rows = quarantine(out).filter(claim_id="WATCHED").to_dicts()
    found = {row["source_file"].rpartition("/")[2]: row for row in rows}
    assert found.keys() == {path.name for path in paths}
    return {name: {k: v for k, v in row.items() if k not in PLACE} for name, row in found.items()}


@pytest.mark.parametrize("written", first(1, [as_csv, as_ndjson, as_parquet]))
def test_text_is_kept_as_it_is(tmp_path: Path, written: Callable[[list[dict[str, str]], Path], None]) -> None:
    for name, rows in BESIDE.items():
        written([*rows, ROW], tmp_path / name)
    found = refused(tmp_path / "out", *(tmp_path / name for name in BESIDE))
    assert {name: row for name, row in found.items() if row != found["alone"]} == {}
    assert json.loads(found["alone"]["raw_values"])["claim_id"] == "WATCHED"


def test_text_of_any_length_beside_an_escape_is_a_whole_value(tmp_path: Path) -> None:
    payers = ['a"', *("x" * length for length in range(1, 9))]
    rows = [line(number, member_id="", payer=payer) for number, payer in enumerate(payers, 1)]
    as_csv(rows, tmp_path / "a.csv")
    assert called("run", tmp_path / "a.csv", "--out", tmp_path / "out", "--quiet", *UNREPORTED).code == 0
    kept = quarantine(tmp_path / "out").sort("source_row")["raw_values"].to_list()
    assert [json.loads(raw)["payer"] for raw in kept] == payers


@pytest.mark.parametrize("zone", first(1, [None, "UTC", "America/New_York"]))
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
    kept = {name: refused(tmp_path / f"out-{name}", tmp_path / name)[name] for name in ("alone", "beside")}
    assert kept["beside"] == kept["alone"]
    assert "10:30:00" in kept["alone"]["raw_values"]
    found = [decisions(tmp_path / f"out-{name}").drop("source_row") for name in ("alone", "beside")]
    assert found[0].equals(found[1])
    assert quarantine(tmp_path / "out-beside").filter(claim_id="ODD").height == 1
