"""What a run keeps is enough to decide its lines again, exactly, with neither the extract nor the rules of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.engine import decide
from claims_edit.errors import ResultsError
from claims_edit.policy import load_catalog
from claims_edit.store import replay_of
from tests.functional.program import manifest, record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def out(deck_in_all_forms: Path) -> Path:
    return deck_in_all_forms


def test_the_same_decisions_come_from_what_is_kept(out: Path) -> None:
    kept = replay_of(out, manifest(out)["run_id"])
    catalog = load_catalog(kept.rules)
    assert catalog.rules_hash == manifest(out)["rules_hash"]
    again = decide(kept.candidates.collect(), catalog, revisions=kept.revisions, contracts=kept.contracts)
    assert again.height > 100
    assert again.equals(record(out, "decisions").drop("run_id", "mode"))


def test_every_kind_of_what_decides_is_among_it(out: Path) -> None:
    kept = replay_of(out, manifest(out)["run_id"])
    assert kept.contracts.height == 5
    assert kept.revisions.collect().height > 0
    assert kept.candidates.collect()["line_of_business"].null_count() > 0


def test_of_revisions_only_those_that_name_a_candidates_claim_are_kept(out: Path) -> None:
    kept = replay_of(out, manifest(out)["run_id"])
    claims = kept.candidates.collect()["claim_id"].unique().to_list()
    named = kept.revisions.collect().select(pl.coalesce("original_claim_id", "claim_id").alias("named"))["named"]
    assert set(named) <= set(claims)


def test_what_is_missing_is_stated(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"runs/R/replay: is missing or damaged, .* run the extracts again"):
        replay_of(tmp_path, "R")
