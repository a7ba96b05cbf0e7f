"""Keys of a FHIR claim that are misspelled or written twice: in doubt where the claim is decided."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.doubts import DOUBTS
from claims_edit.intake.fhir.misspelt import MISSPELT, REPEATED, misspelt_keys
from claims_edit.runner import RunOptions, run_batch
from tests.lib.fhir import CPT, Json, concept, eob, item

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"item":[{"modifire":[]}]}', ["element-misspelt@modifier"]),
        ('{"Modifier":1}', ["element-misspelt@modifier"]),
        ('{"contained":[{"clas":[]},{" class":[]}]}', ["element-misspelt@class"]),
        ('{"suportingInfo":1,"diagnosys":2}', ["element-misspelt@diagnosis", "element-misspelt@supportingInfo"]),
        ('{"modifier":[1],"modifier":[]}', ["element-repeated@modifier"]),
        ('{"note":1,"note":2,"_status":{},"status":"active","mode":1,"valueCode":"a","use":"claim","uses":1}', []),
        ('{"modifier":', []),
    ],
)
def test_keys_a_letter_away_and_keys_twice_are_doubts(text: str, expected: list[str]) -> None:
    assert misspelt_keys(text.encode()) == expected
    assert {MISSPELT, REPEATED} <= set(DOUBTS)


@pytest.mark.parametrize(("code", "expected"), [("0600T", [True]), ("99213", [])])
def test_a_misspelled_modifier_of_a_decided_line_is_a_doubt(tmp_path: Path, code: str, expected: list[bool]) -> None:
    line: Json = item(productOrService=concept(CPT, code)) | {"modifer": [concept(CPT, "Q0")]}
    (tmp_path / "claim.json").write_text(json.dumps(eob(item=[line])))
    run_batch(RunOptions((str(tmp_path / "claim.json"),), tmp_path / "out", date(2026, 11, 20), reports=()))
    decided = pl.read_parquet(tmp_path / "out" / "decisions" / "*" / "*.parquet")
    assert ["element-misspelt" in (doubts or "") for doubts in decided["doubts"]] == expected
