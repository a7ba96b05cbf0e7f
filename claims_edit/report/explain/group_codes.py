"""What the CAS group codes mean for liability."""

from __future__ import annotations

BEARERS = {
    "CO": "contractual obligation; the member is not billed",
    "PR": "patient responsibility",
    "OA": "other adjustment; no liability assigned",
    "PI": "payer-initiated reduction; the member is not billed",
}
