"""A Spark session for a run on the command line."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from claims_edit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import SparkSession

DEFAULTS = {
    "spark.app.name": "claims-edit",
    "spark.driver.memory": "2g",
    "spark.executorEnv.POLARS_MAX_THREADS": "1",  # a task has one core
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


def session(master: str | None, conf: Iterable[str] = ()) -> SparkSession:
    """The session of this process, or a new one: under `spark-submit` that which it was given.

    Args:
        master: where Spark runs; None for what `spark-submit` or Spark's defaults say (`local[*]`).
        conf: settings as `key=value`.

    Raises:
        UsageError: PySpark or Java is missing, or a setting has no value.
    """
    require_spark()
    given = dict(_setting(text) for text in conf)
    from pyspark.sql import SparkSession  # noqa: PLC0415 -- an extra

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # spark-submit has started the driver, with its own settings
    builder = SparkSession.builder
    for key, value in (given if submitted else DEFAULTS | given).items():
        builder = builder.config(key, value)
    return (builder if master is None else builder.master(master)).getOrCreate()


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise UsageError(f"--conf {text}: not a setting. Write it as key=value.")
    return key, value


def require_spark() -> None:
    """Check that PySpark and Java are there.

    Raises:
        UsageError: one is missing.
    """
    if find_spec("pyspark") is None:
        raise UsageError("--engine spark: PySpark is not installed. Run: pip install 'claims-edit[spark]'")
    home = os.environ.get("JAVA_HOME")
    java = Path(home) / "bin" / "java" if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise UsageError(
            "--engine spark: Java is not installed. Install Java 17 (openjdk-17-jre-headless), or set JAVA_HOME."
        )
