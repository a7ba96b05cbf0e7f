"""FHIR ExplanationOfBenefit and Claim resources (R4, STU3) as canonical claim lines."""

from claims_edit.intake.fhir.extract import FhirExtract

__all__ = ["FhirExtract"]
