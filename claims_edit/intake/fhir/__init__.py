"""FHIR ExplanationOfBenefit and Claim resources (R4, STU3) as canonical claim lines."""
