"""`claims-edit rules new | schema | upgrade | release`: help with writing rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import RULES, Day, LocalPath, day_of, print_json
from claims_edit.errors import UsageError
from claims_edit.governance.schema import kinds, schema_of, write_schemas
from claims_edit.governance.template import new_policy
from claims_edit.policy import default_rules_dir, read_pack, upgraded
from claims_edit.policy.parse import PLACEHOLDER, RELEASES
from claims_edit.policy.source import write_rules_file

if TYPE_CHECKING:
    from datetime import date


@click.command()
@click.option("--kind", type=click.Choice(list(kinds())), help="Only this kind of file.")
@click.option("--out", type=LocalPath(), help="Write <kind>.schema.json files to this folder.")
def schema(*, kind: str | None, out: Path | None) -> None:
    """Print the JSON Schemas of the rules files, for editors, or write them with --out."""
    if out is not None:
        for path in write_schemas(out, kind):
            click.echo(path)
    else:
        print_json(schema_of(kind) if kind else {each: schema_of(each) for each in kinds()})


@click.command()
@click.argument("payer")
@click.option("--rules", type=LocalPath(), help="The rules folder to write to (default: rules/ in this folder).")
@click.option("--service", help="The service of the policy (default: the only one in codes/).")
@click.option("--label", help="The payer's display name.")
def new(*, payer: str, rules: Path | None, service: str | None, label: str | None) -> None:
    """Write policies/PAYER.yaml, a commented template of a payer's policy to fill in."""
    folder = rules or _rules_here()
    path = new_policy(folder, payer, service, label)
    left = sum(PLACEHOLDER in line.partition("#")[0] for line in path.read_text(encoding="utf-8").splitlines())
    click.echo(
        f"{path}: written. Fill in {PLACEHOLDER} in {left} lines, then: claims-edit rules check --rules {folder}"
    )


@click.command()
@click.option("--rules", type=LocalPath(), help="The rules folder (default: rules/ in this folder).")
@click.option("--dry-run", is_flag=True, help="List what would be added, and write nothing.")
def upgrade(*, rules: Path | None, dry_run: bool) -> None:
    """Add to a rules folder of an earlier release what the present form needs, as it was decided until now."""
    folder = rules or _rules_here()
    if not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder. Name your rules folder.")
    contents = read_pack(folder)
    found = upgraded(contents, read_pack(default_rules_dir()))
    for line in found.added:
        click.echo(line)
    changed = {path: raw for path, raw in found.contents.items() if raw != contents[path]}
    if not changed:
        click.echo(f"{folder}: has the present form; nothing to add.")
    elif dry_run:
        click.echo(f"{folder}: {len(changed)} files would change; nothing is written (--dry-run).")
    else:
        for path, raw in changed.items():
            write_rules_file(folder / path, raw.decode())
        click.echo(f"{folder}: {len(changed)} files written. Next: claims-edit rules check --rules {folder}")


@click.command()
@click.option("--rules", type=LocalPath(), help="The rules folder (default: rules/ in this folder).")
@click.option("--on", "day", type=Day(), default=None, help="The day of the release (default: today).")
def release(*, rules: Path | None, day: date | None) -> None:
    """Record the content of a checked rules folder as the release of its version, in its releases.yaml."""
    from claims_edit.governance.checking import check_pack  # noqa: PLC0415 -- for this command alone
    from claims_edit.governance.release import record_release  # noqa: PLC0415

    folder = rules or _rules_here()
    if not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder. Name your rules folder.")
    click.get_current_context().meta[RULES] = folder  # its faults are shown in it
    check_pack(folder, None)
    recorded = record_release(folder, day_of(day))
    versions = sum(map(len, recorded.policies.values()))
    click.echo(
        f"{folder / RELEASES}: release {recorded.version} of {recorded.date} is recorded, with {len(recorded.files)} "
        f"files and {versions} policy versions."
    )


def _rules_here() -> Path:
    """The rules folder in the current folder; never the installed one, which the next update replaces."""
    here = Path("rules")
    if not (here / "payers.yaml").is_file():
        raise UsageError(
            "rules: no rules folder here. Copy the shipped one and name the copy with --rules: "
            f"cp -r {default_rules_dir()} my-rules"
        )
    return here
