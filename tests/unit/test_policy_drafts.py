"""Policies found on public pages: no enforced catalog has them, a shadow one does, and their faults are named so."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import RulesError
from claims_edit.governance.checking import check_pack
from claims_edit.governance.template import new_policy
from claims_edit.policy import default_rules_dir, found_drafts, load_catalog, read_pack
from claims_edit.policy.render import draft_list, draft_tables
from tests.rules.lines import decided
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

AETNA = "drafts/aetna.yaml"
DRAFTED = {"aetna", "anthem", "humana"}


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


def test_no_enforced_catalog_has_a_found_draft_nor_its_faults(rules: RulesFolder) -> None:
    before = load_catalog(rules.root)
    rules.write(AETNA, "id: [broken")
    after = load_catalog(rules.root)
    assert after.rules_hash == before.rules_hash == load_catalog().rules_hash
    assert not [path for path in after.contents if path.startswith("drafts/")]
    assert DRAFTED.isdisjoint(after.payer_names["payer"])
    for path in (rules.root / "drafts").iterdir():
        path.unlink()
    assert load_catalog(rules.root).rules_hash == before.rules_hash


def test_a_shadow_catalog_has_them_in_its_hash_and_they_deny_nothing() -> None:
    enforced, shadow = load_catalog(), load_catalog(proposed=True)
    assert set(shadow.payer_names["payer"]) - set(enforced.payer_names["payer"]) == DRAFTED
    assert shadow.rules_hash != enforced.rules_hash
    lines = [
        {"payer": payer, "line_of_business": program, "hcpcs_code": "0600T", "on": date(2026, 3, 1)}
        for payer in ("Aetna", "Anthem Blue Cross and Blue Shield", "Humana")
        for program in ("commercial", "Medicare Advantage")
    ]
    assert {line["disposition"] for line in decided(shadow, *lines)} == {"review"}
    assert {line["policy_id"] for line in decided(shadow, *lines)} == {
        "aetna-cpb-0828", "anthem-surg-00126", "humana-ire",
    }  # fmt: skip
    assert {line["reason_code"] for line in decided(enforced, *lines)} == {"payer-not-on-file"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("status: proposed", "status: final", "versions[0].status: must be proposed: a found draft is never enforced."),
        ("  status: unverified\n", "", "found.status: is missing. Add it."),
        ("date: 06/15/2012", "date: 06/16/2012", "versions[0].from.date: 2012-06-15 does not match"),
        ("payer: aetna", "order: 0\npayer: aetna", "order: `0` is too small. Use 1 or more."),
    ],
)
def test_their_faults_are_named_as_those_of_drafts(rules: RulesFolder, old: str, new: str, fault: str) -> None:
    rules.replace(AETNA, old, new)
    with pytest.raises(RulesError) as caught:
        check_pack(rules.root, None)
    assert any(each.startswith(f"rules/{AETNA}: {fault}") for each in caught.value.faults)
    assert all(each.endswith("(A found draft; no run without --mode shadow uses it.)") for each in caught.value.faults)
    load_catalog(rules.root)


def test_every_shipped_draft_has_its_pages_and_its_open_questions() -> None:
    found = found_drafts(read_pack(default_rules_dir()))
    rows = draft_list(found).rows
    assert {row["payer"] for row in rows} == DRAFTED
    assert all(row["status"] == "unverified" and row["seen"] and int(row["open questions"]) for row in rows)
    pages, questions, *policy = draft_tables(found, "aetna-cpb-0828")
    assert all(row["page"].startswith("http") for row in pages.rows)
    assert any("procedure codes" in row["open question"] for row in questions.rows)
    assert policy[0].title == "Policy"
    assert draft_tables(found, "regence-surgery-242") == []


def test_a_draft_is_no_obstacle_to_a_policy_of_the_same_payer(rules: RulesFolder) -> None:
    written = new_policy(rules.root, "aetna", None, None)
    assert "payer_entry:" in written.read_text(encoding="utf-8")
