"""Parquet and NDJSON in the shapes that senders give them: every type is read, refused by row, or refused by name."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import UNREPORTED, Done, counts, decisions, line, lines, manifest, quarantine, write

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[..., Done]

NOON = datetime(2026, 3, 1, 12, 30)  # noqa: DTZ001 -- extracts have such columns
MIDNIGHT = datetime(2026, 3, 1)  # noqa: DTZ001
# columns that replace those of six sound lines, two of them candidates; and how many rows are accepted
TYPED: dict[str, tuple[dict[str, pl.Series], int]] = {
    "small line numbers": ({"claim_line_number": pl.Series(range(1, 7), dtype=pl.Int8)}, 6),
    "unsigned line numbers": ({"claim_line_number": pl.Series([2] * 6, dtype=pl.UInt64)}, 6),
    "line numbers below one": ({"claim_line_number": pl.Series([0, -1, 1, 1, 1, 1])}, 4),
    "ids as numbers": ({"claim_id": pl.Series(range(6)), "member_id": pl.Series(range(1, 7))}, 5),
    "codes as numbers": ({"hcpcs_code": pl.Series([99213] * 6)}, 6),
    "codes as categories": ({"hcpcs_code": pl.Series(["0600T"] * 6, dtype=pl.Categorical)}, 6),
    "codes of a list": ({"hcpcs_code": pl.Series(["0600T"] * 6, dtype=pl.Enum(["0600T"]))}, 6),
    "places as numbers": ({"place_of_service_code": pl.Series([1, 22, 22, 22, 22, 22])}, 5),
    "providers as numbers": ({"rendering_npi": pl.Series([1902000110] * 6)}, 6),
    "timestamps": ({"claim_start_date": pl.Series([NOON] * 6)}, 6),
    "nanoseconds": ({"claim_start_date": pl.Series([NOON] * 6, dtype=pl.Datetime("ns"))}, 6),
    "timestamps of a zone": ({"claim_start_date": pl.Series([NOON] * 6, dtype=pl.Datetime("us", "UTC"))}, 6),
    "days as numbers": ({"claim_start_date": pl.Series([20260301] * 6)}, 6),
    "days of a spreadsheet": ({"claim_start_date": pl.Series([46082] * 6)}, 0),
    "the last day of all": ({"claim_start_date": pl.Series([date(9999, 12, 31)] * 6)}, 0),
    "an end without end": ({"claim_end_date": pl.Series([date(9999, 12, 31)] * 6)}, 0),
    "days out of bounds": ({"claim_start_date": pl.Series([date(1989, 12, 31), *[date(1990, 1, 1)] * 5])}, 5),
    "binary fractions": ({"charge_amount": pl.Series([29.56, 0.1 + 0.2, 1.1, 2.2, 3.3, -4.4])}, 6),
    "no numbers": ({"charge_amount": pl.Series([float("inf"), float("-inf"), 1e300, 1e15, 5.0, 6.0])}, 2),
    "short fractions": ({"charge_amount": pl.Series([29.56] * 6, dtype=pl.Float32)}, 6),
    "wide amounts": ({"charge_amount": pl.Series([Decimal("29.56")] * 6, dtype=pl.Decimal(38, 2))}, 6),
    "four decimals": (
        {"charge_amount": pl.Series([*[Decimal("1.1200")] * 5, Decimal("1.1234")], dtype=pl.Decimal(18, 4))}, 5
    ),
    "amounts beyond all": ({"charge_amount": pl.Series([Decimal(10) ** 30] * 6, dtype=pl.Decimal(38, 2))}, 0),
    "whole amounts": ({"charge_amount": pl.Series([2**62, 1, 2, 3, 4, -5])}, 5),
    "no amounts at all": ({"charge_amount": pl.Series([None] * 6, dtype=pl.Null)}, 6),
    "no claim ids at all": ({"claim_id": pl.Series([None] * 6, dtype=pl.Null)}, 0),
    "empty text": ({"member_id": pl.Series(["", " ", None, "M1", "M2", "M3"])}, 3),
    "both kinds of dates": (
        {
            "claim_start_date": pl.Series([date(2026, 3, 1)] * 6),
            "claim_line_start_date": pl.Series(["2026-03-02", "bad", None, "", "20260302", "2026-03-02"]),
        }, 5
    ),
    "names in odd case": ({" PLAN ": pl.Series(["a"] * 6)}, 6),
}  # fmt: skip
UNREADABLE = {
    "lists": pl.Series([["Regence"]] * 6),
    "structures": pl.Series([{"a": 1}] * 6),
    "bytes": pl.Series([b"Regence"] * 6),
    "times of day": pl.Series([time(1, 2)] * 6),
    "spans of time": pl.Series([timedelta(days=1)] * 6),
}


def parquet(path: Path, columns: dict[str, pl.Series]) -> Path:
    frame = pl.DataFrame(lines(6)).with_columns(series.alias(name) for name, series in columns.items())
    path.parent.mkdir(exist_ok=True)
    frame.write_parquet(path)
    return path


@pytest.mark.long
def test_typed_columns_are_read_or_refused_by_row(command: Command, tmp_path: Path) -> None:
    """Each file has columns and types of its own, and claims of its own source."""
    for name, (columns, _) in TYPED.items():
        parquet(tmp_path / "in" / f"{name}.parquet", {**columns, "data_source": pl.Series([name] * 6)})
    out = tmp_path / "out"
    assert command("run", tmp_path / "in", "--out", out, "--quiet", *UNREPORTED) == Done(0, "", "")
    found = {
        Path(file["path"]).stem: (file["rows_read"], file["rows_accepted"], file["rows_quarantined"])
        for file in manifest(out)["inputs"]
    }
    assert found == {name: (6, accepted, 6 - accepted) for name, (_, accepted) in TYPED.items()}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("column", ["payer", "claim_start_date"])
def test_columns_without_plain_values_are_named(command: Command, tmp_path: Path, name: str, column: str) -> None:
    extract = parquet(tmp_path / "night.parquet", {column: UNREADABLE[name]})
    done = command("run", extract, "--out", tmp_path / "out")
    assert (done.code, len(done.faults)) == (11, 1)
    assert f"no plain values in {column}" in done.err


def test_typed_values_result_as_they_went_in(command: Command, tmp_path: Path) -> None:
    columns = {
        "claim_start_date": pl.Series([MIDNIGHT] * 6),
        "charge_amount": pl.Series([0.1 + 0.2] * 6),
        "diagnosis_code_1": pl.Series([" c25.1 "] * 6),
    }
    out = tmp_path / "out"
    assert command("run", parquet(tmp_path / "x.parquet", columns), "--out", out, "--quiet", *UNREPORTED).code == 0
    row = decisions(out).row(0, named=True)
    assert (row["service_start_date"], row["charge_amount"]) == (date(2026, 3, 1), Decimal("0.30"))
    assert row["diagnosis_codes"] == ["C251"]


def ndjson(path: Path, rows: list[dict[str, Any] | str]) -> Path:
    return write(path, "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")


def test_lines_that_are_no_object_are_quarantined(command: Command, tmp_path: Path) -> None:
    sound: list[dict[str, Any] | str] = list(lines(6))
    broken = ['{"claim_id": "x"', "[1, 2]", '"text"', "null", '{"a": "\\ud800"}', json.dumps(line(3))[:-9]]
    extract = ndjson(tmp_path / "night.ndjson", [*sound[:3], *broken, "", "   ", *sound[3:]])
    out = tmp_path / "out"
    assert command("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (12, 6, 6)
    assert quarantine(out).select("source_row", "raw_values").rows() == list(enumerate(broken, 4))
    assert quarantine(out)["candidate_code"].to_list() == [False] * 5 + [True]
    assert decisions(out)["source_row"].to_list() == [3, 14]


@pytest.mark.long
@pytest.mark.parametrize("characters", [100_000, 2_500_000])
def test_a_huge_line_costs_itself_alone(command: Command, tmp_path: Path, characters: int) -> None:
    rows: list[dict[str, Any] | str] = list(lines(6))
    rows[1] = line(2, member_id="x" * characters)
    out = tmp_path / "out"
    assert command("run", ndjson(tmp_path / "x.ndjson", rows), "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (6, 5, 1)
    assert quarantine(out)["source_row"].to_list() == [2]
    assert decisions(out)["source_row"].to_list() == [3, 6]


@pytest.mark.long
def test_mixed_line_ends_lose_nothing(command: Command, tmp_path: Path) -> None:
    text = "".join(json.dumps(row) + ("\n", "\r\n", "\r")[place % 3] for place, row in enumerate(lines(30)))
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "x.ndjson", text), "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (30, 30, 0)


@pytest.mark.long
def test_a_column_that_comes_up_late_is_read_from_the_beginning(command: Command, tmp_path: Path) -> None:
    """Writers leave out empty values: the line's own date or its code may first appear far down the file."""
    rows: list[dict[str, Any] | str] = [
        {name: value for name, value in line(number).items() if name != "hcpcs_code"} for number in range(1, 1500)
    ]
    rows += [line(3000), line(3003, Claim_Line_Start_Date="2019-01-01")]
    out = tmp_path / "out"
    assert command("run", ndjson(tmp_path / "x.ndjson", rows), "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (1501, 1501, 0)
    assert decisions(out).select("claim_id", "disposition", "service_start_date").rows() == [
        ("CL0003000", "deny", date(2026, 3, 1)), ("CL0003003", "return", date(2019, 1, 1)),
    ]  # fmt: skip


def test_numbers_and_odd_keys_are_read(command: Command, tmp_path: Path) -> None:
    odd = {'a"b': 1, "x'y": 2, "a.b/c~d": "Regence", "$": 4}
    rows: list[dict[str, Any] | str] = [
        {**line(3), "payer": None, **odd, "claim_line_number": 1, "charge_amount": 12.5, "claim_id": 7},
        {**line(6), **odd, "charge_amount": None},
    ]
    mapping = write(tmp_path / "m.yaml", 'columns: {payer: a.b/c~d, plan: "a\\"b"}')
    out = tmp_path / "out"
    extract = ndjson(tmp_path / "x.ndjson", rows)
    assert command("run", extract, "--mapping", mapping, "--out", out, "--quiet", *UNREPORTED) == Done(0, "", "")
    assert decisions(out).select("claim_id", "payer", "charge_amount").rows() == [
        ("7", "regence", Decimal("12.50")), ("CL0000006", "regence", None),
    ]  # fmt: skip


def test_deep_nesting_is_one_line(command: Command, tmp_path: Path) -> None:
    extract = write(tmp_path / "x.ndjson", '{"claim_id": ' + "[" * 5000 + "]" * 5000 + "}\n")
    done = command("run", extract, "--out", tmp_path / "out")
    assert (done.code, len(done.faults)) == (11, 1)
