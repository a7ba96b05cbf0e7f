"""FHIR-like JSON without a claim: its kind, from the names of its parts, and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections import Counter

    from claims_edit.intake.fhir.documents import Text

WHOLE = "Use the whole ExplanationOfBenefit or Claim resources."
MOST_NAMED = 5

# For an object without a resourceType: names that it must all have, its kind, and the remedy.
KINDS: tuple[tuple[frozenset[str], str, str], ...] = (
    (
        frozenset({"transactionTime", "output"}),
        "is the manifest of a Bulk export, not the export",
        "Download the files named in its `output`, and use those.",
    ),
    (frozenset({"hook", "hookInstance"}), "is a CDS Hooks request", WHOLE),
    (frozenset({"cards"}), "is a CDS Hooks response", WHOLE),
    (frozenset({"item", "status"}), "looks like a claim and has no `resourceType`", WHOLE),
    (frozenset({"item", "type"}), "looks like a claim and has no `resourceType`", WHOLE),
    (frozenset({"resource"}), "is an entry of a Bundle without its Bundle", "Use the Bundle, or the resources alone."),
    (frozenset({"entry"}), "looks like a Bundle and has no `resourceType`", "Ask the sender for the whole Bundle."),
    (frozenset({"productOrService"}), "is an item of a claim without its claim", WHOLE),
    (frozenset({"service"}), "is an item of a claim without its claim", WHOLE),
    (frozenset({"adjudication"}), "is an item of a claim without its claim", WHOLE),
    (frozenset({"diagnosisCodeableConcept"}), "is a diagnosis of a claim without its claim", WHOLE),
    (frozenset({"diagnosisReference"}), "is a diagnosis of a claim without its claim", WHOLE),
    (frozenset({"item"}), "looks like a claim and has no `resourceType`", WHOLE),
)
NO_RESOURCE = f"is JSON, but not a FHIR resource. {WHOLE}"
SERVER_ERROR = "OperationOutcome"
NOT_A_CLAIM = "resource-not-a-claim"

_anything = msgspec.json.Decoder().decode


def fragment(text: Text) -> str | None:
    """The kind of JSON that is not a FHIR resource, and the remedy; None if it is one, has one, or is not JSON."""
    try:
        found = _anything(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(found, list):
        return _object(found)
    if any(_object(one) is None for one in found):
        return None
    if not found:
        return "is an empty array. Ask the sender to resend the extract."
    return f"is an array, and its first element {_object(found[0])}"


def _object(found: Any) -> str | None:  # noqa: ANN401 -- JSON
    if not isinstance(found, dict):
        return NO_RESOURCE
    if isinstance(found.get("resourceType"), str):
        return None
    for names, what, way in KINDS:
        if names <= found.keys():
            return f"{what}. {way}"
    return NO_RESOURCE


def without_claims(warnings: Counter[str]) -> str:
    """The other resources in a file without claims, from the warnings about them."""
    held = {name.partition(":")[2]: count for name, count in warnings.items() if name.startswith(f"{NOT_A_CLAIM}:")}
    if set(held) == {SERVER_ERROR}:
        return "holds only an OperationOutcome: the server's answer that the export failed. Export the claims again."
    named = ", ".join(f"{name} ({count:,})" for name, count in sorted(held.items())[:MOST_NAMED])
    only = f", only {named}{' and others' if len(held) > MOST_NAMED else ''}" if named else ""
    return f"has no ExplanationOfBenefit or Claim resource{only}. Use the file of the claims."
