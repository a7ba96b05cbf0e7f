"""`claims-edit sample`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import LocalPath
from claims_edit.errors import UsageError
from claims_edit.sample import FORMATS, write_sample

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--lines", required=True, type=click.IntRange(min=1), help="How many claim lines.")
@click.option(
    "--out",
    required=True,
    type=LocalPath(),
    help="A table (.parquet, .csv, .tsv, .ndjson), or X12 837 (.837, .x12, .edi); .gz for X12 and FHIR.",
)
@click.option(
    "--format",
    "fmt",
    type=click.Choice(FORMATS),
    help="The format (default: from the ending of --out); fhir must be named.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**32), help="Same seed, same bytes.")
def sample(lines: int, out: Path, fmt: str | None, seed: int) -> None:
    """Write a seeded synthetic extract of any size, in constant memory."""
    try:
        write_sample(lines, out, seed=seed, fmt=fmt)
    except OSError as error:
        raise UsageError(
            f"{out}: cannot be written ({error.strerror or type(error).__name__}). Use another --out."
        ) from None
    click.echo(f"Wrote {lines:,} lines to {out}.")
