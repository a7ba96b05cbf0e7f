"""Keys of a claim that are misspelled or written twice: their value is not read, or only one of them is.

Checked only in claims with a decided code, because each of their keys is compared with those that are read.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from claims_edit.doubts import doubt_token
from claims_edit.intake.misspelt import is_slip

if TYPE_CHECKING:
    from claims_edit.intake.fhir.documents import Text

MISSPELT, REPEATED = "element-misspelt", "element-repeated"
SHORTEST = 4  # letters of a key of which one may be wrong
PRIMITIVE = "_"  # begins the key of metadata on a value
# The elements that may prevent a denial, or identify the claim.
READ = frozenset({
    "billablePeriod", "category", "class", "code", "coding", "contained", "coverage", "diagnosis",
    "diagnosisCodeableConcept", "diagnosisReference", "diagnosisSequence", "focal", "identifier", "information",
    "insurance", "insurer", "item", "modifier", "outcome", "patient", "preAuthRef", "productOrService", "provider",
    "reference", "related", "relationship", "sequence", "servicedDate", "servicedPeriod", "status", "subscriberId",
    "supportingInfo", "system", "type", "value", "valueString",
})  # fmt: skip
OTHERS = frozenset({"container", "identified", "mode"})  # elements of FHIR that are one letter away from one of these


def misspelt_keys(text: Text) -> list[str]:
    """The doubts of a resource, each with the intended element; none if it is not JSON."""
    found: set[str] = set()

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        together = dict(pairs)
        if len(together) < len(pairs):
            keys = [key for key, _ in pairs]
            found.update(doubt_token(REPEATED, key) for key in READ if keys.count(key) > 1)
        for key in together.keys() - READ - OTHERS:
            meant = _meant(key)
            if meant is not None:
                found.add(doubt_token(MISSPELT, meant))
        return together

    try:
        json.loads(bytes(text), object_pairs_hook=look)
    except (ValueError, RecursionError):
        return []
    return sorted(found)


@lru_cache(maxsize=10_000)
def _meant(key: str) -> str | None:
    """The element that a key misspells, if any."""
    if key.startswith(PRIMITIVE):
        return None
    spelling = key.strip().lower()
    return next((name for name in sorted(READ) if _is_like(spelling, name)), None)


def _is_like(spelling: str, name: str) -> bool:
    return spelling == name.lower() or is_slip(spelling, name.lower(), SHORTEST)
