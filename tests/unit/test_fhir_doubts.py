"""What a FHIR claim holds and is not understood: a doubt on its lines, a refused row by name, or a hold on posting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.intake.extract import EXPLAINS, FAULT, RANK
from tests.lib import fhir

if TYPE_CHECKING:
    from pathlib import Path


MODIFIED: fhir.Json = {"modifierExtension": [{"url": "http://x/changes", "valueBoolean": True}]}
OLD: fhir.Json = {
    "information": [fhir.INFORMATION],
    "item": [fhir.item(productOrService=None, service=fhir.concept(fhir.CPT, "0600T"))],
}


def dx(sequence: int | None, code: str = "C25.1", **more: Any) -> fhir.Json:
    found = {"sequence": sequence, "diagnosisCodeableConcept": fhir.concept(fhir.ICD_10_CM, code), **more}
    return {name: value for name, value in found.items() if value is not None}


def typed(*codes: str) -> list[fhir.Json]:
    return [fhir.concept(fhir.HL7 + "ex-diagnosistype", code) for code in codes]


def related(*relationships: fhir.Json | None) -> fhir.Json:
    return {"related": [{"claim": {"identifier": {"value": "A"}}, "relationship": one} for one in relationships]}


@pytest.mark.parametrize(
    ("doubt", "changes"),
    [
        (None, {}),
        ("use-unknown@use", {"use": "claims"}),
        ("use-unknown@use", {"use": "Claim"}),
        ("use-unknown@use", {"use": "complete"}),
        ("use-unknown@use", {"use": None}),
        ("use-unknown@use", {"use": "other"} | OLD),
        (None, {"use": None, "outcome": None} | OLD),
        (
            None,
            {"use": "complete", "outcome": fhir.concept("http://hl7.org/fhir/remittance-outcome", "complete")} | OLD,
        ),
        ("outcome-incomplete@outcome", {"use": None, "outcome": fhir.concept("http://x", "partial")} | OLD),
        ("outcome-unknown@outcome", {"use": None, "outcome": fhir.concept("http://x", "queued")} | OLD),
        *(("outcome-incomplete@outcome", {"outcome": code}) for code in ("queued", "error", "partial")),
        *(("outcome-unknown@outcome", {"outcome": code}) for code in ("Complete", "complete ", "done", None)),
        (None, {"resourceType": "Claim", "outcome": None}),
    ],
)
def test_use_and_outcome_outside_their_code_lists_are_doubts(
    tmp_path: Path, doubt: str | None, changes: fhir.Json
) -> None:
    claim = {name: value for name, value in fhir.eob(**changes).items() if value is not None}
    found = fhir.one_claim(tmp_path, claim)
    assert fhir.doubts(found) == [doubt]
    assert found[FAULT].to_list() == [None]


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        *(("status-unknown", {"status": code}) for code in ("Cancelled", "canceled", "active ", "ACTIVE", "final", "")),
        ("status-unknown", {"status": None}),
        (None, {"status": None} | OLD),
        ("row-no-claim-for-payment", {"use": "proposed"} | OLD),
        ("related-relationship-unknown", related(fhir.concept(fhir.HL7 + "x", "replaces"))),
        ("related-relationship-unknown", related(fhir.concept(fhir.HL7 + "x", "Prior"))),
        ("related-relationship-unknown", related({"text": "corrects"})),
        ("related-relationship-unknown", related(None)),
        (
            "related-relationship-unknown",
            related(fhir.concept(fhir.HL7 + "x", "prior"), fhir.concept(fhir.HL7 + "x", "corrects")),
        ),
        (None, related(fhir.concept(fhir.HL7 + "x", "associated"))),
        ("insurance-focal-missing", {"insurance": [{"focal": False, "coverage": {"reference": "Coverage/a"}}]}),
        (
            "insurance-focal-missing",
            {"insurance": [{"coverage": {"reference": "Coverage/a"}}, {"coverage": {"reference": "Coverage/b"}}]},
        ),
        (
            "insurance-focal-several",
            {
                "insurance": [
                    {"focal": True, "coverage": {"reference": "Coverage/a"}},
                    {"focal": True, "coverage": {"reference": "Coverage/b"}},
                ]
            },
        ),
        (None, {"insurance": [{"focal": True, "coverage": {"reference": "Coverage/a"}}] * 2}),
        (None, {"insurance": [{"coverage": {"reference": "Coverage/a"}}]}),
    ],
)
def test_a_claim_that_is_itself_uncertain_is_refused_by_name(
    tmp_path: Path, fault: str | None, changes: fhir.Json
) -> None:
    claim = {name: value for name, value in fhir.eob(**changes).items() if value is not None}
    found = fhir.one_claim(tmp_path, claim)
    assert found[FAULT].to_list() == [fault]
    assert found["hcpcs_code"].to_list() == ["0600T"]


@pytest.mark.parametrize("focal", ["true", 1, "yes"])
def test_a_focal_that_is_no_boolean_refuses_the_claim(tmp_path: Path, focal: Any) -> None:
    claim = fhir.eob(insurance=[{"focal": focal, "coverage": {"reference": "Coverage/a"}}])
    extract = fhir.opened(tmp_path, fhir.ndjson(claim, fhir.eob(2)))
    assert fhir.rows(extract).height == 1
    assert fhir.rejected(extract) == [(1, "row-bad-field:$.insurance[...].focal")]


@pytest.mark.parametrize(
    ("doubt", "codes", "diagnoses", "pointers"),
    [
        (None, ["C25.1"], [dx(1)], [1]),
        (
            "diagnosis-unresolved@diagnosis[1].diagnosisReference",
            ["C25.1"],
            [dx(1), {"sequence": 2, "diagnosisReference": {"reference": "Condition/z"}}],
            [1],
        ),
        (
            "diagnosis-unresolved@diagnosis[1].diagnosisReference",
            ["C25.1"],
            [dx(1), {"sequence": 2, "diagnosisReference": {"display": "Trial"}}],
            [1, 2],
        ),
        (
            "diagnosis-not-coded@diagnosis[0].diagnosisCodeableConcept",
            [],
            [{"sequence": 1, "diagnosisCodeableConcept": fhir.concept(fhir.SNOMED, "363418001")}],
            [1],
        ),
        (
            "diagnosis-not-coded@diagnosis[0].diagnosisCodeableConcept",
            [],
            [{"sequence": 1, "diagnosisCodeableConcept": {"text": "Z00.6"}}],
            [1],
        ),
        ("diagnosis-not-coded@diagnosis[0].diagnosisCodeableConcept", [], [{"sequence": 1}], [1]),
        ("diagnosis_pointer-dangling@item[0].diagnosisSequence", ["C25.1"], [dx(1)], [1, 2]),
        ("diagnosis_pointer-dangling@item[0].diagnosisSequence", [], [dx(1)], [0]),
        ("diagnosis_sequence-gap@diagnosis", ["C25.1"], [dx(1), dx(3, "C61")], [1]),
        (
            "diagnosis_sequence-repeated@diagnosis[1].sequence",
            ["C25.1", "C61"],
            [dx(1), dx(1, "C61")],
            [1],
        ),
        (None, ["C25.1"], [dx(1), dx(1)], [1]),
        ("diagnosis_sequence-missing@diagnosis", ["C25.1"], [dx(1), dx(None, "C61")], [1]),
        (None, ["C25.1", "C61"], [dx(1), dx(None, "C61")], None),
        ("trial-diagnosis-not-pointed@diagnosis[1]", ["C25.1"], [dx(1), dx(2, "Z00.6")], [1]),
        ("trial-diagnosis-not-pointed@diagnosis[1]", ["C25.1"], [dx(1), dx(2, "z006 ")], [1]),
        (None, ["C25.1", "Z00.6"], [dx(1), dx(2, "Z00.6")], [1, 2]),
        (None, [], [dx(1, type=typed("admitting"))], [1]),
        (None, [], [dx(1, type=typed("Admitting", "patientreasonforvisit"))], [1]),
        (None, ["C25.1"], [dx(1, type=typed("admitting", "principal"))], [1]),
        (None, ["Z00.6"], [dx(1, "Z00.6", type=typed("admitting"))], [1]),
        ("diagnosis-type-unknown@diagnosis[0].type", ["C25.1"], [dx(1, type=typed("admiting"))], [1]),
        ("diagnosis-type-unknown@diagnosis[0].type", ["C25.1"], [dx(1, type=[{"text": "on admission"}])], [1]),
    ],
)
def test_a_diagnosis_that_is_not_understood_is_a_doubt(
    tmp_path: Path, doubt: str | None, codes: list[str], diagnoses: list[fhir.Json], pointers: list[int] | None
) -> None:
    claim = fhir.eob(item=[fhir.item(diagnosisSequence=pointers)], diagnosis=diagnoses)
    found = fhir.one_claim(tmp_path, claim)
    assert fhir.doubts(found) == [doubt]
    given = [found[f"diagnosis_code_{place}"].item() for place in (1, 2, 3)]
    assert [code.strip().upper() for code in given if code] == [
        "Z006" if code == "Z00.6" and "z006 " in str(diagnoses) else code for code in codes
    ]


@pytest.mark.parametrize(
    ("condition", "doubt"),
    [
        ({}, None),
        ({"verificationStatus": fhir.concept(fhir.HL7 + "condition-ver-status", "confirmed")}, None),
        ({"verificationStatus": "confirmed"}, None),
        (
            {"verificationStatus": fhir.concept(fhir.HL7 + "condition-ver-status", "refuted")},
            "diagnosis-not-confirmed@diagnosis[0].diagnosisReference",
        ),
        ({"verificationStatus": "differential"}, "diagnosis-not-confirmed@diagnosis[0].diagnosisReference"),
        ({"code": {"text": "?"}}, "diagnosis-not-coded@diagnosis[0].diagnosisCodeableConcept"),
        (MODIFIED, "modifier-extension@Condition.modifierExtension"),
    ],
)
def test_a_condition_counts_as_far_as_it_is_certain(tmp_path: Path, condition: fhir.Json, doubt: str | None) -> None:
    found = {"resourceType": "Condition", "id": "c", "code": fhir.concept(fhir.ICD_10_CM, "C25.1"), **condition}
    claim = fhir.eob(diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": "Condition/c"}}])
    for document in (json.dumps(fhir.bundle(claim, found)).encode(), fhir.ndjson(claim, found)):
        assert fhir.doubts(fhir.rows(fhir.opened(tmp_path, document))) == [doubt]
    contained = claim | {"contained": [found], "diagnosis": [{"diagnosisReference": {"reference": "#c"}}]}
    (line,) = fhir.doubts(fhir.one_claim(tmp_path, contained))
    assert (line or "").partition("@")[0] == (doubt or "").partition("@")[0]


@pytest.mark.parametrize(
    ("expected", "claim"),
    [
        (["modifier-extension@modifierExtension"] * 2, fhir.eob(item=[fhir.item(1), fhir.item(2)], **MODIFIED)),
        (
            [None, "modifier-extension@item[1].modifierExtension"],
            fhir.eob(item=[fhir.item(1), fhir.item(2) | MODIFIED]),
        ),
        (
            ["modifier-extension@diagnosis[0].modifierExtension"],
            fhir.eob(diagnosis=[dx(1) | MODIFIED]),
        ),
        (
            ["modifier-extension@item[0].detail[0].modifierExtension"],
            fhir.eob(item=[fhir.item(detail=[{"sequence": 1} | MODIFIED])]),
        ),
        (
            ["modifier-extension@supportingInfo[0].modifierExtension"],
            fhir.eob(supportingInfo=[fhir.INFORMATION | MODIFIED]),
        ),
        (["implicit-rules@implicitRules"], fhir.eob(implicitRules="http://x/rules")),
        ([None], fhir.eob(modifierExtension=[])),
    ],
)
def test_what_changes_a_meaning_is_a_doubt(tmp_path: Path, expected: list[str | None], claim: fhir.Json) -> None:
    found = fhir.one_claim(tmp_path, claim)
    assert fhir.doubts(found) == expected
    assert found[FAULT].null_count() == found.height


def amount(value: Any, currency: str | None = "USD", category: str = "submitted") -> fhir.Json:
    money = {"value": value, "currency": currency} if currency else {"value": value}
    return {"category": fhir.concept(fhir.HL7 + "adjudication", category), "amount": money}


def test_a_charge_of_another_currency_refuses_the_line_and_other_amounts_are_not_read(tmp_path: Path) -> None:
    items = [
        fhir.item(1, adjudication=[amount(5, "EUR")]),
        fhir.item(2, net={"value": 5, "currency": "CAD"}),
        fhir.item(3, adjudication=[amount(1.10, "usd"), amount(7, "EUR", "benefit")]),
        fhir.item(4, adjudication=[amount(5), amount(6, category="benefit")]),
        fhir.item(
            5, adjudication=[{"category": {"text": "x"}, "amount": {"value": 1, "code": "EUR", "system": "urn:4217"}}]
        ),
    ]
    extract = fhir.opened(tmp_path, json.dumps(fhir.eob(item=items)).encode())
    found = fhir.rows(extract)
    fault = "charge_amount-currency"
    assert found[FAULT].to_list() == [fault, fault, None, None, None]
    assert found["charge_amount"].to_list()[2:4] == ["1.1", "5"]
    assert found["paid_amount"].to_list()[2:4] == [None, "6"]
    assert extract.warnings == {"amount-currency": 2}


def test_paid_and_allowed_amounts_that_are_no_numbers_cost_no_line(tmp_path: Path) -> None:
    found = fhir.one_claim(
        tmp_path, fhir.eob(item=[fhir.item(adjudication=[amount(5), amount("n/a", category="benefit")])])
    )
    assert found.select("charge_amount", "paid_amount", FAULT).row(0) == ("5", "n/a", None)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (fhir.concept("http://payer.example/codes", "0600T"), "0600T"),
        (fhir.concept("http://payer.example/codes", "0600t-59"), "0600T"),
        (fhir.concept("http://payer.example/codes", "47384"), "47384"),
        (fhir.concept(fhir.SNOMED, "0600T"), "0600T"),
        ({"coding": [{"code": "0600T"}]}, "0600T"),
        ({"text": "0600T"}, "0600T"),
        ({"text": "CPT 0600T, ablation"}, "0600T"),
    ],
)
def test_a_code_of_an_unknown_system_is_a_doubt(tmp_path: Path, given: fhir.Json, code: str) -> None:
    found = fhir.one_claim(tmp_path, fhir.eob(item=[fhir.item(productOrService=given)]))
    assert found["hcpcs_code"].to_list() == [code]
    assert fhir.doubts(found) == ["hcpcs_code-system-unknown@item[0].productOrService"]


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("item-added-by-payer", {"addItem": [{"productOrService": fhir.concept(fhir.CPT, "0601T")}]}),
        ("item-added-by-payer", {"addItem": [{"detail": [{"productOrService": {"text": "0601T"}}]}]}),
        (
            "procedure-not-on-a-line",
            {"procedure": [{"sequence": 1, "procedureCodeableConcept": fhir.concept(fhir.CPT, "0601T")}]},
        ),
        (
            "item-details",
            {"item": [fhir.item(detail=[{"subDetail": [{"productOrService": fhir.concept("x", "0601T")}]}])]},
        ),
    ],
)
def test_a_code_that_is_on_no_line_is_set_aside_by_name(tmp_path: Path, check: str, changes: fhir.Json) -> None:
    extract = fhir.opened(tmp_path, fhir.ndjson(fhir.eob(**changes), fhir.eob(2)))
    assert fhir.rows(extract).height == 2
    assert fhir.rejected(extract) == [(1, check)]
    assert "0601T" in extract.rejects()["text"].item()


@pytest.mark.parametrize(
    "changes",
    [
        {"addItem": [{"productOrService": fhir.concept("http://hl7.org/fhir/sid/ndc", "00409189001")}]},
        {"procedure": [{"sequence": 1, "procedureCodeableConcept": fhir.concept(fhir.CPT, "0600T")}]},
        {
            "procedure": [
                {"procedureCodeableConcept": fhir.concept("http://www.cms.gov/Medicare/Coding/ICD10", "30233N1")}
            ]
        },
    ],
)
def test_what_is_billed_or_of_another_system_is_not_set_aside(tmp_path: Path, changes: fhir.Json) -> None:
    extract = fhir.opened(tmp_path, fhir.ndjson(fhir.eob(**changes), fhir.eob(2)))
    assert fhir.rows(extract).height == 2
    assert fhir.rejected(extract) == []


def test_pointers_to_information_and_procedures_that_are_not_there_are_doubts(tmp_path: Path) -> None:
    items = [
        fhir.item(1, informationSequence=[1]),
        fhir.item(2, informationSequence=[2]),
        fhir.item(3, procedureSequence=[1]),
    ]
    found = fhir.one_claim(tmp_path, fhir.eob(item=items, supportingInfo=[fhir.INFORMATION]))
    assert fhir.doubts(found) == [
        None,
        "information_pointer-dangling@item[1].informationSequence",
        "procedure_pointer-dangling@item[2].procedureSequence",
    ]
    old = fhir.one_claim(tmp_path, fhir.eob(item=[fhir.item(informationLinkId=[7])], information=[fhir.INFORMATION]))
    assert fhir.doubts(old) == ["information_pointer-dangling@item[0].informationSequence"]


def test_a_modifier_that_says_nothing_is_a_doubt(tmp_path: Path) -> None:
    found = fhir.one_claim(
        tmp_path, fhir.eob(item=[fhir.item(modifier=[{"coding": [{"display": "Q0"}]}, {"text": "Q1"}])])
    )
    assert fhir.doubts(found) == ["hcpcs_modifier-empty@item[0].modifier"]
    assert found["hcpcs_modifier_1"].to_list() == ["Q1"]


TEST: fhir.Json = {"security": [{"system": fhir.HL7 + "v3-ActReason", "code": "HTEST"}]}


@pytest.mark.parametrize(
    ("hold", "changes"),
    [
        ("test-data", {"meta": TEST}),
        ("test-data", {"meta": {"tag": [{"code": "htest"}]}}),
        (None, {"meta": {"security": [{"code": "R"}], "tag": [{"code": "nightly"}]}}),
        (
            "other-payer-first",
            {
                "insurance": [
                    {"sequence": 1, "focal": False, "coverage": {"reference": "Coverage/a"}},
                    {"sequence": 2, "focal": True, "coverage": {"reference": "Coverage/b"}},
                ]
            },
        ),
        (
            None,
            {
                "insurance": [
                    {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/a"}},
                    {"sequence": 2, "focal": False, "coverage": {"reference": "Coverage/b"}},
                ]
            },
        ),
        (
            "payer-order-unknown",
            {
                "insurance": [
                    {"focal": True, "coverage": {"reference": "Coverage/a"}},
                    {"focal": False, "coverage": {"reference": "Coverage/b"}},
                ]
            },
        ),
        (
            "other-payer-first",
            {
                "contained": [{"resourceType": "Coverage", "id": "c", "order": 2}],
                "insurance": [{"focal": True, "coverage": {"reference": "#c"}}],
            },
        ),
        ("other-payer-first", {"item": [fhir.item(adjudication=[amount(5), amount(80.5, category="priorpayerpaid")])]}),
        (None, {"item": [fhir.item(adjudication=[amount(5), amount(0.0, category="priorpayerpaid")])]}),
    ],
)
def test_what_holds_a_denial_from_being_posted(tmp_path: Path, hold: str | None, changes: fhir.Json) -> None:
    found = fhir.one_claim(tmp_path, fhir.eob(**changes))
    assert found["posting_holds"].to_list() == [hold]
    assert fhir.doubts(found) == [None]


def test_the_labels_of_a_bundle_are_those_of_its_claims(tmp_path: Path) -> None:
    labeled = fhir.bundle(fhir.eob(1), fhir.eob(2)) | {"meta": TEST}
    for content in (json.dumps(labeled).encode(), fhir.ndjson(labeled, fhir.eob(3, meta=TEST))):
        assert set(fhir.rows(fhir.opened(tmp_path, content))["posting_holds"]) == {"test-data"}


def test_who_billed_and_which_claim_is_explained(tmp_path: Path) -> None:
    npi = {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1000000001"}, "display": "A Clinic"}
    explained = {"claim": {"reference": "Claim/77"}, "patient": {"reference": "Patient/p"}}
    claims = [
        fhir.eob(1, provider=npi, **explained),
        fhir.eob(
            2, provider={"identifier": {"value": "t-1"}}, resourceType="Claim", id="77", patient=explained["patient"]
        ),
        fhir.eob(3, provider={"display": "a clinic"}),
        fhir.eob(4, provider={"reference": "Organization/o1"}),
        fhir.eob(5),
    ]
    found = fhir.rows(fhir.opened(tmp_path, fhir.ndjson(*claims)))
    assert found["billing_provider_id"].to_list() == ["1000000001", "T-1", "ACLINIC", "O1", None]
    assert found[EXPLAINS].to_list() == ["77 p", "77 p", None, None, None]
    assert found[RANK].to_list() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(("code", "doubt"), [("group", None), ("rxbin", None), ("Group", 1), ("groop", 1), (None, 1)])
def test_a_class_of_coverage_that_may_be_the_group_is_a_doubt(
    tmp_path: Path, code: str | None, doubt: int | None
) -> None:
    classes = [{"type": fhir.concept(fhir.HL7 + "coverage-class", code) if code else None, "value": "G1"}]
    covered = {"contained": [{"resourceType": "Coverage", "id": "c", "class": classes}]}
    found = fhir.one_claim(tmp_path, fhir.eob(insurance=[{"focal": True, "coverage": {"reference": "#c"}}], **covered))
    assert fhir.doubts(found) == ["coverage-class-unknown@Coverage.class[0].type" if doubt else None]


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        ("hcpcs_code-missing", {"productOrService": {"coding": []}}),
        ("hcpcs_code-missing", {"productOrService": {"codings": [{"code": "0600T"}]}}),
        ("hcpcs_code-missing", {"productOrService": None}),
        ("hcpcs_code-missing", {"productOrService": {}}),
        ("hcpcs_code-missing", {"productOrService": {"coding": [{"system": fhir.CPT, "display": "Ablation"}]}}),
        (None, {"productOrService": None, "revenue": fhir.concept("x", "0360")}),
        (None, {"productOrService": None, "careTeamLinkId": [1]}),
    ],
)
def test_a_line_whose_code_is_lost_is_refused(tmp_path: Path, fault: str | None, changes: fhir.Json) -> None:
    assert fhir.one_claim(tmp_path, fhir.eob(item=[fhir.item(**changes)]))[FAULT].to_list() == [fault]


def test_a_resource_of_no_type_that_may_be_a_claim_is_refused(tmp_path: Path) -> None:
    lost = [fhir.eob(1, resourceType="ExplanationOfBenefits"), {"resourceType": "Person "}, fhir.eob(2)]
    extract = fhir.opened(tmp_path, fhir.ndjson(*lost))
    assert fhir.rows(extract).height == 1
    assert fhir.rejected(extract) == [(1, "row-bad-field:$.resourceType")]
    assert extract.warnings == {"resource-not-a-claim:unknown": 1}


def test_a_refused_revision_names_what_it_may_revise(tmp_path: Path) -> None:
    unknown = fhir.eob(2, **related(fhir.concept(fhir.HL7 + "x", "corrects")))
    found = fhir.rows(fhir.opened(tmp_path, fhir.ndjson(fhir.eob(1, status="Cancelled"), unknown)))
    columns = ("claim_frequency_code", "original_claim_id", FAULT)
    assert found.select(columns).rows() == [("8", None, "status-unknown"), ("7", "A", "related-relationship-unknown")]
