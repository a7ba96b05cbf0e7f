"""The proof of a pack of many policies decides alike lines once, and still finds a fault in any one of them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from claims_edit.edits import EDITS
from claims_edit.governance import decision_axes
from claims_edit.governance.proof_units import Signatures
from claims_edit.governance.prove import Proving, prove
from claims_edit.policy import catalog_of, examine, load_catalog
from claims_edit.policy.catalog import compile_catalog
from tests.lib.many_policies import many_policies
from tests.lib.proofs import with_few_codes

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

COUNT = 8
ONE = f"policies/payer_{COUNT // 2 + 1:04}.yaml"


@cache
def contents() -> dict[str, bytes]:
    return many_policies(COUNT)


def unchecked(changed: dict[str, bytes]) -> Catalog:
    """The decision tables of a pack that the checks at loading would refuse."""
    pack, _ = examine(contents() | changed)
    return compile_catalog(pack, contents() | changed, "00")


def spoiled(path: str, old: str, new: str) -> dict[str, bytes]:
    text = contents()[path].decode()
    assert old in text, f"{old!r} is not in {path}"
    return {path: text.replace(old, new, 1).encode()}


@pytest.mark.long
def test_lines_alike_count_as_if_each_were_decided_by_itself() -> None:
    catalog = with_few_codes(catalog_of(many_policies(5, seed=3)))
    together, by_itself = prove(catalog), prove(catalog, each_by_itself=True)
    assert together.as_dict() == by_itself.as_dict()
    assert together.faults == ()


@pytest.mark.long
def test_a_fault_in_one_of_many_policies_is_found_and_the_only_one() -> None:
    """The same program beside the ones that many policies apply to: the others are not to blame."""
    changed = spoiled(ONE, "applies_to: {programs: [", "applies_to: {programs: [medicare_advantage, ")
    changed = {
        path: raw.replace(b"      medicare_advantage: {rule", b"      nhs: {rule") for path, raw in changed.items()
    }
    proof = prove(unchecked(changed))
    assert proof.advantage_denied > 0
    denied = [fault for fault in proof.faults if "Medicare Advantage ends in deny" in fault]
    assert denied
    assert all(fault.startswith(f"rules/{ONE}: versions[0].applies_to.programs: ") for fault in denied), denied


def test_lines_that_are_taken_for_alike_and_are_not_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof does not rely on what it holds alike: a line of each is decided by itself, and compared."""
    monkeypatch.setattr(Signatures, "of_code", lambda *_: "any code")
    proving = Proving(load_catalog())
    proving.decide(each for each in decision_axes.payers((load_catalog(),)) if each.label == "premera")
    assert any("lines that are alike have different outcomes" in place for place, _ in proving.faults)


@pytest.mark.long
def test_a_rule_that_no_line_reaches_is_found_in_one_of_many_policies() -> None:
    changed = spoiled(ONE, "applies_to: {programs: [", "applies_to: {programs: [nowhere, ")
    faults = prove(unchecked(changed)).faults
    assert [fault for fault in faults if fault.startswith(f"rules/{ONE}: versions[0].applies_to.programs[0]: ")], faults
    assert len(faults) == 1


@pytest.mark.long
def test_a_fault_that_all_policies_share_is_one_fault_with_the_cells_of_all() -> None:
    """SBR09 16 read as Medicaid: one place to fix, and as many cells as if each were decided by itself."""
    programs = contents()["programs.yaml"].decode()
    moved = programs.replace('filing_indicators: ["16"]', 'filing_indicators: ["15"]', 1)
    moved = moved.replace("filing_indicators: [MC]", 'filing_indicators: [MC, "16"]', 1)
    assert moved.count('"16"') == 1
    proof = prove(unchecked({"programs.yaml": moved.encode()}))
    (fault,) = [fault for fault in proof.faults if "Medicare Advantage ends in deny (`investigational`)" in fault]
    assert fault.startswith("rules/programs.yaml: programs.medicaid.filing_indicators[1]: ")
    counted = [re.search(r" in (\d+) cells ", each) for each in proof.faults if "ends in deny" in each]
    assert sum(int(each[1]) for each in counted if each) == proof.advantage_denied > COUNT


@pytest.mark.long
def test_every_edit_is_reached_in_many_policies() -> None:
    proof = prove(catalog_of(contents()))
    assert proof.faults == ()
    assert proof.advantage_denied == proof.held_denied == proof.unsettled_denied == 0
    assert not [edit.id for edit in EDITS if not proof.edits[edit.id]]
