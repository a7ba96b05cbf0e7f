"""A doubt is explained with its place and how to resolve it."""

from __future__ import annotations

import polars as pl

from claims_edit.doubts import DOUBTS, doubt_names, doubt_token
from claims_edit.edits.doubts import doubts_of

DANGLING = "diagnosis_pointer-dangling"


def test_names_are_sorted_and_each_is_kept_once() -> None:
    tokens = [f"{doubt_token('b', 'segment-9')} {doubt_token('a', 'row-2')} {doubt_token('b', 'segment-7')}", "", None]
    frame = pl.DataFrame({"doubts": tokens}, schema={"doubts": pl.String})
    assert frame.select(doubt_names(pl.col("doubts"))).to_series().to_list() == ["a, b", None, None]


def test_a_doubt_has_its_place_where_the_facts_are_available() -> None:
    (placed,) = doubts_of({"doubts": DANGLING}, {"doubts": doubt_token(DANGLING, "segment-17-SV107")})
    assert placed == (DANGLING, DOUBTS[DANGLING].label, "segment 17 SV107", DOUBTS[DANGLING].remedy)
    (unplaced,) = doubts_of({"doubts": DANGLING}, None)
    assert unplaced.place == ""


def test_a_row_without_doubts_has_none() -> None:
    assert doubts_of({"doubts": None}, {"doubts": None}) == doubts_of({}, {}) == []


def test_a_name_of_a_later_release_is_shown_as_it_is() -> None:
    (unknown,) = doubts_of({"doubts": "moon-unknown"}, None)
    assert (unknown.name, unknown.label) == ("moon-unknown", "moon-unknown.")


def test_every_doubt_says_what_is_wrong_and_what_settles_it() -> None:
    for name, doubt in DOUBTS.items():
        assert name == doubt.name
        assert name == name.lower()
        assert " " not in name
        assert doubt.label.endswith(".")
        assert doubt.remedy.endswith(".")
