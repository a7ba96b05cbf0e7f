"""Which claim a line belongs to, and repeated lines, in bounded memory (ADR 0013, ADR 0005).

A claim is its payer, data source, member, claim id and (837, FHIR) billing provider; a line of it has a number and a
frequency code besides. Both are hashed. While an extract streams by, a table of up to 2^30 bits shows which rows *may*
repeat an earlier line: their bit was set. Only those rows are set aside; when all is read, DuckDB joins them with the
hashes of every row, out of core, and finds which of them really do, and where the first row of each is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.duck import connect, literal
from claims_edit.intake.extract import EXPLAINS, ORDINAL, RANK

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from claims_edit.intake.canonical import CanonicalLines

    _Places = np.ndarray[tuple[int], np.dtype[np.int64]]
    _Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]

MOST_BITS = 30  # 2^30 bits are 128 MB: 1 row in 100 is a suspect at 20 million lines, 1 in 40 at 60 million
CLAIM_KEY = ("payer", "data_source", "member_id", "claim_id", "billing_provider_id")
LINE_KEY = (*CLAIM_KEY, "claim_line_number", "claim_frequency_code")
_WHERE_EMPTY = {"data_source": "", "billing_provider_id": "", "claim_frequency_code": "1"}  # an original
ODD = (
    0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F,
    0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3,
)  # fmt: skip
MEMORY_LIMIT = "300MB"

_ADDED_AT_A_TIME = 250_000

_PROBE = pl.DataFrame({
    "payer": ["key a", "name b"], "data_source": [None, "east"], "member_id": ["M1", "M2"], "claim_id": ["C1", "C2"],
    "billing_provider_id": ["1902000227", None], "claim_line_number": [1, 2], "claim_frequency_code": ["1", "7"],
})  # fmt: skip

# A row's place in the run (Int64) orders the rows of one line: the smallest is the first. The file's place and the
# row's ordinal in it, behind those that rank above: accepted before refused, an EOB before the Claim that it explains.
FILE_SHIFT, RANK_SHIFT, REFUSED_SHIFT = 44, 61, 62
PLACE_BITS = (1 << RANK_SHIFT) - 1

# Rows of one key, and the Claims whose line an accepted EOB explains under whatever key.
REPEATS = """
COPY (
    WITH suspects AS (SELECT DISTINCT high, low FROM read_parquet($suspects, union_by_name = true)),
    keys AS (SELECT high, low, row FROM read_parquet($keys) SEMI JOIN suspects USING (high, low)),
    firsts AS (SELECT high, low, min(row) AS first FROM keys GROUP BY ALL),
    explained AS (SELECT * FROM read_parquet($explained)),
    pairs AS (
        SELECT row, first FROM keys JOIN firsts USING (high, low) WHERE row > first
        UNION ALL
        SELECT claim.row, eob.row FROM explained AS claim JOIN explained AS eob USING (high, low)
        WHERE claim.row >> 61 = 1 AND eob.row >> 61 = 0
    )
    SELECT row, min(first) AS first FROM pairs GROUP BY row ORDER BY row
) TO '{target}' (FORMAT parquet)
"""


def place_in_run(raw: pl.DataFrame, file_place: int) -> pl.Series:
    """The place in the run of each row of a batch (`row`, Int64), as that of an accepted row."""
    row = raw[ORDINAL] + (file_place << FILE_SHIFT)  # a series: a select would copy a wide frame of several chunks
    if RANK in raw.columns:
        row += raw[RANK].cast(pl.Int64) * (1 << RANK_SHIFT)
    return row.alias("row")


def as_refused(row: pl.Series, refused: pl.Series) -> pl.Series:
    """Places in the run, those of refused rows behind all others."""
    return row + refused.cast(pl.Int64) * (1 << REFUSED_SHIFT)


def key_hashes(frame: pl.DataFrame, payers: pl.DataFrame) -> pl.DataFrame:
    """Two independent 64-bit hashes of each row: `high` of its claim, `low` of its line (UInt64).

    Null where the line cannot be named: without a payer, member, claim id or line number.

    Args:
        frame: the canonical columns of LINE_KEY that the extract has, and `person_id`.
        payers: `payer` (as given, each once) and `identity`, which spellings of one payer share.
    """
    parts = [_identity(frame["payer"], payers), *(_part(frame, name) for name in CLAIM_KEY[1:])]
    number = pl.col("claim_line_number").cast(pl.Int64, strict=False)
    line = [*parts, number, _part(frame, "claim_frequency_code")]
    whole = pl.all_horizontal(
        part.is_not_null() for name, part in zip(LINE_KEY, line, strict=True) if name not in _WHERE_EMPTY
    )
    return frame.select(
        pl.when(whole).then(hashed(parts, 1)).alias("high"), pl.when(whole).then(hashed(line, 2)).alias("low")
    )


def hash_probe() -> list[int]:
    """The keys of made-up lines: they differ where Polars hashes otherwise, as another release or build of it may."""
    payers = pl.DataFrame({"payer": _PROBE["payer"], "identity": _PROBE["payer"]})
    return [int(key) for row in key_hashes(_PROBE, payers).iter_rows() for key in row]


def explained_hashes(lines: CanonicalLines, payers: pl.DataFrame) -> pl.DataFrame | None:
    """The same for the line of the FHIR Claim that each row is or explains; None if there is none."""
    if EXPLAINS not in lines.raw.columns or lines.raw[EXPLAINS].null_count() == lines.raw.height:
        return None
    number = pl.col("claim_line_number").cast(pl.Int64, strict=False)
    identity = _identity(lines.frame["payer"], payers)
    parts = [identity, _part(lines.frame, "data_source"), pl.lit(lines.raw[EXPLAINS]), number]
    named = pl.lit(lines.raw[EXPLAINS].is_not_null()) & number.is_not_null()
    return lines.frame.select(
        pl.when(named).then(hashed(parts, 3)).alias("high"), pl.when(named).then(hashed(parts, 4)).alias("low")
    )


def claim_hashes(claims: pl.DataFrame, payers: pl.DataFrame) -> pl.Series:
    """`high` of `key_hashes` for claims with the columns of CLAIM_KEY as text."""
    parts = [_identity(claims["payer"], payers), *(_part(claims, name) for name in CLAIM_KEY[1:])]
    return claims.select(hashed(parts, 1).alias("high")).to_series()


def _part(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A part of the key."""
    empty = _WHERE_EMPTY.get(name)
    if name == "member_id":
        given = [pl.col(column) for column in (name, "person_id") if column in frame.columns]
        return pl.coalesce(given) if given else pl.lit(None, pl.String)
    if name not in frame.columns:
        return pl.lit(empty, pl.String)
    return pl.col(name).fill_null(empty) if empty is not None and frame[name].has_nulls() else pl.col(name)


def _identity(names: pl.Series, payers: pl.DataFrame) -> pl.Expr:
    """The payer's identity, looked up once for both hashes."""
    identity = names.replace_strict(payers["payer"], payers["identity"], default=None, return_dtype=pl.String)
    return pl.lit(identity.alias("identity"))


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


class BitTable:
    """A set of hashes in 2^`bits` bits: a hash that was added is found, another one seldom."""

    def __init__(self, bits: int) -> None:
        """Start empty."""
        self._shift = np.uint64(64 - bits)
        self._taken: np.ndarray[tuple[int], np.dtype[np.uint8]] = np.zeros(1 << (bits - 3), dtype=np.uint8)

    def clear(self) -> None:
        """Forget all hashes."""
        self._taken[:] = 0

    def has(self, hashes: pl.Series, *, then_add: bool = False) -> pl.Series:
        """Of each hash (UInt64; null as 0) whether it may have been added before (Boolean, never null)."""
        byte, place = self._place(hashes)
        taken = self._taken.take(byte, mode="clip")  # all are in range: this mode does not check each
        taken >>= place
        taken &= np.uint8(1)
        if then_add:
            self._take(byte, place)
        return pl.Series(taken.view(np.bool_))

    def add(self, hashes: pl.Series) -> None:
        """Add hashes (UInt64; null as 0)."""
        for start in range(0, len(hashes), _ADDED_AT_A_TIME):
            self._take(*self._place(hashes.slice(start, _ADDED_AT_A_TIME)))

    def _place(self, hashes: pl.Series) -> tuple[_Places, _Bytes]:
        """Of each hash the byte, and the place of its bit there."""
        slot = hashes.fill_null(0).to_numpy() >> self._shift
        return (slot >> np.uint64(3)).view(np.int64), (slot & np.uint64(7)).astype(np.uint8)

    def _take(self, byte: _Places, place: _Bytes) -> None:
        """Set bits. Of several in one byte a single assignment keeps the last, so what it lost is set one by one."""
        bit = np.left_shift(np.uint8(1), place)
        self._taken[byte] |= bit
        lost = np.flatnonzero((self._taken[byte] & bit) == 0)
        np.bitwise_or.at(self._taken, byte[lost], bit[lost])


class SeenKeys:
    """The keys of a run, row by row: which rows are suspects, and in the end which are repeats."""

    def __init__(self, scratch: Path, bits: int = MOST_BITS) -> None:
        """`scratch` is a folder of this run alone; the table has 2^`bits` bits."""
        self._scratch = scratch
        self._taken = BitTable(bits)

    def suspects(self, keys: pl.DataFrame) -> pl.Series:
        """Of each row whether another may have its key (Boolean, never null): the first row of a key never has.

        But a Claim's has, for a later row may rank above it.

        Args:
            keys: `high`, `low` of `key_hashes` and `row` of `place_in_run`, in the order of the run.
        """
        taken = self._taken.has(keys["low"], then_add=True).alias("suspect")
        return (taken | ~keys["low"].is_first_distinct() | (keys["row"] > PLACE_BITS)) & keys["low"].is_not_null()

    def start_again(self, keys: Iterable[Path]) -> None:
        """Forget all rows but those in `keys` (Parquet files with `low` and `row`): an extract is read once more."""
        self._taken.clear()
        for path in keys:
            self.suspects(pl.read_parquet(path, glob=False, columns=["low", "row"]))

    def repeats(self, keys: str, suspects: str, explained: list[str]) -> Path:
        """A Parquet file of the rows that repeat another: `row`, `first` (Int64), rows rising; asked once, at the end.

        Args:
            keys: glob of Parquet files with `high`, `low`, `row` of all rows, in any order.
            suspects: glob of Parquet files with `high`, `low` of all suspects.
            explained: Parquet files with `high`, `low` of `explained_hashes`, and `row`.
        """
        self._taken = BitTable(3)  # the join needs the room of the table
        target = self._scratch / "repeats.parquet"
        if not explained:
            nothing = self._scratch / "explained.parquet"
            pl.DataFrame(schema={"high": pl.UInt64, "low": pl.UInt64, "row": pl.Int64}).write_parquet(nothing)
            explained = [literal(nothing)]
        with connect() as connection:
            connection.execute(f"SET memory_limit='{MEMORY_LIMIT}'")
            connection.execute("SET temp_directory=?", [str(self._scratch)])
            query = REPEATS.format(target=str(target).replace("'", "''"))
            connection.execute(query, {"keys": keys, "suspects": suspects, "explained": explained})
        return target
