"""Repeated lines, on executors: all rows of a line meet in one bucket of the shuffle, in any order.

The rules are those of one machine (`intake/keys.py`): the first row of a line is that with the smallest place in the
run; a Claim whose line an accepted EOB explains repeats the EOB.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.keys import RANK_SHIFT
from claims_edit.runner.row_locations import file_place
from claims_edit.spark.blocks import EXPLAINED, INFO, KEYS, PART, Block, blocks_of, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAIR_SCHEMA = {"row": pl.Int64, "first": pl.Int64}
KEY_SCHEMA = {
    "high": pl.UInt64, "low": pl.UInt64, "row": pl.Int64, "cents": pl.Int64, "plain": pl.Boolean,
}  # fmt: skip
EXPLAINED_SCHEMA = {"high": pl.UInt64, "low": pl.UInt64, "row": pl.Int64}
PAIRS = "pairs"
_LINE = ["high", "low"]


def repeats(blocks: Iterable[tuple[int, Block]], read: frozenset[int]) -> Iterator[Block]:
    """Of each bucket the pairs of a repeat and its first row, and the totals of its plain rows that repeat nothing.

    Only the extracts of `read`, which were read to their end, count.
    """
    buckets: dict[int, dict[str, list[pl.DataFrame]]] = {}
    for bucket, block in blocks:
        if block.place in read:
            of_kind = buckets.setdefault(bucket, {KEYS: [], EXPLAINED: []})[block.kind]
            of_kind.append(unpacked(block.payload))
    for bucket in sorted(buckets):
        yield from _resolved(bucket, buckets.pop(bucket))


def _resolved(bucket: int, given: dict[str, list[pl.DataFrame]]) -> Iterator[Block]:
    keys = pl.concat([pl.DataFrame(schema=KEY_SCHEMA), *given[KEYS]])
    found = repeats_of(keys.lazy())
    if explained := given[EXPLAINED]:
        pairs = pl.concat([found, explaining_rows(pl.concat(explained).select(*EXPLAINED_SCHEMA))])
    else:
        pairs = found
    if pairs.height:
        yield Block(PART, PAIRS, 0, 0, bucket, 0, packed(pairs))
    plain = keys.lazy().filter("plain").join(found.lazy(), on="row", how="anti")
    totals = plain.group_by(place=file_place(pl.col("row"))).agg(pl.len(), pl.col("cents").sum()).collect()
    yield Block(INFO, "", 0, 0, bucket, 0, pickle.dumps(totals.rows()))


def repeats_of(keys: pl.LazyFrame) -> pl.DataFrame:
    """The rows whose line an earlier row has, each with the first row of it (PAIR_SCHEMA)."""
    named = keys.select(*_LINE, "row").filter(pl.col("low").is_not_null())
    same = named.filter(pl.col("low").is_duplicated()).collect()
    firsts = same.group_by(_LINE).agg(pl.col("row").min().alias("first"))
    return same.join(firsts, on=_LINE).filter(pl.col("row") > pl.col("first")).select(*PAIR_SCHEMA)


def explaining_rows(explained: pl.DataFrame) -> pl.DataFrame:
    """The Claims that an accepted EOB explains, each with a row of it (PAIR_SCHEMA)."""
    rank = pl.col("row") // (1 << RANK_SHIFT)
    claims, eobs = explained.filter(rank == 1), explained.filter(rank == 0)
    return claims.join(eobs.rename({"row": "first"}), on=_LINE).select(*PAIR_SCHEMA)


def merged(pairs: list[pl.DataFrame]) -> pl.DataFrame:
    """The pairs of all buckets: each repeat once, with the smallest of its first rows, rows rising."""
    every = pl.concat([pl.DataFrame(schema=PAIR_SCHEMA), *pairs])
    return every.group_by("row").agg(pl.col("first").min()).sort("row")


def highs_in(blocks: Iterable[tuple[int, Block]], wanted: pl.DataFrame, read: frozenset[int]) -> Iterator[Block]:
    """Which of the wanted claims (`high`) rows of the extracts of `read` have."""
    found: set[int] = set()
    for block in blocks_of(blocks, (KEYS,)):
        if block.place in read:
            found |= set(unpacked(block.payload).join(wanted, on="high", how="semi")["high"].unique().to_list())
    frame = pl.DataFrame({"high": sorted(found)}, schema={"high": pl.UInt64})
    if found:
        yield Block(PART, "highs", 0, 0, 0, 0, packed(frame))
