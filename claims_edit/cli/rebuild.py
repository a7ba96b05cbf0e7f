"""`claims-edit rebuild`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import out_option
from claims_edit.cli.progress import shown

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
    carried = ", carried over from an earlier format" if done.carried_over else ""
    runs = f"{done.runs} run" + ("s" if done.runs != 1 else "")
    click.echo(f"Made anew: {out / 'claims_edit.duckdb'} ({runs}{carried})")
