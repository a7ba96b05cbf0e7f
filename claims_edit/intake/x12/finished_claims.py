"""The claims of a chunk: the facts of their own segments, and of the subscriber and billing provider loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.extract import FREQUENCY_MISSING
from claims_edit.intake.x12.diagnoses import CONDITION, VALUE, nubc_codes
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.posting import holds, usage
from claims_edit.intake.x12.providers import billing_provider

if TYPE_CHECKING:
    from claims_edit.intake.x12.diagnoses import HealthCodes
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers

MEMBER_QUALIFIERS = ("MI", "II", "ZZ")  # NM108 of a member id; ZZ in 004010
PAYER_QUALIFIERS = ("PI", "XV")
_NO_SE = ("ISA", "GS", "ST", "ST*837", "GE", "IEA")  # what may follow in place of the SE


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
    frame = pl.DataFrame({
        **found,
        "payer": found["payer"].zip_with(found["payer"].is_not_null(), identifier),
        "billing_provider_id": billing_provider(chunk, chunk.provider[rows], facts),
        "condition_codes": nubc_codes(codes, rows, CONDITION),
        "value_codes": nubc_codes(codes, rows, VALUE),
        **parts,
    })  # fmt: skip
    grounds = {
        FREQUENCY_MISSING: parts["claim_frequency_code"].is_null().to_numpy(),
        "claim_frequency_code-leftover": leftover.is_not_null().to_numpy(),
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
