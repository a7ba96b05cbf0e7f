"""Extracts in the forms of Tuva and CMS, own and public: every row is accounted for, every boundary decided right."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.model import HCPCS_LENGTH
from tests.functional.program import AS_OF, UNREPORTED, called, csv_text, manifest, record, write
from tests.lib.examples import first
from tests.lib.oracle import CODES, POLICIES, canonical, check_line, decide_line, warnings_of
from tests.lib.table_files import CARRIER_TABLES, TUVA_TABLES

if TYPE_CHECKING:
    from pathlib import Path

LINES = {("tuva", "own"): 1000, ("tuva", "public"): 6075, ("carrier", "own"): 81, ("carrier", "public"): 221}
REFUSED = {"own": 11, "public": 0}
CARRIER_CHARGES = {"own": "12305.25", "public": "145554.31"}
TUVAS_PAYER = "preset: tuva\nconstants: {payer: Florida Blue}\n"
LAST_DAY = date(2026, 11, 20)
ONE_DAY = timedelta(days=1)
FIELDS = (
    "disposition", "reason_code", "edits", "program", "program_basis", "payer", "policy_version", "site_class",
    "group_code", "liability_basis", "carc", "rarcs", "adjustment_amount", "policy_stale", "trial_evidence",
    "superseded_by", "policy_reference", "doubts", "prior_authorization_number",
)  # fmt: skip
SPELLINGS = {
    "regence": "Regence BlueShield", "florida_blue": "Florida Blue", "premera": "Premera Blue Cross",
    "nhs_england": "NHS England",
}  # fmt: skip


def charged(rows: list[dict[str, str]], column: str) -> str:
    return f"{sum((Decimal(row[column]) for row in rows if row[column]), Decimal()):.2f}"


@pytest.mark.long
@pytest.mark.parametrize("source", TUVA_TABLES)
def test_tuvas_medical_claim_needs_only_its_payer(tmp_path: Path, source: str) -> None:
    rows = TUVA_TABLES[source]
    extract = write(tmp_path / "medical_claim.csv", csv_text(rows, list(rows[0])))
    done = called("validate", extract, "--mapping", "tuva", *AS_OF)
    assert (done.code, len(done.faults)) == (11, 1)
    assert ": no column payer. Found: " in done.err
    mapping = write(tmp_path / "m.yaml", TUVAS_PAYER)
    done = called("run", extract, "--mapping", mapping, "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert (done.code, done.out, done.err) == (0, "", "")
    reported = manifest(tmp_path / "out")
    read = [{**row, "person_id": row["patient_id"], "payer": "Florida Blue"} for row in rows]
    refused = [row for row in read if check_line(row, LAST_DAY)]
    assert reported["counts"]["rows_read"] == len(rows) == LINES["tuva", source]
    assert reported["counts"]["rows_quarantined"] == len(refused) == REFUSED[source]
    accepted = [row for row in read if row not in refused]
    assert reported["counts"]["candidates"] == sum(row["hcpcs_code"] in CODES for row in accepted)
    assert reported["charges"]["read"] == charged(rows, "charge_amount")
    assert reported["counts"]["warnings"] == sum(len(warnings_of(row)) for row in accepted)


@pytest.mark.parametrize("source", CARRIER_TABLES)
def test_a_medicare_carrier_file_runs_with_its_preset(tmp_path: Path, source: str) -> None:
    rows = CARRIER_TABLES[source]
    extract = write(tmp_path / "carrier.csv", csv_text(rows, list(rows[0]), delimiter="|"))
    done = called("run", extract, "--mapping", "cms-rif-carrier", "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert (done.code, done.out, done.err) == (0, "", "")
    reported = manifest(tmp_path / "out")
    assert reported["counts"]["rows_read"] == reported["counts"]["rows_accepted"] == len(rows)
    assert len({(row["CLM_ID"], row["LINE_NUM"]) for row in rows}) == len(rows) == LINES["carrier", source]
    assert reported["charges"]["read"] == charged(rows, "LINE_SBMTD_CHRG_AMT") == CARRIER_CHARGES[source]
    unitless = sum(Decimal(row["LINE_SRVC_CNT"]) == 0 for row in rows if row["LINE_SRVC_CNT"])
    assert reported["counts"]["warnings_by_check"] == {"service_unit_quantity-zero": unitless}


@pytest.mark.parametrize("source", CARRIER_TABLES)
def test_the_carrier_preset_reads_what_it_names(tmp_path: Path, source: str) -> None:
    """One line of the file, billed with an IRE code, comes out with its dates, diagnoses and program."""
    row = next(row for row in CARRIER_TABLES[source] if row["LINE_ICD_DGNS_CD"])
    row = row | {
        "HCPCS_CD": "0600T",
        "HCPCS_1ST_MDFR_CD": "26",
        "LINE_1ST_EXPNS_DT": "30-Jun-2021",
        "LINE_LAST_EXPNS_DT": "",
    }
    extract = write(tmp_path / "carrier.csv", csv_text([row], list(row), delimiter="|"))
    done = called("run", extract, "--mapping", "cms-rif-carrier", "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert done.code == 0, done.err
    decided = record(tmp_path / "out", "decisions").row(0, named=True)
    wanted = {
        "claim_id": row["CLM_ID"],
        "member_id": row["BENE_ID"],
        "claim_type": "professional",
        "program": "medicare_ffs",
        "service_start_date": date(2021, 6, 30),
        "service_end_date": date(2021, 6, 30),
        "modifiers": ["26"],
        "diagnosis_codes": [row["LINE_ICD_DGNS_CD"]],
        "charge_amount": Decimal(row["LINE_SBMTD_CHRG_AMT"]).quantize(Decimal("0.01")),
        "rendering_npi": row["PRF_PHYSN_NPI"],
        "billing_npi": row["ORG_NPI_NUM"],
        "reason_code": "payer-not-on-file",
    }
    assert {name: decided[name] for name in wanted} == wanted


def boundary_days(payer: str) -> list[date]:
    """Every first day of a version or of a code, and every day after a last one, with both neighbors."""
    days = {code.valid_from for code in CODES.values()}
    for version in POLICIES[payer]:
        days |= {version.first, version.last and version.last + ONE_DAY}
        days |= {version.fresh_until and version.fresh_until + ONE_DAY}
    near = {day + shift * ONE_DAY for day in days if day for shift in (-1, 0, 1)}
    return sorted(day for day in near if day <= LAST_DAY)


def planted(template: dict[str, str]) -> list[dict[str, str]]:
    """An IRE line of every code on each boundary day of each payer, and one that spans it."""
    rows = []
    for payer, spelling in SPELLINGS.items():
        for day in boundary_days(payer):
            for code in (code for code in CODES if len(code) == HCPCS_LENGTH):
                for nights in (0, 1):
                    end = day + nights * ONE_DAY
                    rows.append(
                        template
                        | {
                            "claim_id": f"IRE-{payer}-{day}-{code}-{nights}",
                            "claim_line_number": "1",
                            "payer": spelling,
                            "line_of_business": "commercial" if nights == 0 else "",
                            "hcpcs_code": code,
                            "diagnosis_code_1": "C220",
                            **dict.fromkeys(("claim_start_date", "claim_line_start_date"), day.isoformat()),
                            **dict.fromkeys(("claim_end_date", "claim_line_end_date"), end.isoformat()),
                        }
                    )
    return [row for row in rows if date.fromisoformat(row["claim_end_date"]) <= LAST_DAY]


@pytest.mark.parametrize("source", first(1, TUVA_TABLES))
def test_lines_planted_on_every_boundary_are_decided_like_the_naive_reading(tmp_path: Path, source: str) -> None:
    plain = [
        {**row, "payer": "Florida Blue", "line_of_business": "commercial"}
        for row in TUVA_TABLES[source]
        if row["hcpcs_code"] not in CODES
    ]
    template = dict.fromkeys(plain[0], "") | {
        "claim_type": "professional",
        "patient_id": "10001",
        "charge_amount": "9400.00",
    }
    sown = planted(template)
    assert len(sown) > 300
    step = len(plain) // len(sown) + 1
    mixed = [
        *sown[: len(sown) // 2],
        *plain[::step],
        *sown[len(sown) // 2 :],
        *(r for n, r in enumerate(plain) if n % step),
    ]
    extract = tmp_path / "planted.csv"
    with extract.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(mixed[0]))
        writer.writeheader()
        writer.writerows(mixed)
    done = called("run", extract, "--mapping", "tuva", "--out", tmp_path / "out", "--json", *UNREPORTED)
    assert done.code == 0, done.err
    assert json.loads(done.out)["counts"]["rows_read"] == len(mixed) == len(plain) + len(sown)
    decided = record(tmp_path / "out", "decisions").to_dicts()
    assert [row["claim_id"] for row in decided] == [row["claim_id"] for row in sown]
    typed = []
    for row in sown:
        read = canonical({**row, "person_id": row["patient_id"]})
        typed.append({**read, "charge_amount": Decimal(read["charge_amount"])})
    reasons = set()
    for decision, row in zip(decided, typed, strict=True):
        assert {name: decision[name] for name in FIELDS} == decide_line(row, [], []), row["claim_id"]
        assert mixed[decision["source_row"] - 1]["claim_id"] == decision["claim_id"]
        reasons.add(decision["reason_code"])
    assert reasons >= {
        "investigational", "code-not-valid-on-dos", "policy-not-in-force", "dos-spans-boundary", "code-not-listed",
        "unlisted-code", "unlisted-code-out-of-scope", "guidance-research-only", "program-unknown",
    }  # fmt: skip
    denied = record(tmp_path / "out", "decisions").filter(pl.col("disposition") == "deny")
    assert denied.height == sum(decide_line(row, [], [])["disposition"] == "deny" for row in typed)
