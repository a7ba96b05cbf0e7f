"""`claims-edit rules check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import print_json, rules_option
from claims_edit.errors import RulesError

if TYPE_CHECKING:
    from claims_edit.governance.checking import Sound


@click.command()
@rules_option
@click.option(
    "--documents", type=click.Path(path_type=Path), metavar="DIR",
    help="The documents' texts, each named <source>.txt; every cited date and code is compared with them.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(*, rules: Path | None, documents: Path | None, as_json: bool) -> None:
    """Prove the pack over its whole decision space; report every fault with file, location and remedy (exit 10)."""
    from claims_edit.governance.checking import check_pack  # noqa: PLC0415 -- for this command alone

    try:
        sound = check_pack(rules, documents)
    except RulesError as error:
        if as_json:
            print_json({"sound": False, "faults": list(error.faults)})
        raise
    if as_json:
        print_json(sound.as_dict())
    else:
        click.echo("\n".join(_lines(sound)))


def _lines(sound: Sound) -> list[str]:
    told, checked = sound.as_dict(), sound.documents
    held = f"{told['policies']} policies, {told['versions']} versions, {told['codes']} codes"
    split = ", ".join(f"{name} {cells:,}" for name, cells in told["by_disposition"].items())
    reached = sum(cells > 0 for cells in told["edits"].values())
    advantage, saved = told["medicare_advantage"], told["held"]
    lines = [
        f"The rules are valid: {held}; {told['rules_version']} {told['rules_hash']}.",
        f"Checked in {told['cells']:,} cells, each with exactly one primary edit: {split}.",
        f"Edits reached: {reached} of {len(told['edits'])}, and every exception, listed code and note of the pack.",
        f"Medicare Advantage: {advantage['cells']:,} cells with a signal for it, {advantage['denied']} denied.",
        f"Prior authorization, doubt or trial evidence: {saved['cells']:,} cells, {saved['denied']} denied.",
    ]
    if told["idle_versions"]:
        idle = ", ".join(told["idle_versions"])
        lines.append(f"Versions that decide no line, because no code was valid or listed in them: {idle}.")
    if sound.shadow:
        drafts = f"{sound.drafts} proposed version{'' if sound.drafts == 1 else 's'}"
        lines.append(f"Checked again with {drafts} in force, as in a shadow run: {sound.shadow.cells:,} cells.")
    if not sound.catalog.pack.remittance:
        lines.append("remittance/ has no table: combinations of CARC, RARC and group code were not checked.")
    if checked:
        found = f"{checked.citations} citations and {checked.codes} codes found in {checked.texts} texts"
        lines.append(f"Documents: {found}; the rules have all of their codes.")
        if checked.without_text:
            lines.append(f"Not compared with a text, because they name no source: {', '.join(checked.without_text)}.")
    return lines
