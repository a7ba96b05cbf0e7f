"""The console for tables, and tables of text on the terminal or as JSON; loads rich."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from claims_edit.cli.options import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claims_edit.policy.render import RulesTable

WIDE = 160  # columns without a terminal


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise the error of a closed pipe, like all other output; rich would exit with 1."""
        raise BrokenPipeError


def console() -> Console:
    """The console for tables: as wide as the terminal, or wide enough to read in a file or a pipe."""
    return _Console(width=None if sys.stdout.isatty() else WIDE)


def show_tables(tables: Sequence[RulesTable], *, as_json: bool) -> None:
    """Print the tables, or one JSON list of them."""
    if as_json:
        print_json([{"title": each.title, "rows": each.rows} for each in tables])
        return
    for each in tables:
        shown = Table(title=Text(each.title), title_justify="left", title_style="bold")
        for column in each.rows[0] if each.rows else ():
            shown.add_column(column, overflow="fold")
        for row in each.rows:
            shown.add_row(*(Text(str(cell)) for cell in row.values()))
        console().print(shown)
