"""Whether a claim is professional or institutional."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.concepts import codings, first_code, located
from claims_edit.intake.fhir.elements import Concept
from claims_edit.intake.fhir.systems import name_of

if TYPE_CHECKING:
    from claims_edit.intake.fhir.resources import Resource

PROFESSIONAL, INSTITUTIONAL, UNDETERMINED = "professional", "institutional", "undetermined"

# CMS's server writes HL7's claim type beside its own, and not always rightly (outpatient and home health claims as
# professional, equipment claims as institutional): its own gives the form of the claim.
CMS_CODES = {
    **dict.fromkeys(("10", "20", "30", "40", "50", "60", "61", "62", "63", "64"), INSTITUTIONAL),
    **dict.fromkeys(("71", "72", "81", "82"), PROFESSIONAL),
    **dict.fromkeys(("HHA", "HOSPICE", "INPATIENT", "OUTPATIENT", "SNF"), INSTITUTIONAL),
    **dict.fromkeys(("CARRIER", "DME"), PROFESSIONAL),
    "PDE": UNDETERMINED,
}
CMS_TYPES = frozenset({
    "bluebutton.cms.gov/resources/variables/nch_clm_type_cd",
    "bluebutton.cms.gov/resources/codesystem/eob-type",
    "bluebutton.cms.gov/fhir/codesystem/clm-type-cd",
    "bluebutton.cms.gov/fhir/codesystem/eob-type",
})  # fmt: skip
HL7_CODES = {
    "professional": PROFESSIONAL,
    "institutional": INSTITUTIONAL,
    **dict.fromkeys(("oral", "pharmacy", "vision"), UNDETERMINED),
}
SUBTYPES = {"inpatient": INSTITUTIONAL, "outpatient": INSTITUTIONAL}

_profiles = msgspec.json.Decoder(list[str] | None).decode
_concept = msgspec.json.Decoder(Concept | None).decode


def claim_type(concept: Concept | None) -> tuple[str | None, str | None, bool]:
    """The claim type, the second digit of the type of bill, and whether the codes are those that CMS publishes."""
    given = codings(concept)
    by_cms = [CMS_CODES[one.code] for one in given if name_of(one.system) in CMS_TYPES and one.code in CMS_CODES]
    by_hl7 = [HL7_CODES[one.code] for one in given if one.code in HL7_CODES]
    kinds = next(iter(by_cms + by_hl7), None)
    return (
        kinds,
        first_code(concept, systems.BILL_CLASSES),
        any(name_of(one.system).startswith(systems.CMS) for one in given),
    )


def type_by_profile(claim: Resource) -> str:
    """The type of a claim from its subtype or profile, if its own type is not known."""
    try:
        subtype = _concept(claim.sub_type) if bytes(claim.sub_type) else None
        found = next((SUBTYPES[one.code] for one in codings(subtype) if one.code in SUBTYPES), None)
        if found is not None:
            return found
        given = _profiles(claim.meta.profile) if claim.meta is not None and bytes(claim.meta.profile) else None
    except msgspec.ValidationError as error:
        raise located(error, "$.meta.profile") from None
    profiles = " ".join(given or ())
    kinds = [kind for kind in (PROFESSIONAL, INSTITUTIONAL) if kind.capitalize() in profiles]
    return kinds[0] if len(kinds) == 1 else UNDETERMINED
