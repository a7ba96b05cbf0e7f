"""What cannot be read is refused in one line: place, fault and remedy. Nothing is published, nothing is lost."""

from __future__ import annotations

import gzip
import io
import random
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.functional.program import (
    AS_OF,
    COLUMNS,
    UNREPORTED,
    Done,
    counts,
    csv_text,
    decisions,
    line,
    lines,
    manifest,
    nothing_is_published,
    program,
    quarantine,
    write,
)
from tests.functional.test_formats import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

GOOD = csv_text(lines(20))
MANY = (
    csv_text([])
    + "".join(
        f"C{n:07},1,professional,M{n},Regence,commercial,2026-03-01,99213,C250,{n}.25\n" for n in range(1, 40_001)
    )
).encode()
CELL = "M-HIDDEN-77"  # a value: no message may tell it


def parquet(rows: int = 20) -> bytes:
    target = io.BytesIO()
    pl.DataFrame(lines(rows), schema=dict.fromkeys(COLUMNS, pl.String)).write_parquet(target)
    return target.getvalue()


# name of the file -> its bytes, and a word of the fault
UNREADABLE: dict[str, tuple[bytes, str]] = {
    "empty.csv": (b"", "empty"),
    "blank.csv": (b"\n\n  \n", "empty"),
    "header-only.csv": (GOOD.partition("\n")[0].encode() + b"\n", "no rows"),
    "header-only.parquet": (parquet(0), "no rows"),
    "cut.csv.gz": (gzip.compress(MANY)[:-2000], "cut off"),
    "cut-short.csv.gz": (gzip.compress(GOOD.encode())[:30], "cut off"),
    "garbage-behind.csv.gz": (gzip.compress(MANY) + b"garbage", "cannot be read to its end"),
    "cut.csv.zst": (zstd(MANY)[:-2000], "cannot be read to its end"),
    "cut-short.csv.zst": (zstd(GOOD.encode())[:20], "cut off"),
    "no.parquet": (GOOD.encode(), "named Parquet but is not one"),
    "cut.parquet": (parquet()[:-100], "cut off"),
    "holed.parquet": (parquet()[:200] + parquet()[260:], "damaged"),
    "noise.parquet": (b"PAR1" + random.Random(1).randbytes(500) + b"PAR1", "damaged"),  # noqa: S311 -- test data
    "binary.csv": (b"\x7fELF" + random.Random(2).randbytes(4000), "binary"),  # noqa: S311 -- test data
    "words.csv": (b"nothing\nto see\nhere\n", "no delimiter"),
    "odd-delimiter.csv": (GOOD.replace(",", "@").encode(), "no delimiter"),
    "same-column.csv": (GOOD.replace("charge_amount", "payer", 1).encode(), "duplicate column names"),
    "same-column-but-case.csv": (GOOD.replace("charge_amount", "PAYER", 1).encode(), "duplicate column names"),
    "document.json": (b'[{"claim_id": "M-HIDDEN-77"}]', "one JSON document"),
    "interchange.x12": (b"ISA*00*          *00*~", "X12"),
    "no-payer.csv": (GOOD.replace(",payer,", ",payor,").encode(), "no column payer"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_file_is_one_line_and_nothing_is_published(command: Command, tmp_path: Path, name: str) -> None:
    content, fault = UNREADABLE[name]
    extract, out = write(tmp_path / name, content), tmp_path / "out"
    for done in (command("run", extract, "--out", out, *UNREPORTED), command("validate", extract, *AS_OF)):
        assert done.code == 11
        assert done.out == ""
        assert len(done.faults) == 1, done.err
        assert done.faults[0].startswith(f"claims-edit: {extract}: ")
        assert fault in done.err
        assert "Traceback" not in done.err
        assert "HIDDEN" not in done.err
        assert done.err.rstrip().endswith((".", "file.", "again."))
    assert nothing_is_published(out)


@pytest.mark.long
def test_the_same_holds_in_a_process_of_its_own(tmp_path: Path) -> None:
    extract = write(tmp_path / "cut.csv.gz", gzip.compress(MANY)[:-2000])
    done = program("run", extract, "--out", tmp_path / "out", cwd=tmp_path)
    assert (done.code, done.out, len(done.faults)) == (11, "", 1)


def test_every_missing_file_is_named(command: Command, tmp_path: Path) -> None:
    names = (tmp_path / "b.csv", tmp_path / "a.csv", tmp_path / "*.parquet")
    done = command("run", *names, "--out", tmp_path / "out")
    assert done.code == 11
    assert [fault.split(": ")[1] for fault in done.faults] == sorted(map(str, names))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_required_column_lists_what_was_found(command: Command, tmp_path: Path) -> None:
    text = GOOD.replace("claim_start_date", "dos", 1).replace("member_id", "patient", 1)
    done = command("run", write(tmp_path / "night.csv", text), "--out", tmp_path / "out")
    assert (done.code, len(done.faults)) == (11, 1)
    assert "no column member_id or person_id; no column claim_line_start_date or claim_start_date" in done.err
    assert "Found: claim_id, claim_line_number, claim_type, patient, payer" in done.err


@pytest.mark.parametrize("where", ["a-file", "a-file/below", "/proc/claims-edit"])
def test_an_out_that_cannot_be_a_folder(command: Command, tmp_path: Path, where: str) -> None:
    write(tmp_path / "a-file", "mine")
    extract = write(tmp_path / "night.csv", GOOD)
    done = command("run", extract, "--out", tmp_path / where, *UNREPORTED)
    assert (done.code, done.out, len(done.faults)) == (13, "", 1)
    assert str(tmp_path / where) in done.err
    assert (tmp_path / "a-file").read_text(encoding="utf-8") == "mine"


# --- mapping and contracts --------------------------------------------------------------------------------------------

BAD_MAPPINGS = {
    "payer: x": ["payer: "],
    "- a": ["mapping: "],
    "columns: {payr: a}\nconstants: {foo: 1}": ["columns: no such column", "constants: no such column"],
    "columns: {payer: a, payer: b}": ["duplicate key payer"],
    "columns: {payer: {a: b}}": ["columns.payer"],
    "columns: {payer: ": ["line 1"],
    "date_formats: [dd-mm-yyyy]": ["date_formats"],
    'delimiter: "||"': ["delimiter"],
    "columns: !!python/object/apply:os.system [ls]": ["constructor"],
}


@pytest.mark.parametrize("text", BAD_MAPPINGS)
def test_faults_of_a_mapping_are_reported_all_at_once(command: Command, tmp_path: Path, text: str) -> None:
    mapping, extract = write(tmp_path / "m.yaml", text), write(tmp_path / "night.csv", GOOD)
    done = command("run", extract, "--mapping", mapping, "--out", tmp_path / "out")
    assert done.code == 11
    assert len(done.faults) == len(BAD_MAPPINGS[text])
    for fault, word in zip(done.faults, BAD_MAPPINGS[text], strict=True):
        assert fault.startswith(f"claims-edit: {mapping}: ")
        assert word in fault
    assert nothing_is_published(tmp_path / "out")


def test_a_mapped_column_must_be_there(command: Command, tmp_path: Path) -> None:
    mapping = write(tmp_path / "m.yaml", "columns: {plan: PRODUCT}")
    done = command("validate", write(tmp_path / "night.csv", GOOD), "--mapping", mapping)
    assert (done.code, len(done.faults)) == (11, 1)
    assert "takes plan from PRODUCT, which is not in the extract" in done.err
    assert command("validate", tmp_path / "night.csv", "--mapping", tmp_path / "none.yaml").code == 11


def test_a_mapping_renames_fills_translates_and_reads_dates(command: Command, tmp_path: Path) -> None:
    text = "CLM;LN;KIND;MBR;FROM;PROC;DX\nC1;1;P;M1;05-Mar-2024;0600t;C25.1\nC2;1;I;M2;2024-03-06;0600T;C251\n"
    mapping = write(
        tmp_path / "m.yaml",
        "columns: {claim_id: CLM, claim_line_number: LN, claim_type: KIND, member_id: MBR, claim_start_date: FROM,\n"
        "  hcpcs_code: PROC, diagnosis_code_1: DX}\n"
        "constants: {payer: Florida Blue, line_of_business: commercial}\n"
        "values: {claim_type: {P: professional, I: institutional}}\n"
        'date_formats: ["%d-%b-%Y"]\n',
    )
    done = command("run", write(tmp_path / "x.txt", text), "--mapping", mapping, "--out", tmp_path / "out", *UNREPORTED)
    assert done.code == 0
    decided = decisions(tmp_path / "out")
    columns = ("claim_type", "payer", "service_start_date", "hcpcs_code", "disposition")
    assert [[str(value) for value in row] for row in decided.select(columns).rows()] == [
        ["professional", "florida_blue", "2024-03-05", "0600T", "deny"],
        ["institutional", "florida_blue", "2024-03-06", "0600T", "deny"],
    ]


CONTRACTS = "payer,group_id,effective_date,end_date,coverage,group_code,citation\n"
GOOD_CONTRACT, BAD_CONTRACT = "Regence,G1,2024-05-01,,covered,,\n", f"{CELL},,2024-13-01,x,maybe,ZZ,\n"
BAD_CONTRACTS = {
    "empty": (b"", 1, ""),
    "header only": (CONTRACTS.encode(), 1, ""),
    "a column is missing": (b"payer,group_id\nRegence,G1\n", 1, ""),
    "every value is wrong": (
        f"{CONTRACTS}{GOOD_CONTRACT}{BAD_CONTRACT}{GOOD_CONTRACT}{BAD_CONTRACT}".encode(), 6, "row 2, 4: "
    ),
    "ends before it starts": (f"{CONTRACTS}Regence,G1,2024-05-01,2024-01-01,covered,,\n".encode(), 1, "row 1: "),
    "ragged": (f"{CONTRACTS}Regence,{CELL},2024-05-01,,covered,,,,,\n".encode(), 1, ""),
    "an open quote": (f'{CONTRACTS}Regence,"{CELL},2024-05-01,,covered,,\n'.encode(), 1, ""),
    "a quote over lines": (
        f'{CONTRACTS}Regence,G1,2024-05-01,,covered,,"a\nRegence,G2,2024-05-01,,covered,,b"\n'.encode(), 1, ""
    ),
    "Latin-1": (f"{CONTRACTS}Regencé,G1,2024-05-01,,covered,,\n".encode("latin-1"), 1, ""),
    "Parquet that is none": (b"PAR1 and no more", 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CONTRACTS)
def test_faults_of_contracts_are_reported_all_at_once(command: Command, tmp_path: Path, name: str) -> None:
    content, faults, rows = BAD_CONTRACTS[name]
    contracts, extract = write(tmp_path / "contracts.csv", content), write(tmp_path / "night.csv", GOOD)
    done = command("run", extract, "--contracts", contracts, "--out", tmp_path / "out")
    assert done.code == 11
    assert len(done.faults) == faults
    assert all(fault.startswith(f"claims-edit: {contracts}: {rows}") for fault in done.faults)
    assert CELL not in done.err
    assert nothing_is_published(tmp_path / "out")


def test_contracts_decide_where_they_are_in_force(command: Command, tmp_path: Path) -> None:
    columns = (*line(1), "group_id")
    rows = [line(3 * number, group_id=f"G{number}") for number in range(1, 6)]
    extract = write(tmp_path / "night.csv", csv_text(rows, columns))
    contracts = write(
        tmp_path / "contracts.csv",
        f"{CONTRACTS}Regence,G1,2024-01-01,,covered,,\nREGENCE,G2,20240101,2026-03-01,review,,\n"
        "regence,G3,2024-01-01,,excluded,OA,Member contract 4.2\nRegence,G4,2024-01-01,2026-02-28,covered,,\n"
        "Premera,G5,2024-01-01,,covered,,\n",
    )
    assert (
        command("run", extract, "--contracts", contracts, "--out", tmp_path / "out", "--quiet", *UNREPORTED).code == 0
    )
    assert decisions(tmp_path / "out").select("reason_code", "group_code").rows() == [
        ("contract-covers", None), ("contract-review", None), ("contract-excludes", "OA"), ("investigational", "PR"),
        ("investigational", "PR"),
    ]  # fmt: skip


# --- readable all the same --------------------------------------------------------------------------------------------


def test_latin_1_rows_alone_are_quarantined(command: Command, tmp_path: Path) -> None:
    content = GOOD.encode().replace(b",M5,", b",M\xe9,").replace(b",M9,", b",M\xe9,")
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "night.csv", content), "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (20, 18, 2)
    refused = quarantine(out)
    assert refused.select("source_row", "failed_checks", "candidate_code").rows() == [
        (5, ["row-bad-encoding"], False), (9, ["row-bad-encoding"], True),
    ]  # fmt: skip
    assert all("CL000000" in raw for raw in refused["raw_values"])


@pytest.mark.long
def test_any_line_end_ends_a_line(command: Command, tmp_path: Path) -> None:
    endings = (("\r\n",), ("\r",), ("\n", "\r\n"), ("\n", "\r\n", "\r"), ("\n\n",), ("\n", "\n\n\n"))
    for name, ends in enumerate(endings):
        rows = GOOD.replace("CL0", f"CL{name}").splitlines()
        write(tmp_path / "in" / f"{name}.csv", "".join(row + ends[place % len(ends)] for place, row in enumerate(rows)))
    out = tmp_path / "out"
    assert command("run", tmp_path / "in", "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (20 * len(endings), 20 * len(endings), 0)
    assert [file["rows_read"] for file in manifest(out)["inputs"]] == [20] * len(endings)
    assert decisions(out)["source_row"].to_list() == [3, 6, 9, 12, 15, 18] * len(endings)


@pytest.mark.long
@pytest.mark.parametrize("characters", [100_000, 2_500_000])
def test_a_huge_cell_costs_its_own_row(command: Command, tmp_path: Path, characters: int) -> None:
    columns = ("claim_id", "member_id", "payer", "hcpcs_code", "charge_amount")
    for name, column in enumerate(columns):
        rows = [row | {"claim_id": f"{column}{row['claim_id']}"} for row in lines(20)]
        rows[8] |= {column: "9" * characters}
        write(tmp_path / "in" / f"{name}.csv", csv_text(rows))
    out = tmp_path / "out"
    done = command("run", tmp_path / "in", "--out", out, *UNREPORTED)
    assert done.code == 0
    assert "9" * 50 not in done.out + done.err
    assert counts(out) == (20 * len(columns), 19 * len(columns), len(columns))
    assert quarantine(out)["source_row"].to_list() == [9] * len(columns)
    assert decisions(out)["source_row"].to_list() == [3, 6, 12, 15, 18] * len(columns)


def test_ragged_rows_and_blank_lines(command: Command, tmp_path: Path) -> None:
    header, *rows = GOOD.splitlines()
    rows[4] += ",more,and more"
    rows[10] = "CL0000011,1"
    text = "\n".join([header, *rows[:2], "", "", *rows[2:8], "", *rows[8:]])
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "night.csv", text), "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (20, 18, 2)
    assert quarantine(out).select("source_row", "failed_checks", "raw_values").rows() == [
        (5, ["row-too-many-columns"], rows[4]), (11, ["row-missing-columns"], rows[10]),
    ]  # fmt: skip
    assert decisions(out)["source_row"].to_list() == [3, 6, 9, 12, 15, 18]


@pytest.mark.long
def test_a_wide_extract_with_odd_names(command: Command, tmp_path: Path) -> None:
    rows = [{**row, **{f"surplus_{n}": "x,y" for n in range(2000)}, "": "z"} for row in lines(6)]
    columns = [" Claim_ID ", *list(rows[0])[1:]]
    text = csv_text(({" Claim_ID ": row.pop("claim_id"), **row} for row in rows), columns)
    out = tmp_path / "out"
    assert command("run", write(tmp_path / "night.csv", text), "--out", out, "--quiet", *UNREPORTED).code == 0
    assert counts(out) == (6, 6, 0)
    assert decisions(out)["claim_id"].to_list() == ["CL0000003", "CL0000006"]


@pytest.mark.long
def test_a_file_name_cannot_break_a_fault_into_lines_or_steer_the_terminal(tmp_path: Path) -> None:
    odd = tmp_path / "two\nlines\x1b[31m.csv"
    odd.write_bytes(b"\x00\x01")
    done = program("run", odd, "--out", tmp_path / "out", *AS_OF, "--quiet")
    (fault,) = done.faults
    assert (done.code, "two\ufffdlines\ufffd[31m.csv: is binary" in fault) == (11, True)
