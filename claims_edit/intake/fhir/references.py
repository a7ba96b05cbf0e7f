"""What a claim refers to: itself in the reference, contained in the claim, or beside it in the same document."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Raw, Struct

from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.concepts import has_code, located
from claims_edit.intake.fhir.resources import CLAIMS, Condition, Coverage, Kind, Numbered, Party
from claims_edit.intake.fhir.systems import name_of, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.intake.fhir.resources import Extension, Identifier, Reference, Resource

T = TypeVar("T")

SEARCHED = "?identifier="
CONTAINED = "$.contained[...]"
SHAPES: dict[str, object] = {
    "Condition": Condition,
    "Coverage": Coverage,
    **dict.fromkeys(CLAIMS, Numbered),
    **dict.fromkeys(("Location", "Organization", "Patient", "Practitioner", "PractitionerRole"), Party),
}
MEMBER_TYPES = frozenset({"MB", "um", "mb", "UM"})

_kind = msgspec.json.Decoder(Kind).decode
_contained = msgspec.json.Decoder(list[Raw] | None).decode
_party = msgspec.json.Decoder(Party).decode
_text = msgspec.json.Decoder(str | list[Raw] | None).decode


class Referred(Struct, frozen=True, gc=False):
    """What a reference says by itself.

    Attributes:
        display: how it names the other resource.
        value: the value of its identifier.
        npi: that value, where it is an NPI.
        literal: where the other resource is (`#id`, `Organization/id`, a URL).
        facility_type: the first digit of the type of bill, where CMS writes it.
    """

    display: str | None = None
    value: str | None = None
    npi: str | None = None
    literal: str | None = None
    facility_type: str | None = None


NOTHING = Referred()


def referred(reference: Reference | None) -> Referred:
    """What a reference says by itself."""
    if reference is None:
        return NOTHING
    identifier, literal = reference.identifier, reference.reference
    value = identifier.value if identifier is not None else None
    npi = None
    if identifier is not None:
        npi = value if value and _is_npi(identifier) else None
    elif literal and SEARCHED in literal:
        npi = _searched_npi(literal)
    facility_type = _facility_type(reference.extension) if reference.extension else None
    return Referred(reference.display, value, npi, literal, facility_type)


def _searched_npi(literal: str) -> str | None:
    """The NPI of a conditional reference, `Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893`."""
    system, _, value = literal.partition(SEARCHED)[2].partition("|")
    return value if name_of(system) in systems.NPI and value else None


def _facility_type(extensions: list[Extension]) -> str | None:
    codings = [one.value_coding for one in extensions if one.value_coding is not None]
    return next((one.code for one in codings if name_of(one.system) in systems.BILL_FACILITIES), None)


def npi_among(identifiers: Iterable[Identifier]) -> str | None:
    """The first NPI among identifiers: by system, by type, or as a CMS variable that is one."""
    return next((one.value for one in identifiers if one.value and _is_npi(one)), None)


def _is_npi(identifier: Identifier) -> bool:
    name = name_of(identifier.system)
    if name in systems.NPI:
        return True
    if name.startswith(systems.CMS):
        return "npi" in variable_of(name).split("_")
    return has_code(identifier.type, systems.NPI_TYPES)


def last_part(literal: str) -> str:
    """The id at the end of a reference: `Patient/123` and `https://…/Patient/123/_history/2` are 123."""
    _, searched, value = literal.partition(SEARCHED)
    if searched:
        return value.rpartition("|")[2]
    return literal.partition("/_history/")[0].rpartition("/")[2].rpartition(":")[2]


class Surroundings:
    """The resources beside a claim in its document; none in newline-delimited JSON."""

    def __init__(self) -> None:
        """Nothing stands beside."""
        self._beside: dict[str, Raw] = {}

    def add(self, url: str | None, kind: Kind, resource: Raw) -> None:
        """Keep a resource under the names by which claims may refer to it.

        Raises:
            msgspec.ValidationError: it is malformed.
        """
        shape = SHAPES.get(kind.resource_type)
        if shape is None:
            return
        if shape is not Numbered:  # a claim is judged as a claim
            msgspec.json.decode(resource, type=shape)
        for name in (url, f"{kind.resource_type}/{kind.id}" if kind.id else None):
            if name:
                self._beside.setdefault(name, resource)

    def coverage(self, literal: str | None, claim: Resource) -> Coverage | None:
        """The coverage that a claim refers to, where it is at hand."""
        return self._find(literal, claim, Coverage)

    def organization(self, literal: str | None, claim: Resource) -> str | None:
        """The name of the organization that a claim refers to, else its first identifier."""
        party = self._find(literal, claim, Party)
        if party is None:
            return None
        name = _text(party.name) if bytes(party.name) else None
        if isinstance(name, str) and name:
            return name
        return next((one.value for one in identifiers_of(party) if one.value), None)

    def npi(self, literal: str | None, claim: Resource) -> str | None:
        """The NPI of the practitioner or organization that a claim refers to, through its role if need be."""
        party = self._find(literal, claim, Party)
        if party is None:
            return None
        own = npi_among(identifiers_of(party))
        if own is not None or party.practitioner is None:
            return own
        person = referred(party.practitioner)
        beyond = self._find(person.literal, claim, Party) if person.npi is None else None
        return person.npi if beyond is None else npi_among(identifiers_of(beyond))

    def member(self, literal: str | None, claim: Resource) -> str | None:
        """The member id of the patient that a claim refers to; of a contained one, who has no other id, any."""
        party = self._find(literal, claim, Party)
        if party is None or literal is None:
            return None
        identifiers = [one for one in identifiers_of(party) if one.value]
        found = [one for one in identifiers if has_code(one.type, MEMBER_TYPES)]
        if not found and literal.startswith("#"):
            found = identifiers
        return found[0].value if found else None

    def condition(self, literal: str | None, claim: Resource) -> bytes:
        """The JSON of the code of the condition that a claim refers to; empty where it is not at hand."""
        found = self._find(literal, claim, Condition)
        return bytes(found.code) if found is not None else b""

    def claim(self, literal: str | None, claim: Resource) -> Numbered | None:
        """The ids of another claim that a claim refers to, where it is at hand and sound."""
        try:
            return self._find(literal, claim, Numbered)
        except msgspec.ValidationError:
            return None

    def _find(self, literal: str | None, claim: Resource, shape: type[T]) -> T | None:
        """What a claim refers to, where it is at hand and of that shape.

        Raises:
            msgspec.ValidationError: what the claim contains is malformed.
        """
        if not literal:
            return None
        if not literal.startswith("#"):
            relative = "/".join(literal.partition("/_history/")[0].rsplit("/", 2)[-2:])
            found = self._beside.get(literal) or self._beside.get(relative) if self._beside else None
            return _decoded(found, shape) if found is not None else None
        try:
            all_contained = _contained(claim.contained) or [] if bytes(claim.contained) else []
            own = next((one for one in all_contained if _kind(one).id == literal[1:]), None)
            return _decoded(own, shape) if own is not None else None
        except msgspec.ValidationError as error:
            raise located(error, CONTAINED) from None


def _decoded(resource: Raw, shape: type[T]) -> T | None:
    if SHAPES.get(_kind(resource).resource_type) is not shape:
        return None
    return msgspec.json.decode(resource, type=shape)


def identifiers_of(party: Party) -> list[Identifier]:
    """The identifiers of a resource that has one or several."""
    given = party.identifier
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
