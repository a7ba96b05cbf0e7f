"""The diagnoses of claims and lines, and the condition codes of claims, from the HI segments.

A line's pointers count the places of the claim's diagnosis HI segments, whatever stands there: an element that cannot
be read keeps its place, so that no pointer moves on to another diagnosis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.x12.delimiters import COMPONENT
from claims_edit.intake.x12.segments import components
from claims_edit.model import DIAGNOSIS_COLUMNS

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import Chunk

ICD_10 = ("ABK", "ABF", "ABJ")  # principal, other, admitting
ICD_9 = ("BK", "BF", "BJ")
CONDITION = "BG"
ICD_10_TYPE, ICD_9_TYPE = "icd-10-cm", "icd-9-cm"


def health_codes(chunk: Chunk) -> pl.DataFrame:
    """The elements of the claims' HI segments, in file order: `claim`, `segment` (its place), `qualifier`, `code`."""
    of_claims = chunk.rows.filter((pl.col("kind") == "HI") & (pl.col("owner") == pl.col("claim")))
    of_claims = of_claims.select("claim", "segment")
    owners, places = chunk.segments.places(of_claims["segment"].to_numpy())
    listed = of_claims[owners]
    elements = chunk.segments.elements(listed["segment"].to_numpy(), places)
    return listed.hstack(components(elements, qualifier=1, code=2))


def condition_codes(codes: pl.DataFrame) -> pl.LazyFrame:
    """`claim` and its `condition_codes`, joined by spaces."""
    conditions = codes.lazy().filter((pl.col("qualifier") == CONDITION) & pl.col("code").is_not_null())
    return conditions.group_by("claim", maintain_order=True).agg(pl.col("code").str.join(" ").alias("condition_codes"))


def claim_diagnoses(codes: pl.DataFrame) -> pl.DataFrame:
    """The places of the claims' diagnosis HI segments: `claim`, `code` (null where none can be read), `is_icd_9`."""
    is_diagnosis = pl.col("qualifier").is_in(ICD_10 + ICD_9).fill_null(value=False)
    segments = codes.filter(is_diagnosis)["segment"].unique()
    return codes.filter(pl.col("segment").is_in(segments.implode())).select(
        "claim",
        code=pl.when(is_diagnosis).then("code"),
        is_icd_9=pl.col("qualifier").is_in(ICD_9).fill_null(value=False),
    )


def with_diagnoses(lines: pl.DataFrame, places: pl.DataFrame) -> tuple[pl.LazyFrame, int]:
    """`lines` (`number`, `claim`, `pointers`) with their diagnoses, and how many of them point to nothing.

    Adds the diagnosis columns, `both_types` (ICD-9 and ICD-10 on one line) and `too_many` (more than the columns hold).
    """
    extents = places.lazy().with_row_index("first").group_by("claim").agg(
        pl.col("first").min().cast(pl.Int64), count=pl.len().cast(pl.Int64)
    )  # fmt: skip
    asked = lines.lazy().select("number", "claim", "pointers").join(extents, on="claim", how="left", maintain_order="left")
    pointed, all_of_claim = pl.collect_all([_pointed(asked), _all_of_claim(asked)], engine="in-memory")
    names_none = places["code"].gather(pointed["place"]).is_null()
    found = pl.concat([pointed.filter(~names_none), all_of_claim])
    listed = lines.lazy().join(_listed(found, places), on="number", how="left", maintain_order="left")
    return listed, pointed.filter(names_none)["number"].n_unique()


def _pointed(asked: pl.LazyFrame) -> pl.LazyFrame:
    """The places (`number`, `place`) that the lines' pointers name; null where one names none."""
    pointer = pl.col("pointers").cast(pl.Int64, strict=False)
    exists = pointer.is_between(1, pl.col("count"))
    place = pl.when(exists).then(pl.col("first") + pointer - 1)
    return (
        asked.filter(pl.col("pointers").is_not_null())
        .with_columns(pl.col("pointers").str.split(COMPONENT))
        .explode("pointers")
        .with_columns(pl.col("pointers").str.strip_chars())
        .filter(pl.col("pointers") != "")
        .select("number", place=place)
    )


def _all_of_claim(asked: pl.LazyFrame) -> pl.LazyFrame:
    """All places of the claim (`number`, `place`), for lines without pointers."""
    return (
        asked.filter(pl.col("pointers").is_null() & pl.col("count").is_not_null())
        .select("number", place=pl.int_ranges("first", pl.col("first") + pl.col("count")))
        .explode("place")
    )


def _listed(found: pl.DataFrame, places: pl.DataFrame) -> pl.LazyFrame:
    """One row for each line (`number`) with a diagnosis: its columns, equal codes once."""
    told = found.select("number").hstack(places.select("code", "is_icd_9")[found["place"]])
    lists = (
        told.lazy()
        .drop_nulls("code")
        .unique(["number", "code"], keep="first", maintain_order=True)
        .group_by("number", maintain_order=True)
        .agg("code", is_icd_9=pl.col("is_icd_9").first(), both_types=pl.col("is_icd_9").n_unique() > 1)
    )
    return lists.select(
        "number",
        "both_types",
        *(pl.col("code").list.get(place, null_on_oob=True).alias(name) for place, name in enumerate(DIAGNOSIS_COLUMNS)),
        too_many=pl.col("code").list.len() > len(DIAGNOSIS_COLUMNS),
        diagnosis_code_type=pl.when("is_icd_9").then(pl.lit(ICD_9_TYPE)).otherwise(pl.lit(ICD_10_TYPE)),
    )
