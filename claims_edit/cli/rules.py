"""`claims-edit rules check | diff | list | show | table`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.table import Table

from claims_edit.cli.options import console, print_json, rules_option
from claims_edit.cli.rules_check import check
from claims_edit.cli.rules_diff import diff
from claims_edit.policy import load_catalog
from claims_edit.policy.render import RulesTable, decision_tables, policy_list, policy_tables

if TYPE_CHECKING:
    from pathlib import Path

json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def rules() -> None:
    """Check and read the rule pack."""


rules.add_command(check)
rules.add_command(diff)


@rules.command("list")
@rules_option
@json_flag
def list_(*, rules: Path | None, as_json: bool) -> None:
    """List the policies, with their versions and review dates."""
    _show([policy_list(load_catalog(rules).pack)], as_json=as_json)


@rules.command()
@click.argument("policy_id", metavar="ID")
@rules_option
@json_flag
def show(*, policy_id: str, rules: Path | None, as_json: bool) -> None:
    """Show one policy: every version, code, program and date with its citation."""
    _show(policy_tables(load_catalog(rules).pack, policy_id), as_json=as_json)


@rules.command()
@click.argument("payer")
@rules_option
@json_flag
def table(*, payer: str, rules: Path | None, as_json: bool) -> None:
    """Show what a payer's policy does with each code, by period and program."""
    _show(decision_tables(load_catalog(rules).pack, payer), as_json=as_json)


def _show(tables: list[RulesTable], *, as_json: bool) -> None:
    if as_json:
        print_json([{"title": each.title, "rows": each.rows} for each in tables])
        return
    for each in tables:
        shown = Table(title=each.title, title_justify="left", title_style="bold")
        for column in each.rows[0] if each.rows else ():
            shown.add_column(column, overflow="fold")
        for row in each.rows:
            shown.add_row(*(str(cell) for cell in row.values()))
        console().print(shown)
