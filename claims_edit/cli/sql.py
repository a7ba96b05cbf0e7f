"""`claims-edit sql`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import click

from claims_edit.cli.options import out_option
from claims_edit.errors import UsageError
from claims_edit.report.answers import ANSWER_FORMATS, write_answer
from claims_edit.resources import lack_of, lacking
from claims_edit.store import query


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
        if (lack := lack_of(error)) is not None:
            raise lacking(lack, path) from None
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Give another --to.") from None
