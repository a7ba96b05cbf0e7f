"""The run on Spark: the same core on executors, the same results (extra `spark`, docs/scale.md)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from claims_edit.runner import RunOptions, RunOutcome, run_batch
from claims_edit.spark.reading import SparkReading
from claims_edit.spark.tables import staged

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from claims_edit.runner.options import Progress

__all__ = ["run"]


def run(
    spark: SparkSession,
    options: RunOptions,
    progress: Progress = lambda _stage, _rows: None,
    *,
    partitions: int | None = None,
    staging: Path | None = None,
) -> RunOutcome:
    """Read, check, decide and publish the extracts of one night on Spark, with the results of `run_batch`.

    An extract may also be a table of the session, as `table:NAME`.

    Args:
        spark: a session whose executors see the extracts under the same paths, and have claims-edit installed.
        options: what to do.
        progress: called with the stage and the rows since the last call.
        partitions: how many tasks share the rows; None for two a core, or one for about a million rows.
        staging: a folder that the driver and the executors see, for the rows of tables; None for the folder of
            temporary files.

    Raises:
        ResultsError: a job of Spark failed; nothing is published. And the errors of `run_batch`.
    """
    reads = partial(SparkReading, spark=spark, partitions=partitions)
    with staged(spark, options.extracts, staging) as (files, tables):
        return run_batch(options, progress, reads, (*files, *tables))
