"""Jobs of a run on Spark, and what the driver takes of one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from claims_edit.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyspark import RDD, SparkContext

Given = TypeVar("Given")
Made = TypeVar("Made")

AT_A_TIME = 128 * 1024 * 1024  # bytes, compressed


def done(
    spark: SparkContext,
    rdd: RDD[Given],
    work: Callable[[Iterable[Given]], Iterator[Made]],
    partitions: Iterable[int],
) -> list[Made]:
    """What the tasks of one job make of some partitions, in order.

    Raises:
        ResultsError: the job failed.
    """
    from py4j.protocol import Py4JError  # noqa: PLC0415 -- an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an extra

    try:
        return list(spark.runJob(rdd, work, list(partitions)))
    except (Py4JError, PySparkException) as error:
        raise ResultsError(
            f"Spark: a job of the run failed ({type(error).__name__}); nothing is published. See the log of the"
            " executors, then run again."
        ) from error
