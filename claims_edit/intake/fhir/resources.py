"""The shapes of FHIR resources, with only the elements that are read (R4 and STU3 names side by side)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta as Limits
from msgspec import Raw, Struct, field

from claims_edit.intake.fhir.elements import (
    ABSENT,
    Amount,
    Concept,
    Extended,
    Identifier,
    NamedConcept,
    Period,
    Quantity,
    Reference,
    Unmodified,
)

CLAIMS = frozenset({"ExplanationOfBenefit", "Claim"})
BUNDLE = "Bundle"

Sequence = Annotated[int, Limits(le=2**63 - 1)]


class Typed(Struct, gc=False, rename="camel"):
    """Which resource it is."""

    resource_type: str


class Identified(Typed, gc=False, rename="camel"):
    """Which resource it is, and its id."""

    id: str | None = None


class Adjudication(Unmodified, gc=False, rename="camel"):
    """One finding of the payer on a line."""

    category: Raw = ABSENT
    amount: Amount | None = None


class Detail(Unmodified, gc=False, rename="camel"):
    """A line below a line."""

    product_or_service: Raw = ABSENT
    service: Raw = ABSENT
    detail: list[Detail] | None = None
    sub_detail: list[Detail] | None = None


class Item(Unmodified, gc=False, rename="camel"):
    """A claim line, or one that the payer added."""

    sequence: Sequence | None = None
    extension: Raw = ABSENT
    care_team_sequence: Raw = ABSENT
    care_team_link_id: Raw = ABSENT
    diagnosis_sequence: Raw = ABSENT
    diagnosis_link_id: Raw = ABSENT
    information_sequence: Raw = ABSENT
    information_link_id: Raw = ABSENT
    procedure_sequence: Raw = ABSENT
    procedure_link_id: Raw = ABSENT
    revenue: Raw = ABSENT
    product_or_service: Raw = ABSENT
    service: Raw = ABSENT
    modifier: Raw = ABSENT
    serviced_date: str | None = None
    serviced_period: Period | None = None
    location_codeable_concept: Raw = ABSENT
    quantity: Quantity | None = None
    unit_price: Amount | None = None
    factor: Raw = ABSENT
    net: Amount | None = None
    adjudication: list[Adjudication] | None = None
    detail: Raw = ABSENT


class CareTeamMember(Unmodified, gc=False, rename="camel"):
    """Who took part, and as what."""

    sequence: int | None = None
    provider: Raw = ABSENT
    role: Raw = ABSENT


class Information(Unmodified, gc=False, rename="camel"):
    """Supporting information of the claim (`supportingInfo`; STU3 `information`)."""

    sequence: int | None = None
    category: Raw = ABSENT
    code: Raw = ABSENT
    verification_status: Raw = ABSENT
    value_string: str | None = None
    value_identifier: Identifier | None = None
    value_reference: Reference | None = None


class Diagnosis(Unmodified, gc=False, rename="camel"):
    """A diagnosis of the claim."""

    sequence: int | None = None
    diagnosis_codeable_concept: Raw = ABSENT
    diagnosis_reference: Reference | None = None
    type: Raw = ABSENT


class Procedure(Unmodified, gc=False, rename="camel"):
    """A procedure of the claim, of no line in particular."""

    sequence: int | None = None
    procedure_codeable_concept: Raw = ABSENT


class Insurance(Unmodified, gc=False, rename="camel"):
    """Under which coverage."""

    sequence: int | None = None
    focal: bool | None = None
    claim_response: Reference | None = None
    coverage: Reference | None = None
    pre_auth_ref: list[str] | None = None


class Related(Unmodified, gc=False, rename="camel"):
    """Another claim, and what this one is to it."""

    claim: Reference | None = None
    relationship: Raw = ABSENT
    reference: Identifier | None = None


class Meta(Struct, gc=False, rename="camel"):
    """The profiles of a resource, and its labels."""

    profile: Raw = ABSENT
    security: Raw = ABSENT
    tag: Raw = ABSENT


class Resource(Struct, gc=False, rename="camel"):
    """An ExplanationOfBenefit, a Claim, or a Bundle of them."""

    resource_type: str
    id: str | None = None
    implicit_rules: None = None
    modifier_extension: None = None
    meta: Meta | None = None
    contained: list[Raw] | None = None
    extension: list[Extended] | None = None
    identifier: list[Identifier] | None = None
    status: str | None = None
    type: Raw = ABSENT
    sub_type: Raw = ABSENT
    use: str | None = None
    outcome: Raw = ABSENT
    patient: Reference | None = None
    billable_period: Period | None = None
    insurer: Raw = ABSENT
    provider: Raw = ABSENT
    organization: Raw = ABSENT
    claim: Reference | None = None
    related: list[Related] | None = None
    facility: Raw = ABSENT
    care_team: list[CareTeamMember] | None = None
    supporting_info: list[Information] | None = None
    information: list[Information] | None = None
    diagnosis: list[Diagnosis] | None = None
    procedure: Raw = ABSENT
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

    meta: Meta | None = None
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


class Coverage(Unmodified, gc=False, rename="camel"):
    """The coverage that a claim refers to."""

    order: int | None = None
    subscriber_id: str | None = None
    type: NamedConcept | None = None
    payor: list[Reference] | None = None
    insurer: Reference | None = None
    grouping: Grouping | None = None
    classes: list[CoverageClass] | None = field(default=None, name="class")


class Party(Struct, gc=False, rename="camel"):
    """An Organization, Practitioner, PractitionerRole, Location or Patient; only an Organization's name is a text."""

    resource_type: str
    modifier_extension: None = None
    name: Raw = ABSENT
    identifier: list[Identifier] | Identifier | None = None
    practitioner: Reference | None = None


class Numbered(Struct, gc=False, rename="camel"):
    """The ids of a claim."""

    id: str | None = None
    identifier: list[Identifier] | None = None


class Condition(Unmodified, gc=False, rename="camel"):
    """A resource that a diagnosis may refer to."""

    code: Raw = ABSENT
    verification_status: Raw = ABSENT
