"""The report files of one run, written beside its manifest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from claims_edit.report.csv_format import write_frame
from claims_edit.report.run_view import RunView
from claims_edit.report.summary import summary, summary_text
from claims_edit.store import candidates_in, read_warned
from claims_edit.store.database import open_staged

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from claims_edit.policy import Catalog
    from claims_edit.store import StagedRun

RUN_REPORTS = ("csv", "remittance", "html", "xlsx")
"""What a run may write beside its summary; `csv` is the lines of each disposition, the reasons and the data quality."""


def write_reports(
    staged: StagedRun,
    manifest: dict[str, Any],
    *,
    earlier: Sequence[dict[str, Any]],
    catalog: Catalog,
    wanted: Collection[str] = RUN_REPORTS,
) -> None:
    """Write the summary and the wanted reports (of RUN_REPORTS) of a staged run into its run folder, in bounded memory.

    `earlier` are the manifests of the runs published before, oldest first; `catalog` holds the rules of this run. The
    manifest itself is not written here.
    """
    with open_staged(staged.decisions_dir, staged.quarantine_dir, staged.scratch_dir) as connection:
        candidates = candidates_in(staged.replay_dir)
        view = RunView(connection, manifest, (*earlier, manifest), catalog, read_warned(staged.run_dir), candidates)
        if "csv" in wanted:
            _write_tables(view, staged.run_dir)
        (staged.run_dir / "summary.json").write_text(summary_text(summary(view)), encoding="utf-8")
        files = _writers(wanted)
        if files:
            view.figures.compute()
        # What makes them lets go of Python's lock most of the time, so that they share the cores.
        with ThreadPoolExecutor(max(len(files), 1)) as pool:
            made = [pool.submit(_apart, view, write, staged.run_dir / name) for name, write in files.items()]
        for each in made:
            each.result()


def _write_tables(view: RunView, folder: Path) -> None:
    for name, frame in (("denial_reasons.csv", view.figures.reasons), ("data_quality.csv", view.figures.quality)):
        with (folder / name).open("wb") as target:
            write_frame(frame, target)


def _writers(wanted: Collection[str]) -> dict[str, Callable[[RunView, Path], None]]:
    """What writes each large report; the libraries behind it load only where it is wanted."""
    files: dict[str, Callable[[RunView, Path], None]] = {}
    if "html" in wanted:
        from claims_edit.report.html import REPORT_NAME, write_html  # noqa: PLC0415 -- Jinja2 and vl-convert load here

        files[REPORT_NAME] = write_html
    if "xlsx" in wanted:
        from claims_edit.report.workbook import write_workbook  # noqa: PLC0415 -- xlsxwriter loads here

        files["report.xlsx"] = write_workbook
    if (lines := "csv" in wanted) | (feed := "remittance" in wanted):
        from claims_edit.report.line_files import write_line_files  # noqa: PLC0415 -- pyarrow's Parquet loads here

        files["."] = partial(write_line_files, lines=lines, feed=feed)
    return files


def _apart(view: RunView, write: Callable[[RunView, Path], None], path: Path) -> None:
    with view.apart() as own:
        write(own, path)
