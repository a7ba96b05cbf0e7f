"""The life of policy versions: what an enforced catalog leaves out, and where a proposed version takes its place."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from claims_edit.model import VersionStatus
from claims_edit.policy import Catalog, load_catalog
from claims_edit.policy.pack import Policy
from tests.rules.lines import decided_one
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

PREMERA, REGENCE = "policies/premera.yaml", "policies/regence.yaml"
FINAL = "  - status: final\n    from:\n      date: 2020-07-01"
HISTORY = "cite: {document: premera_ire, section: History, date: 10/01/22}"
DRAFT = """  - status: proposed
    from: {{date: {first}, {cite}}}
{until}    statement: {{position: investigational, scope: solid_tumors, says: Draft., {cite}}}
    codes: {{listed: [0600T, 0601T, "47384"], {cite}}}
    applies_to: {{programs: [commercial], says: Draft., {cite}}}
    reviewed: {{date: 2026-09-01, {cite}}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


def draft(first: str, until: str | None = None) -> str:
    ended = f"    until: {{date: {until}, {HISTORY}}}\n" if until else ""
    return DRAFT.format(first=first, until=ended, cite=HISTORY)


def with_drafts(rules: RulesFolder, *drafts: str) -> RulesFolder:
    """Premera's policy (2020-01-03 to 2020-06-30, then from 2020-07-01) with drafts at its end."""
    text = (rules.root / PREMERA).read_text(encoding="utf-8")
    return rules.write(PREMERA, text + "".join(drafts))


def periods(catalog: Catalog) -> list[tuple[str, str | None]]:
    versions = catalog.versions.filter(payer="premera").select("in_force_from", "in_force_until").rows()
    return [(first.isoformat(), last and last.isoformat()) for first, last in versions]


OLD = ("2020-01-03", "2020-06-30")


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        # after the last final one, which ends the day before
        ([draft("2027-01-01")], [OLD, ("2020-07-01", "2026-12-31"), ("2027-01-01", None)]),
        # on its first day: it is replaced; a day later: it keeps that day
        ([draft("2020-07-01")], [OLD, ("2020-07-01", None)]),
        ([draft("2020-07-02")], [OLD, ("2020-07-01", "2020-07-01"), ("2020-07-02", None)]),
        # before it, and open: what began later is replaced, what began earlier is cut
        ([draft("2020-06-30")], [("2020-01-03", "2020-06-29"), ("2020-06-30", None)]),
        # with an end: what was enforced holds again from the day after
        ([draft("2027-01-01", "2027-12-31")],
         [OLD, ("2020-07-01", "2026-12-31"), ("2027-01-01", "2027-12-31"), ("2028-01-01", None)]),
        ([draft("2020-06-30", "2020-07-01")], [("2020-01-03", "2020-06-29"), ("2020-06-30", "2020-07-01"),
                                               ("2020-07-02", None)]),
        ([draft("2019-01-01", "2020-01-02")], [("2019-01-01", "2020-01-02"), OLD, ("2020-07-01", None)]),
        ([draft("2019-01-01", "2020-01-03")],
         [("2019-01-01", "2020-01-03"), ("2020-01-04", "2020-06-30"), ("2020-07-01", None)]),
        # several
        ([draft("2027-01-01", "2027-06-30"), draft("2027-07-01")],
         [OLD, ("2020-07-01", "2026-12-31"), ("2027-01-01", "2027-06-30"), ("2027-07-01", None)]),
    ],
)  # fmt: skip
def test_a_proposed_version_takes_its_days_in_the_shadow_only(
    rules: RulesFolder, drafts: list[str], expected: list[tuple[str, str | None]]
) -> None:
    with_drafts(rules, *(each.replace('0600T, 0601T, "47384"', '"47399"') for each in drafts))
    assert periods(load_catalog(rules.root, proposed=True)) == expected
    assert periods(load_catalog(rules.root)) == [OLD, ("2020-07-01", None)]


AS_OF = date(2026, 11, 20)
COMING = "2027-01-01"


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        # ahead: it begins with the version in force on the as-of date, and keeps its name and its end
        ([draft(COMING)], [(*OLD, OLD[0]), ("2020-07-01", None, COMING)]),
        ([draft("2026-11-21")], [(*OLD, OLD[0]), ("2020-07-01", None, "2026-11-21")]),
        ([draft(COMING, "2027-12-31")],
         [(*OLD, OLD[0]), ("2020-07-01", "2027-12-31", COMING), ("2028-01-01", None, "2028-01-01")]),
        # begun by the as-of date: its own days
        ([draft("2026-11-20")],
         [(*OLD, OLD[0]), ("2020-07-01", "2026-11-19", "2020-07-01"), ("2026-11-20", None, "2026-11-20")]),
        # behind one that has begun: it begins with that one
        ([draft("2026-07-01", "2026-12-31"), draft(COMING)],
         [(*OLD, OLD[0]), ("2020-07-01", "2026-06-30", "2020-07-01"), ("2026-07-01", None, COMING)]),
        # two ahead: the first of them, until the second
        ([draft(COMING, "2027-03-31"), draft("2027-04-01")],
         [(*OLD, OLD[0]), ("2020-07-01", "2027-03-31", COMING), ("2027-04-01", None, "2027-04-01")]),
    ],
)  # fmt: skip
def test_a_draft_ahead_is_taken_to_be_in_force_with_the_version_it_replaces(
    rules: RulesFolder, drafts: list[str], expected: list[tuple[str, str | None, str]]
) -> None:
    with_drafts(rules, *(each.replace('0600T, 0601T, "47384"', '"47399"') for each in drafts))
    catalog = load_catalog(rules.root, proposed=True, ahead_of=AS_OF)
    named = catalog.versions.filter(payer="premera")["policy_version"]
    assert [(*period, name) for period, name in zip(periods(catalog), named, strict=True)] == expected
    assert periods(load_catalog(rules.root, ahead_of=AS_OF)) == [OLD, ("2020-07-01", None)]


@pytest.mark.parametrize(
    ("old", "new", "day", "first"),
    [
        ("status: final", "status: proposed", date(2025, 12, 31), date(1990, 1, 1)),  # nothing to replace
        ("status: final", "status: proposed", date(2026, 1, 1), date(2026, 1, 1)),  # begun
    ],
)
def test_a_draft_that_replaces_nothing_begins_with_the_earliest_date(
    rules: RulesFolder, old: str, new: str, day: date, first: date
) -> None:
    rules.replace(REGENCE, old, new)
    catalog = load_catalog(rules.root, proposed=True, ahead_of=day)
    assert catalog.versions.filter(payer="regence")["in_force_from"].to_list() == [first]


def test_after_a_policy_has_ended_a_draft_begins_on_the_next_day(rules: RulesFolder) -> None:
    ended = FINAL.replace("status: final", "status: retired")
    rules.replace(
        PREMERA,
        FINAL,
        f"{ended.replace('    from:', f'    until: {{date: 2025-12-31, {HISTORY}}}' + chr(10) + '    from:')}",
    )
    with_drafts(rules, draft(COMING))
    catalog = load_catalog(rules.root, proposed=True, ahead_of=AS_OF)
    assert periods(catalog) == [OLD, ("2020-07-01", "2025-12-31"), ("2026-01-01", None)]


def test_a_draft_ahead_decides_the_lines_of_today(rules: RulesFolder) -> None:
    with_drafts(rules, draft(COMING))
    line = {"payer": "premera", "hcpcs_code": "47384", "diagnosis_code_1": "C220", "line_of_business": "commercial"}
    found = [
        decided_one(load_catalog(rules.root, proposed=True, ahead_of=ahead_of), on=AS_OF, **line)
        for ahead_of in (None, AS_OF)
    ]
    assert [(each["reason_code"], each["policy_version"]) for each in found] == [
        ("code-not-listed", "2020-07-01"), ("investigational", COMING),
    ]  # fmt: skip


def test_an_enforced_catalog_does_not_know_that_there_are_drafts(rules: RulesFolder) -> None:
    before = load_catalog(rules.root)
    after = load_catalog(with_drafts(rules, draft("2027-01-01")).root)
    for table in ("versions", "listed_codes", "program_rules", "boundaries"):
        assert getattr(after, table).equals(getattr(before, table)), table
    assert after.rules_hash != before.rules_hash
    assert [len(pack.policies[PREMERA].versions) for pack in (after.pack, after.written)] == [2, 3]


def test_a_shadowed_catalog_decides_by_the_draft_from_its_first_day(rules: RulesFolder) -> None:
    with_drafts(rules, draft("2027-01-01"))
    shadow, enforced = load_catalog(rules.root, proposed=True), load_catalog(rules.root)
    line = {"payer": "premera", "hcpcs_code": "47384", "diagnosis_code_1": "C220", "line_of_business": "commercial"}
    eve, first = date(2026, 12, 31), date(2027, 1, 1)
    decided = [decided_one(catalog, on=day, **line) for catalog in (enforced, shadow) for day in (eve, first)]
    found = [each["reason_code"] for each in decided]
    assert found == ["code-not-listed", "code-not-listed", "code-not-listed", "investigational"]


def test_a_policy_of_drafts_only_is_unenforced_and_may_be_shadowed(rules: RulesFolder) -> None:
    rules.replace(REGENCE, "status: final", "status: proposed")
    line = {"payer": "regence", "hcpcs_code": "0601T", "diagnosis_code_1": "C220", "line_of_business": "commercial"}
    enforced, shadow = load_catalog(rules.root), load_catalog(rules.root, proposed=True)
    day = date(2026, 3, 1)
    assert decided_one(enforced, on=day, **line)["reason_code"] == "policy-not-in-force"
    assert decided_one(shadow, on=day, **line)["reason_code"] == "investigational"
    # its document is cited by codes/ire.yaml all the same
    assert enforced.codes["code_citation"].null_count() == 0


def test_a_version_without_a_status_is_final(rules: RulesFolder) -> None:
    rules.replace(PREMERA, FINAL, FINAL.replace("status: final\n    ", ""))
    catalog = load_catalog(rules.root)
    assert catalog.written.policies[PREMERA].versions[-1].status is VersionStatus.FINAL
    assert periods(catalog) == [OLD, ("2020-07-01", None)]


def test_a_retired_version_still_decides_the_dates_of_its_period() -> None:
    line = {"payer": "premera", "hcpcs_code": "47399", "line_of_business": "commercial"}
    decided = decided_one(load_catalog(), on=date(2020, 6, 30), **line)
    assert (decided["reason_code"], decided["policy_version"]) == ("unlisted-code", "2020-01-03")


def test_the_shipped_pack_says_the_status_of_every_version_and_retires_what_has_ended() -> None:
    for policy in load_catalog().written.policies.values():
        assert isinstance(policy, Policy)
        for version in policy.versions:
            assert "status" in version.model_fields_set
            assert (version.status is VersionStatus.RETIRED) is (version.until is not None)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (FINAL, FINAL.replace("final", "retired"),
         "versions[1].until: is missing, but the version is retired. Give its last day, or set the status to final."),
        (FINAL, FINAL.replace("final", "draft"),
         "versions[1].status: `draft` is not one of 'proposed', 'final' or 'retired'. Use one of these."),
        (FINAL, draft("2027-01-01") + draft("2027-06-01") + FINAL,
         "versions[1].until: is missing, so versions[2] (from 2027-06-01) overlaps. Give the last day, at most 2027"),
        (FINAL, draft("2027-06-01") + draft("2027-01-01") + FINAL,
         "versions[2].from: 2027-01-01 is before versions[1] (2027-06-01). Order versions oldest first."),
        (FINAL, draft("2027-01-01") + FINAL.replace("2020-07-01", "2020-06-30"),
         "versions[0].until: 2020-06-30 overlaps versions[2] (from 2020-06-30). End it at the latest on 2020-06-29."),
        (FINAL, draft("2027-01-01").replace("[commercial]", "[medicare_advantage]") + FINAL,
         "versions[1].applies_to.programs[0]: Medicare Advantage is never denied automatically."),
    ],
)  # fmt: skip
def test_faults_of_the_lifecycle(rules: RulesFolder, old: str, new: str, fault: str) -> None:
    rules.replace(PREMERA, old, new)
    assert any(found.startswith(f"rules/{PREMERA}: {fault}") for found in rules.faults()), rules.faults()


def test_a_draft_may_are_before_what_it_is_to_replace(rules: RulesFolder) -> None:
    rules.replace(PREMERA, FINAL, draft("2020-12-01") + FINAL)
    assert periods(load_catalog(rules.root, proposed=True)) == [OLD, ("2020-07-01", "2020-11-30"), ("2020-12-01", None)]
