"""Claims that share an id: an 837's CLM01 is the provider's own account number, and others may use it too (ADR 0008).

The first claim of a run that uses an id keeps the extract's `data_source`; a later one of the same payer, source and
frequency gets a source of its own, so that its lines have keys of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.extract import CLAIM
from claims_edit.intake.keys import KEY_COLUMNS, hashed

if TYPE_CHECKING:
    from claims_edit.intake.canonical import Lines

PROBES = 12  # bits of the table a claim sets: below 1e-12 false hits at 128 bits a claim, 1e-7 at 38
CLAIM_COLUMNS = tuple(name for name in KEY_COLUMNS if name != "claim_line_number")


def claim_hashes(lines: Lines) -> pl.DataFrame | None:
    """Each claim of a batch once: CLAIM, `high`, `low` (UInt64); None where claim ids are the claims' own."""
    if CLAIM not in lines.raw.columns:
        return None
    keys = [pl.col(name).fill_null("") for name in CLAIM_COLUMNS]
    claims = lines.frame.select(CLAIM_COLUMNS).with_columns(lines.raw[CLAIM]).unique(CLAIM, maintain_order=True)
    return claims.select(CLAIM, hashed(keys, 1).alias("high"), hashed(keys, 2).alias("low"))


class SeenClaims:
    """The claims of a run, in a table of bits (a Bloom filter): memory does not grow with the run."""

    def __init__(self, bits: int) -> None:
        """The table has 2^`bits` bits."""
        self._mask = np.uint64((1 << bits) - 1)
        self._taken: np.ndarray[tuple[int], np.dtype[np.uint8]] = np.zeros(1 << (bits - 3), dtype=np.uint8)

    def repeated(self, claims: pl.DataFrame) -> pl.Series:
        """Which claims (their CLAIM) use the id of an earlier one; all are known from now on."""
        high, low = claims["high"].to_numpy(), claims["low"].to_numpy() | np.uint64(1)
        known = np.ones(claims.height, dtype=bool)
        places = []
        for probe in range(PROBES):
            place = (high + np.uint64(probe) * low) & self._mask
            byte = (place >> np.uint64(3)).astype(np.int64)
            bit = np.left_shift(np.uint8(1), (place & np.uint64(7)).astype(np.uint8))
            known &= (self._taken[byte] & bit) != 0
            places.append((byte, bit))
        for byte, bit in places:
            np.bitwise_or.at(self._taken, byte, bit)
        return claims[CLAIM].filter(pl.Series(known) | ~claims["high"].is_first_distinct())


def with_own_sources(lines: Lines, repeated: pl.Series, extract_name: str) -> Lines:
    """The batch with its `data_source` written out: a repeated claim's ends in the extract and the row it begins at.

    It is written into the rows as read, too: those that wait are made canonical once more.
    """
    source = pl.col("data_source")
    where = pl.when(source != extract_name).then(pl.lit(f"{extract_name}:")).otherwise(pl.lit(""))
    own = pl.concat_str(source, pl.lit("#"), where, pl.col(CLAIM).cast(pl.String))
    is_repeated = pl.col(CLAIM).is_in(repeated.implode())
    written = lines.frame.select("data_source").with_columns(lines.raw[CLAIM]).select(
        pl.when(is_repeated).then(own).otherwise(source).alias("data_source")
    )  # fmt: skip
    return replace(lines, raw=lines.raw.with_columns(written), frame=lines.frame.with_columns(written))
