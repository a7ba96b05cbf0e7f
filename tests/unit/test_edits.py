"""The decision table as its edits give it: conditions in order, and what follows from them alone."""

from __future__ import annotations

import pickle

import pytest

from claims_edit.edits import EDITS, INFORMATIONAL_EDITS, TABLE_EDITS, Edit
from claims_edit.edits.conditions import IN_FORCE
from claims_edit.edits.edit import Decidable
from claims_edit.model import CodeKind, Disposition
from claims_edit.policy import load_catalog

CATALOG = load_catalog()


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.id)
def test_conditions_have_names_and_can_be_sent_elsewhere(edit: Edit) -> None:
    names = [condition.name for condition in edit.conditions]
    assert names
    assert len(set(names)) == len(names)
    sent = pickle.loads(pickle.dumps(edit.hit))  # noqa: S301 -- of our own making
    assert sent.meta == edit.hit.meta


def test_a_pack_reaches_the_edit_on_unlisted_codes_where_it_has_one() -> None:
    (edit,) = (edit for edit in EDITS if edit.id == "unlisted-code-out-of-scope")
    codes = [code for file in CATALOG.pack.codes.values() for code in file.codes]
    by_kind = {kind: tuple(code for code in codes if code.kind is kind) for kind in CodeKind}
    assert edit.ground is not None
    assert {kind: edit.ground(Decidable(codes, ())) for kind, codes in by_kind.items()} == {
        CodeKind.SPECIFIC: False, CodeKind.UNLISTED: True,
    }  # fmt: skip


def test_edits_have_ids_of_their_own() -> None:
    assert len({edit.id for edit in EDITS}) == len(EDITS)
    assert not {edit.id for edit in TABLE_EDITS} & {edit.id for edit in INFORMATIONAL_EDITS}


def test_no_denial_before_what_may_save_a_line_nor_without_a_version() -> None:
    denying = [place for place, edit in enumerate(TABLE_EDITS) if edit.may_deny]
    holding = [place for place, edit in enumerate(TABLE_EDITS) if edit.held]
    assert min(denying) > max(holding)
    assert all(IN_FORCE in TABLE_EDITS[place].conditions for place in denying)


def test_the_shipped_rules_deny_and_pass_only_where_edits_may() -> None:
    given = {reason.edit: reason.disposition for reason in CATALOG.pack.reasons.reasons}
    assert {edit.id for edit in TABLE_EDITS if edit.may_deny} == {
        edit for edit, disposition in given.items() if disposition is Disposition.DENY
    }
    assert {edit.id for edit in TABLE_EDITS if edit.may_pass} == {
        edit for edit, disposition in given.items() if disposition is Disposition.PASS
    }
