"""Facts on later claims: whether a replacement or a void in the same run supersedes the line, or may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.doubts import SEPARATOR, doubt_token
from claims_edit.facts.payer import payer_identity
from claims_edit.model import REPLACEMENT, VOID

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

REVISES_NOTHING = ("0", "1", "2", "3", "4", "5", "9")
"""Claim frequency codes that revise no claim: originals, interim and late bills. Any other code may."""
FREQUENCY_UNKNOWN = doubt_token("claim_frequency_code-unknown", "claim_frequency_code")
REVISION_UNCLEAR = doubt_token("revision-unclear", "claim_frequency_code")

REVISION_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(
        ("payer", "data_source", "member_id", "claim_id", "billing_provider_id", "claim_frequency_code",
         "original_claim_id", "revised_claim_id"),
        pl.String(),
    ),
    "refused": pl.Boolean(),
    "came": pl.Date(),
    "revised_line_number": pl.Int64(),
}  # fmt: skip
"""A claim that may revise another: its identity, the claim that it names, and whether it was refused.

`came` is the first night on which it came; null in a run by itself. `revised_line_number` is set where only that line
is superseded: one that the same replacement, on a later night, no longer has.
"""
_OF_WHOM = ("data_source", "member_id", "billing_provider_id")
CLAIM = ("payer_identity", *_OF_WHOM, "claim_id")
REVISING = (*CLAIM, "revising_claim", "revising_frequency", "is_certain", "came", "revised_line_number")


def revised_claim(original_is_known: pl.Expr | pl.Series) -> pl.Expr:
    """The claim that a revision names: by `original_claim_id`, or by its own `claim_id` if that matches no claim.

    In an 837 the original number is often the payer's, and the claim's own number is that of the claim revised.
    """
    original = pl.col("original_claim_id")
    known = pl.lit(original_is_known) if isinstance(original_is_known, pl.Series) else original_is_known
    return pl.when(known & original.is_not_null()).then(original).otherwise(pl.col("claim_id"))


def is_certain() -> pl.Expr:
    """Whether a revision is certain: an accepted replacement or void, not a refused or possible one."""
    return ~pl.col("refused") & pl.col("claim_frequency_code").is_in([REPLACEMENT, VOID])


def revisions_among(candidates: pl.DataFrame, catalog: Catalog) -> pl.LazyFrame:
    """The revisions among all lines of a run (REVISION_SCHEMA)."""
    absent = [pl.lit(None, dtype).alias(n) for n, dtype in REVISION_SCHEMA.items() if n not in candidates.columns]
    identity = payer_identity(candidates.select(payer_raw="payer"), catalog)
    given = candidates.with_columns(absent).join(identity, left_on="payer", right_on="payer_raw", how="left")
    key = ["payer_identity", *_OF_WHOM]
    known = given.select(*key, original_claim_id="claim_id", known=True).unique()
    revisions = given.filter(~pl.col("claim_frequency_code").is_in(REVISES_NOTHING)).join(
        known, on=[*key, "original_claim_id"], how="left", nulls_equal=True
    )
    named = revised_claim(pl.col("known").fill_null(value=False))
    return (
        revisions.with_columns(revised_claim_id=named, refused=pl.lit(value=False))
        .select(*REVISION_SCHEMA)
        .unique()
        .lazy()
    )


def revising(claims: pl.DataFrame, revisions: pl.LazyFrame, catalog: Catalog) -> pl.DataFrame:
    """The claims that may revise the claims (CLAIM) of a batch, as REVISING.

    A claim is revised by a claim of the same payer, source, member and provider; a claim that names it and was refused,
    or has an unknown claim frequency code, may revise it. Of a run's revisions, only those that name a claim of the
    batch are collected.
    """
    batch = claims.select(*CLAIM).unique()
    given = batch.lazy().select("claim_id").unique()
    whole, of_whom = _whole(revisions)
    named = whole.join(given, left_on="revised_claim_id", right_on="claim_id", how="semi").select(
        *of_whom,
        payer_raw="payer",
        revising_claim="claim_id",
        revising_frequency="claim_frequency_code",
        claim_id="revised_claim_id",
        is_certain=is_certain(),
        came="came",
        revised_line_number="revised_line_number",
    ).collect(engine="streaming")  # fmt: skip
    known = named.join(payer_identity(named, catalog), on="payer_raw", how="left")
    same = ["payer_identity", *of_whom, "claim_id"]
    certain = known.filter("is_certain").join(batch, on=same, how="inner", nulls_equal=True).select(REVISING)
    near = known.filter(~pl.col("is_certain")).drop(of_whom).join(batch, on="claim_id", how="inner", suffix="_of_claim")
    of_claim = pl.col("payer_identity_of_claim")
    near = near.filter(pl.col("payer_identity").eq(of_claim).fill_null(value=True)).with_columns(
        payer_identity=of_claim
    )
    return pl.concat([certain, near.select(REVISING)]).unique()


def _whole(revisions: pl.LazyFrame) -> tuple[pl.LazyFrame, list[str]]:
    """Revisions with the derived columns, and the claim identity columns that they have.

    A run of an earlier release has only the payer as claim identity.
    """
    names = revisions.collect_schema().names()
    derived = {
        "revised_claim_id": pl.coalesce("original_claim_id", "claim_id"), "refused": pl.lit(value=False),
        "came": pl.lit(None, pl.Date), "revised_line_number": pl.lit(None, pl.Int64),
    }  # fmt: skip
    absent = [made.alias(name) for name, made in derived.items() if name not in names]
    return revisions.with_columns(absent), [name for name in _OF_WHOM if name in names]


def with_superseded(lines: pl.DataFrame, revisions: pl.LazyFrame, catalog: Catalog) -> pl.DataFrame:
    """Add `superseded` and `superseded_by` (the superseding claim), and doubts on uncertain ones.

    A claim is identified by claim id and frequency: a replacement under the same id supersedes the original, a void of
    the same id supersedes both, and none supersedes itself. A void is superseded by no claim. A void has precedence,
    then the claim that came on the latest night.
    """
    claims = lines.join(payer_identity(lines, catalog), on="payer_raw", how="left", maintain_order="left").with_columns(
        __number=pl.col("claim_line_number").cast(pl.Int64)
    )
    found = revising(claims, revisions, catalog)
    by, frequency = pl.col("revising_claim"), pl.col("revising_frequency")
    own, number = by == pl.col("claim_id"), pl.col("revised_line_number")
    whole = found.filter(number.is_null()).group_by(*CLAIM, by, frequency, "is_certain").agg(pl.col("came").min())
    own_replacement = own & (frequency == REPLACEMENT)
    revised = (
        whole.sort(frequency, "came", ~own, by)
        .group_by(CLAIM, maintain_order=True)
        .agg(
            by=by.filter("is_certain").last(),
            by_another=by.filter("is_certain", ~own_replacement).last(),
            unclear=(by + pl.lit(" ") + frequency).filter(~pl.col("is_certain")),
        )
    )
    dropped = found.filter(number.is_not_null()).group_by(*CLAIM, __number=number).agg(dropped_by=by.max())
    is_void = pl.col("claim_frequency_code").eq_missing(pl.lit(VOID))
    is_replacement = pl.col("claim_frequency_code").eq_missing(pl.lit(REPLACEMENT))
    superseding = pl.when(is_replacement).then(pl.coalesce("by_another", "dropped_by")).otherwise("by")
    joined = claims.join(revised, on=CLAIM, how="left", validate="m:1", maintain_order="left", nulls_equal=True).join(
        dropped, on=[*CLAIM, "__number"], how="left", maintain_order="left", nulls_equal=True
    )
    return joined.with_columns(
        superseded=is_void | superseding.is_not_null(),
        superseded_by=pl.when(~is_void).then(superseding),
        doubts=_doubts(),
    ).drop("payer_identity", "by", "by_another", "unclear", "dropped_by", "__number")


def _doubts() -> pl.Expr:
    """The line's doubts, with those on claims that it may revise, and on claims that may revise it."""
    frequency = pl.col("claim_frequency_code")
    is_unknown = ~frequency.is_in([*REVISES_NOTHING, REPLACEMENT, VOID])
    others = pl.col("unclear").list.set_difference(pl.concat_list(pl.col("claim_id") + pl.lit(" ") + frequency))
    doubts = pl.concat_str(
        pl.col("doubts"),
        pl.when(is_unknown).then(pl.lit(FREQUENCY_UNKNOWN)),
        pl.when(others.list.len() > 0).then(pl.lit(REVISION_UNCLEAR)),
        separator=SEPARATOR,
        ignore_nulls=True,
    )
    return pl.when(doubts != "").then(doubts)
