"""Code systems of an ExplanationOfBenefit, and the datatypes that it uses throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.sample.json_text import Json, Number

if TYPE_CHECKING:
    from collections.abc import Mapping

HL7 = "http://terminology.hl7.org/CodeSystem/"
CARIN = "http://hl7.org/fhir/us/carin-bb/"
C4BB = f"{CARIN}CodeSystem/C4BB"
NUBC = "https://www.nubc.org/CodeSystem/"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
NPI = "http://hl7.org/fhir/sid/us-npi"
PLACE_OF_SERVICE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
FREQUENCY = "https://bluebutton.cms.gov/resources/variables/clm_freq_cd"
SAMPLE = "https://claims-edit.example.org/fhir/"

Code = str | pl.Expr


def coding(system: Code, code: Code, display: Code | None = None) -> dict[str, Json]:
    """A Coding."""
    return {"system": system, "code": code, **({} if display is None else {"display": display})}


def concept(*codings: Mapping[str, Json]) -> dict[str, Json]:
    """A CodeableConcept."""
    return {"coding": codings}


def identifier(name: str, value: pl.Expr) -> dict[str, Json]:
    """An Identifier in the sample's own system."""
    return {"system": f"{SAMPLE}identifier/{name}", "value": value}


def money(amount: pl.Expr) -> dict[str, Json]:
    """A Money in dollars."""
    return {"value": Number(amount), "currency": "USD"}


def npi(number: pl.Expr, display: pl.Expr) -> dict[str, Json]:
    """A reference to a provider by its NPI alone."""
    kind = concept(coding(f"{HL7}v2-0203", "NPI", "National provider identifier"))
    return {"identifier": {"type": kind, "system": NPI, "value": number}, "display": display}


def iso(column: str) -> pl.Expr:
    """A date in FHIR's form."""
    return pl.col(column).dt.strftime("%Y-%m-%d")


def extension(name: str, value: Mapping[str, Json]) -> dict[str, Json]:
    """An extension that no reader of claim lines needs: real exports have many."""
    return {"url": f"{SAMPLE}StructureDefinition/{name}", **value}
