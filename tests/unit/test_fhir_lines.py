"""What an item of a FHIR claim becomes: codes, modifiers, diagnoses, amounts, days and who rendered it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.intake.extract import FAULT
from claims_edit.intake.fhir import concepts
from tests.lib import fhir

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

ICD_9_CM = "http://hl7.org/fhir/sid/icd-9-cm"


def lines(folder: Path, *items: fhir.Json, **changes: Any) -> pl.DataFrame:
    """The lines of a claim of these items."""
    return fhir.one_claim(folder, fhir.eob(item=list(items), **changes))


def cell(folder: Path, name: str, **changes: Any) -> str | None:
    """One value of a line of one item."""
    value: str | None = lines(folder, fhir.item(**changes))[name].item()
    return value


@pytest.mark.parametrize(
    "system",
    [
        fhir.CPT,
        "https://www.ama-assn.org/go/cpt/",
        "http://www.ama-assn.org/go/cpt|2026",
        "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "http://www.cms.gov/Medicare/Coding/MedHCPCSGenInfo/index.html",
        fhir.CMS + "codesystem/hcpcs",
        fhir.CMS + "variables/hcpcs_cd",
        fhir.HL7 + "HCPCS",
        fhir.HL7 + "HCPCS-all-codes",
        fhir.HL7 + "hcpcs-Level-II",
        "urn:oid:2.16.840.1.113883.6.12",
        "urn:oid:2.16.840.1.113883.6.14",
        "urn:oid:2.16.840.1.113883.6.285",
    ],
)
@pytest.mark.parametrize("element", ["productOrService", "service"])
def test_codes_of_hcpcs_and_cpt_are_codes_whatever_their_systems_spelling(
    tmp_path: Path, system: str, element: str
) -> None:
    given = {"productOrService": None, element: fhir.concept(system, "0600T")}
    assert cell(tmp_path, "hcpcs_code", **given) == "0600T"


@pytest.mark.parametrize(
    ("given", "warned"),
    [
        (fhir.concept(fhir.SNOMED, "73761001"), 1),
        (fhir.concept(fhir.SNOMED, "47384"), 1),
        (fhir.concept("http://hl7.org/fhir/sid/ndc", "00409189001"), 1),
        (fhir.concept("http://hl7.org/fhir/sid/cvx", "140"), 1),
        (fhir.concept("http://www.ada.org/cdt", "D0120"), 1),
        ({"text": "ablation"}, 1),
        (fhir.concept(fhir.HL7 + "data-absent-reason", "masked"), 1),
        (fhir.concept(fhir.HL7 + "data-absent-reason", "not-applicable"), 0),
        ({}, 0),
        (None, 0),
    ],
)
def test_other_systems_give_no_code_and_are_counted(tmp_path: Path, given: fhir.Json | None, warned: int) -> None:
    extract = fhir.opened(tmp_path, json.dumps(fhir.eob(item=[fhir.item(productOrService=given)])).encode())
    assert fhir.rows(extract)["hcpcs_code"].to_list() == [None]
    assert extract.warnings["hcpcs_code-not-evaluable"] == warned
    assert sum(extract.warnings.values()) == warned


def test_codings_of_one_service_must_agree(tmp_path: Path) -> None:
    same = {"coding": [*fhir.concept(fhir.SNOMED, "1")["coding"], *fhir.concept(fhir.CPT, "0600t", "0600T")["coding"]]}
    other = fhir.concept(fhir.CPT, "99213", "0600T")
    found = lines(tmp_path, fhir.item(productOrService=same), fhir.item(productOrService=other))
    assert found["hcpcs_code"].to_list() == ["0600t", "99213"]
    assert found[FAULT].to_list() == [None, "hcpcs_code-conflict"]


def test_what_is_known_of_concepts_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(concepts, "MOST_KNOWN", 3)
    codes = [f"{number:05}" for number in range(40)]
    given = [
        fhir.item(number, code, modifier=[fhir.concept(fhir.CPT, code[-2:])]) for number, code in enumerate(codes, 1)
    ]
    found = lines(tmp_path, *given, *given)
    assert found["hcpcs_code"].to_list() == codes * 2
    assert found["hcpcs_modifier_1"].to_list() == [code[-2:] for code in codes] * 2


def test_modifiers_count_whatever_their_system(tmp_path: Path) -> None:
    """CMS writes several as codings of one concept; others write the same one in two systems, or as a text."""
    found = lines(
        tmp_path,
        fhir.item(
            1, modifier=[fhir.concept(fhir.CPT, "Q0"), fhir.concept("http://unitsofmeasure.org", "GG"), {"text": "59"}]
        ),
        fhir.item(2, modifier=[fhir.concept(fhir.CPT, "A2", "A2", "A5")]),
        fhir.item(
            3, modifier=[{"coding": [{"system": system, "code": "LT"} for system in (fhir.CPT, fhir.HL7 + "HCPCS")]}]
        ),
        fhir.item(4),
        fhir.item(5, modifier=[fhir.concept(fhir.CPT, code) for code in ("LT", "RT", "25", "59", "76")]),
        fhir.item(6, modifier=[fhir.concept(fhir.CPT, code) for code in ("LT", "RT", "25", "59", "76", "Q0")]),
    )  # fmt: skip
    modifiers = found.select(f"hcpcs_modifier_{place}" for place in range(1, 6)).rows()
    assert modifiers == [
        ("Q0", "GG", "59", None, None),
        ("A2", "A5", None, None, None),
        ("LT", None, None, None, None),
        (None, None, None, None, None),
        ("LT", "RT", "25", "59", "76"),
        ("LT", "RT", "25", "59", "76"),
    ]
    assert found[FAULT].to_list() == [None] * 5 + ["hcpcs_modifier-too-many"]


def diagnosis(sequence: int | None, code: str, system: str = fhir.ICD_10_CM) -> fhir.Json:
    found: fhir.Json = {"diagnosisCodeableConcept": fhir.concept(system, code)}
    return found if sequence is None else found | {"sequence": sequence}


def codes_of(found: pl.DataFrame) -> list[list[str]]:
    names = [f"diagnosis_code_{place}" for place in range(1, 26)]
    return [[code for code in row if code is not None] for row in found.select(names).rows()]


@pytest.mark.parametrize("element", ["diagnosisSequence", "diagnosisLinkId"])
def test_a_line_has_the_diagnoses_that_it_points_to_in_that_order_else_all(tmp_path: Path, element: str) -> None:
    given = [diagnosis(3, "C22.0"), diagnosis(1, "K70.9"), diagnosis(2, "C22.0"), diagnosis(None, "Z51.1")]
    pointers: list[Any] = [[3, 1], [2, 3], [], None, [1]]
    extract = fhir.opened(
        tmp_path,
        json.dumps(
            fhir.eob(diagnosis=given, item=[fhir.item(1, "1", **{element: numbers}) for numbers in pointers])
        ).encode(),
    )
    assert codes_of(fhir.rows(extract)) == [
        ["C22.0", "K70.9"],
        ["C22.0"],
        ["K70.9", "C22.0", "Z51.1"],
        ["K70.9", "C22.0", "Z51.1"],
        ["K70.9"],
    ]
    assert not extract.warnings


def test_pointers_to_nothing_are_counted_by_line_and_never_give_all(tmp_path: Path) -> None:
    given = fhir.eob(
        diagnosis=[diagnosis(1, "C22.0")],
        item=[
            fhir.item(1, diagnosisSequence=[2, 1]),
            fhir.item(2, diagnosisSequence=[2]),
            fhir.item(3, diagnosisSequence=[2]),
        ],
    )
    extract = fhir.opened(tmp_path, json.dumps(given).encode())
    found = fhir.rows(extract)
    assert codes_of(found) == [["C22.0"], [], []]
    assert found["diagnosis_code_type"].to_list() == ["icd-10-cm", None, None]
    assert found[FAULT].to_list() == [None] * 3
    assert extract.warnings == {"diagnosis_pointer-dangling": 3}


def test_a_number_that_two_diagnoses_have_points_to_both(tmp_path: Path) -> None:
    given = [diagnosis(1, "C22.0"), diagnosis(2, "K70.9"), diagnosis(1, "C78.7"), diagnosis(3, "155.0", ICD_9_CM)]
    found = lines(tmp_path, fhir.item(diagnosisSequence=[1]), fhir.item(diagnosisSequence=[2]), diagnosis=given)
    assert codes_of(found) == [["C22.0", "C78.7"], ["K70.9"]]
    assert found[FAULT].to_list() == [None, None]


def test_two_code_sets_on_a_line_are_refused_where_they_meet(tmp_path: Path) -> None:
    given = [diagnosis(1, "C22.0"), diagnosis(2, "155.0", ICD_9_CM)]
    found = lines(tmp_path, *(fhir.item(diagnosisSequence=numbers) for numbers in ([1], [2], [2, 1])), diagnosis=given)
    assert found["diagnosis_code_type"].to_list() == ["icd-10-cm", "icd-9-cm", "icd-10-cm"]
    assert found[FAULT].to_list() == [None, None, "diagnosis_code_type-conflict"]


@pytest.mark.parametrize(
    ("codings", "codes"),
    [
        ((fhir.ICD_10_CM, "C22.0", "http://hl7.org/fhir/sid/icd-10", "C22"), ["C22.0"]),
        (("http://hl7.org/fhir/sid/icd-10", "C220"), ["C220"]),
        (("urn:oid:2.16.840.1.113883.6.90", "C22.0"), ["C22.0"]),
        ((fhir.SNOMED, "1", fhir.ICD_10_CM, "C22.0"), ["C22.0"]),
        ((ICD_9_CM, "155.0", fhir.ICD_10_CM, "C22.0"), ["C22.0"]),
        ((fhir.ICD_10_CM, "C22.0", fhir.ICD_10_CM, "C78.7"), ["C22.0", "C78.7"]),
    ],
)
def test_codings_of_a_diagnosis_say_the_same(tmp_path: Path, codings: tuple[str, ...], codes: list[str]) -> None:
    pairs = zip(codings[::2], codings[1::2], strict=True)
    given = {"coding": [{"system": system, "code": code} for system, code in pairs]}
    found = lines(tmp_path, fhir.item(), diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": given}])
    assert (codes_of(found), found["diagnosis_code_type"].item()) == ([codes], "icd-10-cm")
    assert found[FAULT].item() is None


def test_diagnoses_of_no_known_code_set_are_counted(tmp_path: Path) -> None:
    condition = {"resourceType": "Condition", "id": "c", "code": fhir.concept(fhir.ICD_10_CM, "C22.0")}
    given = [
        diagnosis(1, "1", fhir.SNOMED),
        {"sequence": 2, "diagnosisReference": {"reference": "#c"}},
        {"sequence": 3, "diagnosisReference": {"reference": "Condition/elsewhere"}},
    ]
    extract = fhir.opened(
        tmp_path,
        json.dumps(fhir.eob(diagnosis=given, contained=[condition], item=[fhir.item(), fhir.item(2)])).encode(),
    )
    assert codes_of(fhir.rows(extract)) == [["C22.0"]] * 2
    assert extract.warnings == {"diagnosis_code-not-evaluable": 2}


def test_25_different_diagnoses_fit_and_one_more_is_refused(tmp_path: Path) -> None:
    given = [diagnosis(number, f"C{number % 26 + 10}") for number in range(1, 28)]
    most = list(range(1, 26))
    found = lines(
        tmp_path, fhir.item(diagnosisSequence=[*most, 1, 27]), fhir.item(diagnosisSequence=[*most, 26]), diagnosis=given
    )
    assert found[FAULT].to_list() == [None, "diagnosis_code-too-many"]
    assert [len(codes) for codes in codes_of(found)] == [25, 25]


SUBMITTED, PAID, ALLOWED = "line_sbmtd_chrg_amt", "line_nch_pmt_amt", "line_alowd_chrg_amt"


def adjudication(code: str, amount: object, variable: str | None = None) -> fhir.Json:
    codings = fhir.concept(fhir.HL7 + "adjudication", code)["coding"] if code else []
    if variable is not None:
        codings += fhir.concept(fhir.CMS + "codesystem/adjudication", fhir.CMS + "variables/" + variable)["coding"]
    return {"category": {"coding": codings}, "amount": {"value": amount, "currency": "USD"}}


@pytest.mark.parametrize(
    ("entries", "charge", "paid", "allowed"),
    [
        ([("submitted", 50.11), ("benefit", 20), ("eligible", 30.5)], "50.11", "20", "30.5"),
        ([("paidtoprovider", 19), ("benefit", 20)], None, "20", None),
        ([("benefit", 20), ("paidtoprovider", 19)], None, "20", None),
        ([("paidtoprovider", 19), ("paidtopatient", 1)], None, "19", None),
        ([("allowed", 7)], None, None, "7"),
        ([("submitted", 5, "rev_cntr_rate_amt"), ("submitted", 999.85, "rev_cntr_tot_chrg_amt")], "999.85", None, None),
        ([("submitted", 5, "rev_cntr_rate_amt"), ("submitted", 6)], "6", None, None),
        ([("", 75, SUBMITTED), ("", 37.5, PAID), ("", 47, ALLOWED)], "75", "37.5", "47"),
        ([("benefit", 1, "line_nch_pmt_amt"), ("benefit", 2)], None, "1", None),
        ([("deductible", 1), ("submitted", None), ("submitted", 3)], "3", None, None),
        ([("submitted", -12.5)], "-12.5", None, None),
    ],
)  # fmt: skip
def test_amounts_are_those_that_the_categories_name(
    tmp_path: Path, entries: list[Any], charge: str | None, paid: str | None, allowed: str | None
) -> None:
    found = lines(tmp_path, fhir.item(adjudication=[adjudication(*entry) for entry in entries]))
    assert found.select("charge_amount", "paid_amount", "allowed_amount").row(0) == (charge, paid, allowed)
    assert found[FAULT].item() is None


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("column", "category", "variable", "amount"),
    [
        ("charge_amount", "submitted", "line_sbmtd_chrg_amt", "1"),
        ("charge_amount", "submitted", "rev_cntr_tot_chrg_amt", "1"),
        ("charge_amount", "submitted", "CLM_LINE_SBMT_CHRG_AMT", "1"),
        ("paid_amount", "benefit", "line_nch_pmt_amt", "1"),
        ("paid_amount", "benefit", "rev_cntr_pmt_amt_amt", "1"),
        ("paid_amount", "benefit", "CLM_LINE_CVRD_PD_AMT", "1"),
        ("paid_amount", "benefit", "line_prvdr_pmt_amt", "2"),
        ("paid_amount", "benefit", "rev_cntr_prvdr_pmt_amt", "2"),
        ("paid_amount", "benefit", "CLM_LINE_PRVDR_PMT_AMT", "2"),
        ("allowed_amount", "eligible", "line_alowd_chrg_amt", "1"),
        ("allowed_amount", "eligible", "CLM_LINE_ALOWD_CHRG_AMT", "1"),
    ],
)
def test_cmss_own_variables_count_more_than_categories(
    tmp_path: Path, column: str, category: str, variable: str, amount: str, before: bool
) -> None:
    entries = [adjudication("", 1, variable), adjudication(category, 2)]
    found = lines(tmp_path, fhir.item(adjudication=entries if before else entries[::-1]))
    assert found[column].item() == amount
    assert found[FAULT].item() is None
    alone = lines(tmp_path, fhir.item(adjudication=entries[:1]))
    assert alone[column].item() == "1"


def test_each_lines_amounts_are_its_own_whatever_the_line_before_had(tmp_path: Path) -> None:
    given: list[list[Any]] = [
        [("submitted", 1), ("benefit", 2)],
        [("benefit", 3), ("submitted", 4)],
        [("benefit", 5)],
        [("deductible", 6), ("submitted", 7), ("eligible", 8)],
        [],
    ]
    found = lines(tmp_path, *(fhir.item(adjudication=[adjudication(*entry) for entry in entries]) for entries in given))
    assert found.select("charge_amount", "paid_amount", "allowed_amount").rows() == [
        ("1", "2", None),
        ("4", "3", None),
        (None, "5", None),
        ("7", None, "8"),
        (None, None, None),
    ]


def test_two_different_charges_are_refused(tmp_path: Path) -> None:
    given = (
        [adjudication("submitted", 10), adjudication("submitted", 10.0)],
        [adjudication("submitted", 10), adjudication("submitted", 11)],
        [adjudication("submitted", 10), adjudication("submitted", 11), adjudication("submitted", 12, SUBMITTED)],
    )
    found = lines(tmp_path, *(fhir.item(adjudication=entries) for entries in given))
    assert found[FAULT].to_list() == [None, "charge_amount-conflict", None]
    assert found["charge_amount"].to_list() == ["10", "10", "12"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("50.11", "50.11"),
        ("50.10", "50.10"),
        ("3.000", "3.000"),
        ("123456789012345.67", "123456789012345.67"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("-7", "-7"),
        ("1e2", "100"),
        ("1.25E+1", "12.5"),
        ("5e-1", "0.5"),
        ("1e999", "1e999"),
        ("null", None),
    ],
)
def test_numbers_stay_as_written(tmp_path: Path, number: str, text: str | None) -> None:
    claim = json.dumps(fhir.eob(item=[fhir.item(quantity={"value": 0}, net={"value": 0})])).replace(
        '"value": 0', f'"value": {number}'
    )
    found = fhir.rows(fhir.opened(tmp_path, claim.encode()))
    assert found.select("service_unit_quantity", "charge_amount").row(0) == (text, text)


@pytest.mark.parametrize(
    ("given", "charge"),
    [
        ({"net": {"value": 30}, "unitPrice": {"value": 1}}, "30"),
        ({"unitPrice": {"value": 10.01}, "quantity": {"value": 3}}, "30.03"),
        ({"unitPrice": {"value": 10.01}, "quantity": None}, "10.01"),
        ({"unitPrice": {"value": 10}, "quantity": {"value": 3}, "factor": 0.5}, "15.0"),
        ({"quantity": {"value": 3}}, None),
        ({"net": {"value": 30}, "adjudication": [adjudication("submitted", 31)]}, "31"),
    ],
)
def test_a_line_without_a_submitted_amount_is_charged_its_net(
    tmp_path: Path, given: fhir.Json, charge: str | None
) -> None:
    claim = fhir.eob(resourceType="Claim", item=[fhir.item(**given)])
    assert fhir.one_claim(tmp_path, claim)["charge_amount"].item() == charge


PERIOD = {"start": "2025-01-01T10:00:00Z", "end": "2025-01-31"}


@pytest.mark.parametrize(
    ("served", "start", "end", "fault"),
    [
        ({"servicedDate": "2026-03-01"}, "2026-03-01", None, None),
        ({"servicedDate": "2026-03"}, "2026-03", None, None),
        ({"servicedDate": "2026-03-01T23:59:59-05:00"}, "2026-03-01", None, None),
        ({"servicedPeriod": {"start": "2026-03-01", "end": "2026-03-02"}}, "2026-03-01", "2026-03-02", None),
        ({"servicedPeriod": {"start": "2026-03-01T00:00:00Z", "end": "2026"}}, "2026-03-01", "2026", None),
        ({"servicedPeriod": {"start": "2026-03-01"}}, "2026-03-01", None, None),
        ({"servicedPeriod": {"end": "2026-03-02"}}, None, "2026-03-02", "claim_line_start_date-missing"),
        ({}, None, None, None),
    ],
)
def test_days_of_service_are_the_lines_own(
    tmp_path: Path, served: fhir.Json, start: str | None, end: str | None, fault: str | None
) -> None:
    found = lines(tmp_path, fhir.item(**{"servicedDate": None, **served}), billablePeriod=PERIOD)
    dates = found.select("claim_line_start_date", "claim_line_end_date", FAULT, "claim_start_date", "claim_end_date")
    assert dates.row(0) == (start, end, fault, "2025-01-01", "2025-01-31")


@pytest.mark.parametrize(
    ("system", "place"),
    [
        ("https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set", "22"),
        (fhir.CMS + "variables/line_place_of_srvc_cd", "22"),
        (fhir.HL7 + "ex-serviceplace", "22"),
        ("http://example.org/rooms", None),
    ],
)
def test_a_place_of_service_is_of_that_code_set(tmp_path: Path, system: str, place: str | None) -> None:
    assert cell(tmp_path, "place_of_service_code", locationCodeableConcept=fhir.concept(system, "22")) == place


def test_the_revenue_code_is_the_centers_and_not_what_is_kept_beside(tmp_path: Path) -> None:
    given = {"coding": [{"system": fhir.CMS + "variables/rev_cntr_ddctbl_coinsrnc_cd", "code": "M"}]}
    given["coding"].append({"system": "https://www.nubc.org/CodeSystem/RevenueCodes", "code": "0360"})
    assert cell(tmp_path, "revenue_center_code", revenue=given) == "0360"


def test_lines_below_a_line_that_carry_codes_are_for_a_person(tmp_path: Path) -> None:
    ndc = {"sequence": 1, "productOrService": fhir.concept("http://hl7.org/fhir/sid/ndc", "1")}
    found = lines(
        tmp_path,
        fhir.item(1, detail=[ndc]),
        fhir.item(2, detail=[ndc, {"sequence": 2, "productOrService": fhir.concept(fhir.CPT, "0600T")}]),
        fhir.item(3, detail=[ndc | {"subDetail": [{"productOrService": fhir.concept(fhir.CPT, "0600T")}]}]),
        fhir.item(
            4, detail=[{"service": fhir.concept(fhir.CPT, "0600T")}], productOrService=fhir.concept(fhir.CPT, "1", "2")
        ),
    )
    assert found[FAULT].to_list() == [None, "item-details", "item-details", "hcpcs_code-conflict item-details"]


def test_lines_that_the_payer_added_are_counted(tmp_path: Path) -> None:
    added = [{"itemSequence": [1], "productOrService": fhir.concept(fhir.CPT, "0600T")}]
    extract = fhir.opened(tmp_path, fhir.ndjson(fhir.eob(1, addItem=added), fhir.eob(2, addItem=[])))
    assert fhir.rows(extract).height == 2
    assert extract.warnings == {"item-added-by-payer": 1}
    assert fhir.rejected(extract) == [(1, "item-added-by-payer")]
    assert "0600T" in extract.rejects()["text"].item()


def test_a_line_without_number_stays_without(tmp_path: Path) -> None:
    found = lines(tmp_path, fhir.item(7), fhir.item(sequence=None))
    assert found["claim_line_number"].to_list() == ["7", None]


def member(sequence: int, npi: str, role: str, **identifier: Any) -> fhir.Json:
    identified = {"system": fhir.NPI, "value": npi, **identifier}
    return {
        "sequence": sequence,
        "provider": {"identifier": identified},
        "role": fhir.concept(fhir.HL7 + "claimcareteamrole", role),
    }


@pytest.mark.parametrize("element", ["careTeamSequence", "careTeamLinkId"])
@pytest.mark.parametrize(
    ("team", "pointers", "npi"),
    [
        ([(1, "1000000001", "rendering"), (2, "1000000002", "rendering")], [2], "1000000002"),
        ([(1, "1000000001", "primary"), (2, "1000000002", "performing")], [1, 2], "1000000002"),
        ([(1, "1000000001", "attending"), (2, "1000000002", "rendering")], [1], "1000000002"),
        ([(1, "1000000001", "rendering"), (2, "1000000002", "rendering")], None, None),
        ([(1, "1000000001", "rendering"), (2, "1000000001", "rendering")], None, "1000000001"),
        ([(1, "1000000001", "primary"), (2, "1000000002", "rendering")], None, "1000000002"),
        ([(1, "1000000001", "referring")], [1], None),
        ([], [1], None),
    ],
)
def test_who_rendered_a_line_is_whom_it_points_to_else_the_only_one(
    tmp_path: Path, element: str, team: list[Any], pointers: Any, npi: str | None
) -> None:
    claim = fhir.eob(
        careTeam=[member(*one) for one in team],
        item=[fhir.item(1, "1", **{element: pointers}), fhir.item(2, "2", **{element: pointers})],
    )
    assert fhir.one_claim(tmp_path, claim)["rendering_npi"].to_list() == [npi, npi]


@pytest.mark.parametrize(
    ("identifier", "npi"),
    [
        ({}, "1000000001"),
        ({"system": "urn:oid:2.16.840.1.113883.4.6"}, "1000000001"),
        ({"system": None, "type": fhir.concept(fhir.HL7 + "v2-0203", "NPI")}, "1000000001"),
        ({"system": fhir.CMS + "variables/prf_physn_npi"}, "1000000001"),
        ({"system": fhir.CMS + "variables/prvdr_num"}, None),
        ({"system": fhir.HL7 + "v2-0203"}, None),
        ({"system": None, "type": fhir.concept(fhir.HL7 + "v2-0203", "UPIN")}, None),
    ],
)
def test_an_identifier_is_an_npi_where_it_reports_it(tmp_path: Path, identifier: fhir.Json, npi: str | None) -> None:
    claim = fhir.eob(careTeam=[member(1, "1000000001", "rendering", **identifier)])
    assert fhir.one_claim(tmp_path, claim)["rendering_npi"].item() == npi


def test_nothing_of_one_claim_is_left_for_the_next(tmp_path: Path) -> None:
    rich = fhir.eob(
        1,
        careTeam=[member(1, "1000000001", "rendering")],
        item=[fhir.item(1, diagnosisSequence=[1], careTeamSequence=[1], modifier=[fhir.concept(fhir.CPT, "Q0")])],
    )
    poor = fhir.eob(2, diagnosis=None, item=[fhir.item(1, diagnosisSequence=[1], careTeamSequence=[1])])
    broken = fhir.eob(3, item=[fhir.item(1, modifier=[fhir.concept(fhir.CPT, "59")]), fhir.item(2, modifier=7)])
    extract = fhir.opened(tmp_path, fhir.ndjson(rich, poor, broken, fhir.eob(4), rich))
    found = fhir.rows(extract)
    assert found["rendering_npi"].to_list() == ["1000000001", None, None, "1000000001"]
    assert codes_of(found) == [["C22.0"], [], ["C22.0"], ["C22.0"]]
    assert found["hcpcs_modifier_1"].to_list() == ["Q0", None, None, "Q0"]
    assert fhir.rejected(extract) == [(3, "row-bad-field:$.item[...].modifier")]
