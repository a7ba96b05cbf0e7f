"""The code lists by which a claim states what it is, in each version of FHIR, and what each code does to its lines.

HL7's required bindings: a code in no list, a misspelled one, or a missing required one is not understood.
R4B is R4 here; R5 kept R4's codes for these elements.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from claims_edit.doubts import doubt_token
from claims_edit.intake.fhir.concepts import codings
from claims_edit.intake.fhir.elements import ABSENT, Concept

if TYPE_CHECKING:
    from claims_edit.intake.fhir.resources import Resource

NO_CLAIM_FOR_PAYMENT = "row-no-claim-for-payment"
DRAFT = "row-draft"
STATUS_UNKNOWN = "status-unknown"
USE_UNKNOWN, OUTCOME_UNKNOWN = "use-unknown", "outcome-unknown"
OUTCOME_INCOMPLETE = "outcome-incomplete"
COMPLETE = b'"complete"'
EXPLANATION = "ExplanationOfBenefit"


class Version(StrEnum):
    """A version of FHIR."""

    STU3 = "STU3"
    R4 = "R4"
    R5 = "R5"


class Meaning(NamedTuple):
    """What a code does to the lines of its claim: void them, refuse them, or put them in doubt."""

    void: bool = False
    fault: str | None = None
    doubt: str | None = None


class ClaimEffect(NamedTuple):
    """What the codes of a claim together do to its lines."""

    void: bool = False
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


SOUND = Meaning()
NOT_FOR_PAYMENT = Meaning(fault=NO_CLAIM_FOR_PAYMENT)
INCOMPLETE = Meaning(doubt=OUTCOME_INCOMPLETE)
_STATUS = {
    "active": SOUND,
    "cancelled": Meaning(void=True),
    "entered-in-error": Meaning(void=True),
    "draft": Meaning(fault=DRAFT),
}
_USE = {"claim": SOUND, "preauthorization": NOT_FOR_PAYMENT, "predetermination": NOT_FOR_PAYMENT}
_OUTCOME = {"complete": SOUND, "queued": INCOMPLETE, "error": INCOMPLETE, "partial": INCOMPLETE}
STATUSES = dict.fromkeys(Version, _STATUS)
USES = {
    Version.STU3: {
        "complete": SOUND,
        "proposed": NOT_FOR_PAYMENT,
        "exploratory": NOT_FOR_PAYMENT,
        "other": Meaning(doubt=USE_UNKNOWN),
    },
    Version.R4: _USE,
    Version.R5: _USE,
}
OUTCOMES = {
    Version.STU3: {"complete": SOUND, "error": INCOMPLETE, "partial": INCOMPLETE},
    Version.R4: _OUTCOME,
    Version.R5: _OUTCOME,
}
STATUS_REFUSED = Meaning(void=True, fault=STATUS_UNKNOWN)  # a claim that it may cancel is in doubt, too
OPTIONAL = {"status": {Version.STU3}, "use": {Version.STU3}, "outcome": {Version.STU3}}  # elsewhere required

_code = msgspec.json.Decoder(str | Concept | list[Concept] | None).decode


def is_plain(claim: Resource) -> bool:
    """Whether a claim is what most are, active and for payment, in the words of R4 and R5."""
    if claim.status != "active" or claim.use != "claim":
        return False
    outcome = claim.outcome
    return bytes(outcome) == COMPLETE if claim.resource_type == EXPLANATION else outcome is ABSENT


def effect_of(claim: Resource) -> ClaimEffect:
    """What the codes of a claim do to its lines.

    Raises:
        msgspec.ValidationError: `outcome` is neither a code nor a concept.
    """
    versions = _versions(claim)
    is_eob = claim.resource_type == EXPLANATION
    meanings = [
        _meaning("status", [claim.status] if claim.status is not None else [], STATUSES, versions),
        _meaning("use", [claim.use] if claim.use is not None else [], USES, versions),
    ]
    if is_eob:
        meanings.append(_meaning("outcome", _outcome(claim), OUTCOMES, versions))
    return ClaimEffect(
        any(one.void for one in meanings),
        tuple(one.fault for one in meanings if one.fault is not None),
        tuple(
            doubt_token(one.doubt, place)
            for place, one in zip(("status", "use", "outcome"), meanings, strict=False)
            if one.doubt is not None
        ),
    )


def _meaning(
    element: str, codes: list[str], lists: dict[Version, dict[str, Meaning]], versions: tuple[Version, ...]
) -> Meaning:
    if not codes and any(version in OPTIONAL[element] for version in versions):
        return SOUND
    unknown = STATUS_REFUSED if element == "status" else Meaning(doubt=f"{element}-unknown")
    found = {_of_code(code, lists, versions, unknown) for code in codes}
    return found.pop() if len(found) == 1 else unknown


def _of_code(
    code: str, lists: dict[Version, dict[str, Meaning]], versions: tuple[Version, ...], unknown: Meaning
) -> Meaning:
    """What a code does; one that another version has is not understood here, unless it refuses."""
    found = next((lists[version][code] for version in versions if code in lists[version]), None)
    elsewhere = (one[code] for one in lists.values() if code in one and one[code].fault is not None)
    return found or next(elsewhere, unknown)


def _outcome(claim: Resource) -> list[str]:
    """The codes of the outcome: a code, or STU3's concept."""
    try:
        meanings = _code(claim.outcome) if bytes(claim.outcome) else None
    except msgspec.ValidationError:
        raise msgspec.ValidationError("Expected `str` - at `$.outcome`") from None
    if isinstance(meanings, str):
        return [meanings]
    concepts = meanings if isinstance(meanings, list) else [meanings]
    return [coding.code or "" for one in concepts for coding in codings(one)]


def _versions(claim: Resource) -> tuple[Version, ...]:
    """The versions that the names of a claim's elements allow: STU3 alone, R4 and R5, or any."""
    first = claim.item[0] if claim.item else None
    old = claim.information is not None or claim.organization is not ABSENT
    new = claim.supporting_info is not None
    if first is not None:
        links = (first.service, first.diagnosis_link_id, first.care_team_link_id, first.information_link_id)
        names = (first.product_or_service, first.diagnosis_sequence, first.care_team_sequence)
        old = old or any(one is not ABSENT for one in links)
        new = new or any(one is not ABSENT for one in names)
    if old and not new:
        return (Version.STU3,)
    return (Version.R4, Version.R5) if new and not old else tuple(Version)
