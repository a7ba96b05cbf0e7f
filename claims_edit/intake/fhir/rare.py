"""What only few claims and lines have: failed checks, doubts, holds, exemptions, and the Claim that is explained.

Kept apart by place, so that the many others cost nothing.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from claims_edit.intake.extract import EXPLAINS, FAULT, RANK

EXEMPTION = "investigational_device_exemption_number"

# What both a claim and its lines have of, several separated by a blank.
SHARED = (FAULT, "doubts", "posting_holds", EXEMPTION)
OWN_FAULT, OWN_DOUBTS = 0, 1
OF_CLAIMS = (*SHARED, EXPLAINS, RANK)


class Rare(dict[int, list[Any]]):
    """By place, the values of SHARED (of claims: OF_CLAIMS)."""

    def add(self, place: int, which: int, names: list[str]) -> None:
        """Add names to one of the values at a place."""
        values = self.setdefault(place, [None] * len(SHARED))
        values[which] = " ".join(filter(None, (values[which], *names)))

    def drop_from(self, place: int) -> None:
        """Forget a place and all behind it."""
        for key in [key for key in self if key >= place]:
            del self[key]

    def column(self, which: int, height: int, dtype: type[pl.DataType] = pl.String) -> pl.Series | None:
        """One of the values as a column of that height; None where no place has it."""
        if all(values[which] is None for values in self.values()):
            return None
        column = [None] * height
        for place, values in self.items():
            column[place] = values[which]
        return pl.Series(column, dtype=dtype)


def shared_columns(of_lines: Rare, of_claims: Rare, claim_place: pl.Series, claims: int) -> list[pl.Series]:
    """SHARED, EXPLAINS and RANK of lines; `claim_place` is where the claim of each is among so many `claims`."""
    height = len(claim_place)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, height)
    found = []
    for which, name in enumerate(OF_CLAIMS[:-1]):
        claim = of_claims.column(which, claims)
        of_claim = claim.gather(claim_place) if claim is not None else None
        own = of_lines.column(which, height) if name in SHARED else None
        if of_claim is not None and own is not None:
            together = pl.concat_str(of_claim, own, separator=" ", ignore_nulls=True)
            of_claim = pl.select(pl.when(together != "").then(together)).to_series()
        either = of_claim if of_claim is not None else own
        found.append((nothing if either is None else either).alias(name))
    rank = of_claims.column(len(OF_CLAIMS) - 1, claims, pl.Int8)
    of_claim = pl.Series([0], dtype=pl.Int8).new_from_index(0, height) if rank is None else rank.gather(claim_place)
    return [*found, of_claim.fill_null(0).alias(RANK)]
