"""What keeps a denial or return from being posted as it is: the order of payers, test data, the claim's purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from claims_edit.intake.x12.loops import NONE

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers

PRODUCTION, TEST = "P", "T"  # ISA15
PRIMARY = "P"  # SBR01
LATER = ("S", "T", "A", "B", "C", "D", "E", "F", "G", "H")  # SBR01: secondary, tertiary, payer four to eleven
CHARGEABLE, ENCOUNTER, SUBROGATION = "CH", "RP", "31"  # BHT06
# What only another payer's adjudication writes: it has come before this payer.
ADJUDICATED = ("SVD", "CAS", "MIA", "MOA", "AMT*D", "DTP*573")


def usage(chunk: Chunk, claims: Numbers) -> tuple[Flags, Flags]:
    """Whether ISA15 marks each claim as test data, and whether it is neither test nor production."""
    header = chunk.opening_of(chunk.interchange[claims])
    (is_production, is_test), _ = chunk.segments.say(header, 15, PRODUCTION, TEST)
    return is_test, ~is_production & ~is_test


def holds(chunk: Chunk, claims: Numbers, facts: Facts) -> dict[str, Flags]:
    """By name of POSTING_HOLDS, the claims that it holds for."""
    is_test, _ = usage(chunk, claims)
    transaction = facts.first(chunk.transaction[claims], "BHT")
    (chargeable, encounter, subrogation), _ = chunk.segments.say(transaction, 6, CHARGEABLE, ENCOUNTER, SUBROGATION)
    own, _ = chunk.segments.say(facts.first(chunk.subscriber[claims], "SBR"), 1, PRIMARY, *LATER)
    is_later = np.logical_or.reduce(own[1:])
    others_first, others_unknown = _other_payers(chunk)
    return {
        "test-data": is_test,
        "encounter": encounter,
        "subrogation": subrogation,
        "purpose-unknown": ~(chargeable | encounter | subrogation),
        "other-payer-first": is_later | others_first[claims],
        "payer-order-unknown": ~(own[0] | is_later) | others_unknown[claims],
    }


def _other_payers(chunk: Chunk) -> tuple[Flags, Flags]:
    """By row of a claim: whether another payer has come before, and whether one has no order."""
    before, unknown = (np.zeros(chunk.claim.size + 1, dtype=np.bool_) for _ in range(2))
    before[chunk.claim[chunk.rows.are(*ADJUDICATED)]] = True
    other = np.flatnonzero(chunk.rows.are("SBR") & (chunk.claim != NONE))
    order, _ = chunk.segments.say(chunk.rows.segment[other], 1, PRIMARY, *LATER)
    before[chunk.claim[other[order[0]]]] = True
    unknown[chunk.claim[other[~np.logical_or.reduce(order)]]] = True
    return before, unknown
