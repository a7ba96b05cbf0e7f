"""The procedures of a claim (ICD-10-PCS, OPCS-4) on its lines: those that a line points to, and those that none does.

A HCPCS or CPT code among them that none of the lines has is set aside (`unbilled`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.concepts import Concepts, codings
from claims_edit.intake.fhir.elements import ABSENT, Concept
from claims_edit.intake.fhir.pointers import pointers
from claims_edit.intake.fhir.resources import Procedure
from claims_edit.intake.fhir.systems import name_of
from claims_edit.model import PROCEDURE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.intake.fhir.resources import Item, Resource

TOO_MANY = "procedure_code-too-many"
NOT_CODED = "procedure_code-not-evaluable"
# A code of ICD-10-PCS, and of OPCS-4, in any code system: a sender's name of a system may be any.
LIKE_A_CODE = re.compile(r"[0-9A-HJ-NP-Z]{7}|[A-Z][0-9]{2}\.?[0-9]?")
IN_A_TEXT = re.compile(r"(?<![0-9A-Z])(?=[0-9A-Z]*[0-9])(?:[0-9A-HJ-NP-Z]{7}|[A-Z][0-9]{2}\.[0-9])(?![0-9A-Z])")

Coded = tuple[tuple[int | None, tuple[str, ...] | None], ...]
"""Of each procedure its sequence number and its codes; None where it has neither a code nor a text."""


class Procedures:
    """The procedures of claims, one after another."""

    def __init__(self, findings: list[str]) -> None:
        """Findings are appended to `findings`."""
        self._findings = findings
        self._concepts = Concepts(Concept, _codes, "$.procedure[...].procedureCodeableConcept")
        self._procedures: Concepts[Coded] = Concepts(list[Procedure], self._coded, "$.procedure")
        self._sequences = pointers("procedureSequence")
        self._links = pointers("procedureLinkId")

    def _coded(self, procedures: list[Procedure] | None) -> Coded:
        return tuple((one.sequence, self._concepts[bytes(one.procedure_codeable_concept)]) for one in procedures or ())

    def of_lines(self, claim: Resource) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The codes of each item that has some, by its place in the claim.

        Raises:
            msgspec.ValidationError: `procedure` is malformed.
        """
        coded = self._procedures[bytes(claim.procedure)]
        self._findings += [NOT_CODED for _, codes in coded if codes is None]
        if not any(codes for _, codes in coded):
            return
        pointed = [self._pointed(item) for item in claim.item or ()]
        named = {number for numbers in pointed for number in numbers}
        for place, numbers in enumerate(pointed):
            own = [codes for number, codes in coded if codes and (number in numbers or number not in named)]
            if found := tuple(dict.fromkeys(code for codes in own for code in codes)):
                yield place, found

    def _pointed(self, item: Item) -> tuple[int, ...]:
        if item.procedure_sequence is not ABSENT:
            return self._sequences[bytes(item.procedure_sequence)]
        return () if item.procedure_link_id is ABSENT else self._links[bytes(item.procedure_link_id)]


def _codes(concept: Concept | None) -> tuple[str, ...] | None:
    """The codes of a procedure that are, or look like, ICD-10-PCS or OPCS-4; those of ICD-10-PCS whatever their form.

    A code of that form that no rule names decides nothing, and one of another form is refused (`shape`).
    """
    if concept is None or not (concept.text or any(one.code for one in codings(concept))):
        return None
    found = []
    for one in codings(concept):
        code = (one.code or "").strip().upper()
        if code and (name_of(one.system) in systems.ICD_10_PCS or LIKE_A_CODE.fullmatch(code)):
            found.append(code)
    if not found and concept.text:
        found = IN_A_TEXT.findall(concept.text.upper())
    return tuple(dict.fromkeys(found))


def fault_of(codes: tuple[str, ...]) -> str | None:
    """The check that a line with these codes fails."""
    return TOO_MANY if len(codes) > len(PROCEDURE_COLUMNS) else None
