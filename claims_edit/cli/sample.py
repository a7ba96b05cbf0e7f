"""`claims-edit sample`."""

from __future__ import annotations

from pathlib import Path

import click

from claims_edit.errors import UsageError
from claims_edit.sample import write_sample


@click.command()
@click.option("--lines", required=True, type=click.IntRange(min=1), help="How many claim lines.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help=".parquet, .csv, .tsv or .ndjson.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**32), help="Same seed, same bytes.")
def sample(lines: int, out: Path, seed: int) -> None:
    """Write a seeded synthetic extract of any size, in constant memory."""
    try:
        write_sample(lines, out, seed=seed)
    except OSError as error:
        raise UsageError(
            f"{out}: cannot be written ({error.strerror or type(error).__name__}). Give another --out."
        ) from None
    click.echo(f"Wrote {lines:,} lines to {out}.")
