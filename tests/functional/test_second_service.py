"""A payer that nobody knew and a service that is not IRE, added by YAML alone, and decided by the program as it is."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from claims_edit.policy import default_rules_dir
from tests.functional.program import UNREPORTED, Done, csv_text, decisions, line, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CODES = """
service: sonic_ablation
label: Sonic ablation
codes:
  - code: 0988T
    kind: specific
    label: Sonic ablation, percutaneous
    approach: percutaneous
    cite: &coding {document: acme_sonic, section: Coding, date: "January 1, 2025"}
    valid_from: {date: 2025-01-01, cite: *coding}
    sites:
      - {from: {date: 2025-07-01, note: As billed., cite: *coding}, rule: only, sites: [kidney]}
  - {code: 0989T, kind: specific, label: "Sonic ablation, open", approach: open, cite: *coding}
  - {code: "50549", kind: unlisted, label: "Unlisted, kidney", approach: any, cite: *coding}
"""
VERSION = """
before_first_version: {was: none_existed, cite: {document: DOCUMENT, section: History, date: "2025"}}
versions:
  - from: {date: 2025-01-01, cite: &cite {document: DOCUMENT, section: Policy, date: "January 1, 2025"}}
    statement: {position: investigational, scope: SCOPE, says: Investigational., cite: *cite}
    codes: {listed: [LISTED], cite: *cite}
    applies_to: {programs: [commercial], says: Commercial products., cite: *cite}
    exceptions:
      fep: {rule: refer, says: The FEP decides., cite: *cite}
      medicare_advantage: {rule: review, says: Nothing is found., cite: *cite}
    reviewed: {date: 2024-12-10, note: As the committee recorded it., cite: *cite}
"""
SONIC = """
id: acme-sonic
title: Acme Health, Sonic Ablation
payer: acme_health
payer_entry: {label: Acme Health, blue_plan: "true", names: [Acme Health, Acme], identifiers: ["77001"]}
service: sonic_ablation
kind: funding
reference: Ablation 21
documents: [{id: acme_sonic, title: Acme Ablation 21, publisher: Acme Health}]
""" + VERSION.replace("DOCUMENT", "acme_sonic").replace("SCOPE", "all_indications").replace("LISTED", '0988T, "50549"')
IRE = """
id: acme-ire
title: Acme Health, Irreversible Electroporation
payer: acme_health
service: irreversible_electroporation
kind: funding
reference: Ablation 17
documents: [{id: acme_ire, title: Acme Ablation 17, publisher: Acme Health}]
""" + VERSION.replace("DOCUMENT", "acme_ire").replace("SCOPE", "solid_tumors").replace("LISTED", "0601T")
TESTS = """
about: Acme Health
given: {payer: Acme, program: commercial, diagnoses: I10, service: 2025-08-01}
tests:
  - name: Both services
    cases:
      - {code: 0988T, expect: {edit: investigational, edits: [investigational], version: 2025-01-01}}
      - {code: 0988T, diagnoses: C61, expect: {edit: investigational, notes: [code-site-mismatch]}}
      - {code: 0601T, expect: indication-not-addressed}
      - {code: [0988T, 0601T], diagnoses: C641, program: fep, expect: program-exception-refer}
"""
EXPECTED = {
    "deny": ({"hcpcs_code": "0988T"}, "deny", "investigational", "acme-sonic"),
    "by-identifier": ({"hcpcs_code": "0988T", "payer": "77001"}, "deny", "investigational", "acme-sonic"),
    "other-service": ({"hcpcs_code": "0601T"}, "review", "indication-not-addressed", "acme-ire"),
    "other-denied": ({"hcpcs_code": "0601T", "diagnosis_code_1": "C641"}, "deny", "investigational", "acme-ire"),
    "refer": ({"hcpcs_code": "0988T", "line_of_business": "FEP"}, "refer", "program-exception-refer", "acme-sonic"),
    "member-id": (
        {"hcpcs_code": "0988T", "line_of_business": "", "member_id": "R12345678"},
        "refer", "program-exception-refer", "acme-sonic",
    ),
    "medicare": (
        {"hcpcs_code": "0988T", "line_of_business": "MAPD"}, "review", "program-exception-review", "acme-sonic",
    ),
    "silent": ({"hcpcs_code": "0988T", "line_of_business": "Medicaid"}, "review", "program-silent", "acme-sonic"),
    "unlisted": ({"hcpcs_code": "50549"}, "review", "unlisted-code", "acme-sonic"),
    "not-listed": ({"hcpcs_code": "0989T"}, "review", "code-not-listed", "acme-sonic"),
    "too-early": ({"hcpcs_code": "0988T", "claim_start_date": "2024-12-31"}, "return", "code-not-valid-on-dos", None),
    "before": ({"hcpcs_code": "0989T", "claim_start_date": "2024-12-31"}, "pass", "policy-not-in-force", None),
    "no-policy": ({"hcpcs_code": "0988T", "payer": "Regence"}, "pass", "policy-not-in-force", None),
    "nobody": ({"hcpcs_code": "0988T", "payer": "Zebra"}, "review", "payer-not-on-file", None),
    "ire-as-ever": (
        {"hcpcs_code": "0601T", "payer": "Premera", "claim_start_date": "2021-01-01"},
        "deny", "investigational", "premera-ire",
    ),
}  # fmt: skip


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = shutil.copytree(default_rules_dir(), tmp_path / "rules")
    write(folder / "codes" / "sonic.yaml", CODES)
    write(folder / "policies" / "acme_sonic.yaml", SONIC)
    write(folder / "policies" / "acme_ire.yaml", IRE)
    write(folder / "tests" / "acme.yaml", TESTS)
    return folder


def extract(folder: Path) -> Path:
    plain = {"payer": "Acme", "claim_start_date": "2025-08-01", "diagnosis_code_1": "I10"}
    rows = [
        line(number) | plain | changes | {"claim_id": name}
        for number, (name, (changes, *_)) in enumerate(EXPECTED.items(), start=1)
    ]
    return write(folder / "claims.csv", csv_text(rows))


@pytest.mark.long
def test_every_command_has_both_services(tmp_path: Path, rules: Path, command: Callable[..., Done]) -> None:
    assert "6 policies" in command("rules", "check", "--rules", rules).out
    assert command("rules", "test", "--rules", rules).code == 0
    table = command("rules", "table", "acme_health", "--rules", rules).out
    assert "Acme Health: Sonic ablation" in table
    assert "Acme Health: Irreversible electroporation" in table
    out = tmp_path / "out"
    assert command("run", extract(tmp_path), "--rules", rules, "--out", out, *UNREPORTED, "--quiet").code == 0
    decided = decisions(out).select("claim_id", "disposition", "reason_code", "policy_id").rows()
    assert {name: tuple(rest) for name, *rest in decided} == {
        name: tuple(expected) for name, (_, *expected) in EXPECTED.items()
    }
    explained = command("explain", "deny", "--out", out).out
    assert "Acme Ablation 21" in explained
    assert "investigational" in explained


@pytest.mark.long
def test_a_contract_names_one_service(tmp_path: Path, rules: Path, command: Callable[..., Done]) -> None:
    columns = ("claim_id", "claim_line_number", "claim_type", "member_id", "payer", "line_of_business", "group_id",
               "claim_start_date", "hcpcs_code", "diagnosis_code_1", "charge_amount")  # fmt: skip
    acme = {"payer": "Acme", "claim_start_date": "2025-08-01", "diagnosis_code_1": "C641", "group_id": "G1"}
    claims = write(tmp_path / "claims.csv", csv_text(
        [line(1) | acme | {"hcpcs_code": "0988T"}, line(2) | acme | {"hcpcs_code": "0601T"}], columns
    ))  # fmt: skip
    head = "payer,group_id,service,effective_date,coverage\n"
    reported = write(tmp_path / "contracts.csv", f"{head}Acme,G1,sonic_ablation,2025-01-01,covered\n")
    out = tmp_path / "out"
    run = ("run", claims, "--rules", rules, "--out", out, *UNREPORTED, "--quiet", "--contracts")
    assert command(*run, reported).code == 0
    assert decisions(out).sort("claim_id")["reason_code"].to_list() == ["contract-covers", "investigational"]
    (other,) = json.loads(command("explain", "CL0000002", "--out", out, "--all", "--json").out)
    assert {each["id"]: each["why"] for each in other["not_hit"]}["contract-covers"] == (
        "No contract of the group that addresses the service was in force on 2025-08-01."
    )
    assert "irreversible" not in " ".join(other["changes"]).lower()
    for service in ("", "sonics"):
        faulty = write(tmp_path / "faulty.csv", f"{head}Acme,G1,{service},2025-01-01,excluded\n")
        refused = command(*run, faulty)
        assert refused.code == 11
        known = "irreversible_electroporation, sonic_ablation"
        fault = f"{faulty}: row 1: service must be one of {known}. Correct the file and resend it."
        assert refused.faults == [f"claims-edit: {fault}"]


def test_with_one_service_a_contract_need_not_name_it(tmp_path: Path, command: Callable[..., Done]) -> None:
    columns = ("claim_id", "claim_line_number", "claim_type", "member_id", "payer", "line_of_business", "group_id",
               "claim_start_date", "hcpcs_code", "diagnosis_code_1", "charge_amount")  # fmt: skip
    claims = write(tmp_path / "claims.csv", csv_text([line(3) | {"group_id": "G1"}], columns))
    contracts = write(
        tmp_path / "contracts.csv", "payer,group_id,effective_date,coverage\nRegence,G1,2026-01-01,covered\n"
    )
    out = tmp_path / "out"
    assert command("run", claims, "--contracts", contracts, "--out", out, *UNREPORTED, "--quiet").code == 0
    assert decisions(out)["reason_code"].to_list() == ["contract-covers"]
