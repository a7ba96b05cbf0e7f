"""What an explanation says of a line: policy, liability, evidence, what would change, why edits did not hit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.edits import EDIT_IDS, EDITS
from claims_edit.errors import ResultsError
from claims_edit.model import PolicyKind
from claims_edit.report.explain import Wanted, explained, find
from claims_edit.report.explain.replayed import facts_of
from claims_edit.report.run_view import published_run
from claims_edit.store import ask, replay_of
from tests.lib.deck import ROOT, run_deck
from tests.lib.examples import first
from tests.lib.runs import REVIEWED, line, manifest_of, publish, shipped
from tests.lib.stand_ins import NOT_SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN_1 = "20260301T010000Z-aaaa"


@pytest.fixture(scope="module")
def deck(deck_results: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield deck_results


def claim(deck: Path, claim_id: str) -> dict[str, Any]:
    (found, *_) = find(deck, Wanted(claim_id), every_edit=True)
    return found


def of(**changes: object) -> dict[str, Any]:
    row = {"run_id": RUN_1, "rarcs": [], "trial_evidence": None, "rendering_npi": None, **line(**changes)}
    (found,) = explained([row], shipped(), manifest_of(RUN_1, [row], []))
    return found


def test_all_decisions_of_the_deck_are_reported_in_full(deck: Path) -> None:
    with published_run(deck, None) as view:
        answer = ask(view.connection, "SELECT * FROM decisions ORDER BY source_row")
        rows = [row for frame in answer.batches() for row in frame.to_dicts()]
        facts = facts_of(replay_of(deck, view.run_id), rows, view.catalog, required=True)
        found = explained(rows, view.catalog, view.manifest, facts=facts, every_edit=True)
    assert [each["claim_id"] for each in found] == [row["claim_id"] for row in rows]
    for row, each in zip(rows, found, strict=True):
        hit, missed = [edit["id"] for edit in each["edits"]], [edit["id"] for edit in each["not_hit"]]
        assert sorted(hit + missed) == sorted(edit.id for edit in EDITS)
        assert all(edit["why"].endswith(".") and "None" not in edit["why"] for edit in each["not_hit"]), row["claim_id"]
        assert each["notes"] + each["changes"], row["claim_id"]
        assert not any("None" in sentence for sentence in each["notes"] + each["changes"]), row["claim_id"]
        assert (each["policy"] is None) == (row["policy_id"] is None)
        assert (each["liability"] is None) == (row["group_code"] is None)
        assert [entry["id"] for entry in each["guidance"] if entry["in_force"]] == [
            entry["id"] for entry in each["guidance"]
        ][-1:]
        assert bool(each["guidance"]) == ("guidance-note" in hit)
        if each["reason_code"] == "dos-spans-boundary":
            assert each["notes"][0].startswith("Conflicting fact: the dates of service. On "), row["claim_id"]
    reasons = {each["reason_code"] for each in found}
    assert reasons == set(EDIT_IDS) - NOT_SHIPPED


def test_the_policy_is_reported_with_its_dates_and_documents() -> None:
    policy = of(policy_id="regence-surgery-242")["policy"]
    assert (policy["reference"], policy["kind"], policy["version"]) == ("Surgery 242", "funding", "2026-01-01")
    assert (policy["in_force_from"], policy["in_force_until"]) == ("2026-01-01", None)
    assert (policy["reviewed"], policy["next_review"], policy["stale_after"]) == (
        "2025-12-31", "2026-11-30", "2026-11-30",
    )  # fmt: skip
    assert policy["codes_listed"] == ["0600T", "0601T", "47384", "55877"]
    assert policy["documents"] == [
        {"title": "Regence Medical Policy Manual, Surgery, Policy No. 242", "publisher": "Regence"}
    ]
    assert of(policy_id="gone")["policy"] is None


def test_liability_names_whose_word_it_is(deck: Path) -> None:
    by_policy = claim(deck, "EX-21-INVESTIGATIONAL-REGENCE")["liability"]
    assert (by_policy["group_code"], by_policy["basis"]) == ("PR", "policy")
    assert "Important Reminder" in by_policy["citation"]
    by_contract = claim(deck, "EX-15-CONTRACT-EXCLUDES")["liability"]
    assert (by_contract["group_code"], by_contract["basis"]) == ("PR", "contract")
    assert by_contract["citation"] == "Sample contract C section 9"
    by_default = claim(deck, "EX-21-INVESTIGATIONAL-FLORIDA")["liability"]
    assert (by_default["group_code"], by_default["basis"], by_default["citation"]) == (
        "CO", "default", "rules/reasons.yaml",
    )  # fmt: skip
    assert "does not state" in by_default["says"]
    # A contract that excludes without a group code leaves the word to the policy.
    assert claim(deck, "EX-15-EXCLUDES-NO-GROUP-CODE")["liability"]["basis"] == "policy"


def test_evidence_is_of_the_site_and_begins_with_the_payers_own_documents(deck: Path) -> None:
    kidney = claim(deck, "EX-21-INVESTIGATIONAL-PREMERA")["evidence"]
    assert [document["of_payer"] for document in kidney] == [True, False]
    assert kidney[0]["document"].startswith("Premera")
    assert [study["reference"] for study in kidney[0]["studies"]] == [
        "Wendler (2018)", "Canvasser (2017)", "Trimmer (2015)",
    ]  # fmt: skip
    liver = claim(deck, "EX-21-INVESTIGATIONAL-REGENCE")["evidence"]
    assert [document["of_payer"] for document in liver] == [True, False, False]
    assert [document["publisher"].startswith("National Institute") for document in liver] == [False, True, True]


def test_no_explanation_shows_another_payers_document(deck: Path) -> None:
    with published_run(deck, None) as view:
        answer = ask(view.connection, "SELECT * FROM decisions ORDER BY source_row")
        rows = [row for frame in answer.batches() for row in frame.to_dicts()]
        found = explained(rows, view.catalog, view.manifest)
        funding = [policy for policy in view.catalog.pack.policies.values() if policy.kind is PolicyKind.FUNDING]
    titles = {document.title: policy.payer for policy in funding for document in policy.documents}
    assert len(set(titles.values())) == 3
    shown = [
        (row["payer"], title) for row, each in zip(rows, found, strict=True) for title in titles if title in str(each)
    ]
    assert {payer for payer, title in shown if payer == titles[title]} == set(titles.values())
    assert [(payer, title) for payer, title in shown if payer != titles[title]] == []


def test_a_fact_from_another_payers_document_cites_the_table_or_the_guidance(deck: Path) -> None:
    assert claim(deck, "DAY-PREMERA-BEFORE-CODES")["citation"] == "rules/codes/ire.yaml, 0601T"
    guided = claim(deck, "CELL-NHS-ENGLAND-COMMERCIAL")
    nice = "National Institute for Health and Care Excellence (NICE), IPG579 (May 2017)"
    assert (guided["citation"], guided["guidance"][-1]["citation"]) == (f"IPG579: {nice}", nice)


def test_where_no_study_is_of_the_site_that_is_stated() -> None:
    lacking = of(policy_id="regence-surgery-242", site_class="not_solid", diagnosis_codes=["D376"])
    assert lacking["evidence_note"] == "No study in the available documents is about this site."
    assert [(document["of_payer"], document["studies"]) for document in lacking["evidence"]] == [(True, [])]
    unknown = of(policy_id="regence-surgery-242", site_class=None)
    assert "no usable diagnosis" in unknown["evidence_note"]
    assert of(policy_id="regence-surgery-242")["evidence_note"] is None


def test_a_line_that_no_longer_counts_or_has_no_policy_says_why() -> None:
    def notes(reason: str, **changes: object) -> list[str]:
        found: list[str] = of(disposition="pass", reason_code=reason, edits=[reason], **changes)["notes"]
        return found

    assert notes("line-superseded", superseded_by="C9") == [
        "Claim C9 replaces or voids it, and is in the same run and counts instead."
    ]
    assert notes("line-superseded", superseded_by=None) == [
        "The claim is a void, or a replacement or void of it is in the same run and counts instead."
    ]
    assert notes("policy-not-in-force", payer="nobody") == [
        "The rules have no policy of nobody on this service, so nothing supports a denial."
    ]
    (dated,) = notes("policy-not-in-force", payer="regence")
    assert dated.startswith("regence-surgery-242 was not in force on ")


@pytest.mark.parametrize(
    ("claim_id", "parts"),
    first(
        8,
        [
            ("EX-01-VOID", ["itself is a void"]),
            ("EX-01-REPLACED", ["EX-01-REPLACEMENT (claim_frequency_code 7)"]),
            ("EX-04-PAYER-NOT-ON-FILE", ["Missing fact: the payer"]),
            ("EX-05-SPANS-CODE-VALIDITY", ["On 2026-01-01 47384 becomes valid"]),
            ("DAY-REGENCE-BEFORE-2026", ["was not in force on 2025-12-31; it is in force from 2026-01-01 on"]),
            ("EX-08-PROGRAM-CONFLICT", ["Conflicting fact: the program", "line_of_business commercial"]),
            ("EX-09-PROGRAM-UNKNOWN", ["Missing fact: the program", "investigational decides (deny)"]),
            (
                "EX-10-SAO-REFERRED",
                ["Rules to follow: the SAO's own guidelines decide.", "Program Exceptions (06/15/24)"],
            ),
            ("EX-18-TRIAL-CONDITION", ["condition code 30", "investigational decides (deny)"]),
            ("EX-16-UNLISTED-CODE", ["the record (operative note) shows it"]),
            ("EX-19-ICD-9-ONLY", ["not ICD-10-CM"]),
            ("DAY-FLORIDA-BEFORE-2016", ["0600T is valid from 2020-07-01", "compares the line with the record"]),
            ("EX-05-SPANS-CODE-VALIDITY", ["Missing fact: what was done on each of these days."]),
            ("EX-21-INVESTIGATIONAL-FLORIDA", ["fep or state_account would be referred", "For the appeal: IPG579"]),
            (
                "DAY-FLORIDA-FIRST-STALE",
                ["past its review on 2025-05-24 (last reviewed 2024-05-23, due by 2025-05-23)"],
            ),
            ("NOTE-SITE-LIVER-CODE-PANCREAS", ["47384 is for other tumor sites"]),
        ],
    ),
)
def test_what_is_behind_the_outcome_and_would_change_it(deck: Path, claim_id: str, parts: list[str]) -> None:
    found = claim(deck, claim_id)
    reported = " ".join(found["notes"] + found["changes"])
    for part in parts:
        assert part in reported


@pytest.mark.parametrize(
    ("claim_id", "edit", "why"),
    [
        ("EX-21-INVESTIGATIONAL-REGENCE", "code-not-listed", "Version 2026-01-01 of regence-surgery-242 lists 47384."),
        ("EX-21-INVESTIGATIONAL-REGENCE", "program-unknown", "line_of_business alone names the program: commercial."),
        ("EX-21-INVESTIGATIONAL-REGENCE", "contract-covers", "Needs a group, and the line has no group_id."),
        ("EX-13-CONTRACT-ENDED", "contract-covers",
         "No contract of the group that addresses the service was in force on 2025-01-01."),
        ("EX-15-CONTRACT-EXCLUDES", "contract-review",
         "The contract of the group in force on 2024-03-04 says: excluded."),
        ("DAY-REGENCE-BEFORE-2026", "investigational",
         "Needs a policy version in force, and none of regence was on 2025-12-31."),
        ("EX-04-PAYER-NOT-ON-FILE", "program-silent",
         "Needs a policy version in force, and the payer is not recognized."),
        ("CELL-NHS-ENGLAND-NHS", "code-not-listed", "Needs a funding policy, and nice-ire is guidance."),
        ("CELL-FLORIDA-BLUE-FEP", "program-silent",
         "Version 2020-07-01 of florida-blue-02-40000-26 leaves to other rules fep."),
        ("NOTE-GUIDANCE-NONE-ON-BREAST", "guidance-note",
         "No guidance on other_solid had been published by 2024-03-04."),
        ("DAY-FLORIDA-LAST-FRESH", "policy-stale",
         "The review of florida-blue-02-40000-26 was due by 2025-05-23; the service began on 2025-05-23."),
    ],
)  # fmt: skip
def test_why_an_edit_did_not_hit(deck: Path, claim_id: str, edit: str, why: str) -> None:
    missed = {each["id"]: each["why"] for each in claim(deck, claim_id)["not_hit"]}
    assert missed[edit] == why


def test_a_run_without_contracts_reports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = run_deck(tmp_path / "out", monkeypatch, contracts=False)
    reported = claim(out, "EX-15-CONTRACT-EXCLUDES")
    missed = {each["id"]: each["why"] for each in reported["not_hit"]}
    assert missed["contract-excludes"] == "The run had no contracts file."
    assert "the run had no contracts file" in reported["changes"][0]


def test_equal_parts_are_the_same_object() -> None:
    rows = [
        {"run_id": RUN_1, "trial_evidence": None, "rendering_npi": None, **line(policy_id="regence-surgery-242")}
    ] * 2
    first, second = explained(rows, shipped(), manifest_of(RUN_1, rows, []))
    for part in ("policy", "program_rule", "liability", "guidance", "evidence", "code"):
        assert first[part] is second[part], part


def test_every_edit_needs_what_the_run_decided_on(tmp_path: Path) -> None:
    publish(tmp_path, RUN_1, [line(**REVIEWED)])
    assert find(tmp_path, Wanted("C1"))
    with pytest.raises(ResultsError, match="replay: is damaged or lacks lines"):
        find(tmp_path, Wanted("C1"), every_edit=True)
