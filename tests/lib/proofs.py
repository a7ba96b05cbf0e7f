"""The proof of some payers' part of a pack's space: a whole pack takes seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.governance import decision_axes
from claims_edit.governance.prove import Proof, Proving

if TYPE_CHECKING:
    from claims_edit.policy import Catalog


def proof_for(catalog: Catalog, *payers: str) -> tuple[Proof, list[str]]:
    """The proof of the cells of these payers, with what they led to; not whether every rule is reached."""
    proving = Proving(catalog)
    proving.decide(each for each in decision_axes.payers((catalog,)) if each.label in payers)
    reported = [f"{place} {count.cells} {count.example} {remedy}" for (place, remedy), count in proving.faults.items()]
    return proving.so_far, reported


def with_few_codes(catalog: Catalog) -> Catalog:
    """The pack with two of its codes of claims, which are alike: to decide each of them by itself takes minutes."""
    few = [*catalog.codes.filter("of_claims")["hcpcs_code"].head(1), *catalog.codes["hcpcs_code"].tail(1)]
    return replace(catalog, codes=catalog.codes.filter(~pl.col("of_claims") | pl.col("hcpcs_code").is_in(few)))


def cells_of(catalog: Catalog, payer: str) -> list[pl.DataFrame]:
    """Every cell of a payer, as candidate lines."""
    proving = Proving(with_few_codes(catalog), each_by_itself=True)
    proving.cells.add([each for each in decision_axes.payers((catalog,)) if each.label == payer], ())
    return list(proving.cells.frames())
