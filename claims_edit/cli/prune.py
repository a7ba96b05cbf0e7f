"""`claims-edit prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.progress import shown
from claims_edit.cli.results_place import as_named, out_option, publish_copy

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option(
    "--keep-days",
    required=True,
    type=click.IntRange(min=0, max=100_000),
    help="Days before the latest as-of date whose runs remain whole.",
)
@out_option
def prune(*, keep_days: int, out: Path) -> None:
    """Remove what old runs have besides current decisions.

    Their refused rows, reports, and decisions that are not current are removed for good, with the inputs of these.
    Current decisions can still be explained and withdrawn; the history of each line, withdrawals and manifests remain.
    """
    from claims_edit.runner.prune import prune as pruned  # noqa: PLC0415 -- Polars and the engine load here

    with shown(quiet=False) as progress:
        old = pruned(out, keep_days, progress)
    publish_copy()
    click.echo(f"Pruned: {old} run{'s' if old != 1 else ''} of {as_named(out)}")
