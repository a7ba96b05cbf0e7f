"""`claims-edit runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import json_flag, print_json
from claims_edit.cli.results_place import out_option
from claims_edit.cli.tables import console
from claims_edit.report.terminal import runs_table
from claims_edit.store import ResultsFolder

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@out_option
@json_flag
def runs(*, out: Path, as_json: bool) -> None:
    """List the published runs, oldest first."""
    manifests = ResultsFolder(out).runs()
    if as_json:
        print_json(manifests)
    else:
        console().print(runs_table(manifests))
