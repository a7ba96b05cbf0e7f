"""Claims that share an id get sources of their own; everything else keeps its own (ADR 0008)."""

from __future__ import annotations

import polars as pl
import pytest

from claims_edit.intake import Lines, SeenClaims, claim_hashes, with_own_sources
from claims_edit.intake.extract import CLAIM


def batch(*rows: tuple[int, str, str, str], source: str = "night") -> Lines:
    """Rows of (claim begins at, claim id, payer, frequency)."""
    raw = pl.DataFrame(rows, schema=[CLAIM, "claim_id", "payer", "claim_frequency_code"], orient="row")
    return Lines(raw, raw.drop(CLAIM).with_columns(pl.lit(source).alias("data_source")), {})


def sources(seen: SeenClaims, lines: Lines, extract: str = "night") -> list[str]:
    claims = claim_hashes(lines)
    assert claims is not None
    written = with_own_sources(lines, seen.repeated(claims), extract)
    assert written.raw["data_source"].to_list() == written.frame["data_source"].to_list()
    return written.frame["data_source"].to_list()


def test_a_later_claim_of_the_same_id_has_a_source_of_its_own_on_all_its_lines() -> None:
    lines = batch(
        (20, "A", "P", "1"), (20, "A", "P", "1"), (40, "B", "P", "1"), (60, "A", "P", "1"), (60, "A", "P", "1")
    )
    assert sources(SeenClaims(20), lines) == ["night", "night", "night", "night#60", "night#60"]


def test_the_claim_may_have_been_used_batches_ago() -> None:
    seen = SeenClaims(20)
    assert sources(seen, batch((20, "A", "P", "1"))) == ["night"]
    assert sources(seen, batch((40, "B", "P", "1"))) == ["night"]
    assert sources(seen, batch((60, "A", "P", "1"), (80, "B", "P", "1"))) == ["night#60", "night#80"]


@pytest.mark.parametrize("other", [(60, "A", "Q", "1"), (60, "A", "P", "7"), (60, "a", "P", "1")])
def test_another_payer_frequency_or_spelling_is_another_key(other: tuple[int, str, str, str]) -> None:
    assert sources(SeenClaims(20), batch((20, "A", "P", "1"), other)) == ["night", "night"]


def test_a_constant_source_is_told_apart_by_the_extract_too() -> None:
    seen = SeenClaims(20)
    assert sources(seen, batch((20, "A", "P", "1"), source="east"), "monday") == ["east"]
    assert sources(seen, batch((20, "A", "P", "1"), source="east"), "tuesday") == ["east#tuesday:20"]


def test_a_format_whose_ids_are_its_own_is_left_alone() -> None:
    lines = batch((20, "A", "P", "1"))
    assert claim_hashes(Lines(lines.raw.drop(CLAIM), lines.frame, {})) is None


def test_a_hundred_thousand_different_ids_are_told_apart() -> None:
    count = 100_000
    seen = SeenClaims(23)
    raw = pl.DataFrame({CLAIM: range(count)}).select(
        CLAIM, pl.format("C{}", CLAIM).alias("claim_id"), payer=pl.lit("P"), claim_frequency_code=pl.lit("1")
    )
    claims = claim_hashes(Lines(raw, raw.drop(CLAIM).with_columns(data_source=pl.lit("night")), {}))
    assert claims is not None
    assert seen.repeated(claims).len() == 0
    assert seen.repeated(claims).len() == count
