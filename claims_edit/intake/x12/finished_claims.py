"""The claims of a chunk: the facts of their own segments, and of the subscriber and billing provider loops.

Among them: one identity for each billing provider, by what its loop holds, and what keeps a denial or return from being
posted as it is (the order of payers, test data, the claim's purpose).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.extract import FREQUENCY_MISSING
from claims_edit.intake.x12.diagnoses import CONDITION, VALUE, claim_procedures, nubc_codes
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.runs import latest
from claims_edit.intake.x12.segments import word

if TYPE_CHECKING:
    from claims_edit.intake.x12.diagnoses import HealthCodes
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers


BILLING = "NM1*85"
TAX_NUMBERS = ("REF*EI", "REF*SY")
PRODUCTION, TEST = "P", "T"  # ISA15
PRIMARY = "P"  # SBR01
LATER = ("S", "T", "A", "B", "C", "D", "E", "F", "G", "H")  # SBR01: secondary, tertiary, payer four to eleven
CHARGEABLE, ENCOUNTER, SUBROGATION = "CH", "RP", "31"  # BHT06
# What only another payer's adjudication writes: it has come before this payer.
ADJUDICATED = ("SVD", "CAS", "MIA", "MOA", "AMT*D", "DTP*573")
MEMBER_QUALIFIERS = ("MI", "II", "ZZ")  # NM108 of a member id; ZZ in 004010
PAYER_QUALIFIERS = ("PI", "XV")
_NO_SE = ("ISA", "GS", "ST", "ST*837", "GE", "IEA")  # what may follow in place of the SE


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


@dataclass(frozen=True)
class FinishedClaims:
    """The finished claims of a chunk.

    Attributes:
        rows: their CLM.
        frame: their facts.
        grounds: why all their lines are refused: the claim may differ from what was sent.
        holds: why decisions on them must not be posted.
    """

    rows: Numbers
    frame: pl.DataFrame
    grounds: dict[str, Flags]
    holds: dict[str, Flags]


def claims(chunk: Chunk, facts: Facts, codes: HealthCodes) -> FinishedClaims:
    """The finished claims."""
    rows = chunk.finished("CLM")
    composites = facts.composite(rows, "CLM", 5)
    parts = chunk.segments.parts(
        composites, {"facility_code": 1, "facility_qualifier": 2, "claim_frequency_code": 3, "leftover": 4}
    )
    leftover = parts.pop("leftover")
    elements = {
        "claim_id": (facts.first(rows, "CLM"), 1),
        "claim_charge": (facts.first(rows, "CLM"), 2),
        "original_claim_id": (facts.first(rows, "REF*F8"), 2),
        "clinical_trial_number": (facts.first(rows, "REF*P4"), 2),
        "investigational_device_exemption_number": (facts.first(rows, "REF*LX"), 2),
        "claim_authorization": (facts.first(rows, "REF*G1"), 2),
        "claim_rendering_npi": (facts.with_npi(rows, "NM1*82"), 9),
        "claim_facility_npi": (facts.with_npi(rows, "NM1*77"), 9),
    } | _surroundings(chunk, rows, facts)
    found = chunk.segments.columns(elements)
    identifier = found.pop("payer_identifier")
    procedures, too_many = claim_procedures(codes, rows)
    frame = pl.DataFrame({
        **found,
        "payer": found["payer"].zip_with(found["payer"].is_not_null(), identifier),
        "billing_provider_id": billing_provider(chunk, chunk.provider[rows], facts),
        "condition_codes": nubc_codes(codes, rows, CONDITION),
        "value_codes": nubc_codes(codes, rows, VALUE),
        **parts,
        **procedures.to_dict(),
    })  # fmt: skip
    grounds = {
        FREQUENCY_MISSING: parts["claim_frequency_code"].is_null().to_numpy(),
        "claim_frequency_code-leftover": leftover.is_not_null().to_numpy(),
        "procedure_code-too-many": too_many,
        "payer-unqualified": _is_payer_unqualified(chunk, rows, facts),
        "member_id-unqualified": _is_unqualified(chunk, rows, facts),
        "row-interchange-usage": usage(chunk, rows)[1],
    }
    return FinishedClaims(rows, frame, _doubts(chunk, rows, facts) | grounds, holds(chunk, rows, facts))


def _surroundings(chunk: Chunk, rows: Numbers, facts: Facts) -> dict[str, tuple[Numbers, int]]:
    """The facts of the loops around the claims: segments, and their elements."""
    subscriber, provider = chunk.subscriber[rows], chunk.provider[rows]
    sbr, payer, member = (facts.first(subscriber, kind) for kind in ("SBR", "NM1*PR", "NM1*IL"))
    return {
        "plan": (sbr, 4),
        "group_id": (sbr, 3),
        "claim_filing_indicator_code": (sbr, 9),
        "member_id": (member, 9),
        "payer": (payer, 3),
        "payer_identifier": (payer, 9),
        "billing_npi": (facts.with_npi(provider, "NM1*85"), 9),
    }


def _is_payer_unqualified(chunk: Chunk, rows: Numbers, facts: Facts) -> Flags:
    """Whether the payer is known by an identifier alone, and that is of another kind than a payer's."""
    payer = facts.first(chunk.subscriber[rows], "NM1*PR")
    name, identifier = (chunk.segments.trimmed_lengths(*chunk.segments.bounds(payer, place)) for place in (3, 9))
    is_known, _ = chunk.segments.say(payer, 8, *PAYER_QUALIFIERS)
    found: Flags = (name == 0) & (identifier > 0) & ~np.logical_or.reduce(is_known)
    return found


def _is_unqualified(chunk: Chunk, rows: Numbers, facts: Facts) -> Flags:
    """Whether the member's identifier is of another kind than a member id, or of none."""
    member = facts.first(chunk.subscriber[rows], "NM1*IL")
    begins, ends = chunk.segments.bounds(member, 9)
    is_known, _ = chunk.segments.say(member, 8, *MEMBER_QUALIFIERS)
    found: Flags = (begins < ends) & ~np.logical_or.reduce(is_known)
    return found


def _doubts(chunk: Chunk, rows: Numbers, facts: Facts) -> dict[str, Flags]:
    """Why a claim may differ from what was sent."""
    provider, subscriber, last = chunk.provider[rows], chunk.subscriber[rows], chunk.last[rows]
    of_subscriber = (subscriber != NONE) & chunk.unreadable_before[chunk.last[subscriber]]
    is_cut_off = np.append(chunk.rows.are(*_NO_SE), True)  # by the end of the file, too
    return {
        "row-no-subscriber": ~facts.has(subscriber, "SBR"),
        "row-unreadable-segment": chunk.unreadable_before[last] | of_subscriber,
        "row-hierarchy": _is_displaced(chunk, rows) | _is_misplaced(chunk, chunk.loop[rows], subscriber),
        "row-no-billing-provider": (provider != NONE) & (subscriber != NONE) & ~facts.has(provider, "NM1*85"),
        "row-conflicting-segments": facts.contradicted(subscriber, "SBR", "NM1*IL", "NM1*PR")
        | facts.contradicted(provider, "NM1*85")
        | facts.contradicted(rows, "REF*F8", "DTP*472", "DTP*434", "NM1*82", "NM1*77"),
        "row-cut-off": is_cut_off[chunk.follower[rows]],
    }


def _is_displaced(chunk: Chunk, rows: Numbers) -> Flags:
    """Whether a segment that shows a lost HL, CLM or LX comes before the end of each claim, in its loops."""
    found = chunk.displaced_before[chunk.last[rows]]
    for loops in (chunk.provider[rows], chunk.subscriber[rows]):
        found |= (loops != NONE) & chunk.displaced_before[chunk.last[loops]]
    return found


def _is_misplaced(chunk: Chunk, loops: Numbers, subscribers: Numbers) -> Flags:
    """Whether a loop is of no known level, or under another one than its HL02 names: the 2000A or 2000B in force."""
    is_misplaced: Flags = chunk.rows.are("HL")[loops] | (
        (subscribers != NONE) & ~_is_under(chunk, subscribers, chunk.provider)
    )
    dependents = np.flatnonzero(chunk.rows.are("HL*23")[loops])
    if dependents.size:
        is_misplaced[dependents] |= ~_is_under(chunk, loops[dependents], chunk.subscriber)
    return is_misplaced


def _is_under(chunk: Chunk, loops: Numbers, in_force: Numbers) -> Flags:
    """Whether the HL02 of each loop is the HL01 of the loop `in_force` at it."""
    parent = chunk.segments.bounds(chunk.opening_of(loops), 2)
    own = chunk.segments.bounds(chunk.opening_of(in_force[loops]), 1)
    return chunk.segments.are_same(parent, own)
