"""`claims-edit mapping list | show`."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.table import Table

from claims_edit.cli.options import print_json
from claims_edit.cli.tables import console
from claims_edit.presets import preset_text, presets


@click.group()
def mapping() -> None:
    """List and show the built-in mappings for --mapping."""


@mapping.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(*, as_json: bool) -> None:
    """List the presets: the purpose of each, and what its extracts lack."""
    found = [asdict(preset) for preset in presets()]
    if as_json:
        print_json(found)
        return
    shown = Table()
    for column in found[0]:
        shown.add_column(column, overflow="fold")
    for preset in found:
        shown.add_row(*preset.values())
    console().print(shown, highlight=False)


@mapping.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the YAML of a preset. Save it to a file, change it, and use that as --mapping."""
    click.echo(preset_text(name), nl=False)
