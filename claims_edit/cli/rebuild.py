"""`claims-edit rebuild`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.progress import shown
from claims_edit.cli.results_place import as_named, out_option, publish_copy

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@out_option
def rebuild(*, out: Path) -> None:
    """Make the DuckDB file of a results folder anew from its Parquet files, which remain as they are.

    Results of an earlier release are carried over.
    """
    from claims_edit.runner.rebuild import rebuild as made_anew  # noqa: PLC0415 -- Polars and the engine load here

    with shown(quiet=False) as progress:
        done = made_anew(out, progress)
    publish_copy()
    carried = ", carried over from an earlier format" if done.carried_over else ""
    runs = f"{done.runs} run" + ("s" if done.runs != 1 else "")
    click.echo(f"Made anew: {as_named(out / 'claims_edit.duckdb')} ({runs}{carried})")
