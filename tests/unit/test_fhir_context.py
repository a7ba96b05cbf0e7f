"""What FHIR claims refer to in other lines and files of a Bulk export."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from claims_edit.intake import consulted
from claims_edit.intake.extract import FAULT
from claims_edit.intake.fhir import context
from claims_edit.intake.fhir.extract import FhirExtract
from claims_edit.intake.files import sniff
from claims_edit.intake.mapping import Mapping
from tests.lib.fhir import ICD_10_CM, Json, bundle, concept, eob, ndjson, opened, rows

if TYPE_CHECKING:
    from pathlib import Path


def condition(number: str, code: str = "Z00.6") -> Json:
    return {"resourceType": "Condition", "id": number, "code": concept(ICD_10_CM, code)}


def referring(number: int, literal: str) -> Json:
    return eob(number, diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": literal}}])


@pytest.mark.parametrize(
    "literal",
    ["Condition/c-1", "https://server.example/fhir/Condition/c-1", "Condition/c-1/_history/2", "urn:uuid:c-1"],
)
def test_a_condition_is_found_in_another_line_of_the_file(tmp_path: Path, literal: str) -> None:
    claim = referring(1, literal)
    for content in (ndjson(claim, eob(2), condition("c-1")), ndjson(bundle(condition("c-1")), claim)):
        found = rows(opened(tmp_path, content))
        assert found.select("diagnosis_code_1", "doubts").row(0) == ("Z00.6", None)


def test_what_claims_refer_to_is_found_in_other_files(tmp_path: Path) -> None:
    covered = eob(
        3,
        insurer={"reference": "Organization/o"},
        insurance=[{"focal": True, "coverage": {"reference": "Coverage/v"}}],
        diagnosis=[{"sequence": 1, "diagnosisReference": {"reference": "Condition/b"}}],
    )
    coverage = {"resourceType": "Coverage", "id": "v", "subscriberId": "M1", "type": {"text": "FEP"}}
    files = {
        "Claims.ndjson": ndjson(referring(1, "Condition/a"), referring(2, "Condition/gone"), covered),
        "Condition.0001.ndjson": ndjson(condition("a"), condition("b", "C61")),
        "Coverage.ndjson": ndjson(coverage, "{"),
        "More.ndjson": ndjson(eob(9), {"resourceType": "Organization", "id": "o", "name": "Premera"}),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = sorted(tmp_path.iterdir())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    file = sniff(tmp_path / "Claims.ndjson", "fhir")
    others = consulted([*paths, tmp_path / "missing.ndjson"], "auto")
    assert [other.path.name for other in others] == sorted(files)
    found = rows(FhirExtract(replace(file, context=others), Mapping(), scratch))
    assert found["diagnosis_code_1"].to_list() == ["Z00.6", None, "C61"]
    assert found["doubts"].to_list() == [None, "diagnosis-unresolved@diagnosis[0].diagnosisReference", None]
    assert found.select("payer", "member_id", "line_of_business").row(2) == ("Premera", "M1", "FEP")
    again = rows(FhirExtract(replace(file, context=others), Mapping(), scratch))  # from the same index
    assert again.equals(found)
    assert len(list(scratch.iterdir())) == 1


def test_different_resources_of_one_name_are_ambiguous_and_equal_ones_are_not(tmp_path: Path) -> None:
    twice = [condition("a"), condition("a") | {"meta": {"versionId": "2"}}]
    found = rows(opened(tmp_path, ndjson(referring(1, "Condition/a"), eob(2), *twice)))
    assert found["doubts"].to_list() == [None, None]
    (tmp_path / "x").mkdir()
    found = rows(opened(tmp_path / "x", ndjson(referring(1, "Condition/a"), eob(2), *twice, condition("a", "C61"))))
    assert found["doubts"].to_list() == ["diagnosis-ambiguous@diagnosis[0].diagnosisReference", None]
    (tmp_path / "y").mkdir()
    insured = eob(insurance=[{"focal": True, "coverage": {"reference": "Coverage/v"}}])
    coverages = [{"resourceType": "Coverage", "id": "v", "subscriberId": number} for number in ("M1", "M2")]
    found = rows(opened(tmp_path / "y", ndjson(insured, *coverages)))
    assert found[FAULT].to_list() == ["reference-ambiguous"]


def test_claims_that_hold_all_they_refer_to_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_make", None)
    claims = [eob(number, patient={"identifier": {"value": "M1"}}) for number in (1, 2)]
    assert rows(opened(tmp_path, ndjson(*claims)))["doubts"].null_count() == len(claims)
