"""Sound FHIR claims for tests to change, and what the reader finds in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.doubts import DOUBTS
from claims_edit.intake.extract import ORDINAL, REJECTS_SCHEMA
from claims_edit.intake.fhir.extract import FhirExtract
from claims_edit.intake.files import sniff
from claims_edit.intake.mapping import Mapping
from claims_edit.posting_holds import POSTING_HOLDS

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]
CPT = "http://www.ama-assn.org/go/cpt"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"
HL7 = "http://terminology.hl7.org/CodeSystem/"
CMS = "https://bluebutton.cms.gov/resources/"
SNOMED = "http://snomed.info/sct"
NPI = "http://hl7.org/fhir/sid/us-npi"
INFORMATION: Json = {"sequence": 1, "category": {"text": "received"}}


def concept(system: str, *codes: str) -> Json:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code} for code in codes]}


def item(sequence: Any = 1, code: str = "0600T", **changes: Any) -> Json:
    """A sound line; a change of None takes an element away."""
    given = {
        "sequence": sequence,
        "productOrService": concept(CPT, code),
        "servicedDate": "2026-03-01",
        "quantity": {"value": 1},
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def eob(number: Any = 1, **changes: Any) -> Json:
    """A sound ExplanationOfBenefit of one line; a change of None takes an element away."""
    given = {
        "resourceType": "ExplanationOfBenefit",
        "id": f"claim-{number}",
        "status": "active",
        "use": "claim",
        "outcome": "complete",
        "type": concept("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
        "patient": {"reference": f"Patient/{number}"},
        "insurer": {"display": "Regence"},
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": concept(ICD_10_CM, "C22.0")}],
        "item": [item()],
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def ndjson(*resources: Any) -> bytes:
    """One resource a line; a text is written as it is."""
    return "".join(one + "\n" if isinstance(one, str) else json.dumps(one) + "\n" for one in resources).encode()


def opened(folder: Path, content: bytes, mapping: Mapping | None = None) -> FhirExtract:
    """An extract of this content."""
    path = folder / "claims.fhir"
    path.write_bytes(content)
    return FhirExtract(sniff(path, "fhir"), mapping or Mapping(), folder)


def rows(extract: FhirExtract, batch: int = 1000) -> pl.DataFrame:
    """All lines of an extract."""
    return pl.concat([pl.DataFrame(schema={ORDINAL: pl.Int64}), *extract.batches(batch)], how="diagonal")


def one_claim(folder: Path, claim: Json) -> pl.DataFrame:
    """The lines of one claim."""
    return rows(opened(folder, json.dumps(claim).encode()))


def rejected(extract: FhirExtract) -> list[tuple[int, str]]:
    """Row and check of what was refused."""
    found = extract.rejects()
    assert found.schema == REJECTS_SCHEMA
    return list(found.select("source_row", "check").iter_rows())


def bundle(*entries: Any, **changes: Any) -> Json:
    """A Bundle of these resources, or of entries where a text says so."""
    whole = [one if "resource" in one or "fullUrl" in one else {"resource": one} for one in entries]
    return {"resourceType": "Bundle", "type": "searchset", "entry": whole, **changes}


def doubts(frame: pl.DataFrame) -> list[str | None]:
    """The doubts of each line; all of their names are registered."""
    found = frame["doubts"].to_list()
    names = {token.partition("@")[0] for line in found if line for token in line.split(" ")}
    assert names <= set(DOUBTS)
    assert set(" ".join(frame["posting_holds"].drop_nulls()).split()) <= set(POSTING_HOLDS)
    return found
