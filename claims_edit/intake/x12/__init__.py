"""X12 837 (professional, institutional, dental) as canonical claim lines."""

from claims_edit.intake.x12.extract import X12Extract

__all__ = ["X12Extract"]
