"""The reports of one published run, on request: to standard output, or to a file or folder."""

from __future__ import annotations

import io
import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from claims_edit.errors import UsageError
from claims_edit.report.csv_format import write_frame
from claims_edit.report.figures import rows_of
from claims_edit.report.html import REPORT_NAME, write_html
from claims_edit.report.run_view import published_run
from claims_edit.report.summary import summary, summary_text
from claims_edit.resources import lack_of, lacking
from claims_edit.store import private_file, refuse_inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.report.run_view import RunView


def csv_report(view: RunView) -> str:
    """The table of `denial_reasons.csv`."""
    table = io.BytesIO()
    write_frame(view.figures.reasons, table)
    return table.getvalue().decode()


def json_report(view: RunView) -> str:
    """The summary with the table of reasons and the data quality."""
    content = summary(view)
    for name, frame in (("denial_reasons", view.figures.reasons), ("data_quality", view.figures.quality)):
        content[name] = rows_of(frame)
    return summary_text(content)


def xlsx_report(view: RunView, path: Path) -> None:
    """The workbook."""
    from claims_edit.report.workbook import write_workbook  # noqa: PLC0415 -- each report loads its own libraries

    write_workbook(view, path)


def remittance_report(view: RunView, path: Path) -> None:
    """The remittance feed."""
    from claims_edit.report.remittance import write_remittance  # noqa: PLC0415 -- likewise

    write_remittance(view, path)


def rationale_report(view: RunView, path: Path) -> None:
    """The rationale of each denied claim."""
    from claims_edit.report.rationale import write_rationale  # noqa: PLC0415 -- likewise

    write_rationale(view, path)


PRINTED: dict[str, Callable[[RunView], str]] = {"csv": csv_report, "json": json_report}
"""Reports that go to standard output unless `--to` names a file."""
WRITTEN: dict[str, tuple[str, Callable[[RunView, Path], None]]] = {
    "html": (REPORT_NAME, write_html),
    "xlsx": ("report.xlsx", xlsx_report),
    "remittance": ("remittance.csv", remittance_report),
    "rationale": ("rationale", rationale_report),
}
"""Reports that are files: the name in the working folder unless `--to` gives another, and what writes it."""
REPORT_FORMATS = (*PRINTED, *WRITTEN)


def report(out: Path, run: str | None, fmt: str, to: Path | None = None) -> str:
    """Make one report of a run: the text to print, which is the report itself or says where it was written.

    `run` is a run id or the beginning of one, None the latest; `to` may be `-` for what is printed.

    Raises:
        UsageError: no such run or format, or `to` cannot be written, or is in the results folder.
        ResultsError: the folder is damaged, or the disk full.
    """
    if fmt not in REPORT_FORMATS:
        raise UsageError(f"--format {fmt}: not available. Take one of {', '.join(REPORT_FORMATS)}.")
    dash = to == Path("-")
    if dash and fmt not in PRINTED:
        raise UsageError(f"--to -: --format {fmt} is not printed. Give the name of a file.")
    with published_run(out, run) as view:
        if fmt in PRINTED and (to is None or dash):
            return PRINTED[fmt](view)
        path = to if to is not None else Path(WRITTEN[fmt][0])
        refuse_inside(out, path)
        try:
            with nullcontext() if fmt == "rationale" else private_file(path):
                if fmt in PRINTED:
                    path.write_text(PRINTED[fmt](view), encoding="utf-8")
                else:
                    WRITTEN[fmt][1](view, path)
        except OSError as error:
            if (lack := lack_of(error)) is not None:
                raise lacking(lack, path) from None
            # Arrow and Polars put a text of their own, or none, in the place of the system's.
            fault = os.strerror(error.errno) if error.errno else "the disk may be full"
            raise UsageError(f"{path}: cannot be written ({fault}). Give another --to.") from None
    return f"Wrote {path}.\n"
