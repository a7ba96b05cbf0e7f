"""The proof of some payers' part of a pack's space: a whole pack takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.governance import decision_axes
from claims_edit.governance.prove import Proof, _Proving

if TYPE_CHECKING:
    from claims_edit.policy import Catalog


def proof_for(catalog: Catalog, *payers: str) -> tuple[Proof, list[str]]:
    """The proof of the cells of these payers, with what they led to; not whether every rule is reached."""
    proving = _Proving(catalog)
    for each in decision_axes.payers((catalog,)):
        if each.label in payers:
            proving.payer(each)
    reported = [f"{place} {tally.cells} {tally.example} {remedy}" for (place, remedy), tally in proving._faults.items()]
    return proving._proof, reported
