"""Rules files that do not fit the models: every fault at once, each with place and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import RulesError, exit_code_for
from claims_edit.policy import load_catalog
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = r"'^R([\s-]*[0-9]){8,11}$'"
PREMERA, EVIDENCE = "policies/premera.yaml", "evidence/regence_surgery_242.yaml"


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    return RulesFolder(tmp_path)


def test_a_copy_of_the_shipped_rules_loads_with_the_same_hash(rules: RulesFolder) -> None:
    assert load_catalog(rules.root).rules_hash == load_catalog().rules_hash


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (PREMERA, "payer: premera\n", "", "payer: is missing. Add it, or `payers`"),
        (PREMERA, "kind: funding", "kind: funding\nkinds: x", "kinds: is not a valid key."),
        (PREMERA, "kind: funding", "kind: law", "kind: `law` is not one of 'funding' or 'guidance'. Use one of these."),
        (PREMERA, "date: 2020-01-03", "date: 2020-1-3",
         "versions[0].from.date: `2020-1-3` is not a date of the form YYYY-MM-DD. Correct it."),
        (PREMERA, "date: 2020-01-03", "date: 2020-02-30", "versions[0].from.date: `2020-02-30` is not a day of th"),
        (PREMERA, "date: 2020-06-30", "date: 9999-12-31",
         "versions[0].until.date: `9999-12-31` is out of range; omit an open end. Correct it."),
        (PREMERA, "date: 2020-01-03", "date: 0001-01-01",
         "versions[0].from.date: `0001-01-01` is out of range; omit an open end. Correct it."),
        ("programs.yaml", SHAPE, "'^(?=R)R[0-9]{8}$'",
         "programs.fep.member_id_shapes[0]: `^(?=R)R[0-9]{8}$` is not a supported regular expression"),
        ("programs.yaml", SHAPE, "'^R[0-9]{8}\\$'",
         "programs.fep.member_id_shapes[0]: `^R[0-9]{8}\\$` is not a regular expression."),
        (PREMERA, '"32999"', "3299", "versions[0].codes.listed[0]: `3299` has the wrong format."),
        (PREMERA, ", section: Coding", "", "versions[1].codes.cite.section: is missing. Add it."),
        (PREMERA, ", section: Coding", ', section: ""', "versions[1].codes.cite.section: is empty."),
        (PREMERA, "rule: refer", "rule: applies",
         "versions[0].exceptions.medicare_advantage.rule: `applies` is not one of 'refer' or 'review'."),
        (PREMERA, "reference: Premera", "reference: Premera*",
         "reference: `Premera* Irreversible Electroporation` has"),
        (PREMERA, 'listed: ["32999", "47399", "48999", "53899"]', "listed: 32999",
         "versions[0].codes.listed: must be a list. Write a dash before each item."),
        (PREMERA, "kind: funding", "kind: funding\nkind: funding", "line 9: duplicate key `kind`."),
        ("codes/ire.yaml", "sites: [prostate]", "sites: []", "codes[3].sites[0].sites: must have at least one item."),
        ("payers.yaml", "    blue_plan: true", "    blue_plan: NO",
         "payers.florida_blue.blue_plan: `NO` must be true or false. Correct it."),
        ("payers.yaml", "  regence:", "  Regence BS:", "payers.Regence BS: `Regence BS` has the wrong format."),
        ("programs.yaml", SHAPE, "'R[0-9]{8}'",
         "programs.fep.member_id_shapes[0]: `R[0-9]{8}` does not match the whole id: begin it with ^ and end it with"),
        ("programs.yaml", SHAPE, "'^R[0-9$'",
         "programs.fep.member_id_shapes[0]: `^R[0-9$` is not a regular expression."),
        ("reasons.yaml", "disposition: refer", "disposition: reject",
         "reasons[11].disposition: `reject` is not one of 'deny', 'return', 'review', 'refer' or 'pass'."),
        ("evidence/nice_ip1019_2.yaml", "n: 52", "n: many", "studies[0].n: is not a whole number."),
        (EVIDENCE, "  - site_classes: [kidney]", "  - site_classes: []", "by_site[2].site_classes: must have at"),
        (EVIDENCE, "  - site_classes: [kidney]\n    conclusion: >-", "  - site_classes: [kidney]\n    says: >-",
         "by_site[2].says: is not a valid key."),
        (EVIDENCE, "  - site_classes: [kidney]\n    conclusion: >-", "  - site_classes: [kidney]\n    says: >-",
         "by_site[2].conclusion: is missing. Add it."),
    ],
)  # fmt: skip
def test_fault_names_place_and_remedy(rules: RulesFolder, file: str, old: str, new: str, fault: str) -> None:
    faults = rules.replace(file, old, new).faults()
    assert [line for line in faults if line.startswith(f"rules/{file}: {fault}")], faults
    assert all(line.endswith(".") for line in faults)


def test_all_faults_of_all_files_come_at_once_sorted(rules: RulesFolder) -> None:
    rules.replace(PREMERA, "kind: funding", "kind: law").replace(PREMERA, "date: 2020-01-03", "date: soon")
    rules.replace("policies/regence.yaml", "payer: regence", "payer: nobody").write("payers.yaml", "payers: [")
    rules.replace("reasons.yaml", 'carc: "55"', "carc: 5-5")
    faults = rules.faults()
    assert list(faults) == sorted(faults)
    files = [line.split(":")[0] for line in faults]
    assert files == ["rules/payers.yaml", f"rules/{PREMERA}", f"rules/{PREMERA}", "rules/reasons.yaml"]


def test_a_file_that_cannot_be_parsed_is_not_checked_against_the_others(rules: RulesFolder) -> None:
    assert len(rules.replace("evidence/nice_ip1019_2.yaml", "n: 52", "n: x").faults()) == 1
    assert len(rules.write("codes/ire.yaml", "codes: [").faults()) == 2


def test_missing_and_stray_files_are_named(rules: RulesFolder) -> None:
    (rules.root / "reasons.yaml").unlink()
    (rules.root / "codes" / "ire.yaml").unlink()
    rules.write("policies/acme.yml", "id: acme").write("notes.yaml", "a: b")
    place = "is not a file of a rule pack"
    faults = rules.faults()
    assert "rules/reasons.yaml: is missing. Add it." in faults
    assert "rules/codes: has no .yaml file. Add one for each service." in faults
    assert [line.split(": ")[0] for line in faults if place in line] == ["rules/notes.yaml", "rules/policies/acme.yml"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"nowhere: is not a rule pack\.") as caught:
        load_catalog(tmp_path / "nowhere")
    assert exit_code_for(caught.value) == 10


def test_the_hash_shows_any_change(rules: RulesFolder) -> None:
    before = load_catalog(rules.root).rules_hash
    assert load_catalog(rules.replace("payers.yaml", "FL Blue", "FL-Blue").root).rules_hash != before
    (rules.root / "policies" / "premera.yaml").rename(rules.root / "policies" / "premera_blue.yaml")
    moved = load_catalog(rules.root).rules_hash
    assert len({before, moved}) == 2
