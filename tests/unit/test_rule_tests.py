"""Rule tests as data: what a case represents, what a failure says, and faults of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.edits import EDIT_IDS
from claims_edit.governance.rule_tests import failures, suite_of
from claims_edit.policy import load_catalog
from tests.lib.stand_ins import NOT_SHIPPED
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

FILE = "tests/regence.yaml"
HEAD = "about: A\ngiven: {payer: regence, program: commercial, diagnoses: C509}\ntests:\n  - name: One\n    cases:\n"


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    folder = RulesFolder(tmp_path)
    for path in (folder.root / "tests").iterdir():
        path.unlink()
    return folder


def outcome(rules: RulesFolder, *cases: str, head: str = HEAD) -> tuple[int, list[Any]]:
    rules.write(FILE, head + "".join(f"      - {case}\n" for case in cases))
    catalog = load_catalog(rules.root)
    suite = suite_of(catalog.pack)
    return len(suite.lines), failures(suite, catalog)


def test_the_shipped_rules_pass_their_tests_and_show_every_edit() -> None:
    catalog = load_catalog()
    suite = suite_of(catalog.pack)
    assert failures(suite, catalog) == []
    assert {line.expected["edit"] for line in suite.lines} == set(EDIT_IDS) - NOT_SHIPPED
    reviewed = {(row["payer"], row["policy_version"]) for row in catalog.versions.iter_rows(named=True)}
    tested = {(line.row["payer"], line.expected.get("version")) for line in suite.lines}
    assert tested >= reviewed


def test_a_list_means_each_of_these(rules: RulesFolder) -> None:
    lines, failed = outcome(
        rules, "{code: [0600T, 0601T], program: [commercial, QHP, none], service: [2026-01-01, 2026-02-01..2026-02-03],"
        " expect: investigational}",
    )  # fmt: skip
    assert lines == 12
    assert [failure.line.given["program"] for failure in failed] == ["none"] * 4
    assert {failure.got["edit"] for failure in failed} == {"program-unknown"}
    assert failed[1].line.given["service"] == "2026-02-01..2026-02-03"


def test_what_a_case_does_not_say_comes_from_its_test_and_that_from_the_file(rules: RulesFolder) -> None:
    head = HEAD.replace(
        "    cases:", "    given: {code: 0601T, diagnoses: I10}\n    expect: investigational\n    cases:"
    )
    lines, failed = outcome(rules, "{service: 2026-01-01}", "{service: 2026-01-01, diagnoses: C61}", head=head)
    assert lines == 2
    assert [failure.got for failure in failed] == [{"edit": "indication-not-addressed"}]


def test_a_failure_shows_place_line_both_sides_and_citations(rules: RulesFolder) -> None:
    cite = '    cite: {document: regence_surgery_242, section: Codes, date: "January 1, 2026"}\n    cases:\n'
    _, (failure,) = outcome(
        rules, "{code: 0601T, service: 2026-12-01, contract: {coverage: excluded, group_code: OA}, expect:"
        " {edit: contract-excludes, disposition: deny, group_code: PR, carc: '96', rarcs: [N130, M20], edits:"
        " [contract-excludes, investigational], notes: [], stale: false, version: none, payer: regence,"
        " site_class: other_solid, guidance: none, program: none}}",
        head=HEAD.replace("    cases:\n", cite),
    )  # fmt: skip
    assert failure.line.place == "rules/tests/regence.yaml: tests[0].cases[0]"
    assert failure.line.given["contract"] == "contract excluded OA"
    assert failure.expected == {
        "group_code": "PR", "rarcs": "N130 M20", "version": "none", "stale": "false", "notes": "", "program": "none",
    }  # fmt: skip
    assert failure.got == {
        "group_code": "OA", "rarcs": "N130", "version": "2026-01-01", "stale": "true", "notes": "policy-stale",
        "program": "commercial",
    }  # fmt: skip
    assert failure.citation == "contract file"
    assert failure.line.read_in == "Regence Medical Policy Manual, Surgery, Policy No. 242, Codes (January 1, 2026)"


@pytest.mark.parametrize(
    ("facts", "edit"),
    [
        ("diagnoses: C22.0 C61", "investigational"),
        ("diagnosis_type: icd-9-cm, diagnoses: '1550'", "indication-unknown"),
        ("diagnoses: none", "indication-unknown"),
        ("modifiers: 59 Q1", "trial-context"),
        ("trial_number: '00000017'", "trial-context"),
        ("condition_codes: A6 30", "trial-context"),
        ("frequency: '8'", "line-superseded"),
        ("filing_indicator: FI", "program-conflict"),
        ("program: none, filing_indicator: FI", "program-silent"),
        ("program: none, member_id: R12345678", "program-silent"),
        ("program: none", "program-unknown"),
        ("payer: Nobody", "payer-not-on-file"),
        ("payer: Nobody, contract: {coverage: covered}", "payer-not-on-file"),
        ("contract: {coverage: covered}", "contract-covers"),
        ("contract: {coverage: covered, from: 2026-03-01, until: 2026-03-01}", "contract-covers"),
        ("contract: {coverage: covered, until: 2026-02-28, from: 2026-01-01}", "investigational"),
        ("contract: {coverage: covered, from: 2026-03-02}", "investigational"),
    ],
)
def test_each_fact_reaches_the_engine(rules: RulesFolder, facts: str, edit: str) -> None:
    lines, failed = outcome(rules, f"{{code: 0601T, service: 2026-03-01, {facts}, expect: {edit}}}")
    assert (lines, failed) == (1, [])


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ("{service: 2026-01-01, expect: investigational}", "code: is missing. Give it in the case, or under `given`"),
        ("{code: 0601T, expect: investigational}", "service: is missing."),
        ("{code: 0601T, service: 2026-01-01}", "expect: is missing. Give it in the case or in its test."),
        ("{code: 0999T, service: 2026-01-01, expect: investigational}", "code[0]: `0999T` is not defined in codes/."),
        ("{code: 0601T, service: 2026-13-01, expect: investigational}",
         "service[0]: `2026-13-01` must be a date (2026-01-01) or a range of dates (2026-01-01..2026-01-05)."),
        ("{code: 0601T, service: 2026-01-02..2026-01-01, expect: investigational}",
         "service[0]: `2026-01-02..2026-01-01` ends before it begins."),
        ("{code: 0601T, service: [], expect: investigational}", "service: must have at least one item."),
        ("{code: 0601T, service: 2026-01-01, expect: denied}", "expect.edit: `denied` is not an edit that decides"),
        ("{code: 0601T, service: 2026-01-01, expect: {edit: investigational, notes: [investigational]}}",
         "expect.notes[0]: `investigational` must be one of code-site-mismatch, policy-stale, guidance-note."),
        ("{code: 0601T, service: 2026-01-01, diagnosis: C61, expect: investigational}", "diagnosis: is not a valid"),
        ("{code: 0601T, service: 2026-01-01, diagnoses: [c61], expect: investigational}",
         "diagnoses[0]: `c61` has the wrong format."),
    ],
)  # fmt: skip
def test_faults_name_place_and_remedy(rules: RulesFolder, case: str, fault: str) -> None:
    faults = rules.write(FILE, f"{HEAD}      - {case}\n").faults()
    assert [line for line in faults if line.startswith(f"rules/{FILE}: tests[0].cases[0].{fault}")], faults


def test_a_cited_document_must_be_declared(rules: RulesFolder) -> None:
    cite = "    cite: {document: nowhere, section: A, date: B}\n    cases:\n"
    case = "      - {code: 0601T, service: 2026-01-01, expect: investigational}\n"
    (fault,) = rules.write(FILE, HEAD.replace("    cases:\n", cite) + case).faults()
    assert fault.startswith(f"rules/{FILE}: tests[0].cite.document: `nowhere` is not defined.")
