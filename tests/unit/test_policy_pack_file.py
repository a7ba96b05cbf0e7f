"""pack.yaml: the pack's version and changelog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.policy import load_catalog
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

PACK = """version: 1.10.0
changelog:
  - version: 1.10.0
    date: 2026-11-20
    changes:
      - {payer: premera, policy: premera-ire, service_dates: {from: 2020-07-01}, what: Codes.}
      - {payer: premera, service_dates: {from: 2020-07-01, until: 2020-07-01}, what: Names.}
      - {service_dates: {from: 2026-01-01}, what: Codes.}
  - version: 1.9.0
    date: 2026-11-20
    changes:
      - {service_dates: {from: 2026-01-01}, what: Codes.}
"""


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path).write("pack.yaml", PACK)


def test_the_version_of_the_pack_is_the_catalogs(rules: RulesFolder) -> None:
    assert load_catalog(rules.root).rules_version == "1.10.0"


def test_a_pack_may_do_without_and_is_unversioned(rules: RulesFolder) -> None:
    (rules.root / "pack.yaml").unlink()
    assert load_catalog(rules.root).rules_version == "unversioned"


def test_the_shipped_pack_has_a_changelog_that_names_every_policy() -> None:
    written = load_catalog().written
    assert written.about is not None
    named = {change.policy for entry in written.about.changelog for change in entry.changes}
    assert named >= {policy.id for policy in written.policies.values()}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("version: 1.10.0", "version: 1.9.0", "version: 1.9.0 is not the newest of the changelog (1.10.0). Correct it"),
        ("version: 1.10.0", "version: 1.10", "version: `1.10` has the wrong format."),
        ("version: 1.9.0", "version: 1.11.0", "changelog[1].version: 1.11.0 is not older than 1.10.0 above it. Order"),
        ("version: 1.9.0", "version: 1.10.0", "changelog[1].version: 1.10.0 is not older than 1.10.0 above it. Order"),
        ("1.9.0\n    date: 2026-11-20", "1.9.0\n    date: 2026-11-21",
         "changelog[1].date: 2026-11-21 is after that of 1.10.0 (2026-11-20). Correct one of the two."),
        ("payer: premera, service", "payer: premiera, service",
         "changelog[0].changes[1].payer: `premiera` is not in payers.yaml."),
        ("policy: premera-ire", "policy: premera-ir",
         "changelog[0].changes[0].policy: `premera-ir` is not a valid policy id. Use one of florida-blue-02-40000-26,"),
        ("payer: premera, policy", "payer: regence, policy",
         "changelog[0].changes[0].payer: must be premera, the payer of premera-ire. Correct it."),
        ("{payer: premera, policy", "{policy",
         "changelog[0].changes[0].payer: must be premera, the payer of premera-ire. Correct it."),
        ("until: 2020-07-01", "until: 2020-06-30",
         "changelog[0].changes[1].service_dates.until: 2020-06-30 is before from (2020-07-01). Correct one."),
        ("what: Names.", "why: Names.", "changelog[0].changes[1].what: is missing. Add it."),
    ],
)  # fmt: skip
def test_faults_of_the_pack_file(rules: RulesFolder, old: str, new: str, fault: str) -> None:
    rules.replace("pack.yaml", old, new)
    assert any(found.startswith(f"rules/pack.yaml: {fault}") for found in rules.faults()), rules.faults()


def test_changes_of_a_policy_that_cannot_be_read_are_no_faults(rules: RulesFolder) -> None:
    rules.replace("policies/premera.yaml", "kind: funding", "kind: fund")
    assert all("pack.yaml" not in fault for fault in rules.faults())
