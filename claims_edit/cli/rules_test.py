"""`claims-edit rules test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from claims_edit.cli.options import print_json, rules_option
from claims_edit.errors import RulesError
from claims_edit.policy import load_catalog
from claims_edit.policy.located import located

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.governance.rule_tests import Failure


@click.command("test")
@rules_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(*, rules: Path | None, as_json: bool) -> None:
    """Decide the lines of rules/tests/*.yaml and compare each with its expected result (exit 10 if one differs)."""
    from claims_edit.governance.rule_tests import failures, suite_of  # noqa: PLC0415 -- loads the validation's libraries

    catalog = load_catalog(rules)
    suite = suite_of(catalog.pack)
    failing = failures(suite, catalog)
    passed = len(suite.lines) - len(failing)
    if as_json:
        print_json({
            "rules_hash": catalog.rules_hash, "files": sorted(catalog.pack.tests), "lines": len(suite.lines),
            "passed": passed, "failures": [_as_json(failure) for failure in failing],
        })  # fmt: skip
    elif not suite.lines:
        click.echo("The rules have no tests. Add files to tests/ of the rules folder (docs/adding-a-payer.md).")
    else:
        for failure in failing:
            click.echo(_as_text(failure, rules))
        click.echo(f"{passed:,} of {len(suite.lines):,} lines of {len(catalog.pack.tests)} files match.")
    if failing:
        raise RulesError(f"rules/tests: {len(failing):,} lines did not match. Correct the rule or the expected result.")


def _as_text(failure: Failure, rules: Path | None) -> str:
    """One failing line: location, name of the test, the line, the differences, and the source of each side."""
    differs = "; ".join(
        f"{fact}: expected {failure.expected[fact] or 'nothing'}, got {failure.got[fact] or 'nothing'}"
        for fact in failure.expected
    )
    cited = f"\n  decided by: {failure.citation}" if failure.citation else ""
    read_in = f"\n  read in:    {failure.line.read_in}" if failure.line.read_in else ""
    given = ", ".join(failure.line.given.values())
    (named,) = located([f"{failure.line.place}: {failure.line.test}"], rules)
    return f"{named}\n  line:       {given}\n  {differs}{cited}{read_in}"


def _as_json(failure: Failure) -> dict[str, object]:
    return {
        "place": failure.line.place, "test": failure.line.test, "given": failure.line.given,
        "expected": failure.expected, "got": failure.got, "citation": failure.citation,
        "read_in": failure.line.read_in,
    }  # fmt: skip
