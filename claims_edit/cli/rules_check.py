"""`claims-edit rules check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import LocalPath, in_their_folder, print_json, rules_option
from claims_edit.errors import RulesError

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.governance.checking import Sound
    from claims_edit.governance.release import ReleaseState

MOST_SHOWN = 20  # versions


@click.command()
@rules_option
@click.option(
    "--documents", type=LocalPath(), metavar="DIR",
    help="The documents' texts, each named <source>.txt; every cited date and code is compared with them.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(*, rules: Path | None, documents: Path | None, as_json: bool) -> None:
    """Prove the pack over its whole decision space; report every fault with file, location and remedy (exit 10)."""
    from claims_edit.governance.checking import check_pack  # noqa: PLC0415 -- for this command alone

    try:
        checked_pack = check_pack(rules, documents)
    except RulesError as error:
        if as_json:
            faults = in_their_folder(click.get_current_context(), error).faults
            print_json({"sound": False, "faults": list(faults)})
        raise
    if as_json:
        print_json(checked_pack.as_dict())
    else:
        click.echo("\n".join(_lines(checked_pack)))


def _releases(releases: ReleaseState) -> str:
    if releases.last is None:
        return "No release of this pack is on record, so no approval is asked for (claims-edit rules release)."
    last = f"{releases.last.version} ({releases.last.date})"
    if not releases.changed:
        return f"The content is that of release {last}."
    approved = f"; approved: {', '.join(releases.approved)}" if releases.approved else ""
    return f"Changed since release {last}: {', '.join(releases.changed)}{approved}."


def _lines(checked_pack: Sound) -> list[str]:
    proof, documents = checked_pack.as_dict(), checked_pack.documents
    contents = f"{proof['policies']} policies, {proof['versions']} versions, {proof['codes']} codes"
    split = ", ".join(f"{name} {cells:,}" for name, cells in proof["by_disposition"].items())
    reached = sum(cells > 0 for cells in proof["edits"].values())
    advantage, held = proof["medicare_advantage"], proof["held"]
    lines = [
        f"The rules are valid: {contents}; {proof['rules_version']} {proof['rules_hash']}.",
        f"Checked in {proof['cells']:,} cells, each with exactly one primary edit: {split}.",
        f"Edits reached: {reached} of {len(proof['edits'])}, and every exception, listed code and note of the pack.",
        f"Medicare Advantage: {advantage['cells']:,} cells with a signal for it, {advantage['denied']} denied.",
        f"Prior authorization, doubt or trial evidence: {held['cells']:,} cells, {held['denied']} denied.",
    ]
    if (of_claims := proof["procedures_of_claims"])["cells"]:
        outcome = f"{of_claims['settled']} denied, returned or passed because of it"
        lines.append(f"A procedure of the claim as a whole: {of_claims['cells']:,} cells, {outcome}.")
    if (unsettled := proof["unsettled_criteria"])["cells"]:
        lines.append(f"No criterion known to be unmet: {unsettled['cells']:,} cells, {unsettled['denied']} denied.")
    if proof["idle_versions"]:
        names = proof["idle_versions"]
        more = f" and {len(names) - MOST_SHOWN} more (--json has all)" if len(names) > MOST_SHOWN else ""
        idle = ", ".join(names[:MOST_SHOWN]) + more
        lines.append(f"Versions that decide no line, because no code was valid or listed in them: {idle}.")
    lines += [
        f"Policies without an order, whose lines go to review where they disagree: {pair}."
        for pair in proof["without_order"]
    ]
    if checked_pack.shadow:
        drafts = f"{checked_pack.drafts} proposed version{'' if checked_pack.drafts == 1 else 's'}"
        lines.append(f"Checked again with {drafts} in force, as in a shadow run: {checked_pack.shadow.cells:,} cells.")
    if checked_pack.found:
        lines.append(f"Found drafts, checked as files and never enforced: {', '.join(checked_pack.found)}.")
    lines.append(_releases(checked_pack.releases))
    if not checked_pack.catalog.pack.remittance:
        lines.append("remittance/ has no table: combinations of CARC, RARC and group code were not checked.")
    if documents:
        found = f"{documents.citations} citations and {documents.codes} codes found in {documents.texts} texts"
        lines.append(f"Documents: {found}; the rules have all of their codes.")
        if documents.without_text:
            lines.append(f"Not compared with a text, because they name no source: {', '.join(documents.without_text)}.")
    return lines
