"""Sound FHIR files: a claim of interest between claims of other members, payers and providers.

Every person, clinic and number is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.lib.damage.variant import DENY, PASS, REFER, REFUSED, REVIEW, TOKEN, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
HL7, NPI = "http://terminology.hl7.org/CodeSystem/", "http://hl7.org/fhir/sid/us-npi"
CPT, ICD = "http://www.ama-assn.org/go/cpt", "http://hl7.org/fhir/sid/icd-10-cm"
CMS = "https://bluebutton.cms.gov/resources/"
PROVIDERS = ("1902000227", "1902000334", "1902000441", "1902000557")


@dataclass(frozen=True)
class Sent:
    """A claim to be built; `more` has top-level elements, `beside` resources of their own in the file."""

    outcome: str = DENY
    payer: str = "Florida Blue"
    product: str = "Commercial"
    day: str = "2024-03-04"
    code: str = "0600T"
    modifiers: tuple[str, ...] = ()
    diagnoses: tuple[Json, ...] = ()
    group: str = ""
    is_eob: bool = True
    more: Json = field(default_factory=dict)
    insurance: Json = field(default_factory=dict)
    beside: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Sound:
    """A file as it was sent: its resources, and for each one the lines that it has."""

    name: str
    format: str
    resources: tuple[Json, ...]
    owners: tuple[tuple[int, ...], ...]
    lines: tuple[Line, ...]


def concept(system: str, code: str) -> Json:
    """A CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code}]}


def diagnosis(sequence: int, code: str) -> Json:
    """A diagnosis by its code."""
    return {"sequence": sequence, "diagnosisCodeableConcept": concept(ICD, code)}


def condition(name: str, code: str) -> Json:
    """A Condition for a diagnosis to refer to."""
    return {"resourceType": "Condition", "id": name, "code": concept(ICD, code), "subject": {"display": "Pat Tester"}}


TUMOR = diagnosis(1, "C25.1")
NUMBER_INFO = {
    "sequence": 1,
    "category": concept(CMS + "codesystem/information", CMS + "variables/clm_clncl_tril_num"),
    "valueString": "00000017",
}
CONDITION_INFO = {
    "sequence": 1,
    "category": concept(CMS + "codesystem/information", CMS + "variables/clm_rlt_cond_cd"),
    "code": concept(CMS + "variables/clm_rlt_cond_cd", "30"),
}
VALUE_INFO = {
    "sequence": 1,
    "category": concept(CMS + "codesystem/information", CMS + "variables/clm_val_cd"),
    "code": concept(CMS + "variables/clm_val_cd", "D4"),
}
BILL_INFO = {
    "sequence": 1,
    "category": concept(HL7 + "claiminformationcategory", "typeofbill"),
    "code": concept("https://www.nubc.org/CodeSystem/TypeOfBill", "138"),
}
FREQUENCY_INFO = {
    "sequence": 1,
    "category": concept(CMS + "codesystem/information", CMS + "variables/clm_freq_cd"),
    "code": concept(CMS + "variables/clm_freq_cd", "8"),
}
BY_REFERENCE = {"sequence": 2, "diagnosisReference": {"reference": f"Condition/z{TOKEN}"}}
CONTAINED = {"sequence": 2, "diagnosisReference": {"reference": "#trial"}}
OTHER_COVERAGE = {"focal": False, "coverage": {"display": "Other Plan"}}
CASES = {
    "denied": Sent(),
    "denied-claim": Sent(is_eob=False),
    "trial-modifier": Sent(REVIEW, modifiers=("Q0",)),
    "trial-modifier-claim": Sent(REVIEW, modifiers=("26", "Q1"), is_eob=False),
    "trial-diagnosis": Sent(REVIEW, diagnoses=(TUMOR, diagnosis(2, "Z00.6"))),
    "trial-diagnosis-claim": Sent(REVIEW, diagnoses=(TUMOR, diagnosis(2, "Z00.6")), is_eob=False),
    "trial-condition-beside": Sent(
        REVIEW, diagnoses=(TUMOR, BY_REFERENCE), beside=(condition(f"z{TOKEN}", "Z00.6"),), is_eob=False
    ),
    "trial-condition-contained": Sent(
        REVIEW, diagnoses=(TUMOR, CONTAINED), more={"contained": [condition("trial", "Z00.6")]}
    ),
    "trial-number": Sent(REVIEW, more={"supportingInfo": [NUMBER_INFO]}),
    "trial-condition-code": Sent(REVIEW, more={"supportingInfo": [CONDITION_INFO]}),
    "trial-value-code": Sent(REVIEW, more={"supportingInfo": [VALUE_INFO]}),
    "void-type-of-bill": Sent(PASS, more={"supportingInfo": [BILL_INFO]}),
    "void-frequency": Sent(PASS, more={"supportingInfo": [FREQUENCY_INFO]}),
    "authorized-eob": Sent(REVIEW, more={"preAuthRef": ["AUTH0001"]}),
    "authorized-claim": Sent(REVIEW, insurance={"preAuthRef": ["AUTH0002"]}, is_eob=False),
    "cancelled": Sent(PASS, more={"status": "cancelled"}),
    "draft": Sent(REFUSED, more={"status": "draft"}),
    "predetermination": Sent(REFUSED, more={"use": "predetermination"}, is_eob=False),
    "fep": Sent(REFER, product="FEP"),
    "medicare-advantage": Sent(REVIEW, product="Medicare Advantage", is_eob=False),
    "program-unknown": Sent(REVIEW, product="Something Else"),
    "payer-unknown": Sent(REVIEW, payer="Some Other Health Plan"),
    "contract-covers": Sent(PASS, group="G-COVERED"),
    "contract-asks": Sent(REVIEW, payer="Regence", day="2026-02-03", group="G-ASK"),
    "not-in-force": Sent(PASS, payer="Regence", is_eob=False),
    "not-a-tumor": Sent(REVIEW, payer="Regence", day="2026-02-03", diagnoses=(diagnosis(1, "K85.90"),)),
    "unlisted": Sent(REVIEW, payer="Premera", day="2020-03-02", code="48999"),
}
NEIGHBORS = (Sent(), Sent(payer="Premera", day="2022-03-07", is_eob=False))


def claim(sent: Sent, place: int) -> tuple[Json, Line]:
    """A Claim or ExplanationOfBenefit with one item, and its line."""
    letter, charge = "ABCDEFGH"[place], f"{9400 + 25 * place}"
    claim_id, member = f"C{TOKEN}{letter}", f"M{TOKEN}{place:02}"
    classes = [{"type": concept(HL7 + "coverage-class", "group"), "value": sent.group}] if sent.group else []
    coverage = {
        "resourceType": "Coverage", "id": "coverage", "status": "active", "subscriberId": member,
        "type": {"text": sent.product}, "beneficiary": {"display": "Pat Tester"}, "payor": [{"display": sent.payer}],
        **({"class": classes} if classes else {}),
    }  # fmt: skip
    diagnoses = list(sent.diagnoses or (TUMOR,))
    more = dict(sent.more)
    item: Json = {
        "sequence": 1, "diagnosisSequence": [one["sequence"] for one in diagnoses],
        "productOrService": concept(CPT, sent.code), "servicedDate": sent.day,
        "locationCodeableConcept": concept(HL7 + "ex-serviceplace", "22"), "quantity": {"value": 1},
        **({"modifier": [concept(CPT, one) for one in sent.modifiers]} if sent.modifiers else {}),
    }  # fmt: skip
    amount = {"value": float(charge), "currency": "USD"}
    if sent.is_eob:
        item["adjudication"] = [{"category": concept(HL7 + "adjudication", "submitted"), "amount": amount}]
    else:
        item["net"] = amount
    insurance = {"focal": True, "coverage": {"reference": "#coverage"}, **sent.insurance}
    if not sent.is_eob:
        insurance["sequence"] = 1
    resource = {
        "resourceType": "ExplanationOfBenefit" if sent.is_eob else "Claim", "id": claim_id,
        "contained": [coverage, *more.pop("contained", [])], "status": "active",
        "type": concept(HL7 + "claim-type", "professional"), "use": "claim", "patient": {"display": "Pat Tester"},
        "created": "2026-11-20", "insurer": {"display": sent.payer},
        "provider": {"identifier": {"system": NPI, "value": PROVIDERS[place]}},
        **({"outcome": "complete"} if sent.is_eob else {"priority": concept(HL7 + "processpriority", "normal")}),
        "insurance": [insurance],
        "diagnosis": diagnoses, "item": [item], **more,
    }  # fmt: skip
    return resource, Line(claim_id, member, sent.payer, PROVIDERS[place], charge, sent.outcome, sent.day)


def sound_files() -> Iterator[Sound]:
    """All of them, as NDJSON; some as a Bundle, too."""
    for name, sent in CASES.items():
        yield _sound(name, "fhir-ndjson", (NEIGHBORS[0], sent, NEIGHBORS[1]))
        if name in {"trial-condition-beside", "authorized-eob", "fep"}:
            yield _sound(name, "fhir-json", (NEIGHBORS[0], sent, NEIGHBORS[1]))
    prior = {"relationship": concept(HL7 + "ex-relatedclaimrelationship", "prior")}
    related = [prior | {"claim": {"identifier": {"value": f"C{TOKEN}A"}}}]
    replacement = Sent(REVIEW, modifiers=("Q0",), more={"related": related})
    yield _sound("replaced", "fhir-ndjson", (Sent(PASS), replacement), same_member=True)


def _sound(name: str, fmt: str, claims: tuple[Sent, ...], *, same_member: bool = False) -> Sound:
    resources: list[Json] = []
    owners: list[tuple[int, ...]] = []
    lines: list[Line] = []
    for place, sent in enumerate(claims):
        resource, line = claim(sent, place)
        if same_member and lines:
            first = lines[0]
            resource["contained"][0]["subscriberId"] = first.member_id
            resource["provider"]["identifier"]["value"] = first.provider
            line = replace(line, member_id=first.member_id, provider=first.provider)
        lines.append(line)
        resources += [resource, *sent.beside]
        owners += [(place,), *[()] * len(sent.beside)]
    return Sound(name, fmt, tuple(resources), tuple(owners), tuple(lines))
