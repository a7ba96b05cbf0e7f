"""The reports of a run: their names and writers.

A new report is a module with a function that writes it, and an entry in REPORTS (CONTRIBUTING.md walks through one). A
module and its libraries load when the report is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.report.run_view import RunView


@dataclass(frozen=True)
class Report:
    """One report. Functions are named `module:function`.

    Attributes:
        name: its name in `--format` and `--reports`.
        file: its name in a run's folder, and in the working folder unless `--to` gives another name.
        write: the function that writes it, of a view and a path.
        text: the function that returns it as text, of a view: such a report is printed unless `--to` names a file.
        in_run: whether a run can write it next to its manifest.
        files_of_run: the function that writes it into a run's folder, of a view and the folder, if that is
            more than `file`.
        is_folder: whether `file` is a folder.
        prepare: the function, without arguments, that starts what takes long, if there is such.
        has_work_list: whether it shows the open reviews.
    """

    name: str
    file: str = ""
    write: str = ""
    text: str = ""
    in_run: bool = False
    files_of_run: str = ""
    is_folder: bool = False
    prepare: str = ""
    has_work_list: bool = False

    def as_text(self, view: RunView) -> str:
        """The report of a printed kind."""
        text: str = _function(self.text)(view)
        return text

    def write_to(self, view: RunView, path: Path) -> None:
        """Write the report to a path that does not exist yet.

        Raises:
            OSError: it cannot be written.
        """
        if self.text:
            path.write_text(self.as_text(view), encoding="utf-8")
        else:
            _function(self.write)(view, path)

    def get_ready(self) -> None:
        """Start what takes long, while the run still reads."""
        if self.prepare:
            _function(self.prepare)()

    def write_in_run(self, view: RunView, folder: Path) -> None:
        """Write the report's files into the run's folder."""
        if self.files_of_run:
            _function(self.files_of_run)(view, folder)
        else:
            _function(self.write)(view, folder / self.file)


def _function(name: str) -> Any:  # noqa: ANN401 -- of a signature that the entry's field says
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


_HERE = "claims_edit.report"
REPORTS = (
    Report(
        "csv",
        "denial_reasons.csv",
        text=f"{_HERE}.csv_files:denial_reasons",
        in_run=True,
        files_of_run=f"{_HERE}.csv_files:write_csv_files",
        has_work_list=True,
    ),
    Report("json", "summary.json", text=f"{_HERE}.summary:summary_with_tables"),
    Report(
        "html",
        "report.html",
        write=f"{_HERE}.html.page:write_html",
        in_run=True,
        prepare=f"{_HERE}.html.drawing:engine",
        has_work_list=True,
    ),
    Report("xlsx", "report.xlsx", write=f"{_HERE}.workbook:write_workbook", in_run=True, has_work_list=True),
    Report(
        "remittance",
        "remittance.csv",
        write=f"{_HERE}.remittance:write_remittance",
        in_run=True,
        files_of_run=f"{_HERE}.remittance:write_feed_of_run",
    ),
    Report("rationale", "rationale", write=f"{_HERE}.rationale:write_rationale", is_folder=True),
    Report("delta", "decisions", write=f"{_HERE}.delta_table:write_delta", is_folder=True),
    Report("prometheus", "claims_edit.prom", text=f"{_HERE}.prometheus:metrics"),
)
REPORT_FORMATS = tuple(report.name for report in REPORTS)
RUN_REPORTS = tuple(report.name for report in REPORTS if report.in_run)
"""The reports of a run besides its summary; `csv` is the lines of each disposition, the reasons, the data quality."""


def report_named(name: str) -> Report:
    """The entry of a report."""
    return next(report for report in REPORTS if report.name == name)
