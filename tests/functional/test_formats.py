"""The same claim lines give the same decisions, whatever file they come in."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest

from tests.functional.program import DECK, UNREPORTED, called, csv_text, decisions, manifest, quarantine, write
from tests.lib.examples import first
from tests.lib.packed import zip_of

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE_LINES = 3000
TEXT_FORMATS = (
    "claims.csv", "claims.tsv", "claims.psv", "claims.txt", "claims.quoted.csv", "claims.crlf.csv", "claims.bom.csv",
    "claims.utf16.csv", "claims.csv.gz", "claims.csv.zst", "claims.parquet", "claims.ndjson", "claims.ndjson.gz",
    "claims.upper.csv", "claims.zip", "claims.xlsx", "claims.arrow", "claims.arrows",
)  # fmt: skip


def deck() -> pl.DataFrame:
    return pl.read_csv(DECK / "claims.csv", infer_schema=False)


def zstd(content: bytes) -> bytes:
    target = pa.BufferOutputStream()
    with pa.CompressedOutputStream(target, "zstd") as stream:
        stream.write(content)
    packed: bytes = target.getvalue().to_pybytes()
    return packed


def _upper_header(text: str) -> str:
    header, _, rest = text.partition("\n")
    return f"{header.upper()}\n{rest}"


def put(path: Path) -> Path:
    """The deck in the format that a file name says."""
    frame = deck()
    rows = [{name: value or "" for name, value in row.items()} for row in frame.to_dicts()]
    text = csv_text(rows, frame.columns)
    compact = frame.write_ndjson() if frame.height else ""
    content: dict[str, Callable[[], str | bytes]] = {
        "csv": lambda: text,
        "tsv": lambda: csv_text(rows, frame.columns, delimiter="\t"),
        "psv": lambda: csv_text(rows, frame.columns, delimiter="|"),
        "txt": lambda: csv_text(rows, frame.columns, delimiter=";"),
        "quoted.csv": lambda: csv_text(rows, frame.columns, quoting=csv.QUOTE_ALL),
        "crlf.csv": lambda: text.replace("\n", "\r\n"),
        "bom.csv": lambda: b"\xef\xbb\xbf" + text.encode(),
        "utf16.csv": lambda: text.encode("utf-16"),
        "upper.csv": lambda: _upper_header(text),
        "csv.gz": lambda: gzip.compress(text.encode()),
        "csv.zst": lambda: zstd(text.encode()),
        "ndjson": lambda: compact,
        "ndjson.gz": lambda: gzip.compress(compact.encode()),
    }
    binary: dict[str, Callable[[Path], object]] = {
        ".parquet": frame.write_parquet, ".arrow": frame.write_ipc, ".arrows": frame.write_ipc_stream,
        ".xlsx": lambda target: frame.write_excel(target, "Claims"),
        ".zip": lambda target: zip_of(target, {"claims.csv": text}),
    }  # fmt: skip
    if path.suffix in binary:
        binary[path.suffix](path)
        return path
    return write(path, content[path.name.partition(".")[2]]())


def published(extract: Path, out: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    done = called("run", extract, "--out", out, "--quiet", *UNREPORTED)
    assert (done.code, done.out, done.err) == (0, "", "")
    refused = quarantine(out).drop("run_id", "source_file", "first_source_file", "raw_values")
    return decisions(out), refused


@pytest.fixture(scope="module")
def from_csv(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("csv")
    return published(put(folder / "claims.csv"), folder / "out")


@pytest.mark.parametrize("name", first(3, TEXT_FORMATS[1:]))
def test_decisions_and_refusals_are_those_of_the_csv(
    name: str, from_csv: tuple[pl.DataFrame, pl.DataFrame], tmp_path: Path
) -> None:
    decided, refused = published(put(tmp_path / name), tmp_path / "out")
    assert decided.equals(from_csv[0])
    assert refused.equals(from_csv[1])


def test_the_deck_has_something_to_decide_and_to_refuse(from_csv: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    assert from_csv[0]["disposition"].n_unique() == 5
    assert from_csv[1].height > 10


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    for name in ("sample.parquet", "sample.csv", "sample.tsv", "sample.ndjson"):
        assert called("sample", "--lines", SAMPLE_LINES, "--out", folder / name).code == 0
    return folder


@pytest.mark.long
def test_typed_columns_are_decided_like_their_text(samples: Path, tmp_path: Path) -> None:
    """Dates as dates, amounts as decimals and numbers as numbers, beside the same rows as text."""
    typed = pl.read_parquet_schema(samples / "sample.parquet")
    assert typed["claim_start_date"] == pl.Date()
    found = [
        published(samples / name, tmp_path / name)
        for name in ("sample.parquet", "sample.csv", "sample.tsv", "sample.ndjson")
    ]
    for decided, refused in found[1:]:
        assert decided.equals(found[0][0])
        assert refused.equals(found[0][1])


@pytest.fixture(scope="module")
def whole(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    return published(samples / "sample.csv", tmp_path_factory.mktemp("whole"))[0]


@pytest.mark.long
@pytest.mark.parametrize("how", ["files", "folder", "glob"])
def test_a_file_and_its_splits_are_decided_alike(how: str, samples: Path, whole: pl.DataFrame, tmp_path: Path) -> None:
    """Replacements reach over files, and repeated keys are found over files."""
    header, *rows = (samples / "sample.csv").read_text(encoding="utf-8").splitlines()
    night = tmp_path / "night"
    parts = [
        write(night / f"part-{place}.csv", "\n".join([header, *rows[place * 1000 : (place + 1) * 1000]]) + "\n")
        for place in range(3)
    ]
    write(night / "_SUCCESS", "")
    write(night / ".part-0.csv.crc", "x")
    extracts = {"files": reversed(parts), "folder": [night], "glob": [night / "part-*.csv"]}[how]
    out = tmp_path / "out"
    assert called("run", *extracts, "--out", out, "--quiet", *UNREPORTED).code == 0
    assert decisions(out).drop("source_row").equals(whole.drop("source_row"))
    assert [Path(file["path"]).name for file in manifest(out)["inputs"]] == [part.name for part in parts]
