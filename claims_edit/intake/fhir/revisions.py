"""The relation of a claim to others: it replaces one, or is replaced by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from claims_edit.intake.fhir.concepts import UNKNOWN_RELATIONSHIP, Concepts, relationship
from claims_edit.intake.fhir.elements import Concept
from claims_edit.intake.fhir.identities import claim_id
from claims_edit.intake.fhir.references import last_part

if TYPE_CHECKING:
    from claims_edit.intake.fhir.resources import Related, Resource
    from claims_edit.intake.fhir.surroundings import Surroundings

UNRESOLVED = "original_claim_id-unresolved"
SEVERAL = "original_claim_id-several"
RELATIONSHIP_UNKNOWN = "related-relationship-unknown"


class Revision(NamedTuple):
    """The claim frequency code, the claim that is replaced, and the check that the claim fails."""

    frequency: str | None
    original: str | None
    fault: str | None


class Revisions:
    """What claims are to related ones, one claim after another."""

    def __init__(self, findings: list[str]) -> None:
        """Findings are appended to `findings`."""
        self._findings = findings
        self._relationships = Concepts(Concept, relationship, "$.related[...].relationship")

    def read(self, claim: Resource, around: Surroundings, billed: str | None, own_id: str | None) -> Revision:
        """The relation of a claim to its related ones.

        One that names another that took its place is void. One that names its prior claim replaces it, even where the
        bill (which may be the first one still) has another frequency. A related claim whose relationship is not
        understood may be any of these.
        """
        frequency, original, fault = billed, None, None
        for one in claim.related or ():
            found = self._relationships[bytes(one.relationship)]
            if found is None:
                continue
            if found == UNKNOWN_RELATIONSHIP:
                fault = RELATIONSHIP_UNKNOWN  # the claim that it may replace is in doubt, too
                found = "7"
            frequency = frequency if frequency == "8" else found
            if found == "7" and original is not None:
                self._findings.append(SEVERAL)
            elif found == "7":
                original = self._original(claim, one, around, own_id)
        return Revision(frequency, original, fault)

    def _original(self, claim: Resource, related: Related, around: Surroundings, own_id: str | None) -> str | None:
        """The number of the claim that this one replaces, of the same kind as this claim's own."""
        named = related.reference or (related.claim.identifier if related.claim is not None else None)
        if named is not None and named.value:
            return named.value
        literal = related.claim.reference if related.claim is not None else None
        if literal is None:
            self._findings.append(UNRESOLVED)
            return None
        replaced = around.claim(literal, claim)
        if replaced is None and own_id != claim.id:
            self._findings.append(UNRESOLVED)
        return claim_id(replaced) if replaced is not None else last_part(literal)
