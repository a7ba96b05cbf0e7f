"""`claims-edit explain | report | sql | runs`: what published runs say."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import click

from claims_edit.cli.options import console, out_option, print_json
from claims_edit.cli.progress import tell_ahead
from claims_edit.errors import UsageError
from claims_edit.report import ANSWER_FORMATS, REPORT_FORMATS, runs_table, write_answer
from claims_edit.report import report as report_of
from claims_edit.report.explain import EXPLANATION_FORMATS, Wanted, explain_accepted, find, not_found
from claims_edit.store import ResultsFolder, query

json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("claim_id", required=False)
@click.argument("line", required=False, type=click.IntRange(min=1))
@out_option
@click.option("--run", help="A run id or the beginning of one; the latest run that knows the claim otherwise.")
@click.option("--row", type=click.IntRange(min=1), help="The row of an extract, in place of CLAIM_ID.")
@click.option("--file", help="The extract of --row: its path or the last part of it.")
@click.option("--all", "every_edit", is_flag=True, help="Say of each edit that did not hit why it did not, too.")
@click.option("--format", "fmt", default="text", show_default=True, type=click.Choice(sorted(EXPLANATION_FORMATS)))
@json_flag
def explain(*, out: Path, every_edit: bool, fmt: str, as_json: bool, **wanted: Any) -> None:  # noqa: ANN401 -- see Wanted
    """Say why the lines of CLAIM_ID (or its one LINE) were decided, refused or left alone.

    Every fact with its column, every edit, the policy, who is liable, the evidence, what would change the outcome. A
    line without a code of rules/codes is kept in no run: the run's extracts are read again for it.
    """
    from claims_edit.runner.lookup import look_up  # noqa: PLC0415 -- the reading of extracts loads slowly

    asked = Wanted(**wanted)
    found = find(out, asked, every_edit=every_edit)
    if not found:
        again = look_up(out, asked, tell_ahead)
        if again is None:
            raise not_found(out, asked)
        found = explain_accepted(again.lines, again.manifest)
    click.echo(EXPLANATION_FORMATS["json" if as_json else fmt](found), nl=False)


@click.command()
@click.argument("run", required=False)
@out_option
@click.option("--format", "fmt", default="csv", show_default=True, type=click.Choice(REPORT_FORMATS))
@click.option(
    "--to", type=click.Path(path_type=Path), help="The file (rationale: folder) to write; - for standard output."
)
def report(*, run: str | None, out: Path, fmt: str, to: Path | None) -> None:
    """Make a report of RUN (its id or the beginning of it; the latest run otherwise)."""
    click.echo(report_of(out, run, fmt, to), nl=False)


@click.command()
@click.argument("statement", required=False)
@out_option
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Read the statement from a file.")
@click.option("--format", "fmt", default="table", show_default=True, type=click.Choice(sorted(ANSWER_FORMATS)))
@click.option("--to", type=click.Path(path_type=Path), help="Write to a file instead of standard output.")
def sql(*, statement: str | None, file: Path | None, out: Path, fmt: str, to: Path | None) -> None:
    """Ask the results one SELECT. It cannot write, attach, install, or read anything but the results."""
    text = _statement(statement, file)
    with query(out, text) as answer:
        if to is not None and to != Path("-"):
            answered = io.BytesIO()
            write_answer(answer, fmt, answered)
            _write(to, answered.getvalue())
        else:
            write_answer(answer, fmt, sys.stdout.buffer)


def _statement(statement: str | None, file: Path | None) -> str:
    if (statement is None) == (file is None):
        raise UsageError("sql: give one statement, as an argument or with -f FILE.")
    if file is None:
        return statement or ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file}: the statement cannot be read. Check the path; it must be UTF-8 text.") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Give another --to.") from None


@click.command()
@out_option
@json_flag
def runs(*, out: Path, as_json: bool) -> None:
    """List the published runs, oldest first."""
    manifests = ResultsFolder(out).runs()
    if as_json:
        print_json(manifests)
    else:
        console().print(runs_table(manifests))
