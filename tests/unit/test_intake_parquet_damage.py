"""A Parquet file that does not say what was written: what is noticed, by which check, and that sound ones pass."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from claims_edit.errors import InputError
from claims_edit.intake import load_mapping, open_extract, sniff
from claims_edit.intake.parquet_checks import FileChecks
from claims_edit.intake.parquet_pages import DamagedPageError
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 600
FLIPS = 60


def claims() -> pl.DataFrame:
    """Claim lines of every type of column, with nulls."""
    numbers = range(ROWS)
    return pl.DataFrame(
        {
            "claim_id": [f"CLAIM-{number:05}" for number in numbers],
            "claim_line_number": [number % 3 + 1 for number in numbers],
            "claim_type": ["professional"] * ROWS,
            "member_id": [f"M{number % 97}" for number in numbers],
            "payer": [("Regence", "Premera")[number % 2] for number in numbers],
            "claim_start_date": [dt.date(2026, 1, 1) + dt.timedelta(days=number % 300) for number in numbers],
            "hcpcs_code": [("0600T", "99213", None)[number % 3] for number in numbers],
            "diagnosis_code_1": [None if number % 5 == 0 else "C250" for number in numbers],
            "charge_amount": [Decimal(number).scaleb(-2) for number in numbers],
            "service_unit_quantity": [float(number % 4) for number in numbers],
        }
    )  # fmt: skip


def by_arrow(**options: Any) -> Callable[[pl.DataFrame, Path], None]:
    return lambda frame, path: pq.write_table(frame.to_arrow(), path, row_group_size=250, **options)


def by_polars(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, row_group_size=250)


def by_duckdb(frame: pl.DataFrame, path: Path) -> None:
    assert frame.height
    duckdb.sql(f"COPY frame TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)")


SUMMED = {
    f"{compression}, version {version}": by_arrow(
        write_page_checksum=True, compression=compression, data_page_version=version
    )
    for compression in ("none", "snappy", "zstd")
    for version in ("1.0", "2.0")
}
UNSUMMED = {
    "Arrow": by_arrow(),
    "Arrow without dictionaries": by_arrow(use_dictionary=False, compression="none"),
    "Arrow without statistics": by_arrow(write_statistics=False),
    "Arrow, small pages": by_arrow(data_page_size=64, data_page_version="2.0"),
    "Polars": by_polars,
    "DuckDB": by_duckdb,
}


def read(path: Path, rows: int) -> pl.DataFrame:
    extract = open_extract(sniff(path), load_mapping(None), path.parent)
    return pl.concat(extract.batches(rows)).select(claims().columns)


@pytest.mark.parametrize("writer", [*SUMMED, *UNSUMMED])
@pytest.mark.parametrize("rows", [100, 250, 10_000])
def test_a_sound_file_passes_whoever_wrote_it(tmp_path: Path, writer: str, rows: int) -> None:
    (SUMMED | UNSUMMED)[writer](claims(), tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet", rows).equals(claims())


@pytest.mark.parametrize("writer", first(2, SUMMED))
def test_where_pages_have_checksums_no_flipped_bit_is_taken_for_a_value(tmp_path: Path, writer: str) -> None:
    SUMMED[writer](claims(), tmp_path / "x.parquet")
    sound = (tmp_path / "x.parquet").read_bytes()
    dice = random.Random(writer)  # noqa: S311 -- a seed
    refused = 0
    for _ in range(FLIPS):
        damaged = bytearray(sound)
        damaged[dice.randrange(len(sound))] ^= 1 << dice.randrange(8)
        (tmp_path / "y.parquet").write_bytes(damaged)
        try:
            found = read(tmp_path / "y.parquet", 250)
        except InputError:
            refused += 1
        else:
            assert found.equals(claims())
    assert refused > FLIPS // 2


def spoiled(path: Path, old: bytes, new: bytes, which: int = 0) -> None:
    """Put other bytes of the same length in one place of a file."""
    content = path.read_bytes()
    at = -1
    for _ in range(which + 1):
        at = content.index(old, at + 1)
    path.write_bytes(content[:at] + new + content[at + len(old) :])


PLAIN = by_arrow(use_dictionary=False, compression="none")


@pytest.mark.parametrize(
    ("old", "new", "which"),
    [
        (b"CLAIM-00100", b"CLAIN-00100", 0),  # text above the bounds
        (b"CLAIM-00100", b"BLAIM-00100", 0),  # and below them
        (b"0600T", b"0500T", 10),  # the first ones are statistics themselves
        ((20_500).to_bytes(4, "little"), (99_999_999).to_bytes(4, "little"), 0),  # a day
    ],
)
def test_without_checksums_a_value_outside_its_bounds_is_noticed(
    tmp_path: Path, old: bytes, new: bytes, which: int
) -> None:
    path = tmp_path / "x.parquet"
    PLAIN(claims(), path)
    read(path, 250)
    spoiled(path, old, new, which)
    with pytest.raises(InputError, match=r"is damaged \(DamagedPageError"):
        read(path, 250)


@pytest.mark.parametrize("more", [1, -1])
def test_without_checksums_a_null_too_many_or_too_few_is_noticed(tmp_path: Path, more: int) -> None:
    PLAIN(claims(), tmp_path / "x.parquet")
    checks = FileChecks(tmp_path / "x.parquet", {name: name for name in claims().columns})
    rows = claims().head(250)
    checks.check_pages(0, 250)
    checks.check_values(rows, 0)
    nulls = rows["hcpcs_code"].null_count() + more
    spoilt_rows = rows.with_columns(pl.when(pl.int_range(250) >= nulls).then(pl.lit("0600T")).alias("hcpcs_code"))
    with pytest.raises(DamagedPageError):
        checks.check_values(spoilt_rows, 0)


@pytest.mark.parametrize("which", range(4))
def test_a_column_that_has_two_names_is_noticed(tmp_path: Path, which: int) -> None:
    """The schema has the name once, and each of three row groups again."""
    path = tmp_path / "x.parquet"
    by_polars(claims().with_columns(plan=pl.lit("A")), path)
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    assert content.count(b"\x04plan", footer) >= 4
    at = footer - 1
    for _ in range(which + 1):
        at = content.index(b"\x04plan", at + 1)
    path.write_bytes(content[:at] + b"\x04plaz" + content[at + 5 :])
    with pytest.raises(InputError, match="is damaged"):
        read(path, 250)


@pytest.mark.parametrize("error", [pl.exceptions.PanicException("`CELL VALUE`"), pl.exceptions.ComputeError("CELL")])
def test_a_librarys_failure_is_a_damaged_file_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    by_polars(claims(), tmp_path / "x.parquet")
    extract = open_extract(sniff(tmp_path / "x.parquet"), load_mapping(None), tmp_path)

    def panic(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pl.LazyFrame, "collect", panic)
    with pytest.raises(InputError, match="is damaged") as fault:
        next(iter(extract.batches(10)))
    assert "CELL" not in str(fault.value)
