"""The shapes of the elements that FHIR resources share, with only what is read of them.

Elements that repeat over a file (concepts, references, lists of pointers) are left as their JSON (`msgspec.Raw`): they
are looked up by it, and decoded once (see `concepts`). So are numbers, which are kept as written.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct

ABSENT = Raw()  # the value of a missing element


class Unmodified(Struct, gc=False, rename="camel"):
    """An element that no extension gives another meaning; where one does, `second_look` makes it a doubt."""

    modifier_extension: None = None


class Coding(Struct, gc=False, rename="camel"):
    """A code of a code system."""

    system: str | None = None
    code: str | None = None


class Concept(Struct, gc=False, rename="camel"):
    """A CodeableConcept: equivalent codings, or a text."""

    coding: list[Coding] | None = None
    text: str | None = None


class Service(Concept, gc=False, rename="camel"):
    """What was done; CMS writes the number of a device's exemption beside it."""

    extension: list[Extension] | None = None


class NamedCoding(Struct, gc=False, rename="camel"):
    """A code, and its name."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class NamedConcept(Struct, gc=False, rename="camel"):
    """A CodeableConcept of which the name counts."""

    coding: list[NamedCoding] | None = None
    text: str | None = None


class Identifier(Struct, gc=False, rename="camel"):
    """A business identifier."""

    type: Concept | None = None
    system: str | None = None
    value: str | None = None


class Extension(Struct, gc=False, rename="camel"):
    """An extension, as CMS writes codes and identifiers that FHIR has no element for."""

    url: str | None = None
    value_coding: Coding | None = None
    value_identifier: Identifier | None = None
    value_string: str | None = None
    value_reference: Reference | None = None


class Extended(Struct, gc=False, rename="camel"):
    """An extension of which mostly the URL alone counts."""

    url: str | None = None
    value_coding: Raw = ABSENT
    value_identifier: Raw = ABSENT
    value_string: Raw = ABSENT
    value_reference: Raw = ABSENT


class Reference(Struct, gc=False, rename="camel"):
    """A reference to another resource, which it may name or identify by itself."""

    reference: str | None = None
    identifier: Identifier | None = None
    display: str | None = None
    extension: list[Extension] | None = None


class Period(Struct, gc=False, rename="camel"):
    """From when to when."""

    start: str | None = None
    end: str | None = None


class Quantity(Struct, gc=False, rename="camel"):
    """A quantity; its number as written."""

    value: Raw = ABSENT


class Amount(Struct, gc=False, rename="camel"):
    """An amount of dollars (`code` is STU3's name of a currency); its number as written."""

    value: Raw = ABSENT
    currency: Literal["USD"] | None = None
    code: Literal["USD"] | None = None
