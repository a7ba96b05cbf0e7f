"""What is found out of a batch by itself: whatever does not depend on the batches before."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.batch.settle import refusals
from claims_edit.intake import explained_hashes, key_hashes, place_in_run
from claims_edit.intake.extract import TEST_DATA_FAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.contract import Verdict
    from claims_edit.intake import Lines

    Look = Callable[[pl.DataFrame], "Looked"]


@dataclass(frozen=True)
class Looked:
    """A batch, what the contract says of it, its keys, and of FHIR those of the claims explained: `high, low, row`."""

    lines: Lines
    verdict: Verdict
    keys: pl.DataFrame
    explained: pl.DataFrame | None


def one_ahead(look: Look, batches: Iterator[pl.DataFrame]) -> Iterator[Looked]:
    """Look at each batch while the one before is settled: two batches are at work at any time, never more."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="look") as ahead:
        waiting: Future[Looked] | None = None
        for raw in batches:
            following = ahead.submit(look, raw)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def looked(lines: Lines, verdict: Verdict, file_place: int, payers: pl.DataFrame) -> Looked:
    """A batch with its keys; `file_place` is the file's place in the run, `payers` as `key_hashes` wants them."""
    row = place_in_run(lines.raw, file_place, refusals(verdict, lines.raw.height))
    explained = explained_hashes(lines, payers)
    return Looked(
        lines,
        verdict,
        key_hashes(lines, payers).with_columns(row).pipe(_known, verdict),
        None if explained is None else explained.with_columns(row).pipe(_known, verdict).drop_nulls(),
    )


def _known(keys: pl.DataFrame, verdict: Verdict) -> pl.DataFrame:
    """The keys without those of test data, which no line of a real claim repeats."""
    if TEST_DATA_FAULT not in verdict.errors:
        return keys
    counts = pl.lit(~verdict.errors[TEST_DATA_FAULT])
    return keys.with_columns(pl.when(counts).then("high").alias("high"), pl.when(counts).then("low").alias("low"))
