"""Resources that a claim refers to: contained in it, next to it in its document, or in other lines and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from msgspec import Raw

from claims_edit.doubts import AT
from claims_edit.intake.fhir.concepts import codings, has_code, located
from claims_edit.intake.fhir.elements import Concept
from claims_edit.intake.fhir.references import SEARCHED, identifiers_of, npi_among, referred
from claims_edit.intake.fhir.resources import CLAIMS, Condition, Coverage, Identified, Numbered, Party
from claims_edit.intake.fhir.second_look import second_look

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.intake.fhir.resources import Resource

T = TypeVar("T")

CONTAINED = "$.contained[...]"
URN = "urn:"
SHAPES: dict[str, object] = {
    "Condition": Condition,
    "Coverage": Coverage,
    **dict.fromkeys(CLAIMS, Numbered),
    **dict.fromkeys(("Location", "Organization", "Patient", "Practitioner", "PractitionerRole"), Party),
}
MEMBER_TYPES = frozenset({"MB", "um", "mb", "UM"})
KEPT = (
    "resourceType", "id", "implicitRules", "modifierExtension", "code", "verificationStatus", "name", "identifier",
    "practitioner", "subscriberId", "order", "type", "payor", "insurer", "grouping", "class",
)  # fmt: skip
AMBIGUOUS = Raw(b"null")  # represents several resources with one id; compared by identity
AMBIGUOUS_REFERENCE = "reference-ambiguous"
CONDITION_AMBIGUOUS = "diagnosis-ambiguous"
UNRESOLVED_CONDITION = "diagnosis-unresolved"
NOT_CONFIRMED = "diagnosis-not-confirmed"
CONFIRMED = "confirmed"

DECODERS: dict[str, Callable[[bytes], Any]] = {
    name: msgspec.json.Decoder(shape).decode for name, shape in SHAPES.items()
}
_kind = msgspec.json.Decoder(Identified).decode
_text = msgspec.json.Decoder(str | list[Raw] | None).decode
_parts = msgspec.json.Decoder(dict[str, Raw]).decode
_verification = msgspec.json.Decoder(str | Concept | None).decode


class Elsewhere(Protocol):
    """The resources of a run's other lines and files."""

    def find(self, name: str) -> Raw | None:
        """The resource of a name (`Condition/123`), AMBIGUOUS where there are several."""


class Surroundings:
    """The resources beside a claim in its document, and those of other lines and files.

    Attributes:
        faults: the failed checks on resources that the claim refers to, since last cleared.
        doubts: likewise.
        is_test: whether the document around it is labeled test data.
    """

    def __init__(self, elsewhere: Elsewhere | None = None, *, is_test: bool = False) -> None:
        """Nothing is beside yet."""
        self.is_test = is_test
        self._beside: dict[str, Raw] = {}
        self._elsewhere = elsewhere
        self.faults: list[str] = []
        self.doubts: list[str] = []

    def in_document(self, *, is_test: bool = False) -> Surroundings:
        """The same for a document inside."""
        return Surroundings(self._elsewhere, is_test=is_test or self.is_test)

    def add(self, url: str | None, kind: Identified, resource: Raw) -> None:
        """Keep a resource under the names by which claims may refer to it.

        Raises:
            msgspec.ValidationError: it is malformed.
        """
        shape = SHAPES.get(kind.resource_type)
        if shape is None:
            return
        if shape is not Numbered:  # a claim is evaluated as a claim
            self._shaped(resource, kind.resource_type, shape)
            self.doubts.clear()
        for name in (url, f"{kind.resource_type}/{kind.id}" if kind.id else None):
            if name:
                before = self._beside.setdefault(name, resource)
                if shape is not Numbered and kept(before) != kept(resource):
                    self._beside[name] = AMBIGUOUS

    def coverage(self, literal: str | None, claim: Resource) -> Coverage | None:
        """The coverage that a claim refers to, if available."""
        return self._certain(literal, claim, Coverage)

    def organization(self, literal: str | None, claim: Resource) -> str | None:
        """The name of the organization that a claim refers to, else its first identifier."""
        party = self._certain(literal, claim, Party)
        if party is None:
            return None
        name = _text(party.name) if bytes(party.name) else None
        if isinstance(name, str) and name:
            return name
        return next((one.value for one in identifiers_of(party) if one.value), None)

    def npi(self, literal: str | None, claim: Resource) -> str | None:
        """The NPI of the practitioner or organization that a claim refers to, through its role if need be."""
        party = self._perhaps(literal, claim)
        if party is None:
            return None
        own = npi_among(identifiers_of(party))
        if own is not None or party.practitioner is None:
            return own
        person = referred(party.practitioner)
        beyond = self._perhaps(person.literal, claim) if person.npi is None else None
        return person.npi if beyond is None else npi_among(identifiers_of(beyond))

    def member(self, literal: str | None, claim: Resource) -> str | None:
        """The member id of the patient that a claim refers to; of a contained one, who has no other id, any."""
        party = self._certain(literal, claim, Party)
        if party is None or literal is None:
            return None
        identifiers = [one for one in identifiers_of(party) if one.value]
        found = [one for one in identifiers if has_code(one.type, MEMBER_TYPES)]
        if not found and literal.startswith("#"):
            found = identifiers
        return found[0].value if found else None

    def condition(self, literal: str | None, claim: Resource) -> tuple[bytes, str | None]:
        """The JSON of the code of the condition that a claim refers to, and its uncertainties."""
        try:
            found = self._find(literal, claim, Condition)
        except LookupError:
            return b"", CONDITION_AMBIGUOUS
        if found is None:
            return b"", UNRESOLVED_CONDITION
        return bytes(found.code), None if _is_confirmed(found) else NOT_CONFIRMED

    def claim(self, literal: str | None, claim: Resource) -> Numbered | None:
        """The ids of another claim that a claim refers to, if available and valid."""
        try:
            return self._find(literal, claim, Numbered)
        except msgspec.ValidationError:
            return None

    def _find(self, literal: str | None, claim: Resource, shape: type[T]) -> T | None:
        """The resource that a claim refers to, if available and of that kind.

        Raises:
            LookupError: there are several.
            msgspec.ValidationError: a contained resource is malformed.
        """
        if not literal:
            return None
        if not literal.startswith("#"):
            found = self._not_contained(literal, shape)
            if found is AMBIGUOUS:
                raise LookupError
            try:
                return self._decoded(found, shape) if found is not None else None
            except msgspec.ValidationError:  # it is refused where it is
                return None
        try:
            return self._contained(literal[1:], claim, shape)
        except msgspec.ValidationError as error:
            raise located(error, CONTAINED) from None

    def _contained(self, number: str, claim: Resource, shape: type[T]) -> T | None:
        own = None
        for one in claim.contained or ():
            kind = _kind(one)
            if kind.id == number:
                if own is not None:
                    raise LookupError
                own = one, kind.resource_type
        found: T | None = self._shaped(*own, shape) if own is not None else None
        return found

    def _not_contained(self, literal: str, shape: object) -> Raw | None:
        relative = "/".join(literal.partition("/_history/")[0].rsplit("/", 2)[-2:])
        if self._beside:
            found = self._beside.get(literal) or self._beside.get(relative)
            if found is not None:
                return found
        if self._elsewhere is None or shape is Numbered or SEARCHED in literal:
            return None
        if literal.startswith(URN):  # by its id alone, whatever its type
            number = literal.rpartition(":")[2]
            names = [f"{name}/{number}" for name, one in SHAPES.items() if one is shape]
            return next((found for name in names if (found := self._elsewhere.find(name)) is not None), None)
        return self._elsewhere.find(relative)

    def _certain(self, literal: str | None, claim: Resource, shape: type[T]) -> T | None:
        """The resource that a claim refers to; if there are several, the claim is refused."""
        try:
            return self._find(literal, claim, shape)
        except LookupError:
            self.faults.append(AMBIGUOUS_REFERENCE)
            return None

    def _perhaps(self, literal: str | None, claim: Resource) -> Party | None:
        """Whom a claim refers to, where that decides no line."""
        try:
            return self._find(literal, claim, Party)
        except LookupError:
            return None

    def _decoded(self, resource: Raw, shape: type[T]) -> T | None:
        """A resource of a shape; what changes its meaning is a doubt.

        Raises:
            msgspec.ValidationError: it is malformed.
        """
        found: T | None = self._shaped(resource, _kind(resource).resource_type, shape)
        return found

    def _shaped(self, resource: Raw, kind: str, shape: Any) -> Any:  # noqa: ANN401 -- one of SHAPES
        if SHAPES.get(kind) is not shape:
            return None
        decode = DECODERS[kind]
        try:
            return decode(resource)
        except msgspec.ValidationError:
            plain, notes = second_look(bytes(resource))
            if not notes.changed:
                raise
            self.doubts += [token.replace(AT, f"{AT}{kind}.") for token in notes.doubts]
            return decode(plain)


def kept(resource: Raw) -> bytes:
    """What of a resource may be read, as JSON: two of one name that differ in this are ambiguous."""
    parts = _parts(resource)
    named = (b'"%b":%b' % (name.encode(), bytes(parts[name])) for name in KEPT if name in parts)
    return b"{" + b",".join(named) + b"}"


def _is_confirmed(condition: Condition) -> bool:
    status = _verification(condition.verification_status) if bytes(condition.verification_status) else None
    codes = [status] if isinstance(status, str) else [one.code or "" for one in codings(status)]
    return all(code == CONFIRMED for code in codes)
