"""The shapes of FHIR resources, with only the elements that are read (R4 and STU3 names side by side).

Elements that repeat over a file (concepts, references, lists of pointers) are left as their JSON (`msgspec.Raw`): they
are looked up by it, and decoded once (see `concepts`). So are numbers, which are kept as written.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw, Struct, field

CLAIMS = frozenset({"ExplanationOfBenefit", "Claim"})
BUNDLE = "Bundle"

ABSENT = Raw()  # what stands where an element is not there
Sequence = Annotated[int, Meta(le=2**63 - 1)]


class Typed(Struct, gc=False, rename="camel"):
    """Which resource it is."""

    resource_type: str


class Kind(Typed, gc=False, rename="camel"):
    """Which resource it is, and its id."""

    id: str | None = None


class Coding(Struct, gc=False, rename="camel"):
    """A code of a code system."""

    system: str | None = None
    code: str | None = None


class Concept(Struct, gc=False, rename="camel"):
    """A CodeableConcept: codings that say the same, or a text."""

    coding: list[Coding] | None = None
    text: str | None = None


class NamedCoding(Struct, gc=False, rename="camel"):
    """A code, and what it is called."""

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


class Amount(Struct, gc=False, rename="camel"):
    """A quantity or an amount of money; its number as written."""

    value: Raw = ABSENT


class Adjudication(Struct, gc=False, rename="camel"):
    """One finding of the payer on a line."""

    category: Raw = ABSENT
    amount: Amount | None = None


class Detail(Struct, gc=False, rename="camel"):
    """A line below a line."""

    product_or_service: Raw = ABSENT
    service: Raw = ABSENT
    sub_detail: list[Detail] | None = None


class Item(Struct, gc=False, rename="camel"):
    """A claim line."""

    sequence: Sequence | None = None
    care_team_sequence: Raw = ABSENT
    care_team_link_id: Raw = ABSENT
    diagnosis_sequence: Raw = ABSENT
    diagnosis_link_id: Raw = ABSENT
    revenue: Raw = ABSENT
    product_or_service: Raw = ABSENT
    service: Raw = ABSENT
    modifier: Raw = ABSENT
    serviced_date: str | None = None
    serviced_period: Period | None = None
    location_codeable_concept: Raw = ABSENT
    quantity: Amount | None = None
    unit_price: Amount | None = None
    factor: Raw = ABSENT
    net: Amount | None = None
    adjudication: list[Adjudication] | None = None
    detail: Raw = ABSENT


class CareTeamMember(Struct, gc=False, rename="camel"):
    """Who took part, and as what."""

    sequence: int | None = None
    provider: Raw = ABSENT
    role: Raw = ABSENT


class Information(Struct, gc=False, rename="camel"):
    """What else the claim says (`supportingInfo`; STU3 `information`)."""

    category: Raw = ABSENT
    code: Raw = ABSENT
    value_string: str | None = None


class Diagnosis(Struct, gc=False, rename="camel"):
    """A diagnosis of the claim."""

    sequence: int | None = None
    diagnosis_codeable_concept: Raw = ABSENT
    diagnosis_reference: Reference | None = None


class Insurance(Struct, gc=False, rename="camel"):
    """Under which coverage."""

    focal: bool | None = None
    coverage: Reference | None = None
    pre_auth_ref: list[str] | None = None


class Related(Struct, gc=False, rename="camel"):
    """Another claim, and what this one is to it."""

    claim: Reference | None = None
    relationship: Raw = ABSENT
    reference: Identifier | None = None


class Profiles(Struct, gc=False, rename="camel"):
    """Which profiles a resource says it follows."""

    profile: list[str] | None = None


class Resource(Struct, gc=False, rename="camel"):
    """An ExplanationOfBenefit, a Claim, or a Bundle of them."""

    resource_type: str
    id: str | None = None
    meta: Raw = ABSENT
    contained: Raw = ABSENT
    extension: Raw = ABSENT
    identifier: list[Identifier] | None = None
    status: str | None = None
    type: Raw = ABSENT
    sub_type: Raw = ABSENT
    use: str | None = None
    patient: Reference | None = None
    billable_period: Period | None = None
    insurer: Raw = ABSENT
    provider: Raw = ABSENT
    organization: Raw = ABSENT
    related: list[Related] | None = None
    facility: Raw = ABSENT
    care_team: list[CareTeamMember] | None = None
    supporting_info: list[Information] | None = None
    information: list[Information] | None = None
    diagnosis: list[Diagnosis] | None = None
    insurance: Raw = ABSENT
    pre_auth_ref: list[str] | None = None
    item: list[Item] | None = None
    add_item: Raw = ABSENT


class Entry(Struct, gc=False, rename="camel"):
    """An entry of a Bundle."""

    full_url: str | None = None
    resource: Raw = ABSENT


class Link(Struct, gc=False, rename="camel"):
    """Where a page of a Bundle leads."""

    relation: str | None = None


class Bundle(Struct, gc=False, rename="camel"):
    """A Bundle; each entry stays as its JSON, so that a bad one refuses only itself."""

    entry: list[Raw] | None = None
    link: list[Link] | None = None


class CoverageClass(Struct, gc=False, rename="camel"):
    """A group, a plan or another part of a coverage."""

    type: Concept | None = None
    value: str | None = None
    name: str | None = None


class Grouping(Struct, gc=False, rename="camel"):
    """The same in STU3."""

    group: str | None = None
    plan: str | None = None
    plan_display: str | None = None


class Coverage(Struct, gc=False, rename="camel"):
    """What a claim refers to as its coverage."""

    subscriber_id: str | None = None
    type: NamedConcept | None = None
    payor: list[Reference] | None = None
    insurer: Reference | None = None
    grouping: Grouping | None = None
    classes: list[CoverageClass] | None = field(default=None, name="class")


class Party(Struct, gc=False, rename="camel"):
    """An Organization, Practitioner, PractitionerRole, Location or Patient; only an Organization's name is a text."""

    resource_type: str
    name: Raw = ABSENT
    identifier: list[Identifier] | Identifier | None = None
    practitioner: Reference | None = None


class Numbered(Struct, gc=False, rename="camel"):
    """The ids of a claim."""

    id: str | None = None
    identifier: list[Identifier] | None = None


class Condition(Struct, gc=False, rename="camel"):
    """What a diagnosis may refer to."""

    code: Raw = ABSENT
