"""X12 837 (professional, institutional, dental) as canonical claim lines."""
