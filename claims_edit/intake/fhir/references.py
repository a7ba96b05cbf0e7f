"""The facts in a reference to another resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from claims_edit.intake.fhir import systems
from claims_edit.intake.fhir.concepts import has_code
from claims_edit.intake.fhir.systems import name_of, variable_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.intake.fhir.elements import Extension, Identifier, Reference
    from claims_edit.intake.fhir.resources import Party

SEARCHED = "?identifier="


class Referred(Struct, frozen=True, gc=False):
    """The facts in a reference itself.

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
    """The facts in a reference itself."""
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


def identifiers_of(party: Party) -> list[Identifier]:
    """The identifiers of a resource that has one or several."""
    given = party.identifier
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
