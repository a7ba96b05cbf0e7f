"""Why a line was decided as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.edits import LABELS
from claims_edit.errors import UsageError
from claims_edit.report.explain import explain, explanation_text
from tests.lib.runs import REFUSED, REVIEWED, line, publish

if TYPE_CHECKING:
    from pathlib import Path

RUN_1, RUN_2, RUN_3 = "20260301T010000Z-aaaa", "20260302T010000Z-bbbb", "20260303T010000Z-cccc"


def test_a_decision_has_its_facts_edits_citation_and_place(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line(), line(claim_id="C2")])
    (found,) = explain(tmp_path, "C1", 1)
    assert (found["kind"], found["run_id"], found["source_file"], found["source_row"]) == (
        "decision", RUN_1, "extract.csv", 2,
    )  # fmt: skip
    facts = {fact["name"]: (fact["value"], fact["source"]) for fact in found["facts"]}
    assert facts["program"] == ("commercial", "line_of_business")
    assert facts["hcpcs_code"] == ("47384", "hcpcs_code")
    assert facts["policy_version"][0] == "2026-01-01"
    first, second = found["edits"]
    assert (first["id"], first["label"], first["decided"]) == ("investigational", LABELS["investigational"], True)
    assert (second["id"], second["decided"], second["informational"]) == ("guidance-note", False, True)
    assert found["citation"] == "Surgery 242, Policy (January 2026)"
    assert (found["group_code"], found["liability_basis"], found["policy_reference"]) == ("PR", "policy", "242")
    assert found["rules_hash"] == "ab" * 32


def test_the_latest_run_wins_per_line(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line(), line(claim_line_number=2, source_row=3)])
    publish(tmp_path, RUN_2, [line(**REVIEWED)])
    publish(tmp_path, RUN_3, [line(disposition="pass")], mode="shadow")
    found = explain(tmp_path, "C1")
    assert [(each["claim_line_number"], each["run_id"]) for each in found] == [(2, RUN_1), (1, RUN_2)]


def test_a_shadow_run_counts_where_no_other_did(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()], mode="shadow")
    text = explanation_text(explain(tmp_path, "C1"))
    assert "shadow run, not counted" in text


def test_a_refused_row_has_its_checks_and_place(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()], [REFUSED])
    (found,) = explain(tmp_path, "C9", 3)
    assert (found["kind"], found["failed_checks"]) == ("quarantine", ["hcpcs_code-shape", "member_id-missing"])
    text = explanation_text([found])
    assert "Row 9 of extract.csv" in text
    assert "hcpcs_code-shape, member_id-missing" in text
    with pytest.raises(UsageError):
        explain(tmp_path, "C9", 4)


@pytest.mark.long
def test_a_refusal_is_past_once_a_later_run_decided_the_claim(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()], [REFUSED])
    publish(tmp_path, RUN_2, [line(claim_id="C9", claim_line_number=3)])
    assert [each["kind"] for each in explain(tmp_path, "C9")] == ["decision"]
    publish(tmp_path, RUN_3, [line()], [{**REFUSED, "raw_values": "C9;torn"}])
    assert [each["kind"] for each in explain(tmp_path, "C9", 3)] == ["decision", "quarantine"]


def test_the_text_holds_everything_a_reader_needs(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line(site_class=None)])
    text = explanation_text(explain(tmp_path, "C1"))
    assert text.startswith("Claim C1 line 1: DENY\n")
    for part in (
        "The policy in force calls the service investigational. (investigational)",
        "Source: Surgery 242, Policy (January 2026)",
        f"Row 2 of extract.csv; run {RUN_1}",
        "<- decided",
        "informational",
        "from line_of_business",
        "835 REF*0K",
        "not available: ",
        "site_class",
    ):
        assert part in text, part


def test_a_claim_that_is_not_there_is_not_echoed(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line()])
    with pytest.raises(UsageError, match="no run decided or refused that claim") as fault:
        explain(tmp_path, "NOSUCH-77")
    assert "NOSUCH" not in str(fault.value)
    with pytest.raises(UsageError, match="that line of the claim"):
        explain(tmp_path, "C1", 99)
