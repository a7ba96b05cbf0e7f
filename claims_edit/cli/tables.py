"""Tables of text on the terminal, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from claims_edit.cli.options import console, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claims_edit.policy.render import RulesTable


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
