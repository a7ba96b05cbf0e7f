"""Evidence that a line does not quite carry: references without a number, signs of a trial elsewhere, other codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from claims_edit.intake.canonical import FILING_INDICATOR, FILING_UNKNOWN
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.segments import word
from claims_edit.intake.x12.vocabulary import FILING_INDICATORS, PAYER_ORDERS, SERVICES

if TYPE_CHECKING:
    from claims_edit.intake.x12.diagnoses import Diagnoses, HealthCodes
    from claims_edit.intake.x12.doubts import Doubts
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers

# Data in the place of a fact without its number is neither the fact nor its absence.
REFERENCES = {
    "REF*P4": "clinical_trial_number",
    "REF*LX": "investigational_device_exemption_number",
    "REF*G1": "prior_authorization_number",
}
SELF = "18"  # SBR02: the subscriber is the patient
ONCE = ("REF*P4", "REF*LX")  # of which a claim has one
# Free text is not read but for the number of a registered trial; its segments are none that claim lines are made of.
_REGISTERED = re.compile(rb"NCT[ #-]?[0-9]{8}")
_WITH_TEXT = ("NTE", "K3", *SERVICES)


def doubt_registered_trials(doubts: Doubts, chunk: Chunk) -> None:
    """Doubt claims and lines whose notes or descriptions hold the number of a registered trial."""
    segments = chunk.segments
    found = [match.start() for match in _REGISTERED.finditer(segments.text.data)]
    if not found:
        return
    holding = np.unique(np.searchsorted(segments.begins, found, "right") - 1)
    holding = holding[np.isin(segments.words(*segments.names())[holding], [word(name) for name in _WITH_TEXT])]
    row = np.searchsorted(chunk.rows.segment, holding, "right") - 1  # the last one before
    holding, row = holding[row >= 0], row[row >= 0]
    owners = np.where(chunk.line[row] == NONE, chunk.claim[row], chunk.line[row])
    is_owned = owners != NONE
    doubts.add("clinical_trial_number-in-text", owners[is_owned], holding[is_owned])


def doubt_references(doubts: Doubts, facts: Facts, owners: Numbers) -> None:
    """Doubt the references of claims or lines that hold no number, or two."""
    for kind in ONCE:
        is_several = facts.contradicted(owners, kind)
        doubts.add(f"{REFERENCES[kind]}-several", owners[is_several], facts.first(owners, kind)[is_several])
    for kind, name in REFERENCES.items():
        is_empty = facts.has(owners, kind)
        if not is_empty.any():
            continue
        is_empty &= facts.element_text(owners, kind, 2).is_null().to_numpy()
        doubts.add(f"{name}-missing", owners[is_empty], facts.first(owners, kind)[is_empty])


def doubt_subscribers(doubts: Doubts, chunk: Chunk, facts: Facts, claims: Numbers) -> None:
    """Doubt claims whose SBR has an invalid code, or has its last element in place of the one before.

    A claim filing indicator has the form of one and is in no guide's code list; of another form it is a doubt in every
    format.
    """
    claims = claims[~_are_plain_subscribers(chunk, facts.first(chunk.subscriber[claims], "SBR"))]
    if not claims.size:
        return
    subscriber = chunk.subscriber[claims]
    sbr = facts.first(subscriber, "SBR")
    order, relation, status, filing = (
        facts.element_text(subscriber, "SBR", place).str.strip_chars() for place in (1, 2, 8, 9)
    )
    is_known = filing.str.to_uppercase().is_in([*FILING_INDICATORS, "00"])  # zeros mean empty
    unknown = (filing.str.contains(f"(?i){FILING_INDICATOR}") & ~is_known).fill_null(value=False).to_numpy()
    doubts.add(FILING_UNKNOWN, claims[unknown], sbr[unknown])
    has_order = order.is_in(PAYER_ORDERS).fill_null(value=False)
    is_related = relation.str.contains(r"^([0-9A-Za-z]{2})?$").fill_null(value=True)
    has_moved = (status != "").fill_null(value=False) & (filing == "").fill_null(value=True)
    odd = ((~has_order | ~is_related | has_moved).to_numpy()) & np.not_equal(sbr, NONE)
    doubts.add("subscriber-not-understood", claims[odd], sbr[odd])


def doubt_unpointed_trials(
    doubts: Doubts, codes: HealthCodes, claims: Numbers, lines: Numbers, diagnoses: Diagnoses
) -> None:
    """Doubt lines of a claim that has the diagnosis of a trial, where the line itself does not have it.

    `claims` and `lines` are the rows at which the claim and the line of each service begin.
    """
    of_trial = codes.where(codes.of_trial)
    if not of_trial.claim.size:
        return
    first = np.searchsorted(of_trial.claim, claims)
    touched = np.flatnonzero(np.append(of_trial.claim, NONE)[first] == claims)
    unpointed = touched[~diagnoses.of_trial[touched]]
    doubts.add("trial-diagnosis-not-pointed", lines[unpointed], of_trial.segment[first[unpointed]])


def _are_plain_subscribers(chunk: Chunk, sbr: Numbers) -> Flags:
    """Which SBR segments (or NONE) have but codes, as nearly all do: they need no closer look."""
    segments = chunk.segments
    (order, _), (filing, _) = (segments.trimmed_words(*segments.bounds(sbr, place)) for place in (1, 9))
    begins, ends = segments.bounds(sbr, 2)
    is_related = (begins == ends) | segments.say(sbr, 2, SELF)[0][0]
    status_begins, status_ends = segments.bounds(sbr, 8)
    is_filed = np.isin(filing, [word(code) for code in FILING_INDICATORS])
    is_filed |= (filing == word("")) & (status_begins == status_ends)
    plain: Flags = np.equal(sbr, NONE)
    plain |= np.isin(order, [word(code) for code in PAYER_ORDERS]) & is_related & is_filed
    return plain
