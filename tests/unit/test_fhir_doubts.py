"""What a FHIR claim holds and is not understood: a doubt on its lines, a refused row by name, or a hold on posting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.doubts import DOUBTS
from claims_edit.intake.extract import EXPLAINS, FAULT, RANK
from claims_edit.posting_holds import POSTING_HOLDS
from tests.unit.test_fhir_documents import (
    CPT,
    ICD_10_CM,
    Json,
    bundle,
    concept,
    eob,
    item,
    ndjson,
    one_claim,
    opened,
    rejected,
    rows,
)

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

HL7 = "http://terminology.hl7.org/CodeSystem/"
CMS = "https://bluebutton.cms.gov/resources/"
SNOMED = "http://snomed.info/sct"
MODIFIED: Json = {"modifierExtension": [{"url": "http://x/changes", "valueBoolean": True}]}
INFORMATION: Json = {"sequence": 1, "category": {"text": "received"}}
OLD: Json = {"information": [INFORMATION], "item": [item(productOrService=None, service=concept(CPT, "0600T"))]}


def dx(sequence: int | None, code: str = "C25.1", **more: Any) -> Json:
    found = {"sequence": sequence, "diagnosisCodeableConcept": concept(ICD_10_CM, code), **more}
    return {name: value for name, value in found.items() if value is not None}


def typed(*codes: str) -> list[Json]:
    return [concept(HL7 + "ex-diagnosistype", code) for code in codes]


def doubts(frame: pl.DataFrame) -> list[str | None]:
    """The doubts of each line; all of their names are registered."""
    found = frame["doubts"].to_list()
    names = {token.partition("@")[0] for line in found if line for token in line.split(" ")}
    assert names <= set(DOUBTS)
    assert set(" ".join(frame["posting_holds"].drop_nulls()).split()) <= set(POSTING_HOLDS)
    return found


def related(*relationships: Json | None) -> Json:
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
        (None, {"use": "complete", "outcome": concept("http://hl7.org/fhir/remittance-outcome", "complete")} | OLD),
        ("outcome-incomplete@outcome", {"use": None, "outcome": concept("http://x", "partial")} | OLD),
        ("outcome-unknown@outcome", {"use": None, "outcome": concept("http://x", "queued")} | OLD),
        *(("outcome-incomplete@outcome", {"outcome": code}) for code in ("queued", "error", "partial")),
        *(("outcome-unknown@outcome", {"outcome": code}) for code in ("Complete", "complete ", "done", None)),
        (None, {"resourceType": "Claim", "outcome": None}),
    ],
)
def test_use_and_outcome_outside_their_code_lists_are_doubts(tmp_path: Path, doubt: str | None, changes: Json) -> None:
    claim = {name: value for name, value in eob(**changes).items() if value is not None}
    found = one_claim(tmp_path, claim)
    assert doubts(found) == [doubt]
    assert found[FAULT].to_list() == [None]


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        *(("status-unknown", {"status": code}) for code in ("Cancelled", "canceled", "active ", "ACTIVE", "final", "")),
        ("status-unknown", {"status": None}),
        (None, {"status": None} | OLD),
        ("row-no-claim-for-payment", {"use": "proposed"} | OLD),
        ("related-relationship-unknown", related(concept(HL7 + "x", "replaces"))),
        ("related-relationship-unknown", related(concept(HL7 + "x", "Prior"))),
        ("related-relationship-unknown", related({"text": "corrects"})),
        ("related-relationship-unknown", related(None)),
        ("related-relationship-unknown", related(concept(HL7 + "x", "prior"), concept(HL7 + "x", "corrects"))),
        (None, related(concept(HL7 + "x", "associated"))),
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
def test_a_claim_that_is_itself_uncertain_is_refused_by_name(tmp_path: Path, fault: str | None, changes: Json) -> None:
    claim = {name: value for name, value in eob(**changes).items() if value is not None}
    found = one_claim(tmp_path, claim)
    assert found[FAULT].to_list() == [fault]
    assert found["hcpcs_code"].to_list() == ["0600T"]


@pytest.mark.parametrize("focal", ["true", 1, "yes"])
def test_a_focal_that_is_no_boolean_refuses_the_claim(tmp_path: Path, focal: Any) -> None:
    claim = eob(insurance=[{"focal": focal, "coverage": {"reference": "Coverage/a"}}])
    extract = opened(tmp_path, ndjson(claim, eob(2)))
    assert rows(extract).height == 1
    assert rejected(extract) == [(1, "row-bad-field:$.insurance[...].focal")]


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
            [{"sequence": 1, "diagnosisCodeableConcept": concept(SNOMED, "363418001")}],
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
    tmp_path: Path, doubt: str | None, codes: list[str], diagnoses: list[Json], pointers: list[int] | None
) -> None:
    claim = eob(item=[item(diagnosisSequence=pointers)], diagnosis=diagnoses)
    found = one_claim(tmp_path, claim)
    assert doubts(found) == [doubt]
    given = [found[f"diagnosis_code_{place}"].item() for place in (1, 2, 3)]
    assert [code.strip().upper() for code in given if code] == [
        "Z006" if code == "Z00.6" and "z006 " in str(diagnoses) else code for code in codes
    ]


@pytest.mark.parametrize(
    ("condition", "doubt"),
    [
        ({}, None),
        ({"verificationStatus": concept(HL7 + "condition-ver-status", "confirmed")}, None),
        ({"verificationStatus": "confirmed"}, None),
        (
            {"verificationStatus": concept(HL7 + "condition-ver-status", "refuted")},
            "diagnosis-not-confirmed@diagnosis[0].diagnosisReference",
        ),
        ({"verificationStatus": "differential"}, "diagnosis-not-confirmed@diagnosis[0].diagnosisReference"),
        ({"code": {"text": "?"}}, "diagnosis-not-coded@diagnosis[0].diagnosisCodeableConcept"),
        (MODIFIED, "modifier-extension@Condition.modifierExtension"),
    ],
)
def test_a_condition_counts_as_far_as_it_is_certain(tmp_path: Path, condition: Json, doubt: str | None) -> None:
    found = {"resourceType": "Condition", "id": "c", "code": concept(ICD_10_CM, "C25.1"), **condition}
    claim = eob(diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": "Condition/c"}}])
    for document in (json.dumps(bundle(claim, found)).encode(), ndjson(claim, found)):
        assert doubts(rows(opened(tmp_path, document))) == [doubt]
    contained = claim | {"contained": [found], "diagnosis": [{"diagnosisReference": {"reference": "#c"}}]}
    (line,) = doubts(one_claim(tmp_path, contained))
    assert (line or "").partition("@")[0] == (doubt or "").partition("@")[0]


@pytest.mark.parametrize(
    ("expected", "claim"),
    [
        (["modifier-extension@modifierExtension"] * 2, eob(item=[item(1), item(2)], **MODIFIED)),
        (
            [None, "modifier-extension@item[1].modifierExtension"],
            eob(item=[item(1), item(2) | MODIFIED]),
        ),
        (
            ["modifier-extension@diagnosis[0].modifierExtension"],
            eob(diagnosis=[dx(1) | MODIFIED]),
        ),
        (
            ["modifier-extension@item[0].detail[0].modifierExtension"],
            eob(item=[item(detail=[{"sequence": 1} | MODIFIED])]),
        ),
        (["modifier-extension@supportingInfo[0].modifierExtension"], eob(supportingInfo=[INFORMATION | MODIFIED])),
        (["implicit-rules@implicitRules"], eob(implicitRules="http://x/rules")),
        ([None], eob(modifierExtension=[])),
    ],
)
def test_what_changes_a_meaning_is_a_doubt(tmp_path: Path, expected: list[str | None], claim: Json) -> None:
    found = one_claim(tmp_path, claim)
    assert doubts(found) == expected
    assert found[FAULT].null_count() == found.height


def amount(value: Any, currency: str | None = "USD", category: str = "submitted") -> Json:
    money = {"value": value, "currency": currency} if currency else {"value": value}
    return {"category": concept(HL7 + "adjudication", category), "amount": money}


def test_a_charge_of_another_currency_refuses_the_line_and_other_amounts_are_not_read(tmp_path: Path) -> None:
    items = [
        item(1, adjudication=[amount(5, "EUR")]),
        item(2, net={"value": 5, "currency": "CAD"}),
        item(3, adjudication=[amount(1.10, "usd"), amount(7, "EUR", "benefit")]),
        item(4, adjudication=[amount(5), amount(6, category="benefit")]),
        item(
            5, adjudication=[{"category": {"text": "x"}, "amount": {"value": 1, "code": "EUR", "system": "urn:4217"}}]
        ),
    ]
    extract = opened(tmp_path, json.dumps(eob(item=items)).encode())
    found = rows(extract)
    fault = "charge_amount-currency"
    assert found[FAULT].to_list() == [fault, fault, None, None, None]
    assert found["charge_amount"].to_list()[2:4] == ["1.1", "5"]
    assert found["paid_amount"].to_list()[2:4] == [None, "6"]
    assert extract.warnings == {"amount-currency": 2}


def test_paid_and_allowed_amounts_that_are_no_numbers_cost_no_line(tmp_path: Path) -> None:
    found = one_claim(tmp_path, eob(item=[item(adjudication=[amount(5), amount("n/a", category="benefit")])]))
    assert found.select("charge_amount", "paid_amount", FAULT).row(0) == ("5", "n/a", None)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (concept("http://payer.example/codes", "0600T"), "0600T"),
        (concept("http://payer.example/codes", "0600t-59"), "0600T"),
        (concept("http://payer.example/codes", "47384"), "47384"),
        (concept(SNOMED, "0600T"), "0600T"),
        ({"coding": [{"code": "0600T"}]}, "0600T"),
        ({"text": "0600T"}, "0600T"),
        ({"text": "CPT 0600T, ablation"}, "0600T"),
    ],
)
def test_a_code_of_an_unknown_system_is_a_doubt(tmp_path: Path, given: Json, code: str) -> None:
    found = one_claim(tmp_path, eob(item=[item(productOrService=given)]))
    assert found["hcpcs_code"].to_list() == [code]
    assert doubts(found) == ["hcpcs_code-system-unknown@item[0].productOrService"]


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("item-added-by-payer", {"addItem": [{"productOrService": concept(CPT, "0601T")}]}),
        ("item-added-by-payer", {"addItem": [{"detail": [{"productOrService": {"text": "0601T"}}]}]}),
        (
            "procedure-not-on-a-line",
            {"procedure": [{"sequence": 1, "procedureCodeableConcept": concept(CPT, "0601T")}]},
        ),
        ("item-details", {"item": [item(detail=[{"subDetail": [{"productOrService": concept("x", "0601T")}]}])]}),
    ],
)
def test_a_code_that_is_on_no_line_is_set_aside_by_name(tmp_path: Path, check: str, changes: Json) -> None:
    extract = opened(tmp_path, ndjson(eob(**changes), eob(2)))
    assert rows(extract).height == 2
    assert rejected(extract) == [(1, check)]
    assert "0601T" in extract.rejects()["text"].item()


@pytest.mark.parametrize(
    "changes",
    [
        {"addItem": [{"productOrService": concept("http://hl7.org/fhir/sid/ndc", "00409189001")}]},
        {"procedure": [{"sequence": 1, "procedureCodeableConcept": concept(CPT, "0600T")}]},
        {"procedure": [{"procedureCodeableConcept": concept("http://www.cms.gov/Medicare/Coding/ICD10", "30233N1")}]},
    ],
)
def test_what_is_billed_or_of_another_system_is_not_set_aside(tmp_path: Path, changes: Json) -> None:
    extract = opened(tmp_path, ndjson(eob(**changes), eob(2)))
    assert rows(extract).height == 2
    assert rejected(extract) == []


def test_pointers_to_information_and_procedures_that_are_not_there_are_doubts(tmp_path: Path) -> None:
    items = [item(1, informationSequence=[1]), item(2, informationSequence=[2]), item(3, procedureSequence=[1])]
    found = one_claim(tmp_path, eob(item=items, supportingInfo=[INFORMATION]))
    assert doubts(found) == [
        None,
        "information_pointer-dangling@item[1].informationSequence",
        "procedure_pointer-dangling@item[2].procedureSequence",
    ]
    old = one_claim(tmp_path, eob(item=[item(informationLinkId=[7])], information=[INFORMATION]))
    assert doubts(old) == ["information_pointer-dangling@item[0].informationSequence"]


def test_a_modifier_that_says_nothing_is_a_doubt(tmp_path: Path) -> None:
    found = one_claim(tmp_path, eob(item=[item(modifier=[{"coding": [{"display": "Q0"}]}, {"text": "Q1"}])]))
    assert doubts(found) == ["hcpcs_modifier-empty@item[0].modifier"]
    assert found["hcpcs_modifier_1"].to_list() == ["Q1"]


TEST: Json = {"security": [{"system": HL7 + "v3-ActReason", "code": "HTEST"}]}


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
        ("other-payer-first", {"item": [item(adjudication=[amount(5), amount(80.5, category="priorpayerpaid")])]}),
        (None, {"item": [item(adjudication=[amount(5), amount(0.0, category="priorpayerpaid")])]}),
    ],
)
def test_what_holds_a_denial_from_being_posted(tmp_path: Path, hold: str | None, changes: Json) -> None:
    found = one_claim(tmp_path, eob(**changes))
    assert found["posting_holds"].to_list() == [hold]
    assert doubts(found) == [None]


def test_the_labels_of_a_bundle_are_those_of_its_claims(tmp_path: Path) -> None:
    labeled = bundle(eob(1), eob(2)) | {"meta": TEST}
    for content in (json.dumps(labeled).encode(), ndjson(labeled, eob(3, meta=TEST))):
        assert set(rows(opened(tmp_path, content))["posting_holds"]) == {"test-data"}


def test_who_billed_and_which_claim_is_explained(tmp_path: Path) -> None:
    npi = {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1000000001"}, "display": "A Clinic"}
    explained = {"claim": {"reference": "Claim/77"}, "patient": {"reference": "Patient/p"}}
    claims = [
        eob(1, provider=npi, **explained),
        eob(2, provider={"identifier": {"value": "t-1"}}, resourceType="Claim", id="77", patient=explained["patient"]),
        eob(3, provider={"display": "a clinic"}),
        eob(4, provider={"reference": "Organization/o1"}),
        eob(5),
    ]
    found = rows(opened(tmp_path, ndjson(*claims)))
    assert found["billing_provider_id"].to_list() == ["1000000001", "T-1", "ACLINIC", "O1", None]
    assert found[EXPLAINS].to_list() == ["77 p", "77 p", None, None, None]
    assert found[RANK].to_list() == [0, 1, 0, 0, 0]


IDE = {"url": CMS + "variables/rev_cntr_ide_ndc_upc_num", "valueCoding": {"code": "G170001"}}


@pytest.mark.parametrize(
    ("column", "value", "changes"),
    [
        (
            "value_codes",
            "D4",
            {"supportingInfo": [{"category": {"text": "info"}, "code": concept(CMS + "variables/clm_val_cd", "D4")}]},
        ),
        (
            "condition_codes",
            "30",
            {
                "supportingInfo": [
                    {"category": {"text": "x"}, "code": concept("https://www.nubc.org/CodeSystem/ConditionCodes", "30")}
                ]
            },
        ),
        (
            "clinical_trial_number",
            "NCT1",
            {"supportingInfo": [{"category": {"text": "Clinical Trial"}, "valueIdentifier": {"value": "NCT1"}}]},
        ),
        (
            "clinical_trial_number",
            "s1",
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/workflow-researchStudy",
                        "valueReference": {"reference": "ResearchStudy/s1"},
                    }
                ]
            },
        ),
        (
            "investigational_device_exemption_number",
            "G170001",
            {"item": [item(productOrService=concept(CPT, "0600T") | {"extension": [IDE]})]},
        ),
        (
            "investigational_device_exemption_number",
            "G170001",
            {"item": [item(revenue=concept("x", "0360"), extension=[IDE])]},
        ),
        (
            "investigational_device_exemption_number",
            None,
            {"item": [item(revenue=concept("x", "0360"), extension=[IDE | {"valueCoding": {"code": "00409189001"}}])]},
        ),
        (
            "investigational_device_exemption_number",
            "G1",
            {"supportingInfo": [{"category": {"text": "Investigational device exemption"}, "valueString": "G1"}]},
        ),
    ],
)
def test_signs_of_a_trial_are_seen_wherever_they_are(
    tmp_path: Path, column: str, value: str | None, changes: Json
) -> None:
    assert one_claim(tmp_path, eob(**changes))[column].to_list() == [value]


def test_information_without_a_category_is_a_doubt(tmp_path: Path) -> None:
    found = one_claim(tmp_path, eob(supportingInfo=[INFORMATION, {"sequence": 2, "valueString": "00000017"}]))
    assert doubts(found) == ["information-category-missing@supportingInfo[1]"]


@pytest.mark.parametrize(
    ("variable", "is_misspelt"),
    [
        *((name, True) for name in ("clm_clncl_tril_nu", "clm_rlt_cond_c", "clm_rlt_cond_cdx", "clm_rtl_cond_cd")),
        *((name, True) for name in ("clm_val_cdx", "clm_val_c", "CLM_VAL-CDS", "typeofbil", "clm_freq_cd ")),
        *((name, False) for name in ("clm_rlt_ocrnc_cd", "clm_drg_cd", "claim_query_cd", "received", "unknown-code")),
    ],
)
def test_information_of_a_misspelt_category_is_a_doubt(tmp_path: Path, variable: str, *, is_misspelt: bool) -> None:
    category = concept(CMS + "codesystem/information", CMS + "variables/" + variable)
    information = [INFORMATION, {"sequence": 2, "category": category, "valueString": "00000017"}]
    found = one_claim(tmp_path, eob(supportingInfo=information))
    assert doubts(found) == ["information-category-misspelt@supportingInfo[1]" if is_misspelt else None]


def test_a_code_of_a_misspelt_system_is_a_doubt(tmp_path: Path) -> None:
    given = INFORMATION | {"code": concept(CMS + "variables/clm_rlt_cond_c", "30")}
    assert doubts(one_claim(tmp_path, eob(supportingInfo=[given]))) == [
        "information-category-misspelt@supportingInfo[0]"
    ]


@pytest.mark.parametrize("text", ["Study NCT01234567", "nct 01234567", "NCT#01234567"])
def test_the_number_of_a_registered_trial_in_further_information_is_a_doubt(tmp_path: Path, text: str) -> None:
    found = one_claim(tmp_path, eob(supportingInfo=[INFORMATION | {"valueString": text}]))
    assert doubts(found) == ["clinical_trial_number-in-text@supportingInfo[0]"]


@pytest.mark.parametrize("code", [None, {}, {"coding": []}, {"text": "see record"}])
@pytest.mark.parametrize(
    ("variable", "doubt"),
    [
        ("clm_rlt_cond_cd", "condition_codes-unknown"),
        ("clm_val_cd", "value_codes-unknown"),
        ("typeofbill", "claim_frequency_code-unknown"),
        ("clm_freq_cd", "claim_frequency_code-unknown"),
    ],
)
def test_information_that_lost_its_code_is_a_doubt(
    tmp_path: Path, variable: str, doubt: str, code: Json | None
) -> None:
    category = concept(CMS + "codesystem/information", CMS + "variables/" + variable)
    found = one_claim(tmp_path, eob(supportingInfo=[{"sequence": 1, "category": category, "code": code}]))
    assert doubts(found) == [f"{doubt}@supportingInfo[0].code"]


@pytest.mark.parametrize(
    ("system", "code", "frequency"),
    [
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "138", "8"),
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "0138", "8"),
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "138x", None),
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "13", None),
        ("https://www.nubc.org/CodeSystem/TypeOfBil", "138", None),
        (CMS + "variables/clm_freq_cd", "8", "8"),
        (CMS + "variables/clm_freq_cdx", "8", None),
    ],
)
def test_a_type_of_bill_that_does_not_tell_the_frequency_is_a_doubt(
    tmp_path: Path, system: str, code: str, frequency: str | None
) -> None:
    information = {"sequence": 1, "category": concept("http://x", "typeofbill"), "code": concept(system, code)}
    found = one_claim(tmp_path, eob(supportingInfo=[information]))
    assert found["claim_frequency_code"].to_list() == [frequency]
    assert doubts(found) == [None if frequency else "claim_frequency_code-unknown@supportingInfo[0].code"]


@pytest.mark.parametrize(
    ("variable", "code", "doubt"),
    [
        ("clm_rlt_cond_cd", "30", None),
        ("clm_rlt_cond_cd", '="30"', "condition_codes-unknown@supportingInfo[0].code"),
        ("clm_val_cd", "D4", None),
        ("clm_val_cd", "D4.", "value_codes-unknown@supportingInfo[0].code"),
    ],
)
def test_a_garbled_condition_or_value_code_is_a_doubt(
    tmp_path: Path, variable: str, code: str, doubt: str | None
) -> None:
    given = INFORMATION | {"code": concept(CMS + "variables/" + variable, code)}
    assert doubts(one_claim(tmp_path, eob(supportingInfo=[given]))) == [doubt]


@pytest.mark.parametrize(("code", "doubt"), [("group", None), ("rxbin", None), ("Group", 1), ("groop", 1), (None, 1)])
def test_a_class_of_coverage_that_may_be_the_group_is_a_doubt(
    tmp_path: Path, code: str | None, doubt: int | None
) -> None:
    classes = [{"type": concept(HL7 + "coverage-class", code) if code else None, "value": "G1"}]
    covered = {"contained": [{"resourceType": "Coverage", "id": "c", "class": classes}]}
    found = one_claim(tmp_path, eob(insurance=[{"focal": True, "coverage": {"reference": "#c"}}], **covered))
    assert doubts(found) == ["coverage-class-unknown@Coverage.class[0].type" if doubt else None]


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        ("hcpcs_code-missing", {"productOrService": {"coding": []}}),
        ("hcpcs_code-missing", {"productOrService": {"codings": [{"code": "0600T"}]}}),
        ("hcpcs_code-missing", {"productOrService": None}),
        ("hcpcs_code-missing", {"productOrService": {}}),
        ("hcpcs_code-missing", {"productOrService": {"coding": [{"system": CPT, "display": "Ablation"}]}}),
        (None, {"productOrService": None, "revenue": concept("x", "0360")}),
        (None, {"productOrService": None, "careTeamLinkId": [1]}),
    ],
)
def test_a_line_whose_code_is_lost_is_refused(tmp_path: Path, fault: str | None, changes: Json) -> None:
    assert one_claim(tmp_path, eob(item=[item(**changes)]))[FAULT].to_list() == [fault]


def test_a_resource_of_no_type_that_may_be_a_claim_is_refused(tmp_path: Path) -> None:
    lost = [eob(1, resourceType="ExplanationOfBenefits"), {"resourceType": "Person "}, eob(2)]
    extract = opened(tmp_path, ndjson(*lost))
    assert rows(extract).height == 1
    assert rejected(extract) == [(1, "row-bad-field:$.resourceType")]
    assert extract.warnings == {"resource-not-a-claim:unknown": 1}


def test_a_refused_revision_names_what_it_may_revise(tmp_path: Path) -> None:
    unknown = eob(2, **related(concept(HL7 + "x", "corrects")))
    found = rows(opened(tmp_path, ndjson(eob(1, status="Cancelled"), unknown)))
    columns = ("claim_frequency_code", "original_claim_id", FAULT)
    assert found.select(columns).rows() == [("8", None, "status-unknown"), ("7", "A", "related-relationship-unknown")]


def test_a_trial_without_a_number_is_a_doubt(tmp_path: Path) -> None:
    category = concept(CMS + "codesystem/information", CMS + "variables/clm_clncl_tril_num")
    found = one_claim(tmp_path, eob(supportingInfo=[{"sequence": 1, "category": category}]))
    assert doubts(found) == ["clinical_trial_number-missing@supportingInfo[0]"]
