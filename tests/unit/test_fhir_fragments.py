"""JSON of FHIR's world that is no claim: named as what it is, with the way out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.errors import InputError
from claims_edit.intake.fhir.extract import FhirExtract
from claims_edit.intake.files import sniff
from claims_edit.intake.mapping import Mapping
from claims_edit.intake.readers import FHIR
from tests.lib.fhir import bundle, concept, eob, item, rows

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = {"transactionTime": "2026-11-20T03:00:00Z", "request": "x", "output": [{"type": "Claim", "url": "x"}]}
WITHOUT_TYPE = {name: value for name, value in eob().items() if name != "resourceType"}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("document", "what"),
    [
        (item(), "is an item of a claim without its claim"),
        ([item(1), item(2)], "is an array, and its first element is an item of a claim"),
        ({"sequence": 1, "diagnosisCodeableConcept": concept("x", "C61")}, "is a diagnosis of a claim"),
        (WITHOUT_TYPE, "looks like a claim and has no `resourceType`"),
        (MANIFEST, "is the manifest of a Bulk export"),
        ({"fullUrl": "x", "resource": eob()}, None),
        (OUTCOME, "holds only an OperationOutcome"),
        (bundle(OUTCOME), "holds only an OperationOutcome"),
        (bundle({"resourceType": "Patient"}), r"only Patient \(1\)"),
        ({"resourceType": "Patient", "id": "1"}, r"no ExplanationOfBenefit or Claim resource, only Patient \(1\)"),
    ],
)
def test_a_fragment_is_named_as_what_it_is(tmp_path: Path, document: Any, what: str | None, indent: int | None) -> None:
    path = tmp_path / "extract.json"
    path.write_text(json.dumps(document, indent=indent), encoding="utf-8")
    file = sniff(path)
    assert file.format == FHIR
    with pytest.raises(InputError, match=what or "is an entry of a Bundle without its Bundle") as reported:
        rows(FhirExtract(file, Mapping(), tmp_path))
    assert len(str(reported.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"[]", "is an empty array"),
        (b'{"cards": []}', "is a CDS Hooks response"),
        (b'{"hook": "order-sign", "hookInstance": "1"}', "is a CDS Hooks request"),
        (b'{"entry": []}', "looks like a Bundle"),
        (b"[1, 2]", "is an array, and its first element is JSON, but not a FHIR resource"),
        (b'{"x": 1}', "is JSON, but not a FHIR resource"),
        (b'{"sequence": 1, "service": {}}\n{"sequence": 2, "service": {}}\n', "is an item of a claim"),
    ],
)
def test_what_is_stated_to_be_fhir_and_is_not_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "extract.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what):
        rows(FhirExtract(sniff(path, "fhir"), Mapping(), tmp_path))
