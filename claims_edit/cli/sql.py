"""`claims-edit sql`."""

from __future__ import annotations

import os
import re
import select
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from claims_edit.cli.options import LocalPath
from claims_edit.cli.results_place import out_option
from claims_edit.errors import UsageError
from claims_edit.report.answers import ANSWER_FORMATS, write_answer
from claims_edit.store import Answer, Limits, private_file, query, refuse_inside, writing_to

LONGEST_STATEMENT = 1_000_000  # bytes


class Size(click.ParamType[str]):
    """An amount of memory, in DuckDB's form."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 -- click's signature
        """The amount of a text."""
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)? ?[MGT]i?B", value, re.IGNORECASE):
            self.fail("not an amount of memory. Write it as 500MB or 2GB.", param, ctx)
        return str(value)


@click.command()
@click.argument("statement", required=False)
@out_option
@click.option("-f", "--file", type=LocalPath(), help="Read the statement from a file.")
@click.option("--format", "fmt", default="table", show_default=True, type=click.Choice(sorted(ANSWER_FORMATS)))
@click.option("--to", type=LocalPath(), help="Write to a file instead of standard output.")
@click.option(
    "--memory-limit", type=Size(), default=Limits.memory, show_default=True, help="The most memory that it may use."
)
@click.option(
    "--time-limit", type=click.FloatRange(min=0), default=Limits.seconds, show_default=True,
    help="The most seconds that it may take; 0 for no limit.",
)  # fmt: skip
def sql(
    *, statement: str | None, file: Path | None, out: Path, fmt: str, to: Path | None, memory_limit: str,
    time_limit: float,
) -> None:  # fmt: skip
    """Run one SELECT on the results. It cannot write, attach, install, or read anything but the results."""
    text = _statement(statement, file, time_limit)
    target = None if to == Path("-") else to
    if target is not None:
        refuse_inside(out, target)
    with query(out, text, Limits(memory_limit, time_limit)) as answer:
        if target is None:
            write_answer(answer, fmt, sys.stdout.buffer)
        else:
            _write(answer, fmt, target)


def _statement(statement: str | None, file: Path | None, seconds: float) -> str:
    if (statement is None) == (file is None):
        raise UsageError("sql: give one statement, as an argument or with -f FILE.")
    if file is None:
        return statement or ""
    try:
        mode = file.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise UsageError(f"{file}: is not a file or a pipe. Use a file with one SELECT.")
        content = _content(file, seconds or None)
        if len(content) > LONGEST_STATEMENT:
            raise UsageError(f"{file}: is longer than {LONGEST_STATEMENT:,} bytes. Use a file with one SELECT.")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file}: the statement cannot be read. Check the path; it must be UTF-8 text.") from None


def _content(file: Path, seconds: float | None) -> bytes:
    """The bytes of a file or pipe, up to one more than a statement may have; waits for a pipe without data.

    Raises:
        UsageError: the pipe has no data within this many seconds.
        OSError: it cannot be read.
    """
    content = b""
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while len(content) <= LONGEST_STATEMENT:
            if not select.select([handle], [], [], seconds)[0]:
                raise UsageError(f"{file}: this pipe had no data within --time-limit. Use a file.")
            piece = os.read(handle, LONGEST_STATEMENT + 1)
            if not piece:
                break
            content += piece
    finally:
        os.close(handle)
    return content


def _write(answer: Answer, fmt: str, path: Path) -> None:
    """Write the complete result; a query that fails writes nothing."""
    with writing_to(path), tempfile.TemporaryFile() as whole:
        write_answer(answer, fmt, whole)
        whole.seek(0)
        with private_file(path), path.open("wb") as target:
            shutil.copyfileobj(whole, target)
