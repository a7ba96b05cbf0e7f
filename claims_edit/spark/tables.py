"""Tables of a Spark session as extracts: whatever Spark reads (Delta, Iceberg, JDBC, a temporary view), by name.

A table is written once, as Parquet: its rows may come in another order when it is read again, and a row has one place.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from claims_edit.errors import InputError
from claims_edit.intake.spool import shown_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

TABLE = "table:"
LAKES = {"delta": "Delta Lake", "iceberg": "Apache Iceberg"}  # formats that are no part of Spark
_MOMENTS = "spark.sql.parquet.outputTimestampType"  # Spark's own default cannot hold days before 1677


@contextmanager
def staged(
    spark: SparkSession, extracts: tuple[str, ...], staging: Path | None
) -> Iterator[tuple[tuple[str, ...], tuple[Path, ...]]]:
    """The extracts that are files, and the files of those that are tables, which last while the block does.

    The files are shown as `table:NAME/part-00000`.

    Args:
        spark: the session.
        extracts: of a run: paths, and tables as `table:NAME`.
        staging: a folder that the driver and the executors see; None for the folder of temporary files.

    Raises:
        InputError: Spark cannot read a table, or it has no rows.
    """
    names = [extract.removeprefix(TABLE) for extract in dict.fromkeys(extracts) if extract.startswith(TABLE)]
    files = tuple(extract for extract in extracts if not extract.startswith(TABLE))
    if not names:
        yield files, ()
        return
    with tempfile.TemporaryDirectory(prefix="claims-edit-", dir=staging) as folder:
        folders = [(name, Path(folder) / f"table-{place}") for place, name in enumerate(names)]
        yield files, tuple(path for name, own in folders for path in _written(spark, name, own))


def _remedy(name: str) -> str:
    lake = LAKES.get(name.partition(".")[0].lower())
    if lake is None:
        return "Check the name and the catalogs of the session."
    return (
        f"Check that the session has the jar of {lake} (--conf spark.jars=PATH). Without it, name the table's folder in"
        " place of table:…, with claims-edit[lake] installed."
    )


def _written(spark: SparkSession, name: str, folder: Path) -> Iterator[Path]:
    from pyspark.errors import PySparkException  # noqa: PLC0415 -- an extra

    before = spark.conf.get(_MOMENTS)
    spark.conf.set(_MOMENTS, "TIMESTAMP_MICROS")
    try:
        spark.table(name).write.parquet(str(folder))
    except PySparkException as error:
        reason = error.getCondition() or type(error).__name__
        raise InputError(f"{TABLE}{name}: Spark cannot read it ({reason}). {_remedy(name)}") from None
    finally:
        spark.conf.set(_MOMENTS, str(before))
    parts = [path for path in sorted(folder.glob("*.parquet")) if pq.read_metadata(path).num_rows]
    if not parts:
        raise InputError(f"{TABLE}{name}: has no rows. Check the table.")
    for place, part in enumerate(parts):
        yield shown_as(part, f"{TABLE}{name}/part-{place:05}")
