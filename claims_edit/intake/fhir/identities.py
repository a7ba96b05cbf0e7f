"""By which numbers a claim is known: its own, its billing provider's, and the Claim that an explanation explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.intake.fhir.concepts import has_code
from claims_edit.intake.fhir.references import last_part
from claims_edit.intake.fhir.systems import variable_of

if TYPE_CHECKING:
    from claims_edit.intake.fhir.references import Referred
    from claims_edit.intake.fhir.resources import Numbered, Resource

CLAIM_IDS = frozenset({"clm_id", "clm_uniq_id", "pde_id"})
UNIQUE_CLAIM_ID = frozenset({"uc"})
CLAIM = "Claim"


def claim_id(claim: Resource | Numbered) -> str | None:
    """The payer's own number of a claim.

    CMS's `clm_id` first: its server types the number of a claim group as a unique claim id, too. Then CARIN's unique
    claim id. The id of the resource is the server's name for it, and other identifiers may be anybody's (a control
    number, a patient account), so that they come after.
    """
    first = unique = None
    for one in claim.identifier or ():
        if not one.value:
            continue
        if one.system and variable_of(one.system) in CLAIM_IDS:
            return one.value
        if unique is None and has_code(one.type, UNIQUE_CLAIM_ID):
            unique = one.value
        first = first or one.value
    return unique or claim.id or first


def provider_id(provider: Referred, npi: str | None) -> str | None:
    """Who billed: the NPI, else another identifier, else the name, else the id; upper case, without blanks."""
    if npi is not None and npi.isdigit():
        return npi
    identity = npi or provider.value or provider.display or (last_part(provider.literal) if provider.literal else None)
    return "".join(identity.upper().split()) or None if identity else None


def explained(claim: Resource) -> str | None:
    """The Claim that an explanation explains, and of a Claim itself: its resource id, a blank, and the patient's id."""
    if claim.resource_type == CLAIM:
        number = claim.id
    elif claim.claim is None:
        return None
    elif claim.claim.reference:
        number = last_part(claim.claim.reference)
    else:
        number = claim.claim.identifier.value if claim.claim.identifier is not None else None
    patient = claim.patient
    if not number or patient is None or not patient.reference:
        return None
    return f"{number} {last_part(patient.reference)}"
