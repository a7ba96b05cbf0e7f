"""The mappings that ship, end to end: on public extracts as they are, and on rows that carry up to 13 claim lines."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.runner import kept, reading
from tests.functional.program import (
    AS_OF,
    ROOT,
    UNREPORTED,
    Done,
    Row,
    called,
    counts,
    csv_text,
    decisions,
    manifest,
    nothing_is_published,
    quarantine,
    record,
    write,
)
from tests.lib.examples import first
from tests.lib.oracle import CODES
from tests.lib.table_files import CARRIER_TABLES, RIF_CLAIM, RIF_LINE, rif_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]

PRESETS = [
    "cms-cclf1", "cms-cclf2", "cms-cclf5", "cms-de-synpuf-carrier", "cms-rif-carrier", "cms-rif-dme",
    "cms-rif-institutional", "synthea-claims-transactions", "tuva",
]  # fmt: skip

# --- DE-SynPUF: 142 columns, 13 lines a row ---------------------------------------------------------------------------

SLOTS = range(1, 14)
AMOUNTS = (
    "LINE_NCH_PMT_AMT", "LINE_BENE_PTB_DDCTBL_AMT", "LINE_BENE_PRMRY_PYR_PD_AMT", "LINE_COINSRNC_AMT",
    "LINE_ALOWD_CHRG_AMT",
)  # fmt: skip
PER_LINE = (
    "PRF_PHYSN_NPI", "TAX_NUM", "HCPCS_CD", *AMOUNTS, "LINE_PRCSG_IND_CD", "LINE_ICD9_DGNS_CD",
)  # fmt: skip
CLAIM = ("DESYNPUF_ID", "CLM_ID", "CLM_FROM_DT", "CLM_THRU_DT")
WIDE = (*CLAIM, *(f"ICD9_DGNS_CD_{n}" for n in range(1, 9)), *(f"{name}_{n}" for name in PER_LINE for n in SLOTS))
LONG = (*CLAIM, "LINE", *PER_LINE)
LONG_MAPPING = """
columns: {claim_id: CLM_ID, claim_line_number: LINE, member_id: DESYNPUF_ID, claim_start_date: CLM_FROM_DT,
  claim_end_date: CLM_THRU_DT, hcpcs_code: HCPCS_CD, diagnosis_code_1: LINE_ICD9_DGNS_CD,
  paid_amount: LINE_NCH_PMT_AMT, allowed_amount: LINE_ALOWD_CHRG_AMT, rendering_npi: PRF_PHYSN_NPI}
constants: {claim_type: professional, payer: Medicare, line_of_business: medicare_ffs, diagnosis_code_type: icd-9-cm}
values: {diagnosis_code_1: {OTHER: "", XX000: ""}}
"""


def used(code: str, **more: str) -> Row:
    """A line as the file holds one; the other amounts are left at zero."""
    return {
        "HCPCS_CD": code, "PRF_PHYSN_NPI": "8914837640", "TAX_NUM": "953768367", "LINE_NCH_PMT_AMT": "80",
        "LINE_ALOWD_CHRG_AMT": "100", "LINE_PRCSG_IND_CD": "A", "LINE_ICD9_DGNS_CD": "36616", **more,
    }  # fmt: skip


def claim(number: int, lines: dict[int, Row], **more: str) -> Row:
    """A row: a claim with its lines, by slot; unused slots are empty, with amounts of zero."""
    row = dict.fromkeys(WIDE, "") | dict.fromkeys((f"{name}_{n}" for name in AMOUNTS for n in SLOTS), "0")
    row |= {"DESYNPUF_ID": f"D{number:015}", "CLM_ID": f"{887_000_000 + number}", "ICD9_DGNS_CD_1": "4011"}
    row |= {"CLM_FROM_DT": "20090105", "CLM_THRU_DT": "20090105", **more}
    return row | {f"{name}_{n}": value for n, line in lines.items() for name, value in line.items()}


def unpivoted(rows: list[Row]) -> list[tuple[int, Row]]:
    """The used lines of each row by hand, with the number of the row."""
    found = []
    for place, row in enumerate(rows, 1):
        for n in SLOTS:
            line = {name: row[f"{name}_{n}"] for name in PER_LINE}
            if any(value.strip() for name, value in line.items() if name not in AMOUNTS) or any(
                float(line[name] or "0") for name in AMOUNTS
            ):
                found.append((place, {**{name: row[name] for name in CLAIM}, "LINE": str(n), **line}))
    return found


def claims() -> list[Row]:
    """Rows with one line, with all thirteen, with gaps, with a line of no code, and some that validation refuses."""
    return [
        claim(1, {1: used("66984")}),
        claim(2, {n: used("32999" if n % 4 == 0 else "99213") for n in SLOTS}),
        claim(3, {1: used("99213"), 3: used("0600T"), 13: used("47399")}),
        claim(4, {1: used("0600T"), 2: {"TAX_NUM": "953768367"}, 3: {"LINE_PRCSG_IND_CD": "N"}}),
        claim(5, {2: used("0600T")}, CLM_FROM_DT="20090231"),
        claim(6, {1: used("0600T", LINE_ICD9_DGNS_CD="OTHER"), 2: used("32999", LINE_ICD9_DGNS_CD="bad")}),
        claim(7, {1: used("0600t", LINE_NCH_PMT_AMT="0.00", LINE_ALOWD_CHRG_AMT="-0.00"), 2: used("toolong")}),
        claim(8, {1: {"LINE_NCH_PMT_AMT": "10"}, 2: {"HCPCS_CD": " "}, 4: {"HCPCS_CD": "53899"}}),
    ]


def run(command: Command, extract: Path, mapping: object, out: Path, *more: str) -> None:
    done = command("run", extract, "--mapping", mapping, "--out", out, "--quiet", *UNREPORTED, *more)
    assert done == Done(0, "", "")


def published(out: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decisions and refusals, but for where they are and how the extract names its values."""
    return decisions(out).drop("source_row"), quarantine(out).drop("run_id", "source_file", "source_row", "raw_values")


def by_hand(command: Command, rows: list[Row], folder: Path) -> Path:
    """The results of the same lines, one row a line, through a mapping of plain names."""
    long = write(folder / "long" / "carrier.csv", csv_text([line for _, line in unpivoted(rows)], LONG))
    run(command, long, write(folder / "long" / "m.yaml", LONG_MAPPING), folder / "long" / "out")
    return folder / "long" / "out"


@pytest.fixture(scope="module")
def claims_by_hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Decisions and refusals of the lines of `claims()`, taken apart by hand."""
    return published(by_hand(called, claims(), tmp_path_factory.mktemp("by-hand")))


def test_de_synpuf_rows_are_decided_like_their_lines_one_by_one(command: Command, tmp_path: Path) -> None:
    rows = claims()
    assert len(WIDE) == 142
    run(command, write(tmp_path / "carrier.csv", csv_text(rows, WIDE)), "cms-de-synpuf-carrier", tmp_path / "out")
    expected = by_hand(command, rows, tmp_path)
    assert counts(tmp_path / "out") == counts(expected) == (27, 24, 3)
    for found, wanted in zip(published(tmp_path / "out"), published(expected), strict=True):
        assert found.height
        assert found.equals(wanted)
    places = [
        place for place, line in unpivoted(rows) if line["HCPCS_CD"].upper() in {"0600T", "32999", "47399", "53899"}
    ]
    refused = {5: "claim_start_date-unparseable", 6: "diagnosis_code_1-shape", 7: "hcpcs_code-shape"}
    assert decisions(tmp_path / "out")["source_row"].to_list() == [2, 2, 2, 3, 3, 4, 6, 7, 8]
    assert sorted({*places} - {*decisions(tmp_path / "out")["source_row"]}) == [5]
    assert (
        dict(quarantine(tmp_path / "out").select("source_row", pl.col("failed_checks").list.first()).rows()) == refused
    )


def test_a_line_keeps_its_number_its_row_and_the_names_of_its_values(command: Command, tmp_path: Path) -> None:
    row = claim(1, {2: used("0600T", LINE_ICD9_DGNS_CD="1552"), 11: used("0601T", LINE_ICD9_DGNS_CD="15?")})
    extract = write(tmp_path / "carrier.csv", csv_text([claim(0, {1: used("99213")}), row], WIDE))
    run(command, extract, "cms-de-synpuf-carrier", tmp_path / "out")
    decided = record(tmp_path / "out", "decisions").row(0, named=True)
    wanted = {
        "claim_id": row["CLM_ID"], "claim_line_number": 2, "member_id": row["DESYNPUF_ID"], "source_row": 2,
        "program": "medicare_ffs", "hcpcs_code": "0600T", "diagnosis_codes": ["1552"],
        "paid_amount": Decimal("80.00"), "charge_amount": None, "rendering_npi": "8914837640",
        "reason_code": "code-not-valid-on-dos",
    }  # fmt: skip
    assert {name: decided[name] for name in wanted} == wanted
    refused = quarantine(tmp_path / "out").row(0, named=True)
    assert (refused["source_row"], refused["failed_checks"]) == (2, ["diagnosis_code_1-shape"])
    raw = json.loads(refused["raw_values"])
    assert (raw["{n}"], raw["HCPCS_CD_{n}"], raw["LINE_ICD9_DGNS_CD_{n}"]) == ("11", "0601T", "15?")


def test_a_row_without_any_line_is_refused_by_name(command: Command, tmp_path: Path) -> None:
    extract = write(
        tmp_path / "carrier.csv", csv_text([claim(1, {}), claim(2, {1: used("0600T")}), claim(3, {})], WIDE)
    )
    run(command, extract, "cms-de-synpuf-carrier", tmp_path / "out")
    assert counts(tmp_path / "out") == (3, 1, 2)
    refused = quarantine(tmp_path / "out")
    assert refused["failed_checks"].to_list() == [["row-claim-without-lines"]] * 2
    assert refused["source_row"].to_list() == [1, 3]


@pytest.mark.long
def test_lines_that_cannot_be_split_keep_the_rows_behind_them_in_place(command: Command, tmp_path: Path) -> None:
    """A ragged row, an open quote and a blank line among wide rows: each costs itself, and no number is off."""
    rows = [claim(n, {1: used("0600T"), 5: used("32999")}) for n in range(1, 9)]
    header, *texts = csv_text(rows, WIDE).splitlines()
    texts[1] += ",more"
    texts[4] = texts[4].replace("A,", '"A,', 1)
    texts[6] = texts[6].rpartition(",")[0]
    run(
        command, write(tmp_path / "carrier.csv", "\n".join([header, *texts])), "cms-de-synpuf-carrier", tmp_path / "out"
    )
    assert quarantine(tmp_path / "out").select("source_row", pl.col("failed_checks").list.first()).rows() == [
        (2, "row-too-many-columns"),
        (5, "row-bad-quoting"),
        (7, "row-missing-columns"),
    ]
    found = record(tmp_path / "out", "decisions")
    assert found.select("source_row", "claim_line_number").rows() == [
        (row, line) for row in (1, 3, 4, 6, 8) for line in (1, 5)
    ]
    assert found["claim_id"].to_list() == [rows[row - 1]["CLM_ID"] for row in found["source_row"]]
    assert counts(tmp_path / "out") == (13, 10, 3)


@pytest.mark.long
@pytest.mark.parametrize("batch_rows", first(1, [13, 1, 40]))
def test_the_size_of_batches_changes_nothing(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    rows = [row | {"CLM_ID": f"{n}-{row['CLM_ID']}"} for n in range(5) for row in [*claims(), claim(9, {})]]
    extract = write(tmp_path / "carrier.csv", csv_text(rows, WIDE))
    run(command, extract, "cms-de-synpuf-carrier", tmp_path / "whole")
    monkeypatch.setattr(reading, "BATCH_ROWS", batch_rows)
    monkeypatch.setattr(kept, "BATCH_ROWS", batch_rows)
    run(command, extract, "cms-de-synpuf-carrier", tmp_path / "parts")
    assert decisions(tmp_path / "parts").equals(decisions(tmp_path / "whole"))
    alike = [quarantine(tmp_path / name).drop("run_id") for name in ("parts", "whole")]
    assert alike[0].equals(alike[1])


def ndjson(rows: list[Row], *, sparse: bool) -> str:
    kept = ({name: value for name, value in row.items() if value or not sparse} for row in rows)
    return "".join(json.dumps(row) + "\n" for row in kept)


@pytest.mark.parametrize(
    "name", first(2, ["carrier.tsv", "carrier.csv.gz", "carrier.ndjson", "carrier.sparse.ndjson", "carrier.parquet"])
)
def test_the_format_of_wide_rows_changes_nothing(
    command: Command, tmp_path: Path, claims_by_hand: tuple[pl.DataFrame, pl.DataFrame], name: str
) -> None:
    rows = claims()
    extract = tmp_path / name
    match name.partition(".")[2]:
        case "tsv":
            write(extract, csv_text(rows, WIDE, delimiter="\t"))
        case "csv.gz":
            write(extract, gzip.compress(csv_text(rows, WIDE, quoting=csv.QUOTE_ALL).encode()))
        case "parquet":
            pl.DataFrame(rows).write_parquet(extract)
        case ending:
            write(extract, ndjson(rows, sparse="sparse" in ending))
    run(command, extract, "cms-de-synpuf-carrier", tmp_path / "out")
    for found, wanted in zip(published(tmp_path / "out"), claims_by_hand, strict=True):
        assert found.equals(wanted)


@pytest.mark.long
def test_a_line_whose_columns_come_up_late_is_read_all_the_same(command: Command, tmp_path: Path) -> None:
    """NDJSON that leaves out empty values: the thirteenth line of a row comes after the rows that were looked at."""
    rows = [claim(n, {1: used("99213")}) for n in range(1200)] + [claim(5000, {1: used("99213"), 13: used("0600T")})]
    run(command, write(tmp_path / "c.ndjson", ndjson(rows, sparse=True)), "cms-de-synpuf-carrier", tmp_path / "out")
    assert counts(tmp_path / "out") == (1202, 1202, 0)
    assert decisions(tmp_path / "out").select("source_row", "claim_line_number").rows() == [(1201, 13)]


@pytest.mark.long
def test_long_lines_of_ndjson_have_room(command: Command, tmp_path: Path) -> None:
    """A wide row with all its keys has some 4,000 characters; what takes rows apart holds 2,048 of them at a time."""
    rows = [claim(n, {1: used("99213")}) for n in range(9000)]
    done = command(
        "validate",
        write(tmp_path / "c.ndjson", ndjson(rows, sparse=False)),
        "--mapping",
        "cms-de-synpuf-carrier",
        "--quiet",
    )
    assert done == Done(0, "", "")


@pytest.mark.long
def test_columns_whose_types_a_tool_guessed_are_read_as_what_they_are_for(command: Command, tmp_path: Path) -> None:
    """As a tool that guesses leaves them: numbers for ids, floats where there are gaps, columns of nothing."""
    rows = claims()[:4]
    text = csv_text(rows, WIDE)
    guessed = pl.read_csv(text.encode(), infer_schema_length=None)
    gaps = [name for name, dtype in guessed.schema.items() if dtype.is_integer() and guessed[name].null_count()]
    empty = [name for name in guessed.columns if guessed[name].null_count() == len(rows)]
    guessed = guessed.with_columns(pl.col(gaps).cast(pl.Float64).fill_null(float("nan"))).with_columns(
        pl.lit(float("nan")).alias(name) for name in empty
    )
    assert {str(guessed.schema[f"HCPCS_CD_{n}"]) for n in SLOTS} == {"String", "Float64"}
    assert {str(guessed.schema[f"PRF_PHYSN_NPI_{n}"]) for n in SLOTS} == {"Int64", "Float64"}
    guessed.write_parquet(tmp_path / "carrier.parquet")
    run(command, tmp_path / "carrier.parquet", "cms-de-synpuf-carrier", tmp_path / "out")
    expected = by_hand(command, rows, tmp_path)
    assert counts(tmp_path / "out") == counts(expected)
    assert decisions(tmp_path / "out").drop("source_row").equals(decisions(expected).drop("source_row"))


# --- faults of the header ---------------------------------------------------------------------------------------------

HEADERS = {
    "a line lacks a column": (
        lambda names: names - {"HCPCS_CD_7"}, "takes HCPCS_CD_{n} from the extract, but line 7 lacks it",
    ),
    "a line too many": (lambda names: names | {"HCPCS_CD_14"}, "reads 13 lines per row, but the extract has HCPCS_CD"),
    "a sign is not there": (
        lambda names: names - {f"TAX_NUM_{n}" for n in SLOTS}, "takes TAX_NUM_{n} from the extract, but",
    ),
    "no line at all": (
        lambda names: names - {f"{name}_{n}" for name in PER_LINE for n in SLOTS},
        "takes hcpcs_code from HCPCS_CD_{n}, which is not in the extract",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", HEADERS)
def test_a_header_that_the_preset_does_not_fit_is_refused(command: Command, tmp_path: Path, fault: str) -> None:
    change, word = HEADERS[fault]
    names = sorted(change({*WIDE}))
    rows = [dict.fromkeys(names, "") | {n: v for n, v in claim(1, {1: used("0600T")}).items() if n in names}]
    extract = write(tmp_path / "carrier.csv", csv_text(rows, names))
    done = command("run", extract, "--mapping", "cms-de-synpuf-carrier", "--out", tmp_path / "out", *UNREPORTED)
    assert (done.code, len(done.faults)) == (11, 1)
    assert word in done.err
    assert nothing_is_published(tmp_path / "out")


@pytest.mark.long
def test_the_example_of_the_documentation(command: Command, tmp_path: Path) -> None:
    """Extract and mapping as docs/mapping.md shows them, and what it says of them."""
    section = (
        (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8").partition("## Rows that carry several lines")[2]
    )
    extract, mapping, errors, *_ = (block.partition("\n")[2] for block in section.split("```")[1::2])
    wide = write(tmp_path / "wide.csv", extract)
    run(command, wide, write(tmp_path / "m.yaml", mapping), tmp_path / "out")
    assert counts(tmp_path / "out") == (5, 4, 1)
    refused = quarantine(tmp_path / "out").row(0, named=True)
    assert (refused["claim_id"], refused["failed_checks"]) == ("9002", ["row-claim-without-lines"])
    assert decisions(tmp_path / "out").select("claim_id", "claim_line_number", "disposition").rows() == [
        ("9001", 3, "review")
    ]
    changes = (("PAID_3,", "X,"), ("TIN_3\n", "TIN_3,HCPCS_4\n"))
    for reported, change in zip(errors.splitlines(), changes, strict=True):
        write(wide, extract.replace(*change))
        done = command("validate", wide, "--mapping", tmp_path / "m.yaml", *AS_OF)
        assert done.err.replace(str(tmp_path) + "/", "").startswith(reported.removesuffix("…"))
    run(command, write(wide, extract.replace("0600T", "0600T?")), tmp_path / "m.yaml", tmp_path / "bad")
    assert '"{n}":"3"' in quarantine(tmp_path / "bad")["raw_values"][0]


# --- RIF: one row a line, and up to 13 lines a row, by the same preset ------------------------------------------------


def widened(
    lines: list[Row], pattern: str, shared: tuple[str, ...], per_line: tuple[str, ...]
) -> tuple[list[Row], list[str]]:
    """One row a claim; unused lines hold nothing but zero amounts and the version of the code that is not there."""
    names = [*shared, *(pattern.format(name=name, n=n) for name in per_line for n in SLOTS)]
    zero = {name: "0.00" for name in per_line if name.endswith("_AMT")} | {
        "LINE_ICD_DGNS_VRSN_CD": "0",
        "LINE_SRVC_CNT": "0",
    }
    rows: dict[str, Row] = {}
    for line in lines:
        blank = {pattern.format(name=name, n=n): zero.get(name, " ") for name in per_line for n in SLOTS}
        row = rows.setdefault(line["CLM_ID"], {**{name: line[name] for name in shared}, **blank})
        row |= {pattern.format(name=name, n=line["LINE_NUM"]): line[name] for name in per_line}
    return list(rows.values()), names


@pytest.mark.long
@pytest.mark.parametrize("pattern", first(1, ["{name}_{n}", "{name}{n}"]))
def test_wide_rif_rows_are_decided_like_one_row_a_line(command: Command, tmp_path: Path, pattern: str) -> None:
    lines = [row for row in rif_lines() if int(row["LINE_NUM"]) in SLOTS]
    names = ["LINE_NUM", *RIF_CLAIM, *RIF_LINE]
    long = write(tmp_path / "long" / "carrier.txt", csv_text(lines, names, delimiter="|"))
    wide = write(
        tmp_path / "wide" / "carrier.txt", csv_text(*widened(lines, pattern, RIF_CLAIM, RIF_LINE), delimiter="|")
    )
    run(command, long, "cms-rif-carrier", tmp_path / "long" / "out")
    run(command, wide, "cms-rif-carrier", tmp_path / "wide" / "out")
    assert counts(tmp_path / "wide" / "out") == counts(tmp_path / "long" / "out") == (len(lines), len(lines), 0)
    assert manifest(tmp_path / "wide" / "out")["charges"] == manifest(tmp_path / "long" / "out")["charges"]
    found, wanted = (decisions(tmp_path / which / "out").drop("source_row") for which in ("wide", "long"))
    assert found.height > 20
    assert found.equals(wanted)
    assert manifest(tmp_path / "wide" / "out")["counts"]["warnings_by_check"] == {}


def test_the_line_file_by_itself_is_enough(command: Command, tmp_path: Path) -> None:
    """CCW delivers claims and lines apart: the line file has no claim start date and no trial number."""
    names = ["BENE_ID", "CLM_ID", "LINE_NUM", "CLM_THRU_DT", *RIF_LINE]
    rows = [{name: row[name] for name in names} for row in rif_lines()]
    run(command, write(tmp_path / "line.csv", csv_text(rows, names)), "cms-rif-carrier", tmp_path / "out")
    assert counts(tmp_path / "out") == (len(rows), len(rows), 0)


def test_a_file_of_both_kinds_is_refused(command: Command, tmp_path: Path) -> None:
    rows = [row | {"HCPCS_CD_1": "99213"} for row in rif_lines()]
    extract = write(tmp_path / "carrier.csv", csv_text(rows, ["LINE_NUM", *RIF_CLAIM, *RIF_LINE, "HCPCS_CD_1"]))
    done = command("validate", extract, "--mapping", "cms-rif-carrier", *AS_OF)
    assert done.code == 11
    assert "takes claim_line_number from LINE_NUM or from {n}, but the extract has both" in done.err
    assert "takes hcpcs_code from HCPCS_CD or from HCPCS_CD_{n}, but the extract has both" in done.err


@pytest.mark.long
@pytest.mark.parametrize("source", first(1, CARRIER_TABLES))
def test_a_whole_carrier_file_reads_alike_in_both_forms(command: Command, tmp_path: Path, source: str) -> None:
    rows = [dict(row) for row in CARRIER_TABLES[source] if int(row["LINE_NUM"]) in SLOTS]
    for row in rows:
        row["HCPCS_CD"] = row["HCPCS_CD"] or ("0600T" if row["LINE_ICD_DGNS_CD"] else "")
        row["LINE_1ST_EXPNS_DT"] = row["LINE_LAST_EXPNS_DT"] = ""
    shared = tuple(name for name in rows[0] if name not in {*RIF_LINE, "LINE_NUM"})
    long = write(tmp_path / "long" / "carrier.csv", csv_text(rows, list(rows[0]), delimiter="|"))
    wide, names = widened(rows, "{name}_{n}", shared, RIF_LINE)
    run(command, long, "cms-rif-carrier", tmp_path / "long" / "out")
    run(
        command,
        write(tmp_path / "wide" / "carrier.csv", csv_text(wide, names, delimiter="|")),
        "cms-rif-carrier",
        tmp_path / "wide" / "out",
    )
    found, wanted = (decisions(tmp_path / which / "out").drop("source_row") for which in ("wide", "long"))
    assert found.height == sum(row["HCPCS_CD"] in CODES for row in rows) > 20
    assert found.equals(wanted)
    charges = [manifest(tmp_path / which / "out")["charges"] for which in ("wide", "long")]
    assert charges[0] == charges[1]


# --- Tuva, and presets with changes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["person_id", "patient_id", None])
def test_tuvas_medical_claim_runs_with_its_preset(command: Command, tmp_path: Path, person: str | None) -> None:
    row = {
        "claim_id": "C1", "claim_line_number": "1", "claim_type": "professional", "payer": "Regence", "plan": "PPO",
        "member_id": "" if person else "M1", "claim_start_date": "2026-03-01", "hcpcs_code": "0600T",
        "diagnosis_code_1": "C250", "charge_amount": "9.25", "drg_code": "1", "ingest_datetime": "2026-03-02 01:02:03",
    }  # fmt: skip
    row |= {person: "P1"} if person else {}
    run(command, write(tmp_path / "medical_claim.csv", csv_text([row], list(row))), "tuva", tmp_path / "out")
    assert decisions(tmp_path / "out").row(0, named=True)["member_id"] == ("P1" if person else "M1")


def test_an_own_mapping_on_top_of_a_preset(command: Command, tmp_path: Path) -> None:
    """The payer of a DE-SynPUF-like feed is a column, its diagnoses are ICD-10: the lines are denied like any other."""
    row = claim(1, {1: used("99213"), 2: used("0600T", LINE_ICD9_DGNS_CD="C250")}, CLM_FROM_DT="05/03/2026")
    row |= {"CLM_THRU_DT": "05/03/2026", "PAYER": "regence"}
    mapping = write(
        tmp_path / "m.yaml",
        "preset: cms-de-synpuf-carrier\ncolumns: {payer: PAYER}\ndate_formats: ['%d/%m/%Y']\n"
        "constants: {diagnosis_code_type: icd-10-cm, line_of_business: commercial}\n",
    )
    run(command, write(tmp_path / "x.csv", csv_text([row], [*WIDE, "PAYER"])), mapping, tmp_path / "out")
    decided = decisions(tmp_path / "out").row(0, named=True)
    assert (decided["payer"], decided["disposition"], decided["claim_line_number"]) == ("regence", "deny", 2)
    reported = manifest(tmp_path / "out")["options"]["mapping"]
    assert reported["path"] == mapping.as_posix()
    assert reported["sha256"] == hashlib.sha256(mapping.read_bytes()).hexdigest()
    assert reported["preset"] == "cms-de-synpuf-carrier"


@pytest.mark.long
def test_the_manifest_names_the_preset(command: Command, tmp_path: Path) -> None:
    extract = write(tmp_path / "c.csv", csv_text(claims(), WIDE))
    run(command, extract, "cms-de-synpuf-carrier", tmp_path / "out")
    shown = command("mapping", "show", "cms-de-synpuf-carrier").out
    assert manifest(tmp_path / "out")["options"]["mapping"] == {
        "path": "preset:cms-de-synpuf-carrier",
        "sha256": hashlib.sha256(shown.encode()).hexdigest(),
    }
    run(command, extract, write(tmp_path / "mine.yaml", shown), tmp_path / "mine")
    assert decisions(tmp_path / "mine").equals(decisions(tmp_path / "out"))


# --- names and commands -----------------------------------------------------------------------------------------------


def test_an_unknown_preset_is_reported_with_those_that_there_are(command: Command, tmp_path: Path) -> None:
    extract = write(tmp_path / "c.csv", csv_text(claims(), WIDE))
    done = command("validate", extract, "--mapping", "tuba")
    assert (done.code, len(done.faults)) == (11, 1)
    assert "tuba: no such mapping file, and no such preset. The presets are cms-cclf1, cms-cclf2, cms-" in done.err
    shown = command("mapping", "show", "tuba")
    assert (shown.code, shown.out) == (2, "")
    assert all(name in shown.err for name in PRESETS)


def test_a_file_and_a_preset_of_one_name_are_distinguished(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract = write(tmp_path / "c.csv", csv_text(claims(), WIDE))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cms-de-synpuf-carrier").mkdir()
    assert command("validate", extract, "--mapping", "cms-de-synpuf-carrier").code == 0
    (tmp_path / "cms-de-synpuf-carrier").rmdir()
    write(tmp_path / "cms-de-synpuf-carrier", "preset: tuva")
    done = command("validate", extract, "--mapping", "cms-de-synpuf-carrier")
    assert done.code == 11
    assert "is both a preset and a file here" in done.err
    assert "no column claim_id" in command("validate", extract, "--mapping", tmp_path / "cms-de-synpuf-carrier").err
    write(tmp_path / "mine", "preset: cms-de-synpuf-carrier")
    assert command("validate", extract, "--mapping", "mine").code == 0


def test_presets_are_listed_and_shown(command: Command) -> None:
    listed = command("mapping", "list", "--json")
    assert listed.code == 0
    found = json.loads(listed.out)
    assert [preset["name"] for preset in found] == PRESETS
    assert all(set(preset) == {"name", "about", "lacks"} and preset["about"] and preset["lacks"] for preset in found)
    table = command("mapping", "list")
    assert table.code == 0
    assert all(name in table.out for name in PRESETS)
    assert not any("\n" in preset["about"] or "\n" in preset["lacks"] for preset in found)


def test_listing_presets_loads_no_table_library() -> None:
    """What keeps the command under 0.3 s."""
    code = (
        "import sys; from claims_edit.cli import cli; cli.main(['mapping', 'list'], standalone_mode=False); "
        "print(sorted({'polars', 'duckdb', 'pandera', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
