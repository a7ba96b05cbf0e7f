"""Repeated lines that differ: a fact of a refused repeat that the kept row lacks is a doubt on the kept row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.candidate_codes import CODE_COLUMN
from claims_edit.core.deciding_facts import NAMES, SETS, TOKENS, VALUES, deciding_facts
from claims_edit.core.route import as_candidates, refusals
from claims_edit.core.schema import CANDIDATE_SCHEMA, FIRST
from claims_edit.core.validate import DUPLICATE
from claims_edit.doubts import doubt_token
from claims_edit.intake.extract import ORDINAL, RANK
from claims_edit.intake.keys import FILE_SHIFT, PLACE_BITS
from claims_edit.model import CRITERIA_COLUMNS
from claims_edit.runner.row_locations import ORDINAL_BITS, file_place, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from claims_edit.core.candidate_codes import CandidateCodes
    from claims_edit.core.validate import ValidationResult
    from claims_edit.intake import CanonicalLines, Extract

PART_ROWS = 250_000
DIFFERS = "repeated-line-differs"
_KEPT = (ORDINAL, CODE_COLUMN, *VALUES, *NAMES, *(column for columns in SETS.values() for column in columns), *TOKENS,
         *CRITERIA_COLUMNS.values())  # fmt: skip
_OTHER = "__other"


def _what_decides(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(ORDINAL).hstack(deciding_facts(frame)).hstack(frame.select(*CRITERIA_COLUMNS.values()))


def _differs(also: tuple[str, ...]) -> pl.Expr:
    """Whether the repeat has a different value than the first row, or a value where the first row has none.

    A Claim may point to fewer diagnoses and have fewer modifiers than the EOB that explains it.
    """
    values = [(pl.col(name), pl.col(f"{name}{_OTHER}")) for name in (*VALUES, *NAMES, *also)]
    differing = [other.is_not_null() & first.ne_missing(other) for first, other in values]
    for name in SETS:
        first, other = pl.col(name).fill_null(""), pl.col(f"{name}{_OTHER}").fill_null("")
        more = other.str.split(" ").list.set_difference(first.str.split(" ")).list.join("") != ""
        differing.append(pl.when(pl.col("may_lack")).then(more).otherwise(first != other))
    differing += [pl.col(f"{name}{_OTHER}").is_not_null() & pl.col(name).is_null() for name in TOKENS]
    return pl.col("is_unclear") | pl.any_horizontal(differing)


def facts_of_repeats(
    lines: CanonicalLines, result: ValidationResult, rows: pl.DataFrame, codes: CandidateCodes
) -> pl.DataFrame:
    """The deciding facts of a batch's repeats; `rows` has their `row` and `first` (null for others)."""
    refused = refusals(result, lines.frame.height, but=DUPLICATE)
    repeats = rows["first"].is_not_null()
    rank = lines.raw[RANK] > 0 if RANK in lines.raw.columns else pl.repeat(False, refused.len(), eager=True)  # noqa: FBT003 -- a value
    beside = rows.with_columns(lines.frame[ORDINAL], is_unclear=refused, may_lack=rank).filter(repeats)
    given = as_candidates(lines.frame.filter(repeats & ~refused), codes).select(_KEPT)
    deciding = _what_decides(given).select(ORDINAL, pl.exclude(ORDINAL).name.suffix(_OTHER))
    return beside.join(deciding, on=ORDINAL, how="left", maintain_order="left").drop(ORDINAL)


class Differing:
    """The repeats of a run, stored on disk until the rows that they repeat are available."""

    def __init__(self, scratch: Path, extracts: Mapping[int, Extract], also: tuple[str, ...] = ()) -> None:
        """`scratch` is a folder of this run only; `extracts` are the run's, by position.

        `also` are further columns that decide a line under these rules.
        """
        self._scratch, self._extracts, self._also = scratch, extracts, also
        self._waiting: list[pl.DataFrame] = []
        self._parts: list[Path] = []
        self._files: set[int] = set()
        self._doubts = pl.DataFrame(schema={"first": pl.Int64, "doubt": pl.String})

    def add(self, repeats: pl.DataFrame) -> None:
        """Store the deciding facts of repeats, from `facts_of_repeats`."""
        self._files.update(repeats.select(file_place(pl.col("first"))).to_series().unique().to_list())
        self._waiting.append(repeats)
        if sum(frame.height for frame in self._waiting) >= PART_ROWS:
            self._write()

    def add_unclear(self, rows: pl.DataFrame) -> None:
        """Store refused repeats (`row`, `first`): their differences from the first are unknown."""
        self._files.update(rows.select(file_place(pl.col("first"))).to_series().unique().to_list())
        deciding = _what_decides(pl.DataFrame(schema=CANDIDATE_SCHEMA)).select(pl.exclude(ORDINAL).name.suffix(_OTHER))
        unclear = rows.with_columns(is_unclear=True, may_lack=False)
        self._waiting.append(pl.concat([unclear, deciding], how="diagonal"))
        self._write()

    def _write(self) -> None:
        if self._waiting:
            path = self._scratch / f"repeated-{len(self._parts):06}.parquet"
            pl.concat(self._waiting).write_parquet(path, compression="lz4")
            self._parts.append(path)
            self._waiting = []

    def compare(self, candidates: Callable[[int], Iterator[pl.DataFrame]]) -> None:
        """Find the candidates that a repeat differs from; `candidates` returns those of a file, by its position."""
        self._write()
        found = [self._compared(part) for part in _together(self._firsts(candidates))]
        if found:
            self._doubts = self._named(pl.concat(found))

    def _firsts(self, candidates: Callable[[int], Iterator[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
        for file in sorted(self._files):
            for frame in candidates(file):
                yield (
                    _what_decides(frame.select(_KEPT))
                    .with_columns(first=pl.lit(file << FILE_SHIFT) + pl.col(ORDINAL))
                    .drop(ORDINAL)
                )

    def _compared(self, firsts: pl.DataFrame) -> pl.DataFrame:
        """The rows that a repeat differs from: `first`, and the `row` of the first repeat that does."""
        repeats = pl.scan_parquet(self._parts, glob=False).with_columns(pl.col("first", "row") & PLACE_BITS)
        return (
            repeats.filter(pl.col("first").is_between(firsts["first"].min(), firsts["first"].max()))
            .join(firsts.lazy(), on="first", how="inner")
            .filter(_differs(self._also))
            .group_by("first")
            .agg(pl.col("row").min())
            .collect(engine="streaming")
        )

    def _named(self, found: pl.DataFrame) -> pl.DataFrame:
        """The doubt of each row, with the location of the repeat."""
        ordered = found.sort("first")
        here, there = places_of(ordered["first"], self._extracts), places_of(ordered["row"], self._extracts)
        both = here.hstack(there.rename({name: f"{name}{_OTHER}" for name in FIRST}))
        file = pl.col(f"{FIRST[0]}{_OTHER}")
        elsewhere = pl.when(file != pl.col(FIRST[0])).then(file.str.replace_all(r"\s", "_") + "-")
        place = pl.concat_str(elsewhere.fill_null(""), pl.lit("row-"), pl.col(f"{FIRST[1]}{_OTHER}"))
        return ordered.select("first").hstack(both.select(doubt=pl.lit(doubt_token(DIFFERS, "")) + place))

    def doubts_in(self, file: int) -> pl.DataFrame:
        """The doubts on a file's candidates: ORDINAL, `doubt`."""
        own = self._doubts.filter(file_place(pl.col("first")) == file)
        return own.select((pl.col("first") & ORDINAL_BITS).alias(ORDINAL), "doubt")


def _together(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in frames of about PART_ROWS."""
    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(each.height for each in waiting) >= PART_ROWS:
            yield pl.concat(waiting)
            waiting = []
    if waiting:
        yield pl.concat(waiting)
