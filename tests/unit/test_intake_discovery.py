"""Which files a run reads: what is skipped by name, what is context, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import tarfile
import zipfile
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.errors import InputError
from claims_edit.intake import discover, sniff
from claims_edit.intake.bystanders import bystander

if TYPE_CHECKING:
    from pathlib import Path

CSV = b"claim_id,claim_line_number\nC1,1\n"
EOB = json.dumps({"resourceType": "ExplanationOfBenefit", "id": "E1"}).encode() + b"\n"
PATIENT = json.dumps({"resourceType": "Patient", "id": "P1"}).encode() + b"\n"


def files(folder: Path, **content: bytes) -> Path:
    for name, text in content.items():
        put(folder / name, text)
    return folder


def put(path: Path, content: bytes = CSV) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def fault(*extracts: object, fmt: str = "auto") -> str:
    with pytest.raises(InputError) as caught:
        discover(tuple(map(str, extracts)), fmt)
    assert len(caught.value.faults) == 1
    return caught.value.faults[0]


# --- folders and globs ------------------------------------------------------------------------------------------------

BESIDE = {
    "README": "documentation", "README.md": "documentation", "readme first.txt": "documentation",
    "Data_Dictionary.pdf": "documentation", "LICENSE": "license", "License.txt": "license", "COPYING": "license",
    ".gitkeep": "hidden", "_SUCCESS": "hidden", "_committed_123": "hidden", ".part-0.csv.crc": "hidden",
    "part-0.csv.crc": "checksum", "night.csv.md5": "checksum", "SHA256SUMS": "checksum", "checksums.txt": "checksum",
    "manifest.json": "manifest", "claims_manifest.csv": "manifest", "claims.schema.json": "schema", "c.avsc": "schema",
    "night.done": "marker", "Thumbs.db": "system file", "desktop.ini": "system file", "mine.yaml": "settings",
    "export.log": "log",
}  # fmt: skip
EXTRACTS = (
    "night.csv", "NIGHT.CSV", "night.CSV.GZ", "claims", "a.837", "readmissions.csv", "readme.csv", "licenses.csv",
    "manifested.csv", "checksummed.txt", "schema-claims.csv", "x.dat", "logs.csv", "notice.parquet", "payer=Regence",
    "_date=2026-01-01",
)  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_kept_beside_extracts_is_known_by_name(tmp_path: Path, name: str) -> None:
    put(tmp_path / "parts" / name)
    put(tmp_path / "parts" / "night.csv")
    for extract in (tmp_path, tmp_path / "parts", tmp_path / "parts" / "*"):
        found = discover((str(extract),))
        assert names(found.extracts, tmp_path) == ["parts/night.csv"]
        if extract.name != "*" or not name.startswith("."):
            assert [(passed.path.name, passed.what) for passed in found.passed_over] == [(name, BESIDE[name])]
    assert names(discover((str(tmp_path / "parts" / name),)).extracts, tmp_path) == [f"parts/{name}"]


@pytest.mark.parametrize("name", EXTRACTS)
def test_other_names_are_extracts(tmp_path: Path, name: str) -> None:
    assert bystander(put(tmp_path / name)) is None


def test_a_large_file_with_the_name_of_a_marker_is_an_extract(tmp_path: Path) -> None:
    assert bystander(put(tmp_path / "night.csv.done", CSV * 100)) is None
    assert bystander(put(tmp_path / "night.csv.ok", b"")) == "marker"


def test_results_below_the_extracts_are_skipped(tmp_path: Path) -> None:
    put(tmp_path / "night.csv")
    put(tmp_path / "out" / "claims_edit.duckdb")
    put(tmp_path / "out" / "decisions" / "run_id=1" / "part-00000.parquet")
    found = discover((str(tmp_path),))
    assert names(found.extracts, tmp_path) == ["night.csv"]
    assert [(passed.path.name, passed.what) for passed in found.passed_over] == [("out", "results folder")]


def test_files_are_found_once_at_any_depth(tmp_path: Path) -> None:
    for name in ("b.csv", "a/b.csv", "a/c/d.CSV.gz", "_tmp/e.csv", ".git/config", "_day=1/f.csv"):
        put(tmp_path / name)
    (tmp_path / "linked").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    found = discover((str(tmp_path), str(tmp_path / "b.csv"), str(tmp_path / "a" / "*.csv")))
    assert names(found.extracts, tmp_path) == ["_day=1/f.csv", "a/b.csv", "a/c/d.CSV.gz", "b.csv"]
    assert [passed.path.name for passed in found.passed_over] == [".git", "_tmp"]


def test_a_glob_gives_the_folders_that_it_matches(tmp_path: Path) -> None:
    put(tmp_path / "2026-01" / "night.csv")
    put(tmp_path / "2026-02.csv")
    assert names(discover((str(tmp_path / "2026*"),)).extracts, tmp_path) == ["2026-01/night.csv", "2026-02.csv"]


def test_arguments_that_give_nothing_are_named(tmp_path: Path) -> None:
    put(tmp_path / "docs" / "README.md")
    put(tmp_path / "docs" / "_SUCCESS")
    (tmp_path / "empty").mkdir()
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    put(tmp_path / "night.csv")
    with pytest.raises(InputError) as caught:
        discover(tuple(str(tmp_path / name) for name in ("docs", "empty", "gone.csv", "night.csv", "no.csv", "*.x12")))
    assert caught.value.faults == (
        f"{tmp_path}/*.x12: no file. Name the files of the claims.",
        f"{tmp_path}/docs: no extract, only README.md, _SUCCESS. Name the files of the claims.",
        f"{tmp_path}/empty: no file. Name the files of the claims.",
        f"{tmp_path}/gone.csv: is a link to a missing file. Correct the link, or remove it.",
        f"{tmp_path}/no.csv: no such file or folder. Check the path.",
    )
    assert "gone.csv: is a link" in fault(tmp_path)
    (tmp_path / "gone.csv").unlink()
    os.mkfifo(tmp_path / "pipe")
    assert "pipe: is neither a file nor a folder" in fault(tmp_path)


# --- FHIR without claims ----------------------------------------------------------------------------------------------


def test_fhir_files_without_a_claim_are_context(tmp_path: Path) -> None:
    for name, content in {
        "ExplanationOfBenefit.ndjson": EOB, "Patient.ndjson": PATIENT, "Condition.ndjson.gz": gzip.compress(PATIENT),
        "late.ndjson": PATIENT * 20_000 + EOB, "misspelt.ndjson": PATIENT + EOB.replace(b"Of", b"of"),
        "ClaimResponse.ndjson": PATIENT.replace(b"Patient", b"ClaimResponse"), "table.ndjson": b'{"claim_id": "C1"}\n',
        "night.csv": CSV,
    }.items():  # fmt: skip
        put(tmp_path / name, content)
    found = discover((str(tmp_path),))
    assert names(found.context, tmp_path) == ["ClaimResponse.ndjson", "Condition.ndjson.gz", "Patient.ndjson"]
    assert names(found.extracts, tmp_path) == [
        "ExplanationOfBenefit.ndjson", "late.ndjson", "misspelt.ndjson", "night.csv", "table.ndjson",
    ]  # fmt: skip
    assert found.inputs == sorted(found.extracts + found.context, key=str)
    assert discover((str(tmp_path),), "table").context == []
    by_name = discover((str(tmp_path / "Patient.ndjson"), str(tmp_path / "ExplanationOfBenefit.ndjson")))
    assert names(by_name.context, tmp_path) == ["Patient.ndjson"]


def test_context_alone_is_no_extract(tmp_path: Path) -> None:
    patient = put(tmp_path / "Patient.ndjson", PATIENT)
    assert fault(tmp_path) == (
        f"{tmp_path}: FHIR without a claim: only Patient.ndjson. "
        "Add the file of the ExplanationOfBenefit or Claim resources."
    )
    assert discover((str(patient),)).extracts == [patient]  # its reader says what is wrong with it


# --- managed tables ---------------------------------------------------------------------------------------------------

TABLES: dict[str, dict[str, bytes]] = {
    "a Delta Lake table (it has _delta_log)": {"_delta_log/00000000000000000000.json": b"{}"},
    "an Apache Hudi table (it has .hoodie)": {".hoodie/hoodie.properties": b""},
    "an Apache Iceberg table (it has metadata/*.metadata.json)": {
        "metadata/v2.metadata.json": b'{\n  "format-version" : 2}'
    },
}


@pytest.mark.parametrize("what", TABLES)
@pytest.mark.parametrize("part", ["part-0.parquet", "data/part-0.parquet", "payer=Regence/year=2024/part-0.parquet"])
def test_a_managed_table_is_refused_wherever_it_is_seen(tmp_path: Path, what: str, part: str) -> None:
    table = tmp_path / "extracts" / "claims"
    put(table / part)
    put(tmp_path / "extracts" / "night.csv")
    for name, content in TABLES[what].items():
        put(table / name, content)
    (tmp_path / "link.parquet").symlink_to(table / part)
    for extract in (
        tmp_path, table.parent, table, table / part, (table / part).parent, table.parent / "*", table.parent / "**",
        (table / part).parent / "*.parquet", tmp_path / "link.parquet",
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            discover((str(extract),))
        for found in caught.value.faults:  # the table, and a link to a file of it
            assert found.startswith(f"{table}: is {what.partition(' (')[0]}")
            assert found.endswith((
                "deleted or replaced. Export the table's current rows to separate Parquet or CSV files, and use those.",
                "deleted or replaced. Name the table itself.",
                "Export the table's current rows to Parquet, and use that.",
            ))  # fmt: skip
    assert names(discover((str(tmp_path / "extracts" / "night.csv"),)).extracts, tmp_path) == ["extracts/night.csv"]


def test_relative_paths_and_packed_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "data" / "part-0.parquet")
    put(tmp_path / "metadata" / "v1.gz.metadata.json", gzip.compress(b'{"table-uuid": "x"}'))
    monkeypatch.chdir(tmp_path / "data")
    assert "is an Apache Iceberg table" in fault("part-0.parquet")
    monkeypatch.chdir(tmp_path)
    assert "is an Apache Iceberg table" in fault("data/*.parquet")


def test_metadata_of_another_kind_is_no_table(tmp_path: Path) -> None:
    put(tmp_path / "night.csv")
    put(tmp_path / "metadata" / "night.metadata.json", b'{"rows": 1}')
    for extract in ("*.csv", "night.csv"):
        assert names(discover((str(tmp_path / extract),)).extracts, tmp_path) == ["night.csv"]
    assert "night.csv" in names(discover((str(tmp_path),)).extracts, tmp_path)


# --- files that are not read ------------------------------------------------------------------------------------------


def zipped(name: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, CSV)
    return target.getvalue()


def tarred() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("night.csv"))
    return target.getvalue()


def written(kind: str) -> bytes:
    target = io.BytesIO()
    getattr(pl.DataFrame({"claim_id": ["C1"]}), f"write_{kind}")(target)
    return target.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE claims (claim_id TEXT)")
        return connection.serialize()


UNREAD = {
    "x.docx": (zipped("[Content_Types].xml"), "an Office file but no workbook"),
    "x.xlsb": (zipped("xl/workbook.bin"), "a binary Excel workbook"),
    "x.zip": (zipped("night.csv"), "a zip archive inside another one. Unpack it, and give the files inside."),
    "x.zip.gz": (gzip.compress(zipped("night.csv")), "a zip archive inside another compression"),
    "x.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook"),
    "x.7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive"),
    "x.rar": (b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
    "x.tar": (tarred(), "a tar archive"),
    "x.tar.gz": (gzip.compress(tarred()), "a tar archive"),
    "x.bz2": (b"BZh91AY&SY\x00", "compressed with bzip2, which is not supported. Unpack it, or pack it with gzip"),
    "x.xz": (b"\xfd7zXZ\x00\x00", "compressed with xz"),
    "x.csv.Z": (b"\x1f\x9d\x90a", "compressed with compress"),
    "x.csv.lz4": (b"\x04\x22\x4d\x18d", "compressed with lz4"),
    "x.csv.gz.gz": (gzip.compress(gzip.compress(CSV)), "compressed twice with gzip"),
    "x.parquet.gz": (gzip.compress(written("parquet")), "Parquet inside another compression"),
    "x.pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    "x.sas7bdat": (bytes(12) + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a SAS data set"),
    "x.xpt": (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!0000", "a SAS transport file"),
    "x.arrow.gz": (gzip.compress(written("ipc")), "an Arrow file inside another compression"),
    "x.feather": (b"FEA1" + bytes(60), "an Arrow file inside another compression, or Feather version 1"),
    "x.avro": (written("avro"), "an Avro file"),
    "x.orc": (b"ORC\n\x03\x00\x00\x12", "an ORC file"),
    "x.db": (database(), "a database file"),
    "x.pgp": (b"\x85\x01\x0c\x03\xaa\xbb\xcc", "encrypted with PGP"),
    "x.gpg": (b"\x84\x8c\x03\xaa\xbb\xcc", "encrypted with PGP"),
    "armored.asc": (b"-----BEGIN PGP MESSAGE-----\n\nhQ\n", "encrypted with PGP"),
    "no-mark.csv": (CSV.decode().encode("utf-16-le"), "UTF-16 text without a byte order mark"),
    "no-mark-be.csv": (CSV.decode().encode("utf-16-be"), "UTF-16 text without a byte order mark"),
    "wide.csv": (b"\xff\xfe\x00\x00" + CSV.decode().encode("utf-32-le"), "UTF-32 text"),
    "mainframe.dat": ("CLAIM 0001 REGENCE 0600T  C250 2026".encode("cp037") * 9, "mainframe text (EBCDIC)"),
    "pointer.csv": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a Git LFS pointer"),
    "login.csv": (b"<!DOCTYPE html>\n<html><head>", "a web page"),
    "x.xml": (b'<?xml version="1.0"?>\n<claims/>', "XML"),
    "x.hl7": (b"MSH|^~\\&|A|B|\r", "HL7 version 2"),
    "x.edi": (b"UNB+UNOA:1+A+B'", "an EDIFACT interchange"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read_is_named_with_the_way_out(tmp_path: Path, name: str) -> None:
    content, what = UNREAD[name]
    path = put(tmp_path / name, content)
    with pytest.raises(InputError) as caught:
        sniff(path)
    (message,) = caught.value.faults
    assert message.startswith(f"{path}: is {what}")
    assert message.endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        b"ORC,claim_id\n1,2\n",
        b"PARENT,claim_id\n1,2\n",
        b"ARROW1,x\n1,2\n",
        b"<5,x\n",
        b"PK,claim_id\n1,2\n",
        b"BZh9,x\n",
    ],
)
def test_tables_that_begin_like_another_format_are_tables(tmp_path: Path, content: bytes) -> None:
    assert sniff(put(tmp_path / "x.csv", content)).format == "delimited"
