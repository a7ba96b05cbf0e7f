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
    from pathlib import Path

    from claims_edit.policy import Catalog

RESOLVED = "resolved-revisions.parquet"
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


def revisions_of(scratch: Path, payers: PayerIdentities) -> pl.LazyFrame:
    """The claims that may revise a candidate's claim (REVISION_SCHEMA), once each, sorted.

    `scratch` has the run's keys, candidates and revisions; the results are stored there.
    """
    path = scratch / RESOLVED
    if not path.exists():
        _resolved(scratch, payers).write_parquet(path)
    return pl.scan_parquet(path, glob=False)


def _resolved(scratch: Path, payers: PayerIdentities) -> pl.DataFrame:
    revisions = sorted(scratch.glob("file-*/*revisions-*.parquet"))
    candidates = sorted(scratch.glob("file-*/*candidates-*.parquet"))
    if not revisions or not candidates:
        return pl.DataFrame(schema=REVISION_SCHEMA)
    claims = pl.scan_parquet(candidates, glob=False).select("claim_id").unique()
    given = pl.scan_parquet(revisions, glob=False, missing_columns="insert")
    if (repeats := scratch / REPEATED).exists():  # a refused repeat is covered by the row that it repeats
        given = given.join(pl.scan_parquet(repeats, glob=False), on="row", how="anti")
    given = given.drop("row").unique()
    original, own = (
        given.join(claims, left_on=name, right_on="claim_id", how="semi") for name in ("original_claim_id", "claim_id")
    )
    near = pl.concat([original, own]).unique().collect(engine="streaming")
    named = near.with_columns(revised_claim_id=revised_claim(_is_known(near, scratch, payers)))
    # A refused claim may name either: whether the run has the original depends on the refused claims.
    unclear = near.filter(~is_certain(), pl.col("original_claim_id").is_not_null())
    both = [unclear.with_columns(revised_claim_id=name) for name in ("original_claim_id", "claim_id")]
    named = pl.concat([named, *both]).unique()
    return named.join(claims.collect(), left_on="revised_claim_id", right_on="claim_id", how="semi").sort(pl.all())


def _is_known(revisions: pl.DataFrame, scratch: Path, payers: PayerIdentities) -> pl.Series:
    """Whether the run has the claim that each revision names by `original_claim_id`."""
    claims = revisions.select(*CLAIM_KEY[:3], pl.col("original_claim_id").alias("claim_id"), *CLAIM_KEY[4:])
    wanted = claim_hashes(claims, payers.of(claims["payer"]))
    keys = pl.scan_parquet(sorted(scratch.glob("file-*/keys-*.parquet")), glob=False).select("high")
    asked = wanted.filter(revisions["original_claim_id"].is_not_null()).drop_nulls().unique()
    if asked.is_empty():
        return pl.repeat(value=False, n=revisions.height, dtype=pl.Boolean, eager=True)
    known = keys.join(asked.to_frame().lazy(), on="high", how="semi").unique().collect(engine="streaming")
    return wanted.is_in(known["high"].implode()).fill_null(value=False)
