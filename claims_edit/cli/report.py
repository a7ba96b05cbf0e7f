"""`claims-edit report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import LocalPath
from claims_edit.cli.results_place import out_option
from claims_edit.report.registry import REPORT_FORMATS
from claims_edit.report.run_report import report as report_of

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("run", required=False)
@out_option
@click.option("--format", "fmt", default="csv", show_default=True, type=click.Choice(REPORT_FORMATS))
@click.option("--to", type=LocalPath(), help="The file (rationale: folder) to write; - for standard output.")
def report(*, run: str | None, out: Path, fmt: str, to: Path | None) -> None:
    """Make a report of RUN (a run id or a prefix of one; default: the latest run)."""
    click.echo(report_of(out, run, fmt, to), nl=False)
