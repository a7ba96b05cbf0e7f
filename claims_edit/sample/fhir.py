"""The synthetic claims as in Bulk FHIR exports: R4 ExplanationOfBenefit, one resource a line, one a claim.

The shape is CARIN's for Blue Button. A claim's line of business is the text of the contained Coverage's type; its
filing indicator has no element and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import polars as pl

from claims_edit.sample import fhir_codes as codes
from claims_edit.sample.claim_frames import (
    CHUNK_CLAIMS,
    DIAGNOSES,
    LINES,
    claim_chunks,
    diagnosis_at,
    differs_on,
    has_line,
    of_line,
    pointer_at,
)
from claims_edit.sample.fhir_codes import C4BB, HL7, SAMPLE, coding, concept, extension, identifier, iso, money
from claims_edit.sample.fhir_item import adjudication, item
from claims_edit.sample.json_text import Json, Number, Where, filled, json_parts
from claims_edit.sample.text_columns import joined, text_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTITUTIONAL = pl.col("claim_type") == "institutional"
MADE = "2026-11-20T03:00:00.000+00:00"
NOTE = 'Read from C:\\in\\claims "à jour"'  # characters that JSON escapes, and a letter of two bytes


def write_fhir(stream: BinaryIO, lines: int, seed: int) -> None:
    """Write the resources of the first `lines` lines, each on a line."""
    stream.writelines(_chunks(lines, seed))


def _chunks(lines: int, seed: int) -> Iterator[bytes]:
    resource = joined([*json_parts(_resource()), "\n"])
    for claims in claim_chunks(lines, seed):
        for part in claims.iter_slices(CHUNK_CLAIMS // 5):
            yield text_bytes(part.select(resource.alias("text"))["text"])


def _either(professional: str, institutional: str) -> pl.Expr:
    return pl.when(INSTITUTIONAL).then(pl.lit(institutional)).otherwise(pl.lit(professional))


def _resource() -> dict[str, Json]:
    """One ExplanationOfBenefit."""
    end = pl.col("claim_end_date")
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": pl.lit("eob-") + pl.col("claim_id").str.to_lowercase(),
        "meta": {
            "lastUpdated": MADE,
            "profile": [_profile()],
            "tag": [coding(f"{SAMPLE}CodeSystem/export", "nightly", "Nightly export")],
        },
        "contained": [_coverage()],
        "extension": _ballast(),
        "identifier": _identifiers(),
        "status": pl.when(pl.col("claim_frequency_code") == "8").then(pl.lit("cancelled")).otherwise(pl.lit("active")),
        "type": concept(coding(f"{HL7}claim-type", pl.col("claim_type"), _either("Professional", "Institutional"))),
        "subType": Where(INSTITUTIONAL, concept(coding(f"{C4BB}InstitutionalClaimSubType", _setting(), _setting()))),
        "use": "claim",
        "patient": Where(pl.col("member_id").is_not_null(), _patient()),
        "billablePeriod": {"start": iso("claim_start_date"), "end": iso("claim_end_date")},
        "created": end.dt.offset_by("12d").dt.strftime("%Y-%m-%dT03:00:00+00:00"),
        "insurer": {"type": "Organization", "display": pl.col("payer")},
        "provider": codes.npi(pl.col("billing_npi"), pl.col("billing_name")),
        "related": Where(pl.col("original_claim_id").is_not_null(), [_related()]),
        "outcome": "complete",
        "careTeam": _care_team(),
        "supportingInfo": _information(),
        "diagnosis": [_diagnosis(1, "principal"), *(_other_diagnosis(place) for place in DIAGNOSES[1:])],
        "insurance": [{"focal": True, "coverage": {"reference": "#coverage"}}],
        "item": [item(1), *(Where(has_line(line), item(line)) for line in LINES[1:])],
        "total": [adjudication(kind, *of) for kind, of in _totals().items()],
        "payment": {
            "type": concept(coding(f"{HL7}ex-paymenttype", "complete", "Complete")),
            "date": end.dt.offset_by("20d").dt.strftime("%Y-%m-%d"),
            "amount": money(pl.col("paid_amount")),
        },
    }


def _profile() -> pl.Expr:
    setting = _setting().str.to_titlecase() + pl.lit("-Institutional|2.1.0")
    kind = pl.when(INSTITUTIONAL).then(setting).otherwise(pl.lit("Professional-NonClinician|2.1.0"))
    return pl.lit(f"{codes.CARIN}StructureDefinition/C4BB-ExplanationOfBenefit-") + kind


def _setting() -> pl.Expr:
    return pl.when(pl.col("facility") == "11").then(pl.lit("inpatient")).otherwise(pl.lit("outpatient"))


def _patient() -> dict[str, Json]:
    return {"reference": pl.lit("Patient/") + pl.col("member_id").str.to_lowercase(), "type": "Patient"}


def _identifiers() -> list[Json]:
    """The claim's id, and the clearing house's own number for it."""
    unique = concept(coding(f"{C4BB}IdentifierType", "uc", "Unique Claim ID"))
    trace = pl.lit("SCH") + (pl.col("number") + 700_000_000).cast(pl.String)
    return [{"type": unique, **identifier("claim", pl.col("claim_id"))}, identifier("clearing-house-trace", trace)]


def _related() -> dict[str, Json]:
    """The claim that this one replaces or voids."""
    prior = identifier("claim", pl.col("original_claim_id"))
    relationship = concept(coding(f"{HL7}ex-relatedclaimrelationship", "prior", "Prior Claim"))
    return {"claim": {"identifier": prior}, "relationship": relationship, "reference": prior}


def _coverage() -> dict[str, Json]:
    """The contained Coverage: line of business, member, group."""
    group = concept(coding(f"{HL7}coverage-class", "group", "Group"))
    return {
        "resourceType": "Coverage",
        "id": "coverage",
        "meta": {"profile": [f"{codes.CARIN}StructureDefinition/C4BB-Coverage|2.1.0"]},
        "status": "active",
        "type": Where(pl.col("line_of_business").is_not_null(), {"text": pl.col("line_of_business")}),
        "subscriberId": filled(pl.col("member_id")),
        "beneficiary": Where(pl.col("member_id").is_not_null(), _patient()),
        "relationship": concept(coding(f"{HL7}subscriber-relationship", "self", "Self")),
        "payor": [{"type": "Organization", "display": pl.col("payer")}],
        "class": [{"type": group, "value": pl.col("group_id")}],
    }


def _care_team() -> list[Json]:
    """The rendering provider of the claim, and of each line with a different one."""
    role = concept(coding(f"{C4BB}ClaimCareTeamRole", "rendering", "Rendering provider"))
    name = pl.col("rendering_last_name") + pl.lit(", ") + pl.col("rendering_first_name")
    taxonomy = concept(coding("http://nucc.org/provider-taxonomy", pl.col("rendering_taxonomy")))

    def lines_own(line: int) -> dict[str, Json]:
        locum = codes.npi(of_line("rendering_npi", line), pl.lit("LOCUM, TENENS"))
        return {"sequence": line, "provider": locum, "role": role}

    first = codes.npi(of_line("rendering_npi", 1), name)
    return [
        {"sequence": 1, "provider": first, "role": role, "qualification": taxonomy},
        *(Where(differs_on(line), lines_own(line)) for line in LINES[1:]),
    ]


def _diagnosis(place: int, kind: str) -> dict[str, Json]:
    """A diagnosis, its code with the dot."""
    code = diagnosis_at(place)
    dotted = code.str.replace("^(...)(.+)$", "$1.$2")
    system = f"{HL7}ex-diagnosistype" if kind == "principal" else f"{C4BB}ClaimDiagnosisType"
    return {
        "sequence": Number(pointer_at(place)),
        "diagnosisCodeableConcept": concept(coding(codes.ICD_10_CM, dotted)),
        "type": [concept(coding(system, kind, kind.title()))],
    }


def _other_diagnosis(place: int) -> Where:
    return Where(diagnosis_at(place).is_not_null(), _diagnosis(place, "secondary"))


def _totals() -> dict[str, tuple[str, pl.Expr]]:
    return {
        "submitted": (f"{HL7}adjudication", pl.col("charge_amount")),
        "eligible": (f"{HL7}adjudication", pl.col("allowed_amount")),
        "benefit": (f"{HL7}adjudication", pl.col("paid_amount")),
        "memberliability": (f"{C4BB}Adjudication", pl.col("allowed_amount") - pl.col("paid_amount")),
    }


def _information() -> list[Json]:
    """The claim's received date, network, frequency, and the bill type of an institutional one."""

    def category(kind: str, title: str) -> dict[str, Json]:
        return concept(coding(f"{C4BB}SupportingInfoType", kind, title))

    received = pl.col("claim_end_date").dt.offset_by("9d").dt.strftime("%Y-%m-%d")
    network = concept(coding(f"{C4BB}PayerAdjudicationStatus", "innetwork", "In Network"))
    frequency = [
        coding(f"{HL7}claiminformationcategory", "info", "Information"),
        coding(f"{SAMPLE}CodeSystem/information", codes.FREQUENCY, "Claim Frequency Code"),
    ]
    bill_type = coding(f"{codes.NUBC}TypeOfBill", pl.col("bill_type_code"))
    information: list[tuple[dict[str, Json], str, Json]] = [
        (category("clmrecvddate", "Claim Received Date"), "timingDate", received),
        (category("billingnetworkcontractingstatus", "Billing Network Contracting Status"), "code", network),
        (concept(*frequency), "code", concept(coding(codes.FREQUENCY, pl.col("claim_frequency_code")))),
        (category("typeofbill", "Type of Bill"), "code", concept(bill_type)),
    ]
    *all_have, last = (
        {"sequence": sequence, "category": kind, value: content}
        for sequence, (kind, value, content) in enumerate(information, start=1)
    )
    return [*all_have, Where(INSTITUTIONAL, last)]


def _ballast() -> list[Json]:
    """Elements that no reader of claim lines needs."""
    channel = coding(f"{SAMPLE}CodeSystem/receipt-channel", "E", "Electronic")
    batch = pl.lit("B") + (pl.col("number") // CHUNK_CLAIMS).cast(pl.String)
    return [
        extension("receipt-channel", {"valueCoding": channel}),
        extension("batch", {"valueIdentifier": identifier("batch", batch)}),
        extension("note", {"valueString": NOTE}),
    ]
