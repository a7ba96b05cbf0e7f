"""Seeded synthetic claim extracts of any size and format, in constant memory (`claims-edit sample`).

The same claims come as a table, as X12 837 and as FHIR ExplanationOfBenefit.
"""

from claims_edit.sample.tables import scan
from claims_edit.sample.writing import FORMATS, write_sample

__all__ = ["FORMATS", "scan", "write_sample"]
