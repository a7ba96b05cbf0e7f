"""Repeated claim-line keys, in bounded memory.

A key is hashed to 128 bits. While an extract streams by, a table of up to 2^30 bits tells which rows *may* repeat an
earlier key: their bit was set. Only those rows are set aside; when all is read, DuckDB joins them with the hashes of
every row, out of core, and tells which of them really do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

MOST_BITS = 30  # 2^30 bits are 128 MB: 1 row in 100 is a suspect at 20 million lines, 1 in 40 at 60 million
KEY_COLUMNS = ("payer", "data_source", "claim_id", "claim_line_number", "claim_frequency_code")
ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F)
MEMORY_LIMIT = "400MB"

# Of a key's rows all but the first are suspects; so is the first where another key had taken its slot.
REPEATS = """
WITH suspects AS (
    SELECT high, low, row, count(*) OVER same AS among, min(row) OVER same AS first
    FROM read_parquet($suspects, union_by_name = true) WINDOW same AS (PARTITION BY high, low)
), keys AS (
    SELECT high, low, count(*) AS rows FROM read_parquet($keys) SEMI JOIN suspects USING (high, low) GROUP BY ALL
)
SELECT row FROM suspects JOIN keys USING (high, low) WHERE rows > among OR row > first ORDER BY row
"""


def key_hashes(frame: pl.DataFrame) -> pl.DataFrame:
    """Two independent 64-bit hashes of each row's key: `high`, `low` (UInt64); null where a part of it is missing."""
    number = pl.col("claim_line_number").cast(pl.Int64, strict=False)
    parts = [number if name == "claim_line_number" else pl.col(name) for name in KEY_COLUMNS]
    whole = pl.all_horizontal(part.is_not_null() for part in parts)
    return frame.select(
        pl.when(whole).then(hashed(parts, seed)).alias(name) for name, seed in (("high", 1), ("low", 2))
    )


def hashed(parts: list[pl.Expr], seed: int) -> pl.Expr:
    """One 64-bit hash of several parts: each part's hash times an odd number of its own, summed modulo 2^64.

    Thrice as fast as a struct's hash.
    """
    mixed = pl.lit(seed, pl.UInt64)
    for place, part in enumerate(parts):
        mixed = mixed + part.hash(seed * 100 + place) * pl.lit(ODD[place], pl.UInt64)
    return mixed


def table_bits(text_bytes: int) -> int:
    """How large a table of bits suits so many bytes of claim-line text: 2^ this, a bit for about eight bytes."""
    return min(MOST_BITS, max(20, (text_bytes // 8).bit_length()))


class SeenKeys:
    """The keys of a run, row by row: which rows are suspects, and in the end which are repeats."""

    def __init__(self, scratch: Path, bits: int = MOST_BITS) -> None:
        """`scratch` is a folder of this run alone; the table has 2^`bits` bits."""
        self._scratch = scratch
        self._shift = np.uint64(64 - bits)
        self._taken: np.ndarray[tuple[int], np.dtype[np.uint8]] = np.zeros(1 << (bits - 3), dtype=np.uint8)

    def suspects(self, hashes: pl.DataFrame, part: Path) -> pl.Series:
        """Of each row whether its key may stand on an earlier one (Boolean, never null).

        Args:
            hashes: `high`, `low` of `key_hashes`, in the order of the run.
            part: the file that keeps them; `repeats` reads it again.
        """
        hashes.write_parquet(part, compression="uncompressed", statistics=False)
        slot = hashes["high"].fill_null(0).to_numpy() >> self._shift
        byte = (slot >> np.uint64(3)).astype(np.int64)
        bit = np.left_shift(np.uint8(1), (slot & np.uint64(7)).astype(np.uint8))
        taken = pl.Series("suspect", (self._taken[byte] & bit) != 0)
        np.bitwise_or.at(self._taken, byte, bit)
        return (taken | ~hashes["high"].is_first_distinct()) & hashes["high"].is_not_null()

    def repeats(self, keys: str, suspects: str) -> pl.Series:
        """The rows (Int64, rising) among the suspects whose key stands on an earlier row.

        Args:
            keys: glob of the parts of `suspects`.
            suspects: glob of Parquet files with `high`, `low`, `row` of the suspects.
        """
        with duckdb.connect() as connection:
            connection.execute(f"SET memory_limit='{MEMORY_LIMIT}'")
            connection.execute("SET temp_directory=?", [str(self._scratch)])
            found = connection.sql(REPEATS, params={"keys": keys, "suspects": suspects}).to_arrow_table()
        return pl.DataFrame(found)["row"].cast(pl.Int64)
