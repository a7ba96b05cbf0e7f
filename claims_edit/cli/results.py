"""`claims-edit explain | report | sql | runs`: what published runs say."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from claims_edit.cli.options import console, out_option, print_json
from claims_edit.errors import UsageError
from claims_edit.report import ANSWER_FORMATS, REPORT_FORMATS, explanation_text, runs_table, write_answer
from claims_edit.report import explain as explain_lines
from claims_edit.report import report as report_of
from claims_edit.store import ResultsFolder, query

json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("claim_id")
@click.argument("line", required=False, type=click.IntRange(min=1))
@out_option
@json_flag
def explain(*, claim_id: str, line: int | None, out: Path, as_json: bool) -> None:
    """Say why the lines of CLAIM_ID (or its one LINE) were decided or refused: every fact, every edit, the citation."""
    found = explain_lines(out, claim_id, line)
    if as_json:
        print_json(found)
    else:
        click.echo(explanation_text(found))


@click.command()
@click.argument("run", required=False)
@out_option
@click.option("--format", "fmt", default="csv", show_default=True, type=click.Choice(REPORT_FORMATS))
@click.option("--to", type=click.Path(path_type=Path), help="The file (rationale: folder) to write.")
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
        if to is not None:
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
