"""The format of a sample: reported, or by the ending of its name; and how it is packed."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.errors import UsageError
from claims_edit.sample import scan, write_sample

if TYPE_CHECKING:
    from pathlib import Path

LINES = 30


def written(path: Path, fmt: str | None = None, seed: int = 1) -> bytes:
    write_sample(LINES, path, seed=seed, fmt=fmt)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "fmt", "start"),
    [
        ("s.837", None, b"ISA*"), ("s.x12", None, b"ISA*"), ("s.EDI", None, b"ISA*"), ("s.837", "x12", b"ISA*"),
        ("s.txt", "x12", b"ISA*"), ("s", "x12", b"ISA*"), ("s.csv", "x12", b"ISA*"),
        ("s.ndjson", "fhir", b'{"resourceType"'), ("s.jsonl", "fhir", b'{"resourceType"'),
        ("s.ndjson", None, b'{"claim_id"'), ("s.ndjson", "table", b'{"claim_id"'), ("s.csv", None, b"claim_id,"),
        ("s.TSV", "table", b"claim_id\t"), ("s.parquet", None, b"PAR1"),
    ],
)  # fmt: skip
def test_the_name_or_the_format_shows_what_is_written(tmp_path: Path, name: str, fmt: str | None, start: bytes) -> None:
    assert written(tmp_path / name, fmt).startswith(start)


@pytest.mark.parametrize(
    ("name", "fmt"),
    [
        ("s.xlsx", None), ("s", None), ("s.gz", None), ("s.csv.gz", None), ("s.ndjson.gz", None), ("s.837", "table"),
        ("s.837", "fhir"), ("s.csv", "fhir"), ("s.json", "fhir"), ("s.parquet", "fhir"), ("s.parquet", "x12"),
        ("s.csv.gz", "table"),
    ],
)  # fmt: skip
def test_a_name_and_a_format_that_contradict_each_other(tmp_path: Path, name: str, fmt: str | None) -> None:
    with pytest.raises(UsageError, match=r"^--out s.*\. (Use|Remove)"):
        written(tmp_path / name, fmt)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(("plain", "fmt"), [("s.837", None), ("s.txt", "x12"), ("s.ndjson", "fhir")])
def test_gz_is_the_same_text_packed(tmp_path: Path, plain: str, fmt: str | None) -> None:
    text = written(tmp_path / plain, fmt)
    packed = written(tmp_path / f"{plain}.gz", fmt)
    assert gzip.decompress(packed) == text
    assert written(tmp_path / f"again-{plain}.gz", fmt) == packed


def test_a_table_holds_the_lines_of_scan(tmp_path: Path) -> None:
    written(tmp_path / "s.parquet", seed=5)
    assert pl.read_parquet(tmp_path / "s.parquet").equals(scan(LINES, 5).collect())
