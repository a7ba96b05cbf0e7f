"""`rules history`: a policy's events in order of time, what each version changed, and the pack's changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import UsageError
from claims_edit.governance.history import policy_history
from claims_edit.policy import load_catalog
from tests.unit.policy_folder import RulesFolder
from tests.unit.test_policy_lifecycle import draft, with_drafts

if TYPE_CHECKING:
    from pathlib import Path

WRITTEN = load_catalog().written


def test_events_are_in_order_of_time_with_their_citations() -> None:
    history, _ = policy_history(WRITTEN, "premera-ire")
    assert [(row["date"], row["event"], row["version"], row["status"]) for row in history.rows] == [
        ("2019-09-10", "reviewed", "2020-01-03", "retired"),
        ("2019-10-01", "revision", "2020-01-03", "retired"),
        ("2020-01-03", "begins", "2020-01-03", "retired"),
        ("2020-06-30", "ends", "2020-01-03", "retired"),
        ("2020-07-01", "begins", "2020-07-01", "final"),
        ("2020-07-01", "revision", "2020-07-01", "final"),
        ("2020-10-01", "revision", "2020-07-01", "final"),
        ("2021-11-01", "revision", "2020-07-01", "final"),
        ("2022-09-26", "reviewed", "2020-07-01", "final"),
        ("2022-10-01", "revision", "2020-07-01", "final"),
    ]
    begins = history.rows[4]
    assert begins["what"] == "codes added: 0600T, 0601T; codes removed: 32999, 47399, 48999, 53899"
    assert begins["citation"] == "Premera Blue Cross Medical Policy, Irreversible Electroporation, History (07/01/20)"


def test_a_next_review_that_the_document_gives_is_an_event() -> None:
    history, _ = policy_history(WRITTEN, "regence-surgery-242")
    assert (history.rows[-1]["date"], history.rows[-1]["event"]) == ("2026-11-30", "review due")


def test_a_draft_is_checked_against_the_enforced_version_before_it(tmp_path: Path) -> None:
    rules = with_drafts(RulesFolder(tmp_path), draft("2027-01-01", "2027-12-31"), draft("2028-01-01"))
    history, _ = policy_history(load_catalog(rules.root).written, "premera-ire")
    proposed = [row for row in history.rows if row["status"] == "proposed" and row["event"] == "begins"]
    changed = "codes added: 47384; scope: all_indications to solid_tumors; marketplace: applies to silent; "
    changed += "medicare_advantage: refer to silent"
    assert [row["what"] for row in proposed] == [changed, changed]


def test_the_changelog_entries_that_name_the_policy() -> None:
    _, changelog = policy_history(WRITTEN, "florida-blue-02-40000-26")
    assert [(row["pack version"], row["service dates"]) for row in changelog.rows] == [
        ("1.0.0", "2016-02-15 to 2020-06-30"),
        ("1.0.0", "from 2020-07-01"),
    ]


def test_a_pack_without_a_changelog_has_no_such_rows(tmp_path: Path) -> None:
    rules = RulesFolder(tmp_path)
    (rules.root / "pack.yaml").unlink()
    assert policy_history(load_catalog(rules.root).written, "premera-ire")[1].rows == ()


def test_an_unknown_policy_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"premera: is not a valid policy id\. Use one of florida-blue-02-40000-26, "):
        policy_history(WRITTEN, "premera")
