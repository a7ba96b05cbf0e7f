"""Who bills: one identity for each billing provider, by what its loop holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.runs import latest
from claims_edit.intake.x12.segments import word

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Numbers

BILLING = "NM1*85"
TAX_NUMBERS = ("REF*EI", "REF*SY")


def billing_provider(chunk: Chunk, loops: Numbers, facts: Facts) -> pl.Series:
    """The identity of the billing provider (2010AA) of each 2000A, upper-cased and without blanks.

    It is the NPI, else the tax number, else another identifier, else the name. What pay-to loops (2010AB, 2010AC) say
    is not the billing provider's.
    """
    begins = np.append(np.True_, loops[1:] != loops[:-1])[: loops.size]  # claims of one provider follow one another
    each, of_row = loops[begins], np.cumsum(begins) - 1
    identity = chunk.segments.elements(facts.with_npi(each, BILLING), 9)
    if identity.null_count():
        others = [_tax_number(chunk, each, facts, kind) for kind in TAX_NUMBERS]
        others += [facts.element_text(each, BILLING, place) for place in (9, 3)]
        identity = pl.select(pl.coalesce(identity, *others)).to_series()
    upper = pl.lit(identity).str.to_uppercase().str.replace_all(r"\s", "")
    return pl.select(upper).to_series().gather(of_row)


def _tax_number(chunk: Chunk, loops: Numbers, facts: Facts, kind: str) -> pl.Series:
    """REF02 of a kind, if there is an NM1*85 and no other NM1 is between it and the REF."""
    reference, billing = facts.first(loops, kind), facts.first(loops, BILLING)
    named = np.append(latest(chunk.segments.words(*chunk.segments.names()) == word("NM1")), NONE)
    is_own = (billing != NONE) & (named[reference] == billing)
    return chunk.segments.elements(np.where(is_own, reference, NONE), 2)
