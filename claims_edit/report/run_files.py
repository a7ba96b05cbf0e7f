"""The report files of one run, written beside its manifest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from claims_edit.report.registry import REPORTS, RUN_REPORTS
from claims_edit.report.run_view import RunView, work_list_sql
from claims_edit.report.summary import summary, summary_text
from claims_edit.store import candidates_in, read_warned
from claims_edit.store.database import keep_in_order, open_staged
from claims_edit.store.open_reviews import OPEN_REVIEWS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from claims_edit.policy import Catalog
    from claims_edit.report.registry import Report
    from claims_edit.store import StagedRun


def prepare_reports(wanted: Collection[str]) -> None:
    """Start what the requested reports need and takes long."""
    for report in _of_run(wanted):
        report.get_ready()


def _of_run(wanted: Collection[str]) -> list[Report]:
    return [report for report in REPORTS if report.in_run and report.name in wanted]


def write_reports(
    staged: StagedRun,
    manifest: dict[str, Any],
    *,
    earlier: Sequence[dict[str, Any]],
    catalog: Catalog,
    wanted: Collection[str] = RUN_REPORTS,
    published: Path | None = None,
) -> None:
    """Write the summary and the requested reports (of RUN_REPORTS) of a staged run to its folder, in bounded memory.

    `earlier` are the manifests of the runs published before, oldest first; `catalog` has the rules of this run;
    `published` is the DuckDB file with the decisions that a shadow run is compared with. The manifest itself is not
    written here.
    """
    reports = _of_run(wanted)
    kept, runs = staged.state_dir / OPEN_REVIEWS, (*earlier, manifest)
    opened = kept if kept.exists() else None
    with open_staged(staged.record_dirs, staged.scratch_dir, published=published, reviews=opened) as connection:
        listed = work_list_sql(runs, "open_reviews")
        if opened is not None and any(report.has_work_list for report in reports):
            listed = keep_in_order(connection, listed, staged.scratch_dir / "work-list.parquet")
        warned, candidates = read_warned(staged.run_dir), candidates_in(staged.replay_dir)
        view = RunView(connection, manifest, runs, catalog, warned, candidates, listed)
        (staged.run_dir / "summary.json").write_text(summary_text(summary(view)), encoding="utf-8")
        if reports:
            view.figures.compute()
        # Their code releases Python's lock most of the time, so they share the cores.
        with ThreadPoolExecutor(max(len(reports), 1)) as pool:
            made = [pool.submit(_apart, view, report, staged.run_dir) for report in reports]
        for each in made:
            each.result()


def _apart(view: RunView, report: Report, folder: Path) -> None:
    with view.apart() as own:
        report.write_in_run(own, folder)
