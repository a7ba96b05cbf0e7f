"""Zip archives, workbooks and Arrow files as extracts: what is read, and what is refused by name."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import (
    AS_OF,
    COLUMNS,
    UNREPORTED,
    Done,
    called,
    csv_text,
    decisions,
    lines,
    manifest,
    write,
)  # fmt: skip
from tests.lib.packed import workbook_of, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = csv_text(lines(20))
CELL = "M-HIDDEN-77"  # a value: no message may tell it
ROWS = [{**dict(row), "member_id": CELL} for row in lines(6)]
NAMES = list(ROWS[0])


def run(extract: Path, *more: object) -> Done:
    return called("run", extract, "--out", extract.parent / "out", *UNREPORTED, *more)


def frame() -> pl.DataFrame:
    return pl.DataFrame(lines(20), schema=dict.fromkeys(COLUMNS, pl.String))


# --- zip archives -----------------------------------------------------------------------------------------------------


def test_each_member_is_an_extract_of_its_own_format(tmp_path: Path) -> None:
    rows = lines(30)
    parquet = io.BytesIO()
    pl.DataFrame(rows[10:20]).write_parquet(parquet)
    members: dict[str, str | bytes] = {
        "a/one.csv": csv_text(rows[:10]), "two.parquet": parquet.getvalue(),
        "three.csv.gz": gzip.compress(csv_text(rows[20:]).encode()),
        "README.md": "of the sender", "__MACOSX/._one.csv": "x",
    }  # fmt: skip
    archive = zip_of(tmp_path / "night.zip", members)
    whole = write(tmp_path / "whole" / "night.csv", csv_text(rows))
    assert (run(archive).code, run(whole).code) == (0, 0)
    keys = ("claim_id", "claim_line_number", "disposition", "reason_code")
    assert decisions(tmp_path / "out")[keys].sort(keys).equals(decisions(whole.parent / "out")[keys].sort(keys))
    written = manifest(tmp_path / "out")
    assert [file["path"].removeprefix(f"{archive}/") for file in written["inputs"]] == [
        "a/one.csv", "three.csv.gz", "two.parquet",
    ]  # fmt: skip
    assert {passed["what"] for passed in written["passed_over"]} == {"documentation", "hidden"}
    again = run(archive)
    assert "Skipped" in again.out


def test_a_line_in_an_archive_is_explained_from_it(tmp_path: Path) -> None:
    rows = [{**row, "hcpcs_code": "99213"} for row in lines(3)]
    assert run(zip_of(tmp_path / "night.zip", {"night.csv": csv_text(rows)})).code == 0
    done = called("explain", rows[1]["claim_id"], "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "99213" in done.out


def test_folders_around_an_archive_give_columns(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "payer"} for row in lines(6)]
    zip_of(tmp_path / "payer=Regence" / "night.zip", {"n.csv": csv_text(rows, list(rows[0]))})
    assert called("run", tmp_path / "payer=Regence", "--out", tmp_path / "out", *UNREPORTED).code == 0
    assert decisions(tmp_path / "out").height > 0


def encrypted(content: bytes) -> bytes:
    """The archive with the flag of encryption on its members."""
    local = content.index(b"PK\x03\x04") + 6
    central = content.index(b"PK\x01\x02") + 8
    marked = bytearray(content)
    for place in (local, central):
        marked[place : place + 2] = struct.pack("<H", 1)
    return bytes(marked)


def linked() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        link = zipfile.ZipInfo("night.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return target.getvalue()


def archived(**members: str | bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


GOOD = archived(**{"night.csv": TEXT})
ARCHIVES: dict[str, tuple[bytes, str]] = {
    "cut": (GOOD[:-60], "the zip archive is cut off or damaged"),
    "flipped": (GOOD.replace(b"Regence", b"regence", 1), "the zip archive is cut off or damaged"),
    "empty": (archived(), "the zip archive has no file"),
    "encrypted": (encrypted(GOOD), "the zip archive is encrypted. Decrypt it first"),
    "nested": (archived(**{"in.zip": GOOD}), "is a zip archive inside another one. Unpack it"),
    "above": (archived(**{"../night.csv": TEXT}), "a member's name leads out of the archive"),
    "absolute": (archived(**{"/srv/night.csv": TEXT}), "a member's name leads out of the archive"),
    "linked": (linked(), "member night.csv is a link"),
    "only": (archived(**{"README.md": "x"}), "no extract, only README.md"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_is_not_read_says_why(tmp_path: Path, name: str) -> None:
    content, fault = ARCHIVES[name]
    path = tmp_path / f"{name}.zip"
    path.write_bytes(content)
    for done in (run(path), called("validate", path, *AS_OF)):
        assert done.code == 11
        (message,) = done.faults
        assert f"{path}" in message
        assert fault in message
    assert not list(tmp_path.glob("out/runs/*"))
    assert not (tmp_path.parent / "night.csv").exists()


def test_a_damaged_archive_does_not_hold_up_the_others(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.zip").write_bytes(GOOD[:-60])
    zip_of(tmp_path / "in" / "b.zip", {"b.csv": TEXT})
    done = called("run", tmp_path / "in", "--out", tmp_path / "out", *UNREPORTED, "--keep-going")
    assert done.code == 11
    assert [file["status"] for file in manifest(tmp_path / "out")["inputs"]] == ["refused", "read"]


# --- workbooks --------------------------------------------------------------------------------------------------------


def test_a_workbook_s_cells_are_as_typed(tmp_path: Path) -> None:
    """Dates and amounts as Excel types them, and a blank row, which counts in the numbers of the rows below."""

    def typed(book: Any, sheet: Any) -> None:
        day = book.add_format({"num_format": "mm/dd/yyyy"})
        for row in range(1, 7):
            sheet.write_datetime(row, NAMES.index("claim_start_date"), dt.datetime(2026, 3, 1), day)  # noqa: DTZ001
            sheet.write_number(row, NAMES.index("charge_amount"), 1234.5)
        for place, value in enumerate(ROWS[5].values()):
            sheet.write_string(8, place, "L-LAST" if place == 0 else value)

    assert run(workbook_of(tmp_path / "night.xlsx", ROWS, typed)).code == 0
    written = manifest(tmp_path / "out")
    assert (written["counts"]["rows_read"], written["inputs"][0]["format"]) == (7, "excel")
    decided = decisions(tmp_path / "out")
    assert written["counts"]["rows_quarantined"] == 0
    assert str(decided["charge_amount"][0]) == "1234.50"
    assert decided.filter(pl.col("claim_id") == "L-LAST")["source_row"].to_list() == [8]


def test_a_named_sheet_is_read(tmp_path: Path) -> None:
    path = workbook_of(tmp_path / "night.xlsx", ROWS, Notes=CELL)
    done = run(path)
    assert (done.code, "more than one sheet has values: Claims, Notes" in done.err) == (11, True)
    assert run(path, "--mapping", write(tmp_path / "m.yaml", "sheet: Claims\n")).code == 0
    done = run(path, "--mapping", write(tmp_path / "n.yaml", "sheet: Claim\n"))
    assert "has no sheet Claim, which the mapping names. Found: Claims, Notes." in done.err


def cell(column: str, write_cell: Callable[[Any, int, int], object]) -> Callable[[Any, Any], None]:
    return lambda _book, sheet: (write_cell(sheet, 2, NAMES.index(column)), None)[1]


WORKBOOKS: dict[str, tuple[Callable[[Any, Any], None], str]] = {
    "error": (
        cell("hcpcs_code", lambda sheet, *place: sheet.write_formula(*place, "=NA()", None, "#N/A")),
        "Claims!H3 has an error in place of a value",
    ),
    "formula": (
        cell("hcpcs_code", lambda sheet, *place: sheet.write_formula(*place, '=IF(A1>"x","M-HIDDEN-77",1)', None, "")),
        "Claims!H3 has a formula without a stored value",
    ),
    "digits": (
        cell("claim_id", lambda sheet, *place: sheet.write_number(*place, 1234567890123456789)),
        "Claims!A3 has a number of more than 15 digits",
    ),
    "merged": (lambda _book, sheet: sheet.merge_range("D3:D5", CELL), "Claims!D3:D5 is merged"),
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_what_a_workbook_would_leave_out_is_refused(tmp_path: Path, name: str) -> None:
    change, fault = WORKBOOKS[name]
    done = run(workbook_of(tmp_path / "night.xlsx", ROWS, change))
    assert (done.code, done.out) == (11, "")
    assert fault in done.err
    assert CELL not in done.err


def test_a_workbook_that_is_cut_off_or_empty_is_refused(tmp_path: Path) -> None:
    whole = workbook_of(tmp_path / "night.xlsx", ROWS).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[:-300])
    (tmp_path / "holed.xlsx").write_bytes(whole[:700] + bytes(200) + whole[900:])
    for name in ("cut.xlsx", "holed.xlsx"):
        done = run(tmp_path / name)
        assert (done.code, len(done.faults)) == (11, 1), done.err
    write(tmp_path / "text.xlsx", TEXT)
    assert "is named Excel but is not one" in run(tmp_path / "text.xlsx").err
    twice = [{**row} for row in ROWS]
    path = workbook_of(tmp_path / "twice.xlsx", twice, lambda _book, sheet: sheet.write_string(0, 1, NAMES[0]))
    assert "duplicate column names: claim_id" in run(path).err


# --- Arrow ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "name"), [("ipc", "night.feather"), ("ipc_stream", "night.arrows")])
def test_arrow_data_that_is_cut_off_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    target = io.BytesIO()
    getattr(frame(), f"write_{kind}")(target)
    whole = target.getvalue()
    for cut in (8, 100, len(whole) - 40):
        (tmp_path / name).write_bytes(whole[:-cut])
        assert "the Arrow data is cut off" in run(tmp_path / name).err
    (tmp_path / name).write_bytes(whole[:300] + bytes(len(whole) - 500) + whole[-200:])
    done = run(tmp_path / name)
    assert (done.code, len(done.faults)) == (11, 1), done.err


@pytest.mark.long
def test_typed_arrow_columns_are_read_in_batches(tmp_path: Path) -> None:
    typed = frame().with_columns(pl.col("claim_start_date").str.to_date(), pl.col("charge_amount").cast(pl.Float64))
    typed.with_columns(pl.col("payer").cast(pl.Categorical)).write_ipc(tmp_path / "night.arrow", record_batch_size=7)
    frame().write_parquet(tmp_path / "night.parquet")
    found = []
    for name in ("night.arrow", "night.parquet"):
        assert called("run", tmp_path / name, "--out", tmp_path / f"{name}-out", *UNREPORTED).code == 0
        found.append(decisions(tmp_path / f"{name}-out"))
    assert found[0].equals(found[1])
