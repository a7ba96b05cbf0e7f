"""What a claim says about all of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.intake.fhir.bills import Bills
from claims_edit.intake.fhir.claim_types import claim_type, type_by_profile
from claims_edit.intake.fhir.concepts import Concepts, has_code, relationship
from claims_edit.intake.fhir.references import NOTHING, last_part, referred
from claims_edit.intake.fhir.resources import ABSENT, Concept, Insurance, Reference
from claims_edit.intake.fhir.systems import variable_of

if TYPE_CHECKING:
    from claims_edit.intake.fhir.references import Referred, Surroundings
    from claims_edit.intake.fhir.resources import Coverage, NamedConcept, Numbered, Related, Resource

CLAIM_COLUMNS = {
    "claim_id": "identifier",
    "claim_type": "type",
    "member_id": "insurance.coverage.subscriberId",
    "payer": "insurer",
    "plan": "insurance.coverage.class:plan",
    "group_id": "insurance.coverage.class:group",
    "line_of_business": "insurance.coverage.type",
    "claim_start_date": "billablePeriod.start",
    "claim_end_date": "billablePeriod.end",
    "bill_type_code": "supportingInfo:typeofbill",
    "billing_npi": "provider",
    "facility_npi": "facility",
    "claim_frequency_code": "status",
    "original_claim_id": "related.claim",
    "clinical_trial_number": "supportingInfo:clm_clncl_tril_num",
    "condition_codes": "supportingInfo:clm_rlt_cond_cd",
    "prior_authorization_number": "preAuthRef",
}  # fmt: skip
CLAIM_IDS = frozenset({"clm_id", "clm_uniq_id", "pde_id"})
UNIQUE_CLAIM_ID = frozenset({"uc"})
VOID = frozenset({"cancelled", "entered-in-error"})
NOT_FOR_PAYMENT = frozenset({"preauthorization", "predetermination", "proposed", "exploratory"})
PLAN, GROUP = frozenset({"plan"}), frozenset({"group"})
NO_CLAIM_FOR_PAYMENT = "row-no-claim-for-payment"
DRAFT = "row-draft"
UNRESOLVED = "original_claim_id-unresolved"
SEVERAL = "original_claim_id-several"
CMS_PAYER = "CMS"


def focal(insurance: list[Insurance] | Insurance | None) -> tuple[Referred, str | None]:
    """The coverage under which a claim is made, and its prior authorisations.

    It is the one that is said to be focal, else the only one, unless it is said not to be.
    """
    given = insurance if isinstance(insurance, list) else [insurance] if insurance is not None else []
    said = [one for one in given if one.focal]
    found = said[0] if said else given[0] if len(given) == 1 and given[0].focal is None else Insurance()
    return referred(found.coverage), " ".join(found.pre_auth_ref or ()) or None


def claim_id(claim: Resource | Numbered) -> str | None:
    """The payer's own number of a claim.

    CMS's `clm_id` first: its server types the number of a claim group as a unique claim id, too. Then CARIN's unique
    claim id. The id of the resource is the server's name for it, and other identifiers may be anybody's (a control
    number, a patient account), so that they come after.
    """
    identifiers = [one for one in claim.identifier or () if one.value]
    for one in identifiers:
        if one.system and variable_of(one.system) in CLAIM_IDS:
            return one.value
    unique = next((one.value for one in identifiers if has_code(one.type, UNIQUE_CLAIM_ID)), None)
    return unique or claim.id or (identifiers[0].value if identifiers else None)


class Claims:
    """The claims of a file, one after another."""

    def __init__(self, findings: list[str]) -> None:
        """What is noticed is appended to `findings`."""
        self._findings = findings
        self._types = Concepts(Concept, claim_type, "$.type")
        self._insurers = Concepts(Reference, referred, "$.insurer")
        self._providers = Concepts(Reference, referred, "$.provider")
        self._organizations = Concepts(Reference, referred, "$.organization")
        self._facilities = Concepts(Reference, referred, "$.facility")
        self._insurances = Concepts(list[Insurance] | Insurance, focal, "$.insurance")
        self._relationships = Concepts(Concept, relationship, "$.related[...].relationship")
        self._bills = Bills()

    def read(self, claim: Resource, around: Surroundings) -> tuple[tuple[str | None, ...], str | None]:
        """The values of CLAIM_COLUMNS, and the checks that the claim as a whole fails."""
        own_id = claim_id(claim)
        told_type, bill_class, by_cms = self._types[bytes(claim.type)]
        insured, authorized = self._insurances[bytes(claim.insurance)]
        coverage = around.coverage(insured.literal, claim) if insured.literal else None
        facility = NOTHING if claim.facility is ABSENT else self._facilities[bytes(claim.facility)]
        bill = self._bills.read(claim, facility.facility_type, bill_class)
        frequency, original = bill.frequency, None
        if claim.related:
            frequency, original = self._revision(claim, around, frequency, own_id)
        if claim.status in VOID:
            frequency, original = "8", None
        period = claim.billable_period
        fault = bill.fault
        if claim.use in NOT_FOR_PAYMENT or claim.status == "draft":
            others = (NO_CLAIM_FOR_PAYMENT * (claim.use in NOT_FOR_PAYMENT), DRAFT * (claim.status == "draft"))
            fault = " ".join(filter(None, (fault, *others)))
        plan, group, program = _of_coverage(coverage) if coverage is not None else (None, None, None)
        values = (
            own_id,
            told_type or type_by_profile(claim),
            _member(claim, coverage, around),
            self._payer(claim, insured, coverage, around) or (CMS_PAYER if by_cms else None),
            plan,
            group,
            program,
            period.start if period is not None else None,
            period.end if period is not None else None,
            bill.type_of_bill,
            self._billing_npi(claim, around),
            facility.npi or (around.npi(facility.literal, claim) if facility.literal else None),
            frequency,
            original,
            bill.trial,
            bill.conditions,
            " ".join(claim.pre_auth_ref) if claim.pre_auth_ref else authorized,
        )
        return values, fault

    def _payer(self, claim: Resource, insured: Referred, coverage: Coverage | None, around: Surroundings) -> str | None:
        """Who adjudicated the claim; where the insurer is not named, who pays under the coverage."""
        insurer = self._insurers[bytes(claim.insurer)]
        if insurer.display:
            return insurer.display
        named = (around.organization(insurer.literal, claim) if insurer.literal else None) or insurer.value
        if named or coverage is None:
            return named or insured.display
        payors = [referred(one) for one in (coverage.insurer, *(coverage.payor or ())) if one is not None]
        told = (one.display or around.organization(one.literal, claim) or one.value for one in payors)
        return next((one for one in told if one), insured.display)

    def _billing_npi(self, claim: Resource, around: Surroundings) -> str | None:
        """The NPI of the provider; of the organization where STU3 senders give the provider's CCN."""
        provider = self._providers[bytes(claim.provider)]
        npi = provider.npi or (around.npi(provider.literal, claim) if provider.literal else None)
        if npi is None and claim.organization is not ABSENT:
            npi = self._organizations[bytes(claim.organization)].npi
        return npi

    def _revision(
        self, claim: Resource, around: Surroundings, billed: str | None, own_id: str | None
    ) -> tuple[str | None, str | None]:
        """The claim frequency code, and the claim that this one replaces.

        One that says that another took its place is void. One that names its prior claim replaces it, even where the
        bill (which may be the first one still) has another frequency.
        """
        frequency = billed
        original = None
        for one in claim.related or ():
            told = self._relationships[bytes(one.relationship)]
            if told is None:
                continue
            frequency = frequency if frequency == "8" else told
            if told == "7" and original is not None:
                self._findings.append(SEVERAL)
            elif told == "7":
                original = self._original(claim, one, around, own_id)
        return frequency, original

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


def _member(claim: Resource, coverage: Coverage | None, around: Surroundings) -> str | None:
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


def _of_coverage(coverage: Coverage) -> tuple[str | None, str | None, str | None]:
    """Plan, group and line of business."""
    classes = coverage.classes or ()
    plan = next((one.name or one.value for one in classes if has_code(one.type, PLAN)), None)
    group = next((one.value or one.name for one in classes if has_code(one.type, GROUP)), None)
    if coverage.grouping is not None:
        plan = plan or coverage.grouping.plan_display or coverage.grouping.plan
        group = group or coverage.grouping.group
    return plan, group, _name(coverage.type)


def _name(concept: NamedConcept | None) -> str | None:
    """What a concept is called: its text, else a display, else a code."""
    if concept is None:
        return None
    given = concept.coding or ()
    told = (concept.text, *(one.display for one in given), *(one.code for one in given))
    return next((text for text in told if text), None)
