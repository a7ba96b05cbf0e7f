"""Under which coverage a claim is made: payer, member, plan, and whether another payer comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from claims_edit.doubts import doubt_token
from claims_edit.intake.fhir.concepts import codings
from claims_edit.intake.fhir.references import NOTHING, Referred, last_part, referred

if TYPE_CHECKING:
    from claims_edit.intake.fhir.elements import NamedConcept
    from claims_edit.intake.fhir.resources import Coverage, Insurance, Resource
    from claims_edit.intake.fhir.surroundings import Surroundings

PLAN, GROUP = "plan", "group"
CLASSES = frozenset({
    PLAN, GROUP, "subgroup", "subplan", "class", "subclass", "sequence", "division",
    "rxbin", "rxpcn", "rxid", "rxgroup",
})  # fmt: skip
CLASS_UNKNOWN = "coverage-class-unknown"
NO_FOCAL, SEVERAL_FOCAL = "insurance-focal-missing", "insurance-focal-several"
OTHER_PAYER_FIRST = "other-payer-first"
PAYER_ORDER_UNKNOWN = "payer-order-unknown"


class Insured(NamedTuple):
    """The coverage under which a claim is made.

    Attributes:
        coverage: what refers to it.
        authorized: the numbers of its prior authorizations.
        fault: the check that the claim fails where the coverage is not certain.
        hold: why a decision must not be posted, if another payer comes before this one.
        several: whether there are other coverages, in an order given by the coverages themselves.
    """

    coverage: Referred
    authorized: str | None = None
    fault: str | None = None
    hold: str | None = None
    several: bool = False


def focal(insurance: list[Insurance] | Insurance | None) -> Insured:
    """The coverage under which a claim is made: the focal one, else the only one."""
    given = insurance if isinstance(insurance, list) else [insurance] if insurance is not None else []
    if not given:
        return Insured(NOTHING)
    focal_ones = [one for one in given if one.focal]
    found = focal_ones[0] if focal_ones else given[0]
    if len(focal_ones) > 1 and not _are_one(focal_ones):
        return Insured(NOTHING, fault=SEVERAL_FOCAL)
    if not focal_ones and (found.focal is not None or not _are_one(given)):
        return Insured(NOTHING, fault=NO_FOCAL)
    others = [one for one in given if one not in focal_ones] if focal_ones else []
    authorized = " ".join(found.pre_auth_ref or ()) or None
    return Insured(referred(found.coverage), authorized, None, *_order(found, others))


def _are_one(insurances: list[Insurance]) -> bool:
    """Whether all name one coverage."""
    return all(one.coverage == insurances[0].coverage for one in insurances)


def _order(found: Insurance, others: list[Insurance]) -> tuple[str | None, bool]:
    """Why a decision is not posted, and whether only the coverages give the order of payers."""
    if not others:
        return None, False
    if any(one.claim_response is not None for one in others):
        return OTHER_PAYER_FIRST, False
    numbers = [one.sequence for one in others]
    if found.sequence is None or None in numbers:
        return PAYER_ORDER_UNKNOWN, True
    return (OTHER_PAYER_FIRST if min(n for n in numbers if n is not None) < found.sequence else None), False


def hold_of(insured: Insured, order: int) -> str | None:
    """Why a decision is not posted, if the coverage gives its order."""
    if order > 1:
        return OTHER_PAYER_FIRST
    return None if insured.several else insured.hold


def member(claim: Resource, coverage: Coverage | None, around: Surroundings) -> str | None:
    """The subscriber's number, else the patient's member number, else the patient's id."""
    if coverage is not None and coverage.subscriber_id:
        return coverage.subscriber_id
    patient = claim.patient
    if patient is None:
        return None
    literal = patient.reference
    if literal:
        number = around.member(literal, claim)
        if number is not None or literal.startswith("#"):
            return number
        return last_part(literal)
    return patient.identifier.value if patient.identifier is not None else None


def payer(
    insurer: Referred, claim: Resource, insured: Referred, coverage: Coverage | None, around: Surroundings
) -> str | None:
    """Who adjudicated the claim; where the insurer is not named, who pays under the coverage."""
    if insurer.display:
        return insurer.display
    named = (around.organization(insurer.literal, claim) if insurer.literal else None) or insurer.value
    if named or coverage is None:
        return named or insured.display
    payors = [referred(one) for one in (coverage.insurer, *(coverage.payor or ())) if one is not None]
    names = (one.display or around.organization(one.literal, claim) or one.value for one in payors)
    return next((one for one in names if one), insured.display)


def terms(coverage: Coverage, doubts: list[str]) -> tuple[str | None, str | None, str | None]:
    """Plan, group and line of business; a class that may be any of these is added to the doubts."""
    plan = group = None
    for place, one in enumerate(coverage.classes or ()):
        codes = {coding.code for coding in codings(one.type)}
        if PLAN in codes:
            plan = plan or one.name or one.value
        if GROUP in codes:
            group = group or one.value or one.name
        if codes.isdisjoint(CLASSES) or not (one.value or one.name):
            doubts.append(doubt_token(CLASS_UNKNOWN, f"Coverage.class[{place}].type"))
    if coverage.grouping is not None:
        plan = plan or coverage.grouping.plan_display or coverage.grouping.plan
        group = group or coverage.grouping.group
    return plan, group, _name(coverage.type)


def _name(concept: NamedConcept | None) -> str | None:
    """The name of a concept: its text, else a display, else a code."""
    if concept is None or concept.text:
        return concept.text if concept is not None else None
    given = concept.coding or ()
    names = (*(one.display for one in given), *(one.code for one in given))
    return next((text for text in names if text), None)
