"""The reports of one published run, on request: to standard output, or to a file or folder."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from claims_edit.errors import UsageError
from claims_edit.report.registry import REPORT_FORMATS, report_named
from claims_edit.report.run_view import published_run
from claims_edit.store import private_file, refuse_inside, writing_to


def report(out: Path, run: str | None, fmt: str, to: Path | None = None) -> str:
    """Make one report of a run. Returns the text to print: the report itself, or where it was written.

    `run` is a run id or a prefix of one, None the latest; `to` may be `-` for a printed report.

    Raises:
        UsageError: no such run or format, or `to` cannot be written, or is in the results folder.
        ResultsError: the folder is damaged, or the disk full.
    """
    if fmt not in REPORT_FORMATS:
        raise UsageError(f"--format {fmt}: not available. Use one of {', '.join(REPORT_FORMATS)}.")
    dash, made = to == Path("-"), report_named(fmt)
    if dash and not made.text:
        raise UsageError(f"--to -: --format {fmt} cannot be printed. Name a file.")
    with published_run(out, run) as view:
        if made.text and (to is None or dash):
            return made.as_text(view)
        path = to if to is not None else Path(made.file)
        refuse_inside(out, path)
        with writing_to(path), nullcontext() if made.is_folder else private_file(path):
            made.write_to(view, path)
    return f"Wrote {path}.\n"
