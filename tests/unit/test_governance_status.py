"""`rules status`: reviews by day, revisions, codes newer than the review, and what was decided past it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from claims_edit.governance.status import ReviewStatus, decided_past_review, review_status
from claims_edit.model import PolicyKind
from claims_edit.policy import load_catalog
from tests.lib.runs import line, publish
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = load_catalog()
TODAY = date(2026, 11, 20)
STALE = {"policy_stale": True, "policy_id": "premera-ire", "policy_version": "2020-07-01"}


def status(policy: str, on: date = TODAY, rules: Path | None = None) -> ReviewStatus:
    catalog = load_catalog(rules) if rules else CATALOG
    return next(each for each in review_status(catalog, on) if each.policy == policy)


def test_every_policy_is_there_by_payer() -> None:
    assert [each.payer for each in review_status(CATALOG, TODAY)] == [
        "florida_blue",
        "nhs_england",
        "premera",
        "regence",
    ]


def test_a_policy_past_its_review() -> None:
    assert status("premera-ire") == ReviewStatus(
        policy="premera-ire",
        payer="premera",
        kind=PolicyKind.FUNDING,
        file="policies/premera.yaml",
        version=date(2020, 7, 1),
        status="final",
        reviewed=date(2022, 9, 26),
        next_review=None,
        stale_after=date(2023, 9, 26),
        days_left=-1151,
        last_revision=date(2022, 10, 1),
        newer_codes=("47384", "55877"),
        proposed=(),
    )


@pytest.mark.parametrize(
    ("policy", "day", "left", "past"),
    [
        ("premera-ire", date(2023, 9, 26), 0, False),
        ("premera-ire", date(2023, 9, 27), -1, True),
        ("regence-surgery-242", date(2026, 11, 30), 0, False),
        ("regence-surgery-242", date(2026, 12, 1), -1, True),
        ("regence-surgery-242", date(2025, 12, 31), None, False),  # not in force yet
        ("florida-blue-02-40000-26", date(2020, 6, 30), 289, False),  # of the retired version, reviewed 2020-04-15
        ("nice-ire", TODAY, None, False),
    ],
)
def test_the_day_of_the_review_is_not_past_it(policy: str, day: date, left: int | None, past: bool) -> None:
    found = status(policy, day)
    assert (found.days_left, found.past) == (left, past)


def test_codes_newer_than_the_review_are_those_that_the_version_does_not_list() -> None:
    newer = {each.policy: each.newer_codes for each in review_status(CATALOG, TODAY)}
    assert newer == {
        "florida-blue-02-40000-26": ("47384", "55877"),
        "nice-ire": (),  # guidance lists no codes at all
        "premera-ire": ("47384", "55877"),
        "regence-surgery-242": (),
    }


@pytest.mark.parametrize(("valid_from", "newer"), [("2024-05-23", ("55877",)), ("2024-05-24", ("47384", "55877"))])
def test_a_code_of_the_day_of_the_review_was_known_to_it(
    tmp_path: Path, valid_from: str, newer: tuple[str, ...]
) -> None:
    folder = RulesFolder(tmp_path).replace("policies/regence.yaml", '"47384", ', "")
    folder.replace("codes/ire.yaml", "valid_from:\n      date: 2026-01-01", f"valid_from:\n      date: {valid_from}")
    assert status("florida-blue-02-40000-26", rules=folder.root).newer_codes == newer


def test_a_code_that_has_ended_is_of_no_more_interest(tmp_path: Path) -> None:
    cite = "cite: {document: regence_surgery_242, section: Codes, date: 'January 1, 2026'}"
    ended = f"    valid_until: {{date: 2026-11-20, {cite}}}\n    valid_from:\n      date: 2026-01-01"
    folder = RulesFolder(tmp_path).replace("codes/ire.yaml", "    valid_from:\n      date: 2026-01-01", ended)
    newer = [status("premera-ire", day, folder.root).newer_codes for day in (TODAY, date(2026, 11, 21))]
    assert newer == [("47384", "55877"), ("55877",)]


def test_the_last_revision_is_that_of_the_version_in_force_or_before() -> None:
    days = (date(2020, 3, 1), TODAY)
    assert [status("florida-blue-02-40000-26", day).last_revision for day in days] == [
        date(2020, 4, 15),
        date(2024, 6, 15),
    ]


def test_a_draft_is_named_and_changes_nothing(tmp_path: Path) -> None:
    folder = RulesFolder(tmp_path).replace("policies/regence.yaml", "status: final", "status: proposed")
    found = status("regence-surgery-242", rules=folder.root)
    assert (found.version, found.stale_after, found.past, found.newer_codes) == (None, None, False, ())
    assert found.proposed == (date(2026, 1, 1),)


@pytest.mark.long
def test_what_was_decided_past_a_review_by_version_on_current_decisions_only(tmp_path: Path) -> None:
    first, later, shadow = (f"2026030{day}T010000Z-aaaa" for day in (1, 2, 3))
    publish(tmp_path, first, [
        line(**STALE, service_start_date=date(2024, 1, 1), charge_amount=Decimal("1.00")),
        line(**STALE, claim_id="C2", source_row=3, service_start_date=date(2023, 9, 27), disposition="refer"),
        line(**STALE, claim_id="C3", source_row=4),
        line(claim_id="C4", source_row=5),
    ])  # fmt: skip
    publish(tmp_path, later, [line(claim_id="C3", source_row=4)])
    publish(tmp_path, shadow, [line(**STALE, claim_id="C5")], mode="shadow")
    assert decided_past_review(tmp_path) == [
        {
            "policy_id": "premera-ire",
            "policy_version": "2020-07-01",
            "lines": 2,
            "denied_lines": 1,
            "charges": Decimal("1001.10"),
            "denied_charges": Decimal("1.00"),
            "first_service": date(2023, 9, 27),
            "last_service": date(2024, 1, 1),
        }
    ]


def test_nothing_decided_past_a_review_is_nothing(tmp_path: Path) -> None:
    publish(tmp_path, "20260301T010000Z-aaaa", [line()])
    assert decided_past_review(tmp_path) == []
