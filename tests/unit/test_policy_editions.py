"""One policy of several payers, and its editions: which version decides, what is refused, what people see."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.governance import decision_axes
from claims_edit.governance.decision_table import decision_tables
from claims_edit.governance.history import policy_history
from claims_edit.governance.pack_diff import pack_diff
from claims_edit.governance.prove import prove
from claims_edit.governance.rule_tests import failures, suite_of
from claims_edit.governance.status import review_status
from claims_edit.governance.unreachable_rules import version_faults
from claims_edit.policy import catalog_of, examine
from claims_edit.policy.render import policy_list, policy_tables
from tests.lib.stand_ins import several
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

JUNIPER = "policies/juniper_group.yaml"
EDITED = several()
CATALOG = catalog_of(EDITED)
WEST = "      payers: [juniper_west]\n"
MEDICAID = "      programs: [medicaid]\n      says: Medicaid has"


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    folder = RulesFolder(tmp_path)
    return folder.write(JUNIPER, EDITED[JUNIPER].decode())


TESTS = b"""
about: Juniper Group
given: {code: 0600T, diagnoses: C220}
tests:
  - name: The version of all payers, where no edition holds
    given: {payer: [Juniper North, Juniper South], program: commercial}
    cases:
      - {service: 2023-12-31, expect: policy-not-in-force}
      - {service: [2024-01-01, 2026-01-01], expect: {edit: investigational, version: 2024-01-01, reference: JG 5}}
  - name: An amendment of one payer, from its first day to its last
    given: {payer: Juniper West, program: [commercial, marketplace]}
    cases:
      - {service: 2024-12-31, expect: {edit: investigational, version: 2024-01-01}}
      - {service: [2025-01-01, 2025-12-31], expect: {edit: covered, version: 2025-01-01/west}}
      - {service: 2026-01-01, expect: {edit: investigational, version: 2026-01-01}}
      - {service: [2024-12-31..2025-01-01, 2025-12-31..2026-01-01], expect: dos-spans-boundary}
  - name: The amendment of another payer, or of another program, changes nothing on a line
    cases:
      - {payer: Juniper North, program: commercial, service: 2024-12-31..2025-01-01, expect: investigational}
      - {payer: Juniper West, program: commercial, service: 2024-06-30..2024-07-01, expect: investigational}
  - name: An edition by program
    given: {payer: [Juniper North, Juniper West], program: medicaid}
    cases:
      - {service: 2024-06-30, expect: {edit: program-silent, version: 2024-01-01}}
      - {service: [2024-07-01, 2025-06-01], expect: {edit: not-covered, version: 2024-07-01/medicaid}}
      - {code: 0601T, service: 2024-07-01, expect: code-not-listed}
      - {service: 2024-06-30..2024-07-01, expect: dos-spans-boundary}
  - name: A program that no edition names has the version of all
    given: {payer: Juniper West, service: 2025-06-01}
    cases:
      - {program: fep, expect: {edit: program-silent, version: 2024-01-01}}
      - {program: medicare_advantage, expect: program-exception-refer}
      - {program: none, expect: {edit: program-unknown, version: 2024-01-01}}
      - {program: commercial, filing_indicator: MC, expect: program-conflict}
"""


def test_each_payer_and_program_has_its_version() -> None:
    catalog = catalog_of(EDITED | {"tests/juniper.yaml": TESTS})
    suite = suite_of(catalog.pack)
    found = [(each.line.place, each.line.given, each.got) for each in failures(suite, catalog)]
    assert [each for each in found if "juniper" in each[0]] == []


def test_where_only_an_edition_of_another_program_is_in_force_its_silence_goes_to_a_person() -> None:
    """A line without a known program too: nothing passes because the policy has no version for all."""
    old = EDITED[JUNIPER].decode()
    first, _, rest = old.partition("  - from:\n      date: 2024-01-01")
    general, _, editions = rest.partition("  - edition:\n      name: medicaid")
    assert general
    only = f"{first}  - edition:\n      name: medicaid{editions}"
    tests = b"""
about: Juniper Group
given: {code: 0600T, diagnoses: C220, service: 2025-06-01}
tests:
  - name: Silence
    cases:
      - {payer: Juniper North, program: commercial, expect: program-silent}
      - {payer: Juniper North, program: none, expect: program-unknown}
      - {payer: Juniper North, program: medicaid, expect: not-covered}
      - {payer: Juniper West, program: commercial, expect: covered}
      - {payer: Juniper West, program: fep, expect: program-silent}
"""
    catalog = catalog_of(EDITED | {JUNIPER: only.encode(), "tests/juniper.yaml": tests})
    found = [each for each in failures(suite_of(catalog.pack), catalog) if "juniper" in each.line.place]
    assert [(each.line.given, each.got) for each in found] == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("payers: [juniper_north, juniper_south, juniper_west]\n", "",
         ": payer: is missing. Add it, or `payers` with the keys of affiliates with one policy."),
        ("payers: [juniper_north,", "payer: juniper_north\npayers: [juniper_north,",
         ": payers: the policy also has `payer`. Keep one of the two keys."),
        ("payers: [juniper_north, juniper_south,", "payers: [juniper_north, juniper_south, juniper_south,",
         ": payers[2]: duplicate payer `juniper_south`. Keep one."),
        ("payers: [juniper_north, ", "payers: [juniper_east, juniper_north, ",
         ": payers[0]: `juniper_east` is not in payers.yaml. Correct it, add the payer there, or give its `pa"),
        ("payers: [juniper_north, ", "payers: [", ": payer_entries.juniper_north: is not a payer of this policy."),
        ("payer_entries:\n", "payer_entry: {label: J, blue_plan: false}\npayer_entries:\n",
         ": payer_entry: the policy has several payers. Write `payer_entries`, with the entry of each key."),
        (WEST, "      payers: [juniper_east]\n",
         ": versions[2].edition.payers[0]: `juniper_east` is not a payer of this policy. Use one of juniper_north, j"),
        (MEDICAID, MEDICAID.replace("[medicaid]", "[medicade]"),
         ": versions[1].edition.programs[0]: `medicade` is not in programs.yaml. Use one of commercial,"),
        (MEDICAID, MEDICAID.replace("[medicaid]", "[fep]"),
         ": versions[1].applies_to.programs[0]: `medicaid` is not a program of the edition `medicaid`, so no line"),
        (MEDICAID, "      says: Medicaid has",
         ": versions[1].edition: names neither payers nor programs. Name those it holds for, or remove the key."),
        (MEDICAID, MEDICAID.replace("[medicaid]", "[medicaid, commercial]"),
         ": versions[2].edition: `west` and `medicaid` (versions[1]) both hold for juniper_west in commercial on the"),
        ("      name: west\n", "      name: medicaid\n",
         ": versions[2].edition.name: `medicaid` is the edition of other payers or programs in versions[1]."),
    ],
)  # fmt: skip
def test_faults(rules: RulesFolder, old: str, new: str, fault: str) -> None:
    faults = rules.replace(JUNIPER, old, new).faults()
    assert any(each.startswith(f"rules/{JUNIPER}{fault}") for each in faults), faults


def test_a_payer_that_no_version_holds_for_is_refused(rules: RulesFolder) -> None:
    cite = "cite: {document: juniper_group_policy, section: Scope, date: x}"
    edition = f"  - edition: {{name: north, payers: [juniper_north], says: Its own., {cite}}}\n    from:\n"
    rules.replace(JUNIPER, "  - from:\n", edition)
    faults = rules.replace(JUNIPER, MEDICAID, f"{WEST}{MEDICAID}").faults()
    assert f"rules/{JUNIPER}: payers[1]: no version holds for `juniper_south`. Add one, or remove the payer." in faults


def test_a_gap_of_an_edition_is_one_where_no_version_of_all_holds() -> None:
    second = "  - edition:\n      name: west\n" + EDITED[JUNIPER].decode().partition("      name: west\n")[2]
    later = second.replace("date: 2025-01-01", "date: 2026-03-01").replace("date: 2025-12-31", "date: 2026-06-30")
    text = EDITED[JUNIPER].decode() + later
    assert list(version_faults(CATALOG.written)) == []
    assert list(version_faults(examine(EDITED | {JUNIPER: text.encode()})[0])) == []
    cite = "{document: juniper_group_policy, section: History, date: x}"
    ended = text.replace("    statement:\n", f"    until: {{date: 2026-01-31, cite: {cite}}}\n    statement:\n", 1)
    (fault,) = version_faults(examine(EDITED | {JUNIPER: ended.encode()})[0])
    assert fault.startswith(f"rules/{JUNIPER}: versions[2].until: 2025-12-31 leaves a gap: no version is in force")


@pytest.mark.long
def test_the_proof_decides_each_payer_and_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule of every edition is reached, by a payer and program for which it holds."""
    payers = decision_axes.payers((CATALOG,))
    own = [payer for payer in payers if str(payer.keys[0]).startswith("juniper")]
    monkeypatch.setattr(decision_axes, "payers", lambda _: own)
    proof = prove(CATALOG)
    assert [fault for fault in proof.faults if JUNIPER in fault or "program" in fault] == []
    assert proof.advantage > 0
    assert proof.advantage_denied == 0
    assert {edit for edit in ("covered", "not-covered", "investigational") if proof.edits[edit]} == {
        "covered", "not-covered", "investigational",
    }  # fmt: skip


def test_people_see_the_editions() -> None:
    (row,) = [row for row in policy_list(CATALOG.written).rows if row["policy"] == "juniper-group-ire"]
    assert row["payer"] == "juniper_north, juniper_south, juniper_west"
    assert row["versions"] == "2024-01-01, 2024-07-01/medicaid, 2025-01-01/west"
    west = policy_tables(CATALOG.written, "juniper-group-ire")[-1]
    assert west.rows[0] == {
        "what": "edition west: juniper_west, commercial, marketplace",
        "value": "Juniper West covers the service in its state from this day until the amendment ends.",
        "citation": "Juniper West Amendment to JG 5, Scope (January 1, 2025)",
    }
    history = policy_history(CATALOG.written, "juniper-group-ire")[0].rows
    begun = {row["version"]: row["what"] for row in history if row["event"] == "begins"}
    assert begun["2024-07-01/medicaid"].startswith("codes removed: 0601T; ")
    table = decision_tables(CATALOG, "juniper_west")[0].rows
    decided = {
        row["outcome"] for row in table if row["version"] == "2024-07-01/medicaid" and row["programs"] == "medicaid"
    }
    assert "deny: not-covered (CO 96)" in decided
    status = [each for each in review_status(CATALOG, dt.date(2025, 6, 1)) if each.policy == "juniper-group-ire"]
    assert [(each.payer, str(each.reviewed)) for each in status] == [
        ("juniper_north", "2023-12-31"), ("juniper_north", "2024-06-30"),
        ("juniper_south", "2023-12-31"), ("juniper_south", "2024-06-30"),
        ("juniper_west", "2023-12-31"), ("juniper_west", "2024-12-31"), ("juniper_west", "2024-06-30"),
    ]  # fmt: skip


def test_a_draft_may_be_an_edition() -> None:
    draft = EDITED[JUNIPER].replace(
        b"  - edition:\n      name: west", b"  - status: proposed\n    edition:\n      name: west"
    )
    contents = EDITED | {JUNIPER: draft}
    versions = [catalog_of(contents, proposed=proposed).versions for proposed in (False, True)]
    assert [any(frame["policy_version"] == "2025-01-01/west") for frame in versions] == [False, True]


@pytest.mark.long
def test_a_changed_edition_is_a_range_of_the_comparison() -> None:
    """Of its payer and its programs alone."""
    longer = EDITED | {JUNIPER: EDITED[JUNIPER].replace(b"date: 2025-12-31", b"date: 2025-11-30", 1)}
    found = pack_diff(CATALOG, catalog_of(longer)).ranges.filter(change="outcome")
    assert set(found["payer"]) == {"juniper_west"}
    one_day = found.filter(~pl.col("where").str.contains("spans"))
    assert set(one_day["programs"]) == {"commercial, marketplace"}
    assert set(one_day["from"]) == {dt.date(2025, 12, 1)}
    assert set(one_day["until"]) == {dt.date(2025, 12, 31)}
