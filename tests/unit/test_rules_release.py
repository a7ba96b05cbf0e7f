"""Releases of a rule pack: what counts as a change, when an approval is needed, and when the version must rise."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import RulesError, UsageError
from claims_edit.governance.release import ReleaseState, record_release, release_state
from claims_edit.policy import default_rules_dir, load_catalog, read_pack
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.date(2026, 12, 1)
PREMERA = "policies/premera.yaml"
LATER = "  - status: final\n    from:\n      date: 2020-07-01"
APPROVED = "    approved: {by: Committee, on: 2026-12-10, minutes: Item 4}\n"
NEWER = """version: 2.3.0
changelog:
  - version: 2.3.0
    date: 2026-12-12
    changes:
      - {payer: premera, policy: premera-ire, service_dates: {from: 2020-07-01}, what: Codes.}
"""


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    """A copy of the shipped rules with a release of its own."""
    folder = RulesFolder(tmp_path)
    record_release(folder.root, DAY)
    return folder


def state(rules: RulesFolder) -> ReleaseState:
    return release_state(read_pack(rules.root), rules.root)


def changed(rules: RulesFolder) -> RulesFolder:
    """Another list of codes in Premera's version of 2020-07-01, under a newer version of the pack."""
    text = (rules.root / "pack.yaml").read_text(encoding="utf-8")
    rules.write("pack.yaml", NEWER + text[text.index("  - version: 2.2.0") :])
    return rules.replace(PREMERA, "listed: [0600T, 0601T]", "listed: [0600T]")


def test_the_shipped_pack_is_as_released_and_its_hash_is_without_the_record() -> None:
    found = release_state(read_pack(default_rules_dir()), None)
    assert found.last is not None
    assert (found.last.version, found.changed, found.faults) == (load_catalog().rules_version, (), ())
    assert not [each for policy in found.last.policies.values() for each in policy.values() if each.approved]
    assert "releases.yaml" not in load_catalog().contents | load_catalog(proposed=True).contents


def test_a_copy_of_the_shipped_pack_and_one_without_a_record_are_asked_for_nothing(tmp_path: Path) -> None:
    copy = RulesFolder(tmp_path).replace(PREMERA, "listed: [0600T, 0601T]", "listed: [0600T]")
    assert state(copy) == ReleaseState()
    (copy.root / "releases.yaml").unlink()
    assert state(copy) == ReleaseState()


def test_a_comment_an_approval_and_a_test_are_no_change(rules: RulesFolder) -> None:
    before = load_catalog(rules.root).rules_hash
    rules.replace(PREMERA, LATER, "# A comment.\n" + LATER.replace("final\n", "final\n" + APPROVED))
    rules.replace("tests/premera.yaml", "about: ", "about: Changed. ")
    found = state(rules)
    assert (found.changed, found.approved, found.faults) == ((), (), ())
    assert load_catalog(rules.root).rules_hash != before


def test_other_content_under_a_released_version_is_refused(rules: RulesFolder) -> None:
    rules.replace("codes/ire.yaml", "label: IRE, open", "label: IRE, open surgery")
    (fault,) = state(rules).faults
    assert fault.startswith(
        "rules/pack.yaml: version: 2.2.0 is released (2026-12-01) with another content of codes/ire.yaml. Raise"
    )
    with pytest.raises(RulesError, match="Raise the version"):
        record_release(rules.root, DAY)
    rules.replace("pack.yaml", "version: 2.2.0\nchangelog", "version: 2.0.9\nchangelog")
    assert any("2.0.9 is older than the release 2.2.0" in each for each in state(rules).faults)
    (rules.root / "pack.yaml").unlink()
    assert any("is missing, but 2.2.0 is released" in each for each in state(rules).faults)


def test_a_changed_version_needs_an_approval_and_a_new_one_when_it_changes_again(rules: RulesFolder) -> None:
    (fault,) = state(changed(rules)).faults
    assert fault.startswith(
        f"rules/{PREMERA}: versions[1].approved: is missing, and the version changed since release 2.2.0. Give {{by:"
    )
    rules.replace(PREMERA, LATER, LATER.replace("final\n", "final\n" + APPROVED))
    found = state(rules)
    assert (found.faults, found.approved, found.changed) == ((), ("premera-ire 2020-07-01",), (PREMERA,))
    recorded = record_release(rules.root, DAY)
    approved = recorded.policies["premera-ire"]["2020-07-01"].approved
    assert approved is not None
    assert (recorded.version, approved.minutes, state(rules).approved) == ("2.3.0", "Item 4", ())
    with pytest.raises(UsageError, match=r"2\.3\.0 is already on record, with this content"):
        record_release(rules.root, DAY)
    rules.replace(PREMERA, "listed: [0600T]", "listed: [0601T]")
    assert any(
        "approved: is the approval of release 2.3.0, and the version changed" in each for each in state(rules).faults
    )


def test_a_new_version_needs_one_once_it_is_final(rules: RulesFolder) -> None:
    text = (rules.root / "policies/regence.yaml").read_text(encoding="utf-8")
    draft = text[text.index("  - status: final") :].replace("status: final", "status: proposed")
    rules.write("policies/regence.yaml", text + draft.replace("date: 2026-01-01", "date: 2027-01-01", 1))
    assert not any("approved" in fault for fault in state(rules).faults)
    rules.replace("policies/regence.yaml", "status: proposed", "status: final")
    assert any("approved: is missing, and the version is not in release" in fault for fault in state(rules).faults)


def test_what_decides_of_the_policy_itself_is_content_of_each_version(rules: RulesFolder) -> None:
    rules.replace(PREMERA, "kind: funding", "kind: guidance")
    assert sum("approved: is missing" in fault for fault in state(rules).faults) == 2
    rules.replace(PREMERA, "kind: guidance", "kind: funding").replace(PREMERA, "title: ", "title: The ")
    assert not any("approved: is missing" in fault for fault in state(rules).faults)
