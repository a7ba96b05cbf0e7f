"""What `claims-edit run --log-format json` writes to the log: its beginning, each stage, each file, and the outcome."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from claims_edit.cli.progress import shown
from claims_edit.cli.results_place import as_named
from claims_edit.run_log import INFO, LOG, RUN_ID, WARNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from claims_edit.runner import RunOptions, RunOutcome

_FILE = ("format", "status", "bytes", "rows_read", "rows_accepted", "rows_quarantined", "rows_filtered", "warnings")
_COUNTS = ("rows_read", "rows_accepted", "rows_quarantined", "warnings", "candidates", "decisions", "by_disposition",
           "quarantined_by_check", "warnings_by_check")  # fmt: skip


def report_begin(options: RunOptions) -> None:
    """The event `started`."""
    LOG.event(
        "started",
        extracts=list(options.extracts),
        out=as_named(options.out),
        as_of=options.as_of,
        mode=options.mode.value,
    )


@contextmanager
def reported(*, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """As `shown`; where the log is JSON, each stage is an event with the rows read before it."""
    if not LOG.as_json:
        with shown(quiet=quiet) as progress:
            yield progress
        return
    stages: list[str] = []
    rows = 0

    def tell(stage: str, more: int) -> None:
        nonlocal rows
        if stage not in stages:
            stages.append(stage)
            LOG.event("stage", stage=stage, rows_read=rows)
        rows += more

    yield tell


def report_outcome(outcome: RunOutcome) -> None:
    """The event `file` of each file of the run, and `published`, or `skipped`."""
    if not LOG.as_json:
        return
    manifest = outcome.manifest.model_dump(mode="json")
    RUN_ID.set(manifest["run_id"])
    for file in manifest["inputs"]:
        refused = {"message": file["fault"]} if file["fault"] else {}
        LOG.event("file", WARNING if refused else INFO, file=file["path"], **{n: file[n] for n in _FILE}, **refused)
    counts = {name: manifest["counts"][name] for name in _COUNTS}
    LOG.event("skipped" if outcome.repeated else "published", folder=as_named(outcome.run_dir), **counts)
