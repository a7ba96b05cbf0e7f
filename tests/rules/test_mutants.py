"""The rule tests notice changes of the rules: a sample of what `make mutate` tries, and that it can tell a survivor."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from claims_edit.errors import RulesError
from claims_edit.policy import default_rules_dir
from claims_edit.policy.source import read_pack
from claims_edit.policy.yaml_text import read_yaml
from tests.lib.examples import first
from tests.lib.mutants import DECIDING, Fate, LeftAlone, Mutant, Trial, mutants_of

CONTENTS = read_pack(default_rules_dir())
EVERY, OFTEN = 48, 12  # of the mutants of one file, and in `make test-long`; `make mutate` tries all


@cache
def trial() -> Trial:
    return Trial(CONTENTS)


def sample() -> list[Any]:
    """Some mutants of each file, and every one that the policies' dates and exceptions give."""
    plain = {path: read_yaml(raw)[0] for path, raw in CONTENTS.items()}
    mutants = {
        path: [one for one in mutants_of(path, plain[path]) if isinstance(one, Mutant)]
        for path in plain
        if path.startswith(DECIDING)
    }
    always = ("from.date", ".rule", "until.date", "reviewed.date", "next_review.date")
    return [
        one if number % EVERY == 0 else pytest.param(one, marks=pytest.mark.long)
        for file in mutants.values()
        for number, one in enumerate(file)
        if number % OFTEN == 0 or (one.path.startswith("policies/") and one.place.endswith(always))
    ]  # fmt: skip


@pytest.mark.parametrize("mutant", sample(), ids=str)
def test_the_change_is_noticed(mutant: Mutant) -> None:
    assert trial().fate(mutant) is not Fate.SURVIVED


def test_without_the_tests_of_a_payer_changes_of_its_policy_survive() -> None:
    others = {path: raw for path, raw in CONTENTS.items() if path != "tests/premera.yaml"}
    shorn = Trial(others)
    dropped = [
        one for one in shorn.mutants()
        if isinstance(one, Mutant) and one.path == "policies/premera.yaml" and one.place.endswith("reviewed.date")
    ]  # fmt: skip
    assert [shorn.fate(one) for one in dropped] == [Fate.SURVIVED, Fate.SURVIVED]
    assert [trial().fate(one) for one in dropped] == [Fate.KILLED, Fate.KILLED]


def test_each_date_is_moved_or_left_alone_for_a_reason() -> None:
    found = [one for one in trial().mutants() if one.path == "policies/florida_blue.yaml"]
    moved = [(one.place, one.change) for one in found if isinstance(one, Mutant) and one.place.endswith(".date")]
    assert moved == [
        ("versions[0].from.date", "2016-02-15 → 2016-02-14"), ("versions[0].from.date", "2016-02-15 → 2016-02-16"),
        ("versions[0].until.date", "2020-06-30 → 2020-06-29"), ("versions[0].until.date", "2020-06-30 → 2020-07-01"),
        ("versions[1].from.date", "2020-07-01 → 2020-06-30"), ("versions[1].from.date", "2020-07-01 → 2020-07-02"),
        ("versions[1].reviewed.date", "2024-05-23 → 2024-05-22"),
        ("versions[1].reviewed.date", "2024-05-23 → 2024-05-24"),
    ]  # fmt: skip
    left = {one.reason.partition(":")[0] for one in found if isinstance(one, LeftAlone)}
    assert left == {"history", "a last review less than twelve months before the version's end"}


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("versions[1].codes.listed[0]", "0600T dropped"), ("versions[1].applies_to.programs[2]", "medicaid dropped"),
        ("versions[1].exceptions.fep", "removed"), ("versions[1].exceptions.fep.rule", "refer → review"),
        ("versions[1].exceptions.medicare_advantage.rule", "review → refer"), ("kind", "funding → guidance"),
        ("versions[1].statement.scope", "all_indications → solid_tumors"), ("versions[0]", "2016-02-15 dropped"),
    ],
)  # fmt: skip
def test_what_decides_is_changed(place: str, change: str) -> None:
    found = [(one.place, one.change) for one in trial().mutants()
             if isinstance(one, Mutant) and one.path == "policies/florida_blue.yaml"]  # fmt: skip
    assert (place, change) in found


def test_a_change_that_a_check_refuses_is_distinguished() -> None:
    (dropped,) = [one for one in trial().mutants() if isinstance(one, Mutant) and one.change == "47384 dropped"
                  and one.path == "codes/ire.yaml"]  # fmt: skip
    assert trial().fate(dropped) is Fate.REFUSED


def test_a_pack_must_pass_its_own_tests_first() -> None:
    with pytest.raises(RulesError, match="has no tests"):
        Trial({path: raw for path, raw in CONTENTS.items() if not path.startswith("tests/")})
    wrong = CONTENTS["tests/premera.yaml"].replace(b"expect: unlisted-code-out-of-scope", b"expect: investigational", 1)
    with pytest.raises(RulesError, match="do not pass"):
        Trial(CONTENTS | {"tests/premera.yaml": wrong})


@pytest.mark.long
def test_a_version_that_is_a_mere_draft_is_noticed() -> None:
    drafted = [one for one in trial().mutants() if isinstance(one, Mutant) and one.place.endswith(".status")]
    assert [(one.path, one.change) for one in drafted if one.path == "policies/premera.yaml"] == [
        ("policies/premera.yaml", "retired → proposed"), ("policies/premera.yaml", "final → proposed"),
    ]  # fmt: skip
    assert {trial().fate(one) for one in drafted} == {Fate.KILLED}


CRITERIA_TESTS = """
about: An invented payer
given: {payer: cedar_health, program: commercial, code: 0600T, service: 2026-02-02}
tests:
  - name: Criteria
    cite: {document: cedar_health_policy, section: Criteria, date: "January 1, 2024"}
    cases:
      - {diagnoses: C220, place_of_service: HERE, expect: criteria-review}
      - {diagnoses: C220, place_of_service: ["11"], expect: not-medically-necessary}
      - {diagnoses: C61, place_of_service: "21", expect: not-medically-necessary}
"""


@pytest.mark.parametrize(("tried", "survivors"), first(1, [('["21", "22"]', []), ('"21"', ["22 dropped"])]))
def test_each_criterion_and_each_of_its_values_is_dropped(tried: str, survivors: list[str]) -> None:
    from tests.lib.stand_ins import contents  # noqa: PLC0415

    cedar, tests = "policies/cedar_health.yaml", CRITERIA_TESTS.replace("HERE", tried)
    own = Trial(contents() | {"tests/cedar_health.yaml": tests.encode()})
    changes = [
        one
        for one in own.mutants()
        if isinstance(one, Mutant) and one.path == cedar and (".criteria." in one.place or "position" in one.place)
    ]
    assert {(one.place.removeprefix("versions[0].criteria."), one.change) for one in changes} == {
        ("all_of[0]", "the entry dropped"), ("all_of[1]", "the entry dropped"), ("all_of[2]", "the entry dropped"),
        ("all_of[0].sites[0]", "liver_primary dropped"), ("all_of[2].place_of_service[0]", "21 dropped"),
        ("all_of[2].place_of_service[1]", "22 dropped"),
        ("otherwise", "not_medically_necessary → investigational"), ("otherwise", "removed"),
    }  # fmt: skip
    fates = {one: own.fate(one) for one in changes}
    assert [one.change for one, fate in fates.items() if fate is Fate.SURVIVED] == survivors
    assert Fate.KILLED in fates.values()
