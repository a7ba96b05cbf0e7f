"""The report files of one run, written beside its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.model import Mode
from claims_edit.report import queries
from claims_edit.report.csv_format import write_csv, write_frame
from claims_edit.report.html import REPORT_NAME, write_html
from claims_edit.report.remittance import write_remittance
from claims_edit.report.run_view import RunView
from claims_edit.report.summary import summary, summary_text
from claims_edit.store import ask
from claims_edit.store.database import open_staged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from claims_edit.model import Disposition
    from claims_edit.policy import Catalog
    from claims_edit.store import StagedRun


def write_reports(
    staged: StagedRun, manifest: dict[str, Any], *, earlier: Sequence[dict[str, Any]], catalog: Catalog
) -> None:
    """Write every report of a staged run into its run folder, in bounded memory.

    `earlier` are the manifests of the runs published before, oldest first; `catalog` holds the rules of this run. The
    manifest itself is not written here.
    """
    from claims_edit.report.workbook import write_workbook  # noqa: PLC0415 -- xlsxwriter loads when a run reports

    with open_staged(staged.decisions_dir, staged.quarantine_dir, staged.scratch_dir) as connection:
        view = RunView(connection, manifest, (*earlier, manifest), catalog)
        for name, disposition in _line_reports(manifest["mode"]).items():
            parameters = {"run_id": view.run_id, "disposition": disposition}
            with (staged.run_dir / name).open("wb") as target:
                write_csv(ask(connection, queries.LINES, parameters), target)
        for name, frame in (("denial_reasons.csv", view.figures.reasons), ("data_quality.csv", view.figures.quality)):
            with (staged.run_dir / name).open("wb") as target:
                write_frame(frame, target)
        write_remittance(view, staged.run_dir / "remittance.csv", staged.run_dir / "remittance.parquet")
        write_workbook(view, staged.run_dir / "report.xlsx")
        (staged.run_dir / "summary.json").write_text(summary_text(summary(view)), encoding="utf-8")
        write_html(view, staged.run_dir / REPORT_NAME)


def _line_reports(mode: str) -> Mapping[str, Disposition | None]:
    """The files that list decisions, and of which disposition: of a shadow run one, under a name of its own."""
    return {queries.SHADOW_REPORT: None} if mode == Mode.SHADOW else queries.LINE_REPORTS
