"""`claims-edit run --engine`: where the work is done, and who learns of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from claims_edit.cli.lineage import lineage_option, traced
from claims_edit.cli.options import LocalPath, together
from claims_edit.cli.results_place import Copy, copy_here
from claims_edit.errors import UsageError
from claims_edit.runner import RunOptions, RunOutcome, run_batch
from claims_edit.runner.options import Progress

if TYPE_CHECKING:
    from pathlib import Path

LOCAL, SPARK = "local", "spark"
Engine = Callable[[RunOptions, Progress], RunOutcome]

_options = together(
    click.option(
        "--engine", type=click.Choice([LOCAL, SPARK]), default=LOCAL, show_default=True,
        help="spark reads and checks the rows on the executors of Spark; the results are the same.",
    ),
    click.option("--master", help="With --engine spark: its cluster, such as local[4] (default: as spark-submit)."),
    click.option("--conf", multiple=True, metavar="KEY=VALUE", help="With --engine spark: a setting of Spark."),
    click.option(
        "--partitions", type=click.IntRange(min=1),
        help="With --engine spark: how many tasks share the rows (default: two a core, or one a million rows).",
    ),
    click.option(
        "--staging", type=LocalPath(),
        help="With --engine spark: a folder that driver and executors see, for extracts that are tables (table:NAME).",
    ),
    lineage_option,
)  # fmt: skip


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command gets `engine`, which runs a batch."""

    @wraps(command)
    def chosen(
        *,
        engine: str,
        master: str | None,
        conf: tuple[str, ...],
        partitions: int | None,
        staging: Path | None,
        lineage: bool,
        **given: object,
    ) -> object:
        found = _engine(engine, master, conf, partitions, staging)
        if copy := copy_here():
            if given["group"]:
                raise UsageError("--group: who may read results in an object store is set there. Remove the option.")
            found = _publishing(found, copy)
        return command(engine=traced(found) if lineage else found, **given)

    return _options(chosen)


def _publishing(engine: Engine, copy: Copy) -> Engine:
    """The engine, with the results that it leaves in a copy published in their store."""

    def run(options: RunOptions, progress: Progress) -> RunOutcome:
        outcome = engine(options, progress)
        progress("upload", 0)
        copy.publish()
        return outcome

    return run


def _engine(
    engine: str, master: str | None, conf: tuple[str, ...], partitions: int | None, staging: Path | None
) -> Engine:
    """The engine.

    Raises:
        UsageError: an option of Spark without it, or it is not installed.
    """
    named = {"--master": master, "--conf": conf, "--partitions": partitions, "--staging": staging}
    if engine == LOCAL:
        if given := [name for name, value in named.items() if value]:
            raise UsageError(f"{', '.join(given)}: needs --engine spark. Add it, or remove the option.")
        return run_batch
    from claims_edit.spark import run  # noqa: PLC0415 -- an extra
    from claims_edit.spark.session import session  # noqa: PLC0415 -- likewise

    return partial(run, session(master, conf), partitions=partitions, staging=staging)
