"""What a FHIR claim says of all its lines: ids, type, payer, member, coverage, bill, revision, providers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.intake.extract import FAULT, ORDINAL, RANK
from tests.lib.fhir import (
    CMS,
    CPT,
    HL7,
    ICD_10_CM,
    Json,
    bundle,
    concept,
    eob,
    item,
    ndjson,
    one_claim,
    opened,
    rows,
)

if TYPE_CHECKING:
    from pathlib import Path

C4BB = "http://hl7.org/fhir/us/carin-bb/CodeSystem/"
IDR = "https://bluebutton.cms.gov/fhir/CodeSystem/"
US_NPI = "http://hl7.org/fhir/sid/us-npi"


def value(folder: Path, name: str, **changes: Any) -> str | None:
    """One value of a claim of one line."""
    found: str | None = one_claim(folder, eob(**changes))[name].item()
    return found


def unique(number: str, **more: str) -> Json:
    return {"type": concept(C4BB + "C4BBIdentifierType", "uc"), "value": number, **more}


@pytest.mark.parametrize(
    ("claim_id", "identifier", "resource_id"),
    [
        ("7", [unique("900"), {"system": CMS + "variables/clm_id", "value": "7"}], "r"),
        ("7", [{"system": IDR + "CLM-UNIQ-ID", "value": "7"}], "r"),
        ("7", [{"system": CMS + "variables/pde_id", "value": "7"}], "r"),
        ("7", [{"system": "http://payer/control-number", "value": "8"}, unique("7")], "r"),
        ("r", [{"system": "http://payer/control-number", "value": "8"}], "r"),
        ("8", [{"system": "http://payer/a"}, {"system": "http://payer/control-number", "value": "8"}], None),
        ("r", None, "r"),
        (None, None, None),
    ],
)
def test_a_claims_number_is_the_payers_own(
    tmp_path: Path, claim_id: str | None, identifier: list[Json] | None, resource_id: str | None
) -> None:
    assert value(tmp_path, "claim_id", identifier=identifier, id=resource_id) == claim_id


def test_what_a_claim_does_not_say_is_null(tmp_path: Path) -> None:
    bare = {"resourceType": "ExplanationOfBenefit", "item": [{}]}
    found = one_claim(tmp_path, bare).drop(ORDINAL, RANK)
    assert {name: reported for name, reported in found.row(0, named=True).items() if reported is not None} == {
        "claim_type": "undetermined",
        "__fault": "hcpcs_code-missing",
    }
    empty = ("insurer", "provider", "facility", "billablePeriod", "patient")
    listed = ("insurance", "related", "careTeam", "diagnosis", "supportingInfo", "contained", "extension", "identifier")
    line = item(modifier=[{}], adjudication=[{}], revenue={}, locationCodeableConcept={}, detail=[{}])
    rich = eob(item=[line], **{name: {} for name in empty}, **{name: [{}] for name in listed})
    found = one_claim(tmp_path, rich).drop(ORDINAL, RANK)
    assert {name: reported for name, reported in found.row(0, named=True).items() if reported is not None} == {
        "claim_id": "claim-1",
        "claim_type": "professional",
        "claim_line_number": "1",
        "claim_line_start_date": "2026-03-01",
        "hcpcs_code": "0600T",
        "service_unit_quantity": "1",
        "claim_frequency_code": "7",
        "__fault": "related-relationship-unknown",
        "doubts": "information-category-missing@supportingInfo[0] "
        "diagnosis-not-coded@diagnosis[0].diagnosisCodeableConcept hcpcs_modifier-empty@item[0].modifier",
    }


@pytest.mark.parametrize(
    ("claim_type", "codings", "changes"),
    [
        ("professional", [(HL7 + "claim-type", "professional")], {}),
        ("institutional", [("http://hl7.org/fhir/ex-claimtype", "institutional")], {}),
        ("undetermined", [(HL7 + "claim-type", "oral")], {"subType": concept(C4BB, "outpatient")}),
        ("undetermined", [(HL7 + "claim-type", "vision")], {}),
        ("undetermined", [(HL7 + "claim-type", "pharmacy")], {}),
        ("professional", [(HL7 + "claim-type", "institutional"), (CMS + "variables/nch_clm_type_cd", "82")], {}),
        ("institutional", [(HL7 + "claim-type", "professional"), (CMS + "variables/nch_clm_type_cd", "40")], {}),
        ("institutional", [(CMS + "codesystem/eob-type", "HHA"), (HL7 + "claim-type", "professional")], {}),
        ("professional", [(IDR + "CLM-TYPE-CD", "72")], {}),
        ("undetermined", [(CMS + "codesystem/eob-type", "PDE"), (HL7 + "claim-type", "pharmacy")], {}),
        ("undetermined", [("http://example.org/type", "40")], {}),
        ("institutional", [], {"subType": concept(C4BB + "C4BBInstitutionalClaimSubType", "inpatient")}),
        ("institutional", [], {"meta": {"profile": ["http://x/C4BB-ExplanationOfBenefit-Outpatient-Institutional"]}}),
        ("professional", [], {"meta": {"profile": ["http://x/C4BB-ExplanationOfBenefit-Professional-NonClinician"]}}),
        ("undetermined", [], {"meta": {"profile": ["http://x/C4BB-ExplanationOfBenefit-Pharmacy"]}}),
        ("undetermined", [], {}),
    ],
)
def test_the_type_is_the_forms(tmp_path: Path, claim_type: str, codings: list[tuple[str, str]], changes: Json) -> None:
    """CMS's server writes HL7's type beside its own, and outpatient claims as professional."""
    given = {"coding": [{"system": system, "code": code} for system, code in codings]}
    assert value(tmp_path, "claim_type", type=given if codings else None, **changes) == claim_type


def organization(name: str | None, **more: Any) -> Json:
    return {"resourceType": "Organization", "id": "o", "name": name, **more}


def coverage(**more: Any) -> Json:
    return {"resourceType": "Coverage", "id": "c", **more}


INSURED: Json = {"insurance": [{"focal": True, "coverage": {"reference": "#c", "display": "Their plan"}}]}


@pytest.mark.parametrize(
    ("payer", "insurer", "changes"),
    [
        (
            "Regence",
            {"display": "Regence", "reference": "#o", "identifier": {"value": "1"}},
            {"contained": [organization("Premera")]},
        ),
        ("Premera", {"reference": "#o", "identifier": {"value": "1"}}, {"contained": [organization("Premera")]}),
        ("60054", {"reference": "#o"}, {"contained": [organization(None, identifier=[{"value": "60054"}])]}),
        ("1", {"reference": "#o", "identifier": {"value": "1"}}, {}),
        ("60054", {"reference": "#o"}, {"contained": [organization("") | {"identifier": {"value": "60054"}}]}),
        (
            "1",
            {"reference": "#p", "identifier": {"value": "1"}},
            {"contained": [{"resourceType": "Practitioner", "id": "p", "name": [{"family": "X"}]}]},
        ),
        ("Premera", None, INSURED | {"contained": [coverage(payor=[{"display": "Premera"}])]}),
        ("Premera", None, INSURED | {"contained": [coverage(payor=[{"reference": "#o"}]), organization("Premera")]}),
        ("Premera", None, INSURED | {"contained": [coverage(insurer={"display": "Premera"})]}),
        ("Their plan", {"reference": "Organization/elsewhere"}, INSURED),
        ("Their plan", None, INSURED | {"contained": [coverage()]}),
        ("CMS", None, {"type": concept(CMS + "codesystem/eob-type", "CARRIER")}),
        ("CMS", None, {"type": concept(IDR + "CLM-TYPE-CD", "72")}),
        (None, None, {}),
    ],
)
def test_the_payer_is_who_adjudicated(tmp_path: Path, payer: str | None, insurer: Json | None, changes: Json) -> None:
    assert value(tmp_path, "payer", insurer=insurer, **changes) == payer


@pytest.mark.parametrize(
    ("insurance", "member"),
    [
        ([{"focal": False, "coverage": {"reference": "#x"}}, {"focal": True, "coverage": {"reference": "#c"}}], "M1"),
        ([{"coverage": {"reference": "#c"}}], "M1"),
        ({"coverage": {"reference": "#c"}}, "M1"),
        ([{"coverage": {"reference": "#c"}}, {"coverage": {"reference": "#x"}}], "1"),
        ([{"focal": False, "coverage": {"reference": "#c"}}], "1"),
        ([], "1"),
    ],
)
def test_the_focal_coverage_counts_else_the_only_one(tmp_path: Path, insurance: Any, member: str) -> None:
    contained = [coverage(subscriberId="M1"), {"resourceType": "Coverage", "id": "x", "subscriberId": "M2"}]
    assert value(tmp_path, "member_id", insurance=insurance, contained=contained) == member


@pytest.mark.parametrize(
    ("patient", "member"),
    [
        ({"reference": "Patient/123"}, "123"),
        ({"reference": "https://payer.example/fhir/Patient/123/_history/2"}, "123"),
        ({"reference": "urn:uuid:123"}, "123"),
        ({"reference": "Patient?identifier=http://payer.example/ids|123"}, "123"),
        ({"identifier": {"value": "123"}}, "123"),
        ({"reference": "#p"}, "123"),
        ({"reference": "#q"}, "9"),
        ({"reference": "#elsewhere"}, None),
        (None, None),
    ],
)
def test_without_a_subscriber_number_the_patient_is_the_member(
    tmp_path: Path, patient: Json | None, member: str | None
) -> None:
    numbers = [{"value": "9"}, {"type": concept(HL7 + "v2-0203", "MB"), "value": "123"}]
    contained = [
        {"resourceType": "Patient", "id": "p", "name": [{"family": "X"}], "identifier": numbers},
        {"resourceType": "Patient", "id": "q", "identifier": numbers[:1]},
    ]
    assert value(tmp_path, "member_id", patient=patient, contained=contained) == member


def classed(kind: str, number: str | None, name: str | None = None) -> Json:
    return {"type": concept(HL7 + "coverage-class", kind), "value": number, "name": name}


@pytest.mark.parametrize(
    ("given", "reported"),
    [
        ({"class": [classed("group", "G1", "Acme"), classed("plan", "P1", "Gold")]}, ("Gold", "G1", None)),
        ({"class": [classed("subgroup", "S1"), classed("plan", "P1")]}, ("P1", None, None)),
        ({"grouping": {"group": "G1", "plan": "P1"}}, ("P1", "G1", None)),
        ({"type": {"text": "Medicaid", "coding": [{"display": "x"}]}}, (None, None, "Medicaid")),
        (
            {"type": {"coding": [{"code": "HMO"}, {"display": "Medicare Advantage"}]}},
            (None, None, "Medicare Advantage"),
        ),
        ({"type": {"coding": [{"code": "HMO"}]}}, (None, None, "HMO")),
        ({}, (None, None, None)),
    ],
)
def test_plan_group_and_line_of_business_are_the_coverages(
    tmp_path: Path, given: Json, reported: tuple[str | None, ...]
) -> None:
    found = one_claim(tmp_path, eob(contained=[coverage(**given)], **INSURED))
    assert found.select("plan", "group_id", "line_of_business").row(0) == reported


def information(category: str, *codings: tuple[str, str], **more: Any) -> Json:
    code = {"coding": [{"system": system, "code": code} for system, code in codings]}
    return {"category": concept(C4BB + "C4BBSupportingInfoType", category), "code": code, **more}


NUBC = "https://www.nubc.org/CodeSystem/TypeOfBill"
FREQUENCY = CMS + "variables/clm_freq_cd"
HOSPITAL = {"extension": [{"valueCoding": {"system": CMS + "variables/clm_fac_type_cd", "code": "1"}}]}


@pytest.mark.parametrize(
    ("reported", "changes"),
    [
        (("0131", "1", None), {"supportingInfo": [information("typeofbill", (NUBC, "0131"))]}),
        (("137", "7", None), {"supportingInfo": [information("typeofbill", (NUBC, "137"))]}),
        (("Dummy", None, None), {"supportingInfo": [information("typeofbill", (NUBC, "Dummy"))]}),
        (
            ("0123", "3", None),
            {"supportingInfo": [information("typeofbill", (NUBC, "0123"), (IDR + "CLM-BILL-FREQ-CD", "123"))]},
        ),
        (
            ("0137", "7", "claim_frequency_code-conflict"),
            {"supportingInfo": [information("typeofbill", (NUBC, "0137"), (FREQUENCY, "1"))]},
        ),
        ((None, "9", None), {"information": [information(CMS + "variables/clm_freq_cd", (FREQUENCY, "9"))]}),
        (
            ("131", "1", None),
            {
                "information": [information(CMS + "variables/clm_freq_cd", (FREQUENCY, "1"))],
                "facility": HOSPITAL,
                "type": concept(CMS + "variables/clm_srvc_clsfctn_type_cd", "3"),
            },
        ),
        (
            ("131", "1", None),
            {
                "supportingInfo": [information("typeofbill", (FREQUENCY, "1"))],
                "facility": HOSPITAL,
                "extension": [{"url": CMS + "variables/clm_srvc_clsfctn_type_cd", "valueCoding": {"code": "3"}}],
            },
        ),
        ((None, None, None), {"supportingInfo": [information("pointoforigin", (NUBC, "0131"))]}),
        ((None, None, None), {}),
    ],
)
def test_the_type_of_bill_ends_in_the_frequency(
    tmp_path: Path, reported: tuple[str | None, ...], changes: Json
) -> None:
    found = one_claim(tmp_path, eob(**changes))
    assert found.select("bill_type_code", "claim_frequency_code", FAULT).row(0) == reported


def related(relationship: str, **more: Any) -> Json:
    return {"relationship": concept(HL7 + "ex-relatedclaimrelationship", relationship), **more}


NAMED = {"reference": {"value": "A"}}
BILLED = {"supportingInfo": [information("typeofbill", (NUBC, "0131"))]}


@pytest.mark.parametrize(
    ("reported", "changes"),
    [
        (("8", None), {"status": "cancelled"}),
        (("8", None), {"status": "entered-in-error", "related": [related("prior", **NAMED)]}),
        (("7", "A"), {"related": [related("prior", **NAMED)]}),
        (("7", "A"), {"related": [related("prior", claim={"identifier": {"value": "A"}})]} | BILLED),
        (("7", "A"), {"related": [related("prior", claim={"reference": "ExplanationOfBenefit/A"})]}),
        (("8", None), {"related": [related("replacedby", **NAMED)]} | BILLED),
        (("8", "A"), {"related": [related("replacedby"), related("prior", **NAMED)]}),
        (("8", "A"), {"related": [related("prior", **NAMED), related("replacedby")]}),
        ((None, None), {"related": [related("associated", **NAMED)]}),
        (("1", None), {"related": [related("associated", **NAMED)]} | BILLED),
        (("1", None), BILLED),
        ((None, None), {}),
    ],
)
def test_a_claim_says_what_it_replaces_and_that_it_is_void(
    tmp_path: Path, reported: tuple[str | None, ...], changes: Json
) -> None:
    found = one_claim(tmp_path, eob(**changes))
    assert found.select("claim_frequency_code", "original_claim_id").row(0) == reported


def test_an_original_that_cannot_be_named_as_claims_are_is_counted(tmp_path: Path) -> None:
    literal = related("prior", claim={"reference": "ExplanationOfBenefit/claim-1"})
    first = eob(1, identifier=[unique("A")])
    second = eob(2, identifier=[unique("B")], related=[literal])
    alone = opened(tmp_path, ndjson(first, second, eob(3, related=[literal]), eob(4, related=[related("prior")])))
    assert rows(alone)["original_claim_id"].to_list() == [None, "claim-1", "claim-1", None]
    assert alone.warnings == {"original_claim_id-unresolved": 2}
    together = opened(tmp_path, json.dumps(bundle(second, first)).encode())
    assert rows(together)["original_claim_id"].to_list() == ["A", None]
    assert not together.warnings
    several = opened(tmp_path, ndjson(eob(1, related=[related("prior", **NAMED), literal]), eob(2)))
    assert rows(several)["original_claim_id"].to_list() == ["A", None]
    assert several.warnings == {"original_claim_id-several": 1}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"use": "preauthorization"}, "row-no-claim-for-payment"),
        ({"use": "predetermination"}, "row-no-claim-for-payment"),
        ({"use": "proposed"}, "row-no-claim-for-payment"),
        ({"use": "complete"}, None),
        ({"use": None}, None),
        ({"status": "draft"}, "row-draft"),
        ({"status": "draft", "use": "preauthorization"}, "row-draft row-no-claim-for-payment"),
    ],
)
def test_what_is_no_claim_for_payment_is_refused_line_by_line(tmp_path: Path, changes: Json, fault: str | None) -> None:
    found = one_claim(tmp_path, eob(item=[item(1), item(2, productOrService=concept(CPT, "1", "2"))], **changes))
    assert found[FAULT].to_list() == [fault, " ".join(filter(None, (fault, "hcpcs_code-conflict")))]


@pytest.mark.parametrize(
    ("trial", "changes"),
    [
        ("1337", {"supportingInfo": [information("CLM_CLNCL_TRIL_NUM", valueString="1337")]}),
        ("1337", {"extension": [{"url": CMS + "variables/clm_clncl_tril_num", "valueIdentifier": {"value": "1337"}}]}),
        ("1337", {"extension": [{"url": IDR + "CLM-CLNCL-TRIL-NUM", "valueString": "1337"}]}),
        (None, {"extension": [{"url": CMS + "variables/clm_clncl_tril_num", "valueIdentifier": {"value": "0"}}]}),
        (None, {"extension": [{"url": CMS + "variables/carr_num", "valueIdentifier": {"value": "61026"}}]}),
    ],
)
def test_a_clinical_trial_is_known_by_its_number(tmp_path: Path, trial: str | None, changes: Json) -> None:
    """CMS writes a zero where there is no trial."""
    assert value(tmp_path, "clinical_trial_number", **changes) == trial


def test_condition_codes_are_joined(tmp_path: Path) -> None:
    given = [information("CLM_RLT_COND_CD", (IDR + "CLM-RLT-COND-CD", code)) for code in ("30", "44")]
    assert value(tmp_path, "condition_codes", supportingInfo=given) == "30 44"


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        ("A1", {"preAuthRef": ["A1"]}),
        ("A1 A2", {"preAuthRef": ["A1", "A2"], **INSURED}),
        ("B1", {"insurance": [{"focal": True, "preAuthRef": ["B1"]}]}),
        (None, {}),
    ],
)
def test_prior_authorizations_are_the_claims_or_the_coverages(
    tmp_path: Path, number: str | None, changes: Json
) -> None:
    assert value(tmp_path, "prior_authorization_number", **changes) == number


ROLE = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "#p"}}


def practitioner(kind: str = "Practitioner", number: str = "1000000001", **more: Any) -> Json:
    return {
        "resourceType": kind,
        "id": "p",
        "identifier": [{"value": "X"}, {"system": US_NPI, "value": number}],
        **more,
    }


@pytest.mark.parametrize(
    ("provider", "changes"),
    [
        ({"identifier": {"system": US_NPI, "value": "1000000001"}}, {}),
        ({"reference": "#p"}, {"contained": [practitioner(name=[{"family": "X"}])]}),
        ({"reference": "#p"}, {"contained": [practitioner("Organization", name="X")]}),
        ({"reference": f"Practitioner?identifier={US_NPI}|1000000001"}, {}),
        ({"reference": "#r"}, {"contained": [practitioner(), ROLE]}),
        (
            {"identifier": {"system": CMS + "variables/prvdr_num", "value": "220135"}},
            {"organization": {"identifier": {"system": US_NPI, "value": "1000000001"}}},
        ),
    ],
)
def test_the_billing_provider_is_known_by_npi(tmp_path: Path, provider: Json, changes: Json) -> None:
    assert value(tmp_path, "billing_npi", provider=provider, **changes) == "1000000001"


def test_the_facility_is_known_by_npi(tmp_path: Path) -> None:
    assert (
        value(tmp_path, "facility_npi", facility={"identifier": {"system": US_NPI, "value": "1000000001"}})
        == "1000000001"
    )
    given = {"facility": {"reference": "#p"}, "contained": [practitioner("Location")]}
    assert value(tmp_path, "facility_npi", **given) == "1000000001"
    assert value(tmp_path, "facility_npi", facility={"identifier": {"value": "220135"}}) is None


def test_a_bundle_resolves_what_is_kept_beside(tmp_path: Path) -> None:
    """By URL, by type and id, in whatever order; as Synthea and CARIN servers write it."""
    condition = {"resourceType": "Condition", "id": "d", "code": concept(ICD_10_CM, "C22.0")}
    patient = {"resourceType": "Patient", "identifier": {"type": concept("", "MB"), "value": "M1"}}
    claim = eob(
        insurer={"reference": "https://payer.example/fhir/Organization/o"},
        insurance=[{"focal": True, "coverage": {"reference": "Coverage/c/_history/3"}}],
        patient={"reference": "urn:uuid:p1"},
        provider={"reference": "urn:uuid:p2"},
        diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": "urn:uuid:d"}}],
        careTeam=[{"sequence": 1, "provider": {"reference": "urn:uuid:p2"}, "role": concept(HL7, "primary")}],
    )
    beside = [
        {"resource": organization("Premera Blue Cross")},
        {"resource": coverage(type={"text": "Commercial"}, **{"class": [classed("group", "G1")]})},
        {"fullUrl": "urn:uuid:p1", "resource": patient},
        {"fullUrl": "urn:uuid:p2", "resource": practitioner()},
        {"fullUrl": "urn:uuid:d", "resource": condition},
    ]
    wanted = ("payer", "member_id", "group_id", "line_of_business", "billing_npi", "rendering_npi", "diagnosis_code_1")
    for document in (bundle(claim, *beside), bundle(*beside, claim)):
        extract = opened(tmp_path, json.dumps(document).encode())
        held = ("Condition", "Coverage", "Organization", "Patient", "Practitioner")
        expected = ("Premera Blue Cross", "M1", "G1", "Commercial", "1000000001", "1000000001", "C22.0")
        assert rows(extract).select(wanted).row(0) == expected
        assert extract.warnings == {f"resource-not-a-claim:{kind}": 1 for kind in held}


def test_a_reference_to_a_resource_of_another_kind_says_nothing(tmp_path: Path) -> None:
    given: Json = {"contained": [coverage(subscriberId="M1", type={"text": "HMO"})], "insurer": {"reference": "#c"}}
    claim = eob(insurance=[{"focal": True, "coverage": {"reference": "#o"}}], **given)
    claim["contained"].append(organization("Premera", type=[{"text": "payer"}]))
    assert one_claim(tmp_path, claim).select("payer", "member_id", "line_of_business").row(0) == (None, "1", None)
