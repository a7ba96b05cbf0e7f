"""What a FHIR claim says in its further information: signs of a trial, condition and value codes, the type of bill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lib import fhir

if TYPE_CHECKING:
    from pathlib import Path

IDE = {"url": fhir.CMS + "variables/rev_cntr_ide_ndc_upc_num", "valueCoding": {"code": "G170001"}}


@pytest.mark.parametrize(
    ("column", "value", "changes"),
    [
        (
            "value_codes",
            "D4",
            {
                "supportingInfo": [
                    {"category": {"text": "info"}, "code": fhir.concept(fhir.CMS + "variables/clm_val_cd", "D4")}
                ]
            },
        ),
        (
            "condition_codes",
            "30",
            {
                "supportingInfo": [
                    {
                        "category": {"text": "x"},
                        "code": fhir.concept("https://www.nubc.org/CodeSystem/ConditionCodes", "30"),
                    }
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
            {"item": [fhir.item(productOrService=fhir.concept(fhir.CPT, "0600T") | {"extension": [IDE]})]},
        ),
        (
            "investigational_device_exemption_number",
            "G170001",
            {"item": [fhir.item(revenue=fhir.concept("x", "0360"), extension=[IDE])]},
        ),
        (
            "investigational_device_exemption_number",
            None,
            {
                "item": [
                    fhir.item(
                        revenue=fhir.concept("x", "0360"), extension=[IDE | {"valueCoding": {"code": "00409189001"}}]
                    )
                ]
            },
        ),
        (
            "investigational_device_exemption_number",
            "G1",
            {"supportingInfo": [{"category": {"text": "Investigational device exemption"}, "valueString": "G1"}]},
        ),
    ],
)
def test_signs_of_a_trial_are_seen_wherever_they_are(
    tmp_path: Path, column: str, value: str | None, changes: fhir.Json
) -> None:
    assert fhir.one_claim(tmp_path, fhir.eob(**changes))[column].to_list() == [value]


@pytest.mark.parametrize(
    "category",
    [
        {},
        *({"category": one} for one in (None, {}, {"coding": []}, {"coding": [{"system": "http://x"}]}, {"text": " "})),
    ],
)
def test_information_without_a_category_is_a_doubt(tmp_path: Path, category: fhir.Json) -> None:
    information = [fhir.INFORMATION, {"sequence": 2, "valueString": "00000017", **category}]
    found = fhir.one_claim(tmp_path, fhir.eob(supportingInfo=information))
    assert fhir.doubts(found) == ["information-category-missing@supportingInfo[1]"]


@pytest.mark.parametrize(
    ("variable", "is_misspelled"),
    [
        *((name, True) for name in ("clm_clncl_tril_nu", "clm_rlt_cond_c", "clm_rlt_cond_cdx", "clm_rtl_cond_cd")),
        *((name, True) for name in ("clm_val_cdx", "clm_val_c", "CLM_VAL-CDS", "typeofbil", "clm_freq_cd ")),
        *((name, False) for name in ("clm_rlt_ocrnc_cd", "clm_drg_cd", "claim_query_cd", "received", "unknown-code")),
    ],
)
def test_information_of_a_misspelled_category_is_a_doubt(tmp_path: Path, variable: str, *, is_misspelled: bool) -> None:
    category = fhir.concept(fhir.CMS + "codesystem/information", fhir.CMS + "variables/" + variable)
    information = [fhir.INFORMATION, {"sequence": 2, "category": category, "valueString": "00000017"}]
    found = fhir.one_claim(tmp_path, fhir.eob(supportingInfo=information))
    assert fhir.doubts(found) == ["information-category-misspelt@supportingInfo[1]" if is_misspelled else None]


def test_a_code_of_a_misspelled_system_is_a_doubt(tmp_path: Path) -> None:
    given = fhir.INFORMATION | {"code": fhir.concept(fhir.CMS + "variables/clm_rlt_cond_c", "30")}
    assert fhir.doubts(fhir.one_claim(tmp_path, fhir.eob(supportingInfo=[given]))) == [
        "information-category-misspelt@supportingInfo[0]"
    ]


@pytest.mark.parametrize("text", ["Study NCT01234567", "nct 01234567", "NCT#01234567"])
def test_the_number_of_a_registered_trial_in_further_information_is_a_doubt(tmp_path: Path, text: str) -> None:
    found = fhir.one_claim(tmp_path, fhir.eob(supportingInfo=[fhir.INFORMATION | {"valueString": text}]))
    assert fhir.doubts(found) == ["clinical_trial_number-in-text@supportingInfo[0]"]


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
    tmp_path: Path, variable: str, doubt: str, code: fhir.Json | None
) -> None:
    category = fhir.concept(fhir.CMS + "codesystem/information", fhir.CMS + "variables/" + variable)
    found = fhir.one_claim(tmp_path, fhir.eob(supportingInfo=[{"sequence": 1, "category": category, "code": code}]))
    assert fhir.doubts(found) == [f"{doubt}@supportingInfo[0].code"]


@pytest.mark.parametrize(
    ("system", "code", "frequency"),
    [
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "138", "8"),
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "0138", "8"),
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "138x", None),
        ("https://www.nubc.org/CodeSystem/TypeOfBill", "13", None),
        ("https://www.nubc.org/CodeSystem/TypeOfBil", "138", None),
        (fhir.CMS + "variables/clm_freq_cd", "8", "8"),
        (fhir.CMS + "variables/clm_freq_cdx", "8", None),
    ],
)
def test_a_type_of_bill_that_does_not_show_the_frequency_is_a_doubt(
    tmp_path: Path, system: str, code: str, frequency: str | None
) -> None:
    information = {
        "sequence": 1,
        "category": fhir.concept("http://x", "typeofbill"),
        "code": fhir.concept(system, code),
    }
    found = fhir.one_claim(tmp_path, fhir.eob(supportingInfo=[information]))
    assert found["claim_frequency_code"].to_list() == [frequency]
    assert fhir.doubts(found) == [None if frequency else "claim_frequency_code-unknown@supportingInfo[0].code"]


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
    given = fhir.INFORMATION | {"code": fhir.concept(fhir.CMS + "variables/" + variable, code)}
    assert fhir.doubts(fhir.one_claim(tmp_path, fhir.eob(supportingInfo=[given]))) == [doubt]


def test_a_trial_without_a_number_is_a_doubt(tmp_path: Path) -> None:
    category = fhir.concept(fhir.CMS + "codesystem/information", fhir.CMS + "variables/clm_clncl_tril_num")
    found = fhir.one_claim(tmp_path, fhir.eob(supportingInfo=[{"sequence": 1, "category": category}]))
    assert fhir.doubts(found) == ["clinical_trial_number-missing@supportingInfo[0]"]
