"""`claims-edit rules list | show | table`; the other rules commands are in their own modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import json_flag, rules_option
from claims_edit.cli.rules_check import check
from claims_edit.cli.rules_diff import diff
from claims_edit.cli.rules_new import new, release, schema, upgrade
from claims_edit.cli.rules_sql import sql
from claims_edit.cli.rules_status import history, status
from claims_edit.cli.rules_test import test
from claims_edit.cli.tables import show_tables
from claims_edit.governance.decision_table import decision_tables
from claims_edit.policy import catalog_of, default_rules_dir, found_drafts, load_catalog, read_pack
from claims_edit.policy.render import draft_list, draft_tables, policy_list, policy_tables

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def rules() -> None:
    """Check and read the rule pack."""


@rules.command("list")
@rules_option
@json_flag
def list_(*, rules: Path | None, as_json: bool) -> None:
    """List the policies, with their versions and review dates; found drafts are in a table of their own."""
    contents = read_pack(rules or default_rules_dir())
    found = draft_list(found_drafts(contents))
    show_tables([policy_list(catalog_of(contents).written), *([found] if found.rows else [])], as_json=as_json)


@rules.command()
@click.argument("policy_id", metavar="ID")
@rules_option
@json_flag
def show(*, policy_id: str, rules: Path | None, as_json: bool) -> None:
    """Show one policy or found draft: every version, code, program and date with its citation."""
    contents = read_pack(rules or default_rules_dir())
    found = draft_tables(found_drafts(contents), policy_id)
    show_tables(found or policy_tables(catalog_of(contents).written, policy_id), as_json=as_json)


@rules.command()
@click.argument("payer")
@rules_option
@click.option("--proposed", is_flag=True, help="With the proposed versions in force, as in a shadow run.")
@json_flag
def table(*, payer: str, rules: Path | None, proposed: bool, as_json: bool) -> None:
    """Show the outcome of each code under a payer's policy, by period and program."""
    show_tables(decision_tables(load_catalog(rules, proposed=proposed), payer), as_json=as_json)


for _command in (check, test, status, diff, history, new, release, schema, sql, upgrade):
    rules.add_command(_command)
