"""Damaged claims: none turns a review, a referral, a pass or a refusal into a denial, and no line is lost or moved.

A seeded hundred of each format, and more in `make test-long`; `python bench/damage.py --files 100000` runs as many as
one likes, and gives the counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lib.damage import campaign
from tests.lib.examples import examples, first

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = {
    "837": {"837P", "837I", "837D"},
    "fhir": {"fhir-ndjson", "fhir-json"},
    "tables": {"csv", "ndjson", "parquet"},
}
FILES = examples(20, more=100)
LEAST_KINDS = min(FILES // 2, 25)  # of damage, so that many of them are drawn
SEED = 20_261_125


@pytest.mark.long
@pytest.mark.parametrize("family", FORMATS)
def test_sound_claims_come_out_as_they_should(tmp_path: Path, family: str) -> None:
    found = campaign.sound_outcomes(tmp_path, frozenset(FORMATS[family]))
    assert [(variant.format, variant.source, each.shown) for variant, each in found] == []


@pytest.mark.more
@pytest.mark.parametrize("family", first(1, FORMATS))
def test_no_damage_denies_loses_or_moves_a_line(tmp_path: Path, family: str) -> None:
    counts = campaign.run(FILES, SEED, tmp_path, frozenset(FORMATS[family]), are_sound=True)
    assert counts.files.total() == FILES
    assert len(counts.damages) >= LEAST_KINDS
    assert {kind: counts.examples[kind][0][1].shown for kind in counts.broken} == {}
