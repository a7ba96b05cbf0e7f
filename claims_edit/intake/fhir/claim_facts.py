"""The facts of a claim that apply to all of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.intake.fhir.bills import Bills
from claims_edit.intake.fhir.claim_types import claim_type, type_by_profile
from claims_edit.intake.fhir.code_lists import effect_of, is_plain
from claims_edit.intake.fhir.concepts import Concepts
from claims_edit.intake.fhir.coverages import focal, hold_of, member, payer, terms
from claims_edit.intake.fhir.elements import ABSENT, Coding, Concept, Reference
from claims_edit.intake.fhir.identities import claim_id, provider_id
from claims_edit.intake.fhir.references import NOTHING, referred
from claims_edit.intake.fhir.resources import Insurance
from claims_edit.intake.fhir.revisions import Revisions
from claims_edit.posting_holds import TEST_DATA

if TYPE_CHECKING:
    from claims_edit.intake.fhir.resources import Meta, Resource
    from claims_edit.intake.fhir.surroundings import Surroundings

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
    "billing_provider_id": "provider:id",
    "facility_npi": "facility",
    "claim_frequency_code": "status",
    "original_claim_id": "related.claim",
    "clinical_trial_number": "supportingInfo:clm_clncl_tril_num",
    "condition_codes": "supportingInfo:clm_rlt_cond_cd",
    "value_codes": "supportingInfo:clm_val_cd",
    "prior_authorization_number": "preAuthRef",
}  # fmt: skip
CMS_PAYER = "CMS"
TEST_LABEL = "HTEST"


class ClaimFacts:
    """The claims of a file, one after another."""

    def __init__(self, findings: list[str]) -> None:
        """Findings are appended to `findings`."""
        self._types = Concepts(Concept, claim_type, "$.type")
        self._insurers = Concepts(Reference, referred, "$.insurer")
        self._providers = Concepts(Reference, referred, "$.provider")
        self._organizations = Concepts(Reference, referred, "$.organization")
        self._facilities = Concepts(Reference, referred, "$.facility")
        self._insurances = Concepts(list[Insurance] | Insurance, focal, "$.insurance")
        self._labels = Concepts(list[Coding], is_test_label, "$.meta")
        self._revisions = Revisions(findings)
        self._bills = Bills()

    def read(
        self, claim: Resource, around: Surroundings
    ) -> tuple[tuple[str | None, ...], list[str], list[str], list[str], str | None]:
        """The values of CLAIM_COLUMNS; faults, doubts, why it must not be posted; and the device's exemption."""
        own_id = claim_id(claim)
        coded_type, bill_class, by_cms = self._types[bytes(claim.type)]
        insured = self._insurances[bytes(claim.insurance)]
        literal = insured.coverage.literal
        coverage = around.coverage(literal, claim) if literal else None
        facility = NOTHING if claim.facility is ABSENT else self._facilities[bytes(claim.facility)]
        bill = self._bills.read(claim, facility.facility_type, bill_class)
        faults: list[str] = []
        doubts: list[str] = []
        frequency, original = bill.frequency, None
        if claim.related:
            frequency, original, fault = self._revisions.read(claim, around, frequency, own_id)
            faults += [fault] if fault is not None else []
        if not is_plain(claim):
            void, codes_refused, codes_doubted = effect_of(claim)
            if void:
                frequency, original = "8", original if codes_refused else None
            faults += codes_refused
            doubts += codes_doubted
        if insured.fault is not None:
            faults.append(insured.fault)
        if bill.fault is not None:
            faults.append(bill.fault)
        doubts += bill.doubts
        period = claim.billable_period
        plan, group, program = terms(coverage, doubts) if coverage is not None else (None, None, None)
        npi, provider = self._billed_by(claim, around)
        values = (
            own_id,
            coded_type or type_by_profile(claim),
            member(claim, coverage, around),
            payer(self._insurers[bytes(claim.insurer)], claim, insured.coverage, coverage, around)
            or (CMS_PAYER if by_cms else None),
            plan,
            group,
            program,
            period.start if period is not None else None,
            period.end if period is not None else None,
            bill.type_of_bill,
            npi,
            provider,
            facility.npi or (around.npi(facility.literal, claim) if facility.literal else None),
            frequency,
            original,
            bill.trial,
            bill.conditions,
            bill.values,
            " ".join(claim.pre_auth_ref) if claim.pre_auth_ref else insured.authorized,
        )
        if around.faults:
            faults += around.faults
            around.faults.clear()
        hold = insured.hold if coverage is None or coverage.order is None else hold_of(insured, coverage.order)
        holds = [hold] if hold is not None else []
        if around.is_test or (claim.meta is not None and self.is_test(claim.meta)):
            holds.append(TEST_DATA)
        return values, faults, doubts, holds, bill.exemption

    def is_test(self, meta: Meta | None) -> bool:
        """Whether the labels of a resource name it test data.

        Raises:
            msgspec.ValidationError: they are malformed.
        """
        if meta is None:
            return False
        return (meta.security is not ABSENT and self._labels[bytes(meta.security)]) or (
            meta.tag is not ABSENT and self._labels[bytes(meta.tag)]
        )

    def _billed_by(self, claim: Resource, around: Surroundings) -> tuple[str | None, str | None]:
        """The NPI of the provider (of the organization where STU3 senders give the provider's CCN), and who it is."""
        provider = self._providers[bytes(claim.provider)]
        npi = provider.npi or (around.npi(provider.literal, claim) if provider.literal else None)
        if npi is not None or claim.organization is ABSENT:
            return npi, provider_id(provider, npi)
        organization = self._organizations[bytes(claim.organization)]
        billed_by = provider if provider != NOTHING else organization
        return organization.npi, provider_id(billed_by, organization.npi)


def is_test_label(labels: list[Coding] | None) -> bool:
    """Whether one of the labels of a resource names it test data."""
    return any(one.code is not None and one.code.strip().upper() == TEST_LABEL for one in labels or ())
