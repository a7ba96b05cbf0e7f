"""What the commands that read extracts share: apart, as the formats load with the readers' library."""

from __future__ import annotations

import click

from claims_edit.cli.options import Day, LocalPath, PathText, rules_option, together
from claims_edit.intake import FORMAT_OPTIONS

extract_options = together(
    click.argument("extracts", type=PathText(), nargs=-1, required=True, metavar="EXTRACT..."),
    rules_option,
    click.option(
        "--mapping",
        type=LocalPath(),
        metavar="FILE|PRESET",
        help="The mapping of the extract's columns: a YAML file, or a name from `claims-edit mapping list`.",
    ),
    click.option(
        "--format",
        "fmt",
        type=click.Choice(FORMAT_OPTIONS),
        default="auto",
        show_default=True,
        help="The format of the extracts: tables, X12 837 or FHIR (default: detected from the content).",
    ),
    click.option("--as-of", type=Day(), default=None, help="Later service dates are refused (default: today)."),
    click.option(
        "--max-quarantine-rate", type=click.FloatRange(0, 1), help="Exit 12 if a larger share of rows is refused."
    ),
    click.option("--quiet", is_flag=True, help="Print only errors."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)
