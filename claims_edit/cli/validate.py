"""`claims-edit validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.extract_options import extract_options
from claims_edit.cli.options import day_of, print_json
from claims_edit.cli.progress import shown
from claims_edit.errors import ThresholdError
from claims_edit.runner import Validation, validate_batch

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


@click.command()
@extract_options
def validate(
    *,
    extracts: tuple[str, ...],
    rules: Path | None,
    mapping: Path | None,
    fmt: str,
    as_of: date | None,
    max_quarantine_rate: float | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Validate claim lines only: nothing is decided, nothing is written."""
    with shown(quiet=quiet or as_json) as progress:
        found = validate_batch(extracts, day_of(as_of), rules=rules, mapping=mapping, fmt=fmt, progress=progress)
    if as_json:
        print_json(found.as_dict())
    elif not quiet:
        from claims_edit.cli.tables import console  # noqa: PLC0415 -- rich loads here
        from claims_edit.report.validation import validation_table  # noqa: PLC0415 -- likewise

        console().print(validation_table(found.as_dict()))
    _raise_for(found, max_quarantine_rate)


def _raise_for(found: Validation, rate: float | None) -> None:
    if rate is not None and found.quarantine_rate > rate:
        raise ThresholdError(
            f"{found.rows_quarantined} of {found.rows_read} rows would be refused, more than --max-quarantine-rate"
            f" {rate} allows. Return the rows listed above to the sender."
        )
