"""Inpatient claims by their procedures, in each format: every line goes to a person, and leaves with its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from claims_edit.store.reviews import REVIEW_ORDER
from tests.functional.program import UNREPORTED, called, csv_text, line, record, write
from tests.lib import fhir
from tests.unit.test_x12_files import by_guide, claim, rendered, sound

if TYPE_CHECKING:
    from pathlib import Path

PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
COLUMNS = (*line(1), "procedure_code_type", "procedure_code_1", "procedure_code_2")


def stay(*procedures: str) -> list[dict[str, str]]:
    """Two lines of an inpatient claim, one of them with a charge that is a hundred times the other's."""
    codes = dict(zip(COLUMNS[-2:], (*procedures, "", ""), strict=False))
    common = {
        "claim_id": "STAY",
        "member_id": "M1",
        "claim_type": "institutional",
        "hcpcs_code": "",
        **codes,
    }
    return [
        line(1, **common, claim_line_number="1", charge_amount="90000.00", procedure_code_type="icd-10-pcs"),
        line(2, **common, claim_line_number="2", charge_amount="900.00", procedure_code_type="icd-10-pcs"),
    ]


def run(out: Path, extract: Path, day: str) -> None:
    done = called("run", extract, "--out", out, "--quiet", "--as-of", day, "--reports", "none")
    assert (done.code, done.err) == (0, "")


def answer(out: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(out / "claims_edit.duckdb", read_only=True) as connection:
        return connection.sql(sql).fetchall()


def test_every_line_of_a_stay_is_reviewed_together_and_withdrawn_with_its_code(tmp_path: Path) -> None:
    out, others = tmp_path / "out", [line(3, hcpcs_code="47399", payer="Premera", charge_amount="50000.00")]
    others += [line(6, claim_id="REV", payer="Florida Blue", hcpcs_code="47384", charge_amount="9000.00")]
    run(out, write(tmp_path / "1.csv", csv_text([*stay("0FT40ZZ", "0f503zf"), *others], COLUMNS)), "2026-11-20")
    columns = "claim_id, claim_line_number, hcpcs_code, reason_code"
    assert answer(out, f"SELECT {columns} FROM reviews ORDER BY {REVIEW_ORDER}") == [
        ("STAY", 1, "0F503ZF", "code-not-listed"),
        ("STAY", 2, "0F503ZF", "code-not-listed"),
        ("REV", 1, "47384", "code-not-listed"),
    ]
    explained = called("explain", "STAY", "2", "--out", out).out
    assert "is a procedure of the claim as a whole" in explained
    run(out, write(tmp_path / "2.csv", csv_text(stay("0FT40ZZ"), COLUMNS)), "2026-11-21")
    withdrawn = answer(out, "SELECT claim_id, hcpcs_code, withdrawn_because FROM withdrawals")
    assert withdrawn == [("STAY", "0F503ZF", "no-candidate")] * 2


def test_a_hcpcs_code_of_the_claim_is_never_denied_and_that_of_a_line_is(tmp_path: Path) -> None:
    rows = [*stay("0600T"), line(3, procedure_code_1="0600T", claim_id="OWN")]
    run(tmp_path / "out", write(tmp_path / "1.csv", csv_text(rows, COLUMNS)), "2026-11-20")
    decided = record(tmp_path / "out", "decisions")
    assert decided.select("claim_id", "disposition", "reason_code", "doubts").rows() == [
        *[("STAY", "review", "facts-in-doubt", "hcpcs_code-of-claim")] * 2,
        ("OWN", "deny", "investigational", None),
    ]


def test_837_and_fhir_claims_of_a_stay(tmp_path: Path) -> None:
    services = ("LX*1", "SV2*0360**60*UN*1", "LX*2", "SV2*0250**40*UN*1")
    x12 = sound(*claim(place="11:A:1"), "DTP*434*RD8*20260203-20260205", "HI*BBR:0F5G3ZF:D8:20260204", *services)
    coded = {"sequence": 1, "procedureCodeableConcept": fhir.concept(PCS, "0F523ZF")}
    items = [fhir.item(1, code="99213", procedureSequence=[1]), fhir.item(2, code="99214")]
    stayed = fhir.ndjson(fhir.eob(item=items, procedure=[coded]))
    x12_bytes = rendered(by_guide(x12, "005010X223A2"))
    extracts = [write(tmp_path / "night.837", x12_bytes), write(tmp_path / "night.ndjson", stayed)]
    done = called("run", *extracts, "--out", tmp_path / "out", "--quiet", *UNREPORTED)
    assert done.code == 0, done.err
    decided = record(tmp_path / "out", "decisions")
    assert set(decided.select("claim_line_number", "hcpcs_code", "disposition").rows()) == {
        (1, "0F5G3ZF", "review"), (2, "0F5G3ZF", "review"), (1, "0F523ZF", "review"),
    }  # fmt: skip
