"""`claims-edit explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from claims_edit.cli.options import json_flag
from claims_edit.cli.progress import announce
from claims_edit.cli.results_place import out_option
from claims_edit.report.explain import EXPLANATION_FORMATS, Wanted, explain_accepted, find, not_found

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("claim_id", required=False)
@click.argument("line", required=False, type=click.IntRange(min=1))
@out_option
@click.option("--run", help="A run id or a prefix of one (default: the latest run with the claim).")
@click.option("--row", type=click.IntRange(min=1), help="The row of an extract, instead of CLAIM_ID.")
@click.option("--file", help="The extract of --row: its path or the last part of it.")
@click.option("--all", "every_edit", is_flag=True, help="Also give the reason for each edit not triggered.")
@click.option("--format", "fmt", default="text", show_default=True, type=click.Choice(sorted(EXPLANATION_FORMATS)))
@json_flag
def explain(*, out: Path, every_edit: bool, fmt: str, as_json: bool, **wanted: Any) -> None:  # noqa: ANN401 -- see Wanted
    """Explain why the lines of CLAIM_ID (or its one LINE) were decided, refused or not edited.

    Shows every fact with its column, every edit, the policy, the liability, the evidence, and what would change the
    outcome. A line without a code of rules/codes is not stored in a run: the run's extracts are read again for it.
    """
    from claims_edit.runner.lookup import look_up  # noqa: PLC0415 -- the reading of extracts loads slowly

    asked = Wanted(**wanted)
    found = find(out, asked, every_edit=every_edit)
    if not found:
        again = look_up(out, asked, announce)
        if again is None:
            raise not_found(out, asked)
        found = explain_accepted(again.lines, again.manifest)
    click.echo(EXPLANATION_FORMATS["json" if as_json else fmt](found), nl=False)
