"""Facts on later claims: whether a replacement or a void in the same run takes the line's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits.facts.payer import payer_identity

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

REPLACEMENT, VOID = "7", "8"
REVISED = ("payer_identity", "claim_id")


def revised_claim() -> pl.Expr:
    """The claim that a replacement or void names: `original_claim_id`, or its own `claim_id` where that is empty."""
    original = pl.col("original_claim_id").str.strip_chars()
    return pl.when(original != "").then(original).otherwise(pl.col("claim_id"))


def _revised_claims(claims: pl.DataFrame, revisions: pl.LazyFrame, catalog: Catalog) -> pl.DataFrame:
    """Per claim of the batch that is revised: by whom, itself told apart from others.

    The revisions of a run may be many; only those that name a claim of this batch leave the scan.
    """
    named = (
        revisions.filter(pl.col("claim_frequency_code").is_in([REPLACEMENT, VOID]))
        .select(
            payer_raw=pl.col("payer"),
            revising_claim=pl.col("claim_id"),
            revising_frequency=pl.col("claim_frequency_code"),
            claim_id=revised_claim(),
        )
        .join(claims.lazy().select("claim_id").unique(), on="claim_id", how="semi")
        .collect(engine="streaming")
    )
    own = pl.col("revising_claim") == pl.col("claim_id")
    frequency = pl.col("revising_frequency")
    return (
        named.join(payer_identity(named, catalog), on="payer_raw", how="inner")
        .group_by(REVISED)
        .agg(
            revised_by_other=(~own).any(),
            own_replacement=(own & (frequency == REPLACEMENT)).any(),
            own_void=(own & (frequency == VOID)).any(),
        )
    )


def with_superseded(lines: pl.DataFrame, revisions: pl.LazyFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `superseded`: the claim is a void, or a revision other than the claim itself names it.

    A claim is itself by claim id and frequency: a replacement under the same id supersedes the original, a void of the
    same id supersedes both, and none supersedes itself.
    """
    claims = lines.join(payer_identity(lines, catalog), on="payer_raw", how="left", maintain_order="left")
    revised = _revised_claims(claims, revisions, catalog)
    frequency = pl.col("claim_frequency_code")
    by_own_replacement = pl.col("own_replacement") & frequency.ne_missing(pl.lit(REPLACEMENT))
    by_own_void = pl.col("own_void") & frequency.ne_missing(pl.lit(VOID))
    by_another = (pl.col("revised_by_other") | by_own_replacement | by_own_void).fill_null(value=False)
    return (
        claims.join(revised, on=REVISED, how="left", validate="m:1", maintain_order="left")
        .with_columns(superseded=frequency.eq_missing(pl.lit(VOID)) | by_another, superseded_by=pl.lit(None, pl.String))
        .drop("payer_identity", "revised_by_other", "own_replacement", "own_void")
    )
