"""The procedures of FHIR claims (ICD-10-PCS, OPCS-4) on the lines that point to them, or on all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.intake.extract import FAULT
from claims_edit.model import PROCEDURE_COLUMNS
from tests.lib import fhir

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from claims_edit.intake.fhir.extract import FhirExtract

PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
OPCS = "https://fhir.hl7.org.uk/Id/opcs-4"


def procedure(sequence: int | None, system: str, *codes: str) -> dict[str, Any]:
    coded = {"coding": [{"system": system, "code": code} for code in codes]}
    return {"procedureCodeableConcept": coded} | ({} if sequence is None else {"sequence": sequence})


def read(folder: Path, *claims: fhir.Json) -> tuple[FhirExtract, pl.DataFrame]:
    extract = fhir.opened(folder, fhir.ndjson(*claims))
    return extract, fhir.rows(extract)


def codes_of(frame: pl.DataFrame) -> list[list[str]]:
    """The procedures of each line, in columns that follow one another."""
    found = []
    for row in frame.select(PROCEDURE_COLUMNS).rows():
        given = [code for code in row if code is not None]
        assert list(row[: len(given)]) == given
        found.append(given)
    return found


@pytest.mark.parametrize(
    ("procedures", "expected"),
    [
        ([procedure(1, PCS, "0F503ZF")], ["0F503ZF"]),
        ([procedure(None, "http://hl7.org/fhir/sid/icd-10-pcs", "0f503zf")], ["0F503ZF"]),
        ([procedure(1, "http://hl7.org/fhir/sid/icd-10", "0F503ZF")], ["0F503ZF"]),
        ([procedure(1, "urn:own", "0F503ZF")], ["0F503ZF"]),
        ([procedure(1, PCS, "0F503")], ["0F503"]),  # refused by its shape
        ([procedure(1, OPCS, "J12.8"), procedure(2, OPCS, "Y12.3"), procedure(3, OPCS, "Y53.2")],
         ["J12.8", "Y12.3", "Y53.2"]),
        ([procedure(1, PCS, "0FT40ZZ"), procedure(2, PCS, "0FT40ZZ", "0F5G0ZF")], ["0FT40ZZ", "0F5G0ZF"]),
        ([{"procedureCodeableConcept": {"text": "Ablation (0F503ZF) of the liver, SURGERY"}}], ["0F503ZF"]),
        ([procedure(1, "http://snomed.info/sct", "174803001")], []),
        ([procedure(1, "http://hl7.org/fhir/sid/icd-9-cm", "9214")], []),
        ([{"sequence": 1, "procedureReference": {"reference": "Procedure/1"}}], []),
        ([], []),
    ],
)  # fmt: skip
def test_each_line_has_the_procedures_of_its_claim(
    tmp_path: Path, procedures: list[dict[str, Any]], expected: list[str]
) -> None:
    extract, frame = read(tmp_path, fhir.eob(item=[fhir.item(1), fhir.item(2)], procedure=procedures))
    assert codes_of(frame) == [expected, expected]
    is_missing = any("procedureReference" in one for one in procedures)
    assert ("procedure_code-not-evaluable" in extract.warnings) is is_missing
    assert fhir.rejected(extract) == []


def test_a_procedure_that_a_line_points_to_is_of_that_line_alone(tmp_path: Path) -> None:
    procedures = [procedure(1, PCS, "0F503ZF"), procedure(2, PCS, "0FT40ZZ"), procedure(None, PCS, "0F5G0ZF")]
    items = [fhir.item(1, procedureSequence=[1]), fhir.item(2), fhir.item(3, procedureSequence=[2, 9])]
    extract, frame = read(tmp_path, fhir.eob(item=items, procedure=procedures), fhir.eob(2))
    assert codes_of(frame)[:3] == [["0F503ZF", "0F5G0ZF"], ["0F5G0ZF"], ["0FT40ZZ", "0F5G0ZF"]]
    assert not any(codes_of(frame)[3:])
    assert extract.warnings == {}


def test_more_procedures_than_columns_refuse_the_line(tmp_path: Path) -> None:
    many = [procedure(number, PCS, f"0F5G{number % 10}Z{'ABCDFGH'[number % 7]}") for number in range(1, 27)]
    _, frame = read(tmp_path, fhir.eob(item=[fhir.item(1)], procedure=many))
    assert frame[FAULT].to_list() == ["procedure_code-too-many"]
    _, frame = read(tmp_path, fhir.eob(item=[fhir.item(1)], procedure=many[:25]))
    assert frame[FAULT].to_list() == [None]
    assert len(codes_of(frame)[0]) == 25
