"""Files as feeds send them: without a header, with header and trailer records, of fixed width, in hive folders."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import (
    COLUMNS,
    UNREPORTED,
    Done,
    Row,
    counts,
    csv_text,
    decisions,
    line,
    lines,
    manifest,
    nothing_is_published,
    quarantine,
    record,
    write,
)
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

CELL = "M-HIDDEN-77"


def piped(row: Row, *columns: str) -> str:
    return "|".join(row[name] for name in columns or COLUMNS)


def ran(command: Command, extract: object, out: Path, mapping: Path | None = None) -> Done:
    chosen = ("--mapping", mapping) if mapping else ()
    return command("run", extract, "--out", out, "--quiet", *UNREPORTED, *chosen)


def fault_of(command: Command, extract: object, out: Path, mapping: Path | None = None) -> str:
    done = ran(command, extract, out, mapping)
    assert (done.code, done.out, len(done.faults)) == (11, "", 1), done.err
    assert nothing_is_published(out)
    return done.err


def file_counts(out: Path) -> tuple[int, int, int]:
    """Rows read, quarantined and skipped by the latest run."""
    reported = manifest(out)["counts"]
    assert reported["rows_filtered"] == sum(file["rows_filtered"] for file in manifest(out)["inputs"])
    return reported["rows_read"], reported["rows_quarantined"], reported["rows_filtered"]


# --- header and trailer records, no header line -----------------------------------------------------------------------

NAMES = f"header: false\nnames: [REC, {', '.join(COLUMNS)}]\n"
POSITIONS = (
    "header: false\ndelimiter: '|'\ncolumns: {" + ", ".join(f"{n}: '{at}'" for at, n in enumerate(COLUMNS, 2)) + "}\n"
)
RECORDS = [
    "HDR|20260301|CLAIMS",
    *(f"D|{piped(line(number))}" for number in range(1, 7)),
    "TRL|6|31.50|X|Y|Z|A|B|C|D|E|F",
]


@pytest.mark.parametrize("mapping", first(1, [NAMES, POSITIONS]))
@pytest.mark.parametrize("rule", ["rows: {REC: D}", "rows_except: {REC: [HDR, TRL]}", "skip_rows: 1\nskip_footer: 1"])
def test_header_and_trailer_records_are_skipped_and_counted(
    command: Command, tmp_path: Path, mapping: str, rule: str
) -> None:
    text = mapping + rule.replace("REC", "REC" if mapping == NAMES else "'1'")
    for ends, name in (("\n", "A"), ("\r\n", "B"), ("\r", "C")):
        records = [record.replace("|CL", f"|{name}") for record in RECORDS]
        write(tmp_path / "in" / f"{name}.txt", ends.join([*records, "", ""]))
    out = tmp_path / "out"
    done = ran(command, tmp_path / "in", out, write(tmp_path / "m.yaml", text))
    assert done == Done(0, "", "")
    assert file_counts(out) == (18, 0, 6)
    assert [file["rows_read"] for file in manifest(out)["inputs"]] == [6, 6, 6]
    assert decisions(out).select("claim_id", "source_row").rows() == [
        (f"{name}000000{number}", number + 1) for name in "ABC" for number in (3, 6)
    ]


def test_the_terminal_says_that_rows_were_skipped(command: Command, tmp_path: Path) -> None:
    mapping = write(tmp_path / "m.yaml", f"{NAMES}rows: {{REC: D}}")
    extract = write(tmp_path / "night.txt", "\n".join([*RECORDS, ""]))
    shown = command("run", extract, "--out", tmp_path / "out", "--mapping", mapping, *UNREPORTED)
    assert "skipped by the mapping" in shown.out


def test_a_record_that_no_rule_passes_over_is_refused(command: Command, tmp_path: Path) -> None:
    rows = [*RECORDS[:3], f"D|{piped(line(7))}|more", "E|1|2", "D|8", *RECORDS[3:]]
    out = tmp_path / "out"
    mapping = write(tmp_path / "m.yaml", NAMES + "rows_except: {REC: [HDR, TRL]}")
    assert ran(command, write(tmp_path / "night.txt", "\n".join(rows)), out, mapping).code == 0
    assert file_counts(out) == (9, 3, 2)
    assert quarantine(out).select("source_row", "failed_checks").rows() == [
        (4, ["row-too-many-columns"]), (5, ["row-missing-columns"]), (6, ["row-missing-columns"]),
    ]  # fmt: skip
    assert decisions(out)["source_row"].to_list() == [7, 10]


@pytest.mark.long
def test_titles_before_the_header_and_totals_behind(command: Command, tmp_path: Path) -> None:
    text = f"Claims of the night,,\n\nprepared by,east\n{csv_text(lines(6))}\nTotal,6,,,,,,,,31.50\n\n"
    out = tmp_path / "out"
    mapping = write(tmp_path / "m.yaml", "skip_rows: 3\nskip_footer: 1\n")
    for name, content in (("night.csv", text.encode()), ("n.csv.gz", gzip.compress(text.encode()))):
        assert ran(command, write(tmp_path / name, content), out, mapping) == Done(0, "", "")
        assert file_counts(out) == (6, 0, 3)
    assert decisions(out)["source_row"].to_list() == [5, 8, 5, 8]


@pytest.mark.parametrize("rule", ["skip_footer: 1", "skip_rows: 1\nheader: false\nnames: [a, b]", "skip_rows: 7"])
def test_a_claim_line_is_never_skipped(command: Command, tmp_path: Path, rule: str) -> None:
    rows = [line(number, member_id=CELL) for number in range(1, 7)]
    text = csv_text(rows)
    if "names" in rule:
        text, rule = text.partition("\n")[2], rule.replace("[a, b]", f"[{', '.join(COLUMNS)}]")
    reported = fault_of(
        command, write(tmp_path / "night.csv", text), tmp_path / "out", write(tmp_path / "m.yaml", rule)
    )
    assert "night.csv: " in reported
    assert "skip" in reported
    assert CELL not in reported


def test_a_mapping_that_does_not_fit_is_named(command: Command, tmp_path: Path) -> None:
    cases = {
        "header: false\nnames: [a, b]": "have up to 10 columns, but the mapping has 2 names",
        "rows: {REC: [D]}": "the mapping selects rows by REC, which is not in the extract",
        f"header: false\nnames: [{', '.join(COLUMNS)}]": "its first line has column names",
        "rows: {payer: [Nobody]}": "the mapping skips all 6 rows",
        "delimiter: '@'": "the mapping's delimiter does not split the first line",
        "skip_rows: 99": "has no line between the 99 first and the 0 last",
    }
    extract = write(tmp_path / "night.csv", csv_text([line(n, member_id=CELL) for n in range(1, 7)]))
    for mapping, reported in cases.items():
        fault = fault_of(command, extract, tmp_path / "out", write(tmp_path / "m.yaml", mapping))
        assert reported in fault
        assert CELL not in fault


def test_a_text_without_a_header_says_how_to_map_it(command: Command, tmp_path: Path) -> None:
    extract = write(tmp_path / "night.csv", csv_text(lines(6)).partition("\n")[2])
    assert "`header: false`" in fault_of(command, extract, tmp_path / "out")


@pytest.mark.parametrize("ending", first(1, ["csv", "ndjson", "parquet"]))
def test_rows_are_chosen_in_any_table(command: Command, tmp_path: Path, ending: str) -> None:
    rows: list[Any] = [{**row, "STATUS": status} for row, status in zip(lines(6), "PPDPDP", strict=True)]
    out = tmp_path / "out"
    mapping = write(
        tmp_path / "m.yaml", "rows: {status: P, line_of_business: [commercial]}\nrows_except: {claim_id: CL0000006}"
    )
    assert ran(command, table(tmp_path / f"night.{ending}", rows), out, mapping) == Done(0, "", "")
    assert file_counts(out) == (3, 0, 3)
    assert quarantine(out).height == 0
    assert "source_row" in decisions(out).columns


def table(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".csv":
        return write(path, csv_text(rows, list(rows[0])))
    if path.suffix == ".ndjson":
        return write(path, "".join(f"{json.dumps(row)}\n" for row in rows))
    target = io.BytesIO()
    pl.DataFrame(rows).write_parquet(target)
    return write(path, target.getvalue())


# --- fixed width ------------------------------------------------------------------------------------------------------

WIDTHS = {
    "REC": 3, "claim_id": 12, "claim_line_number": 3, "claim_type": 13, "member_id": 14, "payer": 12,
    "line_of_business": 11, "claim_start_date": 10, "hcpcs_code": 5, "diagnosis_code_1": 7, "charge_amount": 12,
}  # fmt: skip


def positions(form: str) -> str:
    reported, start = [], 1
    for name, width in WIDTHS.items():
        end = start + width - 1
        shapes = {"range": f"{start}-{end}", "length": f"{{start: {start}, length: {width}}}",
                  "end": f"{{start: {start}, end: {end}}}"}  # fmt: skip
        reported.append(f"  {name}: {shapes[form]}")
        start = end + 1
    return "fixed_width:\n" + "\n".join(reported) + "\n"


def fixed(row: Row, record: str = "D") -> str:
    return "".join({"REC": record, **row}[name].ljust(width) for name, width in WIDTHS.items())


@pytest.mark.parametrize("form", first(3, ["range", "length", "end"]))
@pytest.mark.parametrize("trimmed", [False, True])
def test_fixed_width_is_read_by_positions(command: Command, tmp_path: Path, form: str, trimmed: bool) -> None:
    rows = ["HDR 20260301", *(fixed(line(number, member_id="Müller"[:14])) for number in range(1, 7)), "TRL 6"]
    text = "\r\n".join(row.rstrip() if trimmed else row for row in rows) + "\r\n"
    mapping = write(
        tmp_path / "m.yaml", positions(form) + "rows: {REC: D}\n" + ("record_length: varies\n" if trimmed else "")
    )
    out = tmp_path / "out"
    assert ran(command, write(tmp_path / "night.dat", text), out, mapping) == Done(0, "", "")
    assert file_counts(out) == (6, 0, 2)
    found = decisions(out)
    assert found.select("claim_id", "source_row", "hcpcs_code", "charge_amount").rows() == [
        ("CL0000003", 4, "0600T", 3.25), ("CL0000006", 7, "0600T", 6.25),
    ]  # fmt: skip
    assert found["member_id"].unique().to_list() == ["Müller"]
    assert manifest(out)["inputs"][0]["format"] == "fixed-width"


@pytest.mark.long
def test_a_line_of_another_length_is_refused(command: Command, tmp_path: Path) -> None:
    rows = [fixed(line(number)) for number in range(1, 9)]
    rows[3] = rows[3][:-20]
    rows[4] = " " + rows[4]
    out = tmp_path / "out"
    mapping = write(tmp_path / "m.yaml", positions("range") + f"record_length: {sum(WIDTHS.values())}\n")
    assert ran(command, write(tmp_path / "night.dat", "\n".join(rows)), out, mapping).code == 0
    assert file_counts(out) == (8, 2, 0)
    assert quarantine(out).select("source_row", "failed_checks").rows() == [
        (4, ["row-wrong-length"]), (5, ["row-wrong-length"]),
    ]  # fmt: skip
    even = [*(fixed(line(number)) for number in range(1, 300)), fixed(line(300))[:-1]]
    assert (
        ran(command, write(tmp_path / "e.dat", "\n".join(even)), out, write(tmp_path / "n.yaml", positions("end"))).code
        == 0
    )
    assert file_counts(out) == (300, 1, 0)


def test_positions_are_for_a_text_without_names(command: Command, tmp_path: Path) -> None:
    mapping = write(tmp_path / "m.yaml", positions("range"))
    out = tmp_path / "out"
    assert ran(command, write(tmp_path / "night.csv", csv_text(lines(6))), out, mapping) == Done(0, "", "")
    assert manifest(out)["inputs"][0]["format"] == "delimited"
    unmapped = fault_of(command, write(tmp_path / "x.dat", "\n".join(map(fixed, lines(6)))), tmp_path / "no")
    assert "of one length, as in fixed-width text" in unmapped
    assert "fixed_width" in unmapped


# --- hive folders -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", first(1, ["csv", "ndjson", "parquet"]))
def test_hive_folders_give_columns(command: Command, tmp_path: Path, ending: str) -> None:
    rows: list[dict[str, Any]] = [
        {name: text for name, text in row.items() if name not in {"payer", "claim_type"}} for row in lines(6)
    ]
    folder = tmp_path / "claims"
    for payer in ("Regence", "Premera%20Blue%20Cross", "__HIVE_DEFAULT_PARTITION__"):
        table(folder / f"PAYER={payer}" / "claim_type=P" / "year=2026" / f"part-0.{ending}", rows)
    mapping = write(tmp_path / "m.yaml", "values: {claim_type: {P: professional}}")
    out = tmp_path / "out"
    for extract in (folder, folder / "PAYER=Regence" / "claim_type=P" / "year=2026" / f"part-0.{ending}"):
        assert ran(command, extract, out, mapping).code == 0
    reported = manifest(out, 0)["counts"]
    assert (reported["rows_read"], reported["rows_accepted"]) == (18, 12)
    assert set(quarantine(out)["failed_checks"].explode()) == {"payer-missing"}
    first = decisions(out).filter(pl.col("source_row") == 3)
    assert sorted(first["payer"].unique().to_list()) == ["premera", "regence"]
    assert first["claim_type"].unique().to_list() == ["professional"]
    assert "payer" in manifest(out, 0)["inputs"][0]["columns"]


@pytest.mark.parametrize("ending", first(2, ["csv", "ndjson", "parquet"]))
def test_a_column_of_the_folder_and_the_file_agrees_or_is_refused(
    command: Command, tmp_path: Path, ending: str
) -> None:
    rows: list[Any] = lines(6)
    rows[1] |= {"payer": CELL}
    rows[2] |= {"payer": ""}
    extract = table(tmp_path / "payer=Regence" / f"night.{ending}", rows)
    out = tmp_path / "out"
    done = ran(command, extract, out)
    assert (done.code, CELL in done.err) == (0, False)
    assert quarantine(out).select("source_row", "failed_checks").rows() == [(2, ["row-partition-conflict"])]
    assert decisions(out)["payer"].to_list() == ["regence", "regence"]
    assert counts(out) == (6, 5, 1)


def test_a_typed_column_agrees_with_its_folder(command: Command, tmp_path: Path) -> None:
    frame = pl.DataFrame(lines(3)).with_columns(
        pl.col("claim_line_number").cast(pl.Int32), pl.col("claim_start_date").str.to_date()
    )
    path = tmp_path / "claim_line_number=1" / "claim_start_date=2026-03-01" / "x.parquet"
    path.parent.mkdir(parents=True)
    frame.write_parquet(path)
    assert ran(command, path, tmp_path / "out") == Done(0, "", "")
    assert counts(tmp_path / "out") == (3, 3, 0)


def test_two_folders_of_one_key_must_agree(command: Command, tmp_path: Path) -> None:
    path = write(tmp_path / "payer=Regence" / "Payer=Premera" / "night.csv", csv_text(lines(3)))
    assert "two folders give Payer different values" in fault_of(command, path, tmp_path / "out")


@pytest.mark.long
def test_a_file_name_is_no_pattern(command: Command, tmp_path: Path) -> None:
    for name, payer in (("a*.csv", "Regence"), ("ab.csv", "Premera"), ("a[b].csv", "Regence")):
        write(tmp_path / name, csv_text([line(3, payer=payer)]))
    for place, name in enumerate(("a*.csv", "a[b].csv")):
        out = tmp_path / f"out{place}"
        assert ran(command, tmp_path / name, out) == Done(0, "", "")
        assert decisions(out)["payer"].to_list() == ["regence"]


# --- words that are empty, folders ------------------------------------------------------------------------------------


def test_words_that_are_empty(command: Command, tmp_path: Path) -> None:
    rows = [
        {**line(3), "plan": "none given"}, {**line(6, diagnosis_code_1="XXX"), "plan": "-"},
        {**line(9, member_id="-"), "plan": "P"}, {**line(12, diagnosis_code_1=" - "), "plan": "P"},
    ]  # fmt: skip
    extract = write(tmp_path / "night.csv", csv_text(rows, [*COLUMNS, "plan"]))
    out = tmp_path / "out"
    mapping = write(tmp_path / "m.yaml", "null_values: {'*': ['-'], diagnosis_code_1: XXX, plan: [none given]}")
    assert ran(command, extract, out, mapping).code == 0
    assert decisions(out).select("source_row", "reason_code").rows() == [
        (1, "investigational"), (2, "indication-unknown"), (4, "indication-unknown"),
    ]  # fmt: skip
    assert quarantine(out).select("source_row", "failed_checks").rows() == [(3, ["member_id-missing"])]
    assert ran(command, extract, tmp_path / "all", write(tmp_path / "a.yaml", "null_values: [-, XXX]")).code == 0
    assert decisions(tmp_path / "all")["reason_code"].to_list() == decisions(out)["reason_code"].to_list()


@pytest.mark.long
def test_a_folder_with_its_readme_and_a_bulk_export(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "night"
    write(folder / "NIGHT.CSV.GZ", gzip.compress(csv_text(lines(3)).encode()))
    write(folder / "README.md", "# Claims")
    write(folder / "_SUCCESS", "")
    write(folder / ".part.crc", b"\x00")
    write(folder / "Patient.ndjson", '{"resourceType": "Patient", "id": "p"}\n')
    out = tmp_path / "out"
    done = command("run", folder, "--out", out, *UNREPORTED)
    assert done.code == 0
    assert "Files skipped by name: 1 documentation, 2 hidden." in done.out
    assert "FHIR files without claims, used for references from claims: 1." in done.out
    reported = manifest(out)
    assert [(file["path"].rpartition("/")[2], file["what"]) for file in reported["passed_over"]] == [
        (".part.crc", "hidden"), ("README.md", "documentation"), ("_SUCCESS", "hidden"),
    ]  # fmt: skip
    assert [(file["path"].rpartition("/")[2], file["status"]) for file in reported["inputs"]] == [
        ("NIGHT.CSV.GZ", "read"), ("Patient.ndjson", "context"),
    ]  # fmt: skip
    assert ran(command, folder, out) == Done(0, "", "")
    assert len(list(out.glob("runs/*"))) == 1  # a run over the same bytes is a no-op
    write(folder / "Patient.ndjson", '{"resourceType": "Patient", "id": "q"}\n')
    assert ran(command, folder, out).code == 0
    assert len(list(out.glob("runs/*"))) == 2  # what claims refer to is a part of what a run depends on


def test_an_empty_file_in_a_folder_is_named(command: Command, tmp_path: Path) -> None:
    write(tmp_path / "night" / "a.csv", csv_text(lines(3)))
    write(tmp_path / "night" / "b.csv", "")
    assert "b.csv: the file is empty" in fault_of(command, tmp_path / "night", tmp_path / "out")


def test_a_managed_table_is_refused(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "claims"
    table(folder / "payer=Regence" / "part-0.parquet", lines(3))
    write(folder / "_delta_log" / "00000000000000000000.json", "{}")
    for extract in (tmp_path / "lake", folder / "payer=Regence" / "part-0.parquet", f"{folder}/*/*.parquet"):
        assert f"{folder}: is a Delta Lake table" in fault_of(command, extract, tmp_path / "out")


def test_record_kinds_do_not_change_with_batch_or_file(command: Command, tmp_path: Path) -> None:
    """Interleaved header records, as many as claim lines: no row is lost, and each keeps its number."""
    text = "".join(f"HDR|{number}\nD|{piped(line(number))}\n" for number in range(1, 2001))
    out = tmp_path / "out"
    assert (
        ran(command, write(tmp_path / "n.txt", text), out, write(tmp_path / "m.yaml", NAMES + "rows: {REC: D}")).code
        == 0
    )
    assert file_counts(out) == (2000, 0, 2000)
    assert record(out, "decisions")["source_row"].to_list() == [2 * number for number in range(3, 2001, 3)]


def test_columns_that_nothing_reads_are_named(command: Command, tmp_path: Path) -> None:
    rows = [{**line(3), "modifier_1": "Q0", "Auth No": "A1", "doubts": "x", "posting_holds": "x"}]
    out = tmp_path / "out"
    done = command("run", write(tmp_path / "night.csv", csv_text(rows, list(rows[0]))), "--out", out, *UNREPORTED)
    assert "Columns not read: Auth No, doubts, modifier_1, posting_holds." in done.out
    assert manifest(out)["inputs"][0]["columns_ignored"] == ["modifier_1", "Auth No", "doubts", "posting_holds"]
    assert decisions(out)["reason_code"].to_list() == ["investigational"]


def test_rows_are_chosen_by_a_folders_column(command: Command, tmp_path: Path) -> None:
    write(tmp_path / "night" / "year=2025" / "a.csv", csv_text(lines(6)))
    write(tmp_path / "night" / "year=2026" / "b.csv", csv_text([line(number) for number in range(7, 13)]))
    out = tmp_path / "out"
    mapping = write(tmp_path / "m.yaml", "rows: {YEAR: 2026}")
    assert ran(command, tmp_path / "night", out, mapping) == Done(0, "", "")
    assert [(file["rows_read"], file["rows_filtered"]) for file in manifest(out)["inputs"]] == [(0, 6), (6, 0)]
    assert decisions(out)["claim_id"].to_list() == ["CL0000009", "CL0000012"]
    none = write(tmp_path / "n.yaml", "rows: {year: 2020}")
    fault = fault_of(command, tmp_path / "night", tmp_path / "no", none)
    assert "a.csv and 1 more: the mapping skips all 12 rows" in fault


def test_a_rule_of_a_column_that_no_line_of_ndjson_has(command: Command, tmp_path: Path) -> None:
    extract, out = table(tmp_path / "night.ndjson", list(lines(6))), tmp_path / "out"
    assert ran(command, extract, out, write(tmp_path / "m.yaml", "rows_except: {NEVER: x}")) == Done(0, "", "")
    assert file_counts(out) == (6, 0, 0)
