"""`claims-edit sql`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import click

from claims_edit.cli.options import out_option
from claims_edit.errors import UsageError
from claims_edit.report.answers import ANSWER_FORMATS, write_answer
from claims_edit.resources import lack_of, lacking
from claims_edit.store import Answer, private_file, query, refuse_inside


@click.command()
@click.argument("statement", required=False)
@out_option
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Read the statement from a file.")
@click.option("--format", "fmt", default="table", show_default=True, type=click.Choice(sorted(ANSWER_FORMATS)))
@click.option("--to", type=click.Path(path_type=Path), help="Write to a file instead of standard output.")
def sql(*, statement: str | None, file: Path | None, out: Path, fmt: str, to: Path | None) -> None:
    """Ask the results one SELECT. It cannot write, attach, install, or read anything but the results."""
    text = _statement(statement, file)
    target = None if to == Path("-") else to
    if target is not None:
        refuse_inside(out, target)
    with query(out, text) as answer:
        if target is None:
            write_answer(answer, fmt, sys.stdout.buffer)
        else:
            _write(answer, fmt, target)


def _statement(statement: str | None, file: Path | None) -> str:
    if (statement is None) == (file is None):
        raise UsageError("sql: give one statement, as an argument or with -f FILE.")
    if file is None:
        return statement or ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file}: the statement cannot be read. Check the path; it must be UTF-8 text.") from None


def _write(answer: Answer, fmt: str, path: Path) -> None:
    """Write the answer once it is whole: of a query that fails on the way, nothing is written."""
    try:
        with tempfile.TemporaryFile() as whole:
            write_answer(answer, fmt, whole)
            whole.seek(0)
            with private_file(path), path.open("wb") as target:
                shutil.copyfileobj(whole, target)
    except OSError as error:
        if (lack := lack_of(error)) is not None:
            raise lacking(lack, path) from None
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Give another --to.") from None
