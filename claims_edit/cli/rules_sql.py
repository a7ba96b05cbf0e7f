"""`claims-edit rules sql`: the query that selects, in a warehouse, the claim lines that a run needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import rules_option
from claims_edit.core.candidate_codes import CandidateCodes
from claims_edit.governance.warehouse_query import DIALECTS, MOST_PROCEDURES, OPTIONAL, warehouse_query
from claims_edit.policy import load_catalog

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@rules_option
@click.option("--dialect", type=click.Choice(list(DIALECTS)), default="duckdb", show_default=True)
@click.option("--table", default="medical_claim", show_default=True, help="The claim lines, with canonical columns.")
@click.option("--known", metavar="TABLE", help="A table with the claim_id of claims decided on earlier nights.")
@click.option("--without", type=click.Choice(OPTIONAL), multiple=True, help="A column that the table lacks.")
@click.option(
    "--procedures",
    type=click.IntRange(0, MOST_PROCEDURES),
    default=MOST_PROCEDURES,
    show_default=True,
    metavar="N",
    help="The last column procedure_code_N of the table; 0 if it has none.",
)
def sql(
    *, rules: Path | None, dialect: str, table: str, known: str | None, without: tuple[str, ...], procedures: int
) -> None:
    """Print the SQL that selects the claim lines a run needs from a warehouse, and its control totals.

    A run over the selected lines decides as one over all of them.
    """
    catalog = load_catalog(rules)
    codes = CandidateCodes.of(catalog)
    click.echo(warehouse_query(codes, catalog.rules_hash, dialect, table, known, without, procedures), nl=False)
