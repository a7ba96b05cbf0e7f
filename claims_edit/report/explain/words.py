"""What the CAS group codes mean for who bears the amount."""

from __future__ import annotations

BEARERS = {
    "CO": "the provider bears it; the member is not billed",
    "PR": "patient responsibility",
    "OA": "neither the provider nor the member is named",
    "PI": "the payer's own reduction; the member is not billed",
}
