# ruff: noqa: INP001 -- beside the files that it writes, not a package
"""The resources of `claims-fhir.ndjson`, as a Bulk FHIR export has them, and the facts that a reader must find.

The facts are written down by hand, beside the resources and not from them: where the two disagree, the test of the deck
fails. Every person, clinic, claim and number is invented.
"""

from __future__ import annotations

import json
from typing import Any

CPT, NDC = "http://www.ama-assn.org/go/cpt", "http://hl7.org/fhir/sid/ndc"
ICD_10_CM, NPI = "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/us-npi"
HL7, CMS = "http://terminology.hl7.org/CodeSystem/", "https://bluebutton.cms.gov/resources/"

Json = dict[str, Any]


def concept(system: str, code: str) -> Json:
    """A CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code}]}


DIAGNOSES = [
    {"sequence": 1, "diagnosisCodeableConcept": concept(ICD_10_CM, "C25.1")},
    {"sequence": 2, "diagnosisCodeableConcept": concept(ICD_10_CM, "C78.7")},
]


def item(sequence: int, service: Json, charge: float, day: str, diagnoses: list[int]) -> Json:
    """An item of an EOB: one claim line."""
    submitted = {"category": concept(HL7 + "adjudication", "submitted"), "amount": {"value": charge, "currency": "USD"}}
    return {
        "sequence": sequence, "diagnosisSequence": diagnoses, "productOrService": service, "servicedDate": day,
        "locationCodeableConcept": concept(HL7 + "ex-serviceplace", "22"), "quantity": {"value": 1},
        "adjudication": [submitted],
    }  # fmt: skip


def resource(
    claim_id: str, payer: str, product: str, items: list[Json], more: Json | None = None, *, of: str = ""
) -> Json:
    """An EOB of a pancreatic tumor, without what no edit reads; `more` replaces what it has by itself.

    Each has a member of its own, unless it is for that `of` another claim.
    """
    coverage = {
        "resourceType": "Coverage", "id": "coverage", "status": "active", "subscriberId": f"M-{of or claim_id}",
        "type": {"text": product}, "beneficiary": {"display": "Robin Sample"}, "payor": [{"display": payer}],
    }  # fmt: skip
    given = {
        "resourceType": "ExplanationOfBenefit", "id": claim_id, "contained": [coverage], "status": "active",
        "type": concept(HL7 + "claim-type", "professional"), "use": "claim", "patient": {"display": "Robin Sample"},
        "created": "2026-11-20", "outcome": "complete", "insurer": {"display": payer},
        "provider": {"identifier": {"system": NPI, "value": "1902000227"}},
        "insurance": [{"focal": True, "coverage": {"reference": "#coverage"}}],
        "diagnosis": [DIAGNOSES[0]], "item": items, **(more or {}),
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


DAY = "2024-03-04"
IRE, IRE_OPEN, DRUG = concept(CPT, "0600T"), concept(CPT, "0601T"), concept(NDC, "00000000001")
TRIAL = {"sequence": 1, "category": concept(CMS + "codesystem/information", CMS + "variables/clm_clncl_tril_num")}
PRIOR = {"relationship": concept(HL7 + "ex-relatedclaimrelationship", "prior")}
BAD = {"servicedDate": 20240304}  # not a text
AS_A_CLAIM = {  # no adjudication, and days of the claim only
    "resourceType": "Claim",
    "outcome": None,
    "billablePeriod": {"start": "2022-03-07", "end": "2022-03-07"},
    "item": [{"sequence": 1, "productOrService": IRE, "net": {"value": 9650.00, "currency": "USD"}}],
}

# claim id, payer, product, items, and what is special
RESOURCES = [
    resource("E-DENIED", "Florida Blue", "Commercial", [item(1, IRE, 9400.00, DAY, [1])]),
    resource("E-FEP-BY-COVERAGE", "Florida Blue", "FEP", [item(1, IRE, 9425.00, DAY, [1])]),
    resource(
        "E-POINTED-DIAGNOSIS", "Florida Blue", "Commercial",
        [item(1, IRE, 9450.00, DAY, [1]), item(2, IRE_OPEN, 9475.00, DAY, [2, 1])], {"diagnosis": DIAGNOSES},
    ),
    resource(
        "E-TRIAL-NUMBER", "Florida Blue", "Commercial", [item(1, IRE, 9500.00, DAY, [1])],
        {"supportingInfo": [TRIAL | {"valueString": "00000017"}]},
    ),
    resource(
        "E-OTHER-CODE-SYSTEM", "Florida Blue", "Commercial",
        [item(1, DRUG, 9525.00, DAY, [1]), item(2, IRE, 9550.00, DAY, [1])],
    ),
    resource("E-REPLACED", "Florida Blue", "Commercial", [item(1, IRE, 9575.00, DAY, [1])]),
    resource(
        "E-REPLACEMENT", "Florida Blue", "Commercial", [item(1, IRE, 9600.00, DAY, [1])],
        {"related": [PRIOR | {"claim": {"identifier": {"value": "E-REPLACED"}}}]}, of="E-REPLACED",
    ),
    resource(
        "E-CANCELLED", "Florida Blue", "Commercial", [item(1, IRE, 9625.00, DAY, [1])], {"status": "cancelled"}
    ),
    resource("E-CLAIM-RESOURCE", "Premera", "Commercial", [], AS_A_CLAIM),
    resource("E-BAD-DRAFT", "Florida Blue", "Commercial", [item(1, IRE, 9400.00, DAY, [1])], {"status": "draft"}),
    resource(
        "E-BAD-PREDETERMINATION", "Florida Blue", "Commercial", [item(1, IRE, 9400.00, DAY, [1])],
        {"use": "predetermination"},
    ),
    resource("E-BAD-FIELD", "Florida Blue", "Commercial", [item(1, IRE, 9400.00, DAY, [1]) | BAD]),
]  # fmt: skip

# The lines in the order of the file, without the refused ones, whose ids begin with E-BAD:
# claim id | payer | line of business | start | code | first diagnosis | the rest
FACTS = """
E-DENIED            | Florida Blue | commercial | 2024-03-04 | 0600T | C25.1 |
E-FEP-BY-COVERAGE   | Florida Blue | FEP        | 2024-03-04 | 0600T | C25.1 |
E-POINTED-DIAGNOSIS | Florida Blue | commercial | 2024-03-04 | 0600T | C25.1 |
E-POINTED-DIAGNOSIS | Florida Blue | commercial | 2024-03-04 | 0601T | C78.7 | line=2 dx2=C25.1
E-TRIAL-NUMBER      | Florida Blue | commercial | 2024-03-04 | 0600T | C25.1 | trial=00000017
E-OTHER-CODE-SYSTEM | Florida Blue | commercial | 2024-03-04 |       | C25.1 |
E-OTHER-CODE-SYSTEM | Florida Blue | commercial | 2024-03-04 | 0600T | C25.1 | line=2
E-REPLACED          | Florida Blue | commercial | 2024-03-04 | 0600T | C25.1 |
E-REPLACEMENT       | Florida Blue | commercial | 2024-03-04 | 0600T | C25.1 | frequency=7 original=E-REPLACED
E-CANCELLED         | Florida Blue | commercial | 2024-03-04 | 0600T | C25.1 | frequency=8
E-CLAIM-RESOURCE    | Premera      | commercial |            | 0600T | C25.1 | claim_start=2022-03-07 claim_end=2022-03-07
"""  # noqa: E501 -- a table
REFUSED = {  # claim id -> whether its row has an id, and the checks
    "E-BAD-DRAFT": (True, "row-draft"),
    "E-BAD-PREDETERMINATION": (True, "row-no-claim-for-payment"),
    "E-BAD-FIELD": (False, "row-bad-field:$.item[...].servicedDate"),
}


def text() -> str:
    """The file: one resource a line."""
    return "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in RESOURCES)


def places() -> list[dict[str, str]]:
    """Of each accepted line, in file order, the number of its resource."""
    return [
        {"source_row": str(row)}
        for row, one in enumerate(RESOURCES, start=1)
        if one["id"] not in REFUSED
        for _ in one["item"]
    ]


def refused() -> list[dict[str, str]]:
    """The refused rows, in file order."""
    return [
        {"source_row": str(row), "claim_id": one["id"] if has_id else "", "failed_checks": checks}
        for row, one in enumerate(RESOURCES, start=1)
        if one["id"] in REFUSED
        for has_id, checks in [REFUSED[one["id"]]]
    ]
