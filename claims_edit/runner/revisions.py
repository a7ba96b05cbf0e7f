"""The replacements and voids of a run, each with the claim that it names, and the identity of payers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.schema import KEPT_REVISION_SCHEMA
from claims_edit.facts.payer import payer_identity
from claims_edit.facts.revision import REVISES_NOTHING, REVISION_SCHEMA, is_certain, revised_claim
from claims_edit.intake import claim_hashes
from claims_edit.intake.keys import CLAIM_KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from claims_edit.policy import Catalog

NAMED = "named-revisions.parquet"
REPEATED = "repeats.parquet"  # written by SeenKeys
CLAIM_SEGMENT = r"^ST [^:]*: CLM(?<separator>[^A-Za-z0-9])(?<elements>.*)$"


class PayerIdentities:
    """The identity of each payer name in the run."""

    def __init__(self, catalog: Catalog) -> None:
        """Start with an empty cache."""
        self._catalog = catalog
        self._known = pl.DataFrame(schema={"payer": pl.String, "identity": pl.String})

    def of(self, names: pl.Series) -> pl.DataFrame:
        """These names, each once: `payer`, `identity`."""
        given = names.drop_nulls().unique().alias("payer").to_frame()
        new = given.join(self._known, on="payer", how="anti")
        if new.height:
            found = payer_identity(new.select(payer_raw="payer"), self._catalog)
            named = found.select(payer="payer_raw", identity="payer_identity")
            self._known = pl.concat([self._known, named]).unique("payer")
        return given.join(self._known, on="payer", how="left", maintain_order="left")


def rejected_revisions(rejects: pl.DataFrame) -> pl.DataFrame:
    """The replacements and voids among 837 claims that lost all their lines (KEPT_REVISION_SCHEMA), as refused ones.

    Only the text of its CLM segment is available; its payer, member and provider are unknown.
    """
    clm = pl.col("text").str.extract_groups(CLAIM_SEGMENT).struct.unnest()
    lost = rejects.filter(pl.col("check") == "row-claim-without-lines").select(clm).drop_nulls()
    elements = pl.col("elements").str.split(pl.col("separator")).list
    given = lost.select(
        claim_id=elements.get(0), claim_frequency_code=elements.get(4, null_on_oob=True).str.slice(-1), refused=True
    ).filter(~pl.col("claim_frequency_code").is_in(REVISES_NOTHING).fill_null(value=False))
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in KEPT_REVISION_SCHEMA.items() if name not in given]
    return given.with_columns(absent).select(*KEPT_REVISION_SCHEMA)


def none_known(claims: pl.Series) -> pl.Series:
    """No claim was decided before."""
    return pl.repeat(value=False, n=claims.len(), dtype=pl.Boolean, eager=True)


def with_named_claims(
    revisions: pl.DataFrame,
    payer_identity: Callable[[pl.Series], pl.DataFrame],
    known: Callable[[pl.Series], pl.Series],
) -> pl.DataFrame:
    """The revisions, once for each claim that each may name: `revised_claim_id`.

    `known` says of claims (`high` of `key_hashes`) which of them there are. Where the claim of `original_claim_id` is
    not among them, it may come on a later night. A refused claim may name either: whether there is the original depends
    on the refused claims.
    """
    is_known = _is_known(revisions, payer_identity, known)
    named = revisions.with_columns(revised_claim_id=revised_claim(is_known))
    either = revisions.filter(~is_known | ~revisions.select(is_certain()).to_series())
    either = either.filter(pl.col("original_claim_id").is_not_null())
    both = [either.with_columns(revised_claim_id=name) for name in ("original_claim_id", "claim_id")]
    return pl.concat([named, *both]).unique(maintain_order=True)


def _is_known(
    revisions: pl.DataFrame,
    payer_identity: Callable[[pl.Series], pl.DataFrame],
    known: Callable[[pl.Series], pl.Series],
) -> pl.Series:
    """Whether the claim that each `original_claim_id` names is another one, and known."""
    claims = revisions.select(*CLAIM_KEY[:3], pl.col("original_claim_id").alias("claim_id"), *CLAIM_KEY[4:])
    wanted = claim_hashes(claims, payer_identity(claims["payer"]))
    other = pl.col("original_claim_id").is_not_null() & (pl.col("original_claim_id") != pl.col("claim_id"))
    asked = wanted.filter(revisions.select(other.fill_null(value=False)).to_series()).drop_nulls().unique()
    if asked.is_empty():
        return pl.repeat(value=False, n=revisions.height, dtype=pl.Boolean, eager=True)
    return wanted.is_in(known(asked).implode()).fill_null(value=False)


class RunRevisions:
    """The revisions of a run: those that name a candidate's claim decide, and all of them are noted for later nights.

    `scratch` has the run's keys, candidates and revisions. `known_claims` says of claim hashes whether an earlier run
    decided such a claim.
    """

    def __init__(self, scratch: Path, payers: PayerIdentities, known_claims: Callable[[pl.Series], pl.Series]) -> None:
        """Nothing is read yet."""
        self._scratch, self._payers, self._known_claims = scratch, payers, known_claims

    def of_candidates(self) -> pl.LazyFrame:
        """Those that name the claim of a candidate of the run (REVISION_SCHEMA), once each, sorted."""
        candidates = sorted(self._scratch.glob("file-*/*candidates-*.parquet"))
        if not candidates:
            return pl.LazyFrame(schema=REVISION_SCHEMA)
        claims = pl.scan_parquet(candidates, glob=False).select("claim_id").unique()
        named = self.named()
        return named.join(claims, left_on="revised_claim_id", right_on="claim_id", how="semi").sort(*REVISION_SCHEMA)

    def named(self) -> pl.LazyFrame:
        """All, each with the claim that it names (REVISION_SCHEMA), once each."""
        path = self._scratch / NAMED
        if not path.exists():
            self._named().write_parquet(path)
        return pl.scan_parquet(path, glob=False)

    def replaced_lines(self) -> pl.DataFrame:
        """The lines of the run's replacements: CLAIM_KEY, `claim_line_number`."""
        return (
            self._kept()
            .filter(pl.col("claim_line_number").is_not_null())
            .select(*CLAIM_KEY, "claim_line_number")
            .unique()
            .collect(engine="streaming")
        )

    def _kept(self) -> pl.LazyFrame:
        revisions = sorted(self._scratch.glob("file-*/*revisions-*.parquet"))
        if not revisions:
            return pl.LazyFrame(schema=KEPT_REVISION_SCHEMA)
        kept = pl.scan_parquet(revisions, glob=False, missing_columns="insert")
        if (repeats := self._scratch / REPEATED).exists():  # a refused repeat is covered by the row that it repeats
            kept = kept.join(pl.scan_parquet(repeats, glob=False), on="row", how="anti")
        return kept

    def _named(self) -> pl.DataFrame:
        given = self._kept().drop("row", "claim_line_number").unique().collect(engine="streaming")
        return with_named_claims(given, self._payers.of, self._known)

    def _known(self, asked: pl.Series) -> pl.Series:
        """Which of these claims this run has, or an earlier one decided."""
        return pl.concat([self._highs_in_run(asked), asked.filter(self._known_claims(asked))]).unique()

    def _highs_in_run(self, asked: pl.Series) -> pl.Series:
        """Which of these claims rows of the run have."""
        keys = pl.scan_parquet(sorted(self._scratch.glob("file-*/keys-*.parquet")), glob=False).select("high")
        found = keys.join(asked.to_frame().lazy(), on="high", how="semi").unique().collect(engine="streaming")
        return found["high"]
