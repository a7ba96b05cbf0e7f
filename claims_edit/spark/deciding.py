"""Deciding, on executors: the candidates of a run that has many go to tasks in its parts, and come back in order."""

from __future__ import annotations

from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from claims_edit.spark.blocks import packed, unpacked
from claims_edit.spark.jobs import AT_A_TIME, done

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl
    from pyspark import Broadcast, SparkContext

    from claims_edit.runner.deciding import Deciding

FEW_PARTS = 2  # of `parts.PART_ROWS` lines: the driver decides so many sooner than a job begins


def decided_on_executors(
    spark: SparkContext, parts: Iterator[pl.DataFrame], deciding: Deciding
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """See `Reading.decided`: up to FEW_PARTS the driver decides, more the executors.

    The rules are broadcast: they reach each worker once.

    Raises:
        ResultsError: the job failed.
    """
    first = list(islice(parts, FEW_PARTS + 1))
    if len(first) <= FEW_PARTS:
        yield from ((lines, deciding(lines)) for lines in first)
        return
    rules = spark.broadcast(deciding)
    try:
        for group in _groups(chain(first, parts)):
            jobs = spark.parallelize(group, len(group))
            found = done(spark, jobs, partial(_decided, rules=rules), range(len(group)))
            for lines, decisions in zip(group, found, strict=True):
                yield unpacked(lines), unpacked(decisions)
    finally:
        rules.destroy()


def _groups(parts: Iterable[pl.DataFrame]) -> Iterator[list[bytes]]:
    """The parts, packed, in groups of about AT_A_TIME bytes: the driver has one group in memory, and its decisions."""
    group: list[bytes] = []
    for part in parts:
        group.append(packed(part))
        if sum(map(len, group)) >= AT_A_TIME:
            yield group
            group = []
    if group:
        yield group


def _decided(parts: Iterable[bytes], rules: Broadcast[Deciding]) -> Iterator[bytes]:
    return (packed(rules.value(unpacked(part))) for part in parts)
