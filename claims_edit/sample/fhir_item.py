"""One line of a claim as an item of an ExplanationOfBenefit."""

from __future__ import annotations

import polars as pl

from claims_edit.sample import fhir_codes as codes
from claims_edit.sample.claim_frames import differs_on, of_line, pointers_of
from claims_edit.sample.fhir_codes import C4BB, HL7, NUBC, SAMPLE, coding, concept, iso, money
from claims_edit.sample.json_text import Json, Number, Where

PROFESSIONAL = pl.col("claim_type") == "professional"
HOSPITAL = pl.col("place_of_service_code") == "21"  # whose lines give a period


def item(line: int) -> dict[str, Json]:
    """The claim's line at this position, as if it had one."""
    revenue = of_line("revenue_center_code", line)
    care = pl.when(differs_on(line)).then(pl.lit(str(line))).otherwise(pl.lit("1"))
    first, *others = pointers_of(line)
    pointers: list[Json] = [Number(first), *(Where(pointer.is_not_null(), Number(pointer)) for pointer in others)]
    place = concept(coding(codes.PLACE_OF_SERVICE, pl.col("place_of_service_code")))
    day = {"start": iso("claim_line_start_date"), "end": iso("claim_line_end_date")}
    return {
        "extension": _ballast(line),
        "sequence": Number(of_line("claim_line_number", line)),
        "careTeamSequence": [Number(care)],
        "diagnosisSequence": Where(PROFESSIONAL, pointers),
        "revenue": Where(revenue.is_not_null(), concept(coding(f"{NUBC}RevenueCodes", revenue))),
        "productOrService": concept(_procedure(line)),
        "modifier": Where(of_line("hcpcs_modifier_1", line).is_not_null(), _modifiers(line)),
        "servicedDate": Where(PROFESSIONAL & ~HOSPITAL, iso("claim_line_start_date")),
        "servicedPeriod": Where(PROFESSIONAL & HOSPITAL, day),
        "locationCodeableConcept": Where(PROFESSIONAL, place),
        "quantity": {"value": Number(of_line("service_unit_quantity", line))},
        "net": money(of_line("allowed_amount", line)),
        "adjudication": _adjudications(line),
    }


def _procedure(line: int) -> dict[str, Json]:
    """The code in its code system; without one, a local code, or on a revenue line none that applies."""
    code = of_line("hcpcs_code", line)
    is_local = code.is_null() & PROFESSIONAL
    system = (
        pl.when(is_local)
        .then(pl.lit(f"{SAMPLE}CodeSystem/procedure"))
        .when(code.is_null())
        .then(pl.lit(f"{HL7}data-absent-reason"))
        .when(code.str.contains("^[0-9]"))
        .then(pl.lit(codes.CPT))
        .otherwise(pl.lit(codes.HCPCS))
    )
    absent = pl.when(is_local).then(pl.lit("LOCAL")).otherwise(pl.lit("not-applicable"))
    return coding(system, code.fill_null(absent))


def _modifiers(line: int) -> list[Json]:
    first, second = (of_line(f"hcpcs_modifier_{place}", line) for place in (1, 2))
    return [
        concept(coding(codes.HCPCS, first)),
        Where(second.is_not_null(), concept(coding(codes.HCPCS, second))),
    ]


def adjudication(kind: str, system: str, amount: pl.Expr) -> dict[str, Json]:
    """One amount of the payer's adjudication."""
    return {"category": concept(coding(system, kind, kind.title())), "amount": money(amount)}


def _adjudications(line: int) -> list[Json]:
    """The billed, allowed and paid amounts, and the member's share."""
    charge, allowed, paid = (of_line(name, line) for name in ("charge_amount", "allowed_amount", "paid_amount"))
    return [
        adjudication("submitted", f"{HL7}adjudication", charge),
        adjudication("eligible", f"{HL7}adjudication", allowed),
        adjudication("benefit", f"{HL7}adjudication", paid),
        adjudication("memberliability", f"{C4BB}Adjudication", allowed - paid),
        adjudication("noncovered", f"{C4BB}Adjudication", charge - charge),
    ]


def _ballast(line: int) -> list[Json]:
    """Elements that no reader of claim lines needs."""
    control = pl.col("claim_id") + pl.lit(f"-{line}")
    return [
        codes.extension("line-control-number", {"valueIdentifier": codes.identifier("line", control)}),
        codes.extension("fee-schedule", {"valueCoding": coding(f"{SAMPLE}CodeSystem/fee-schedule", "2026-Q3")}),
    ]
