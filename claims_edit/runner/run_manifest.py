"""The manifest of a run, put together from what was read and decided."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from claims_edit import __version__
from claims_edit.core.control_totals import ControlTotals, Decided, money
from claims_edit.intake import FHIR
from claims_edit.runner.options import Hashing, fingerprint

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from claims_edit.policy import Catalog
    from claims_edit.runner.kept import FileRead
    from claims_edit.store import StagedRun


def input_entry(path: Path, found: list[FileRead], refused: dict[Path, str], hashing: Hashing) -> dict[str, Any]:
    """A file of the run, as its manifest has it."""
    names = ("rows_read", "rows_accepted", "rows_quarantined", "rows_filtered", "warnings")
    file: dict[str, Any] = {"path": path.as_posix(), "bytes": path.stat().st_size, "sha256": hashing.of(path)}
    unread: dict[str, Any] = dict.fromkeys(names, 0) | {"columns": [], "warnings_by_check": {}, "fault": None}
    if path in refused:
        return file | unread | {"format": "unknown", "status": "refused", "fault": refused[path]}
    read = next((each for each in found if each.file.path == path), None)
    if read is None:
        return file | unread | {"format": FHIR, "status": "context"}
    rows = {name: getattr(read.totals, name) for name in names}
    return (
        file
        | rows
        | {
            "format": read.file.format,
            "columns": list(read.columns),
            "columns_ignored": list(read.ignored),
            "warnings_by_check": dict(sorted(read.totals.warnings_by_check.items())),
            "status": "read",
            "fault": None,
        }
    )


def manifest_of(
    result_options: dict[str, Any],
    catalog: Catalog,
    staged: StagedRun,
    started: datetime,
    inputs: list[dict[str, Any]],
    found: list[FileRead],
    decided: Decided,
) -> dict[str, Any]:
    """The manifest of a run that is staged; it has no timings yet."""
    whole = ControlTotals()
    for file in found:
        whole.add(file.totals)
    hashes = [(file["path"], file["sha256"]) for file in inputs]
    return {
        "run_id": staged.run_id,
        "mode": result_options["mode"],
        "started_at": moment(started),
        "finished_at": moment(started),
        "as_of": result_options["as_of"],
        "versions": dict(_versions()),
        "rules_hash": catalog.rules_hash,
        "rules_version": catalog.rules_version,
        "options": result_options,
        "inputs": inputs,
        "fingerprint": fingerprint(result_options, catalog.rules_hash, hashes),
        "counts": {
            "rows_read": whole.rows_read,
            "rows_accepted": whole.rows_accepted,
            "rows_quarantined": whole.rows_quarantined,
            "rows_filtered": whole.rows_filtered,
            "warnings": whole.warnings,
            "candidates": whole.candidates,
            "decisions": decided.lines.total(),
            "by_disposition": decided.by_disposition(),
            "warnings_by_check": dict(sorted(whole.warnings_by_check.items())),
            "quarantined_by_check": dict(sorted(whole.quarantined_by_check.items())),
        },
        "charges": {
            "read": money(whole.read),
            "accepted": money(whole.accepted),
            "quarantined": money(whole.quarantined),
            "candidates": money(whole.candidate_charges),
            "by_disposition": decided.charges_by_disposition(),
            "unparseable": whole.unparseable,
        },
        "timings": {},
        "review_weights": catalog.pack.review_weights,
        "criteria_asks": catalog.pack.criteria_asks,
    }


@cache
def _versions() -> dict[str, str]:
    """Of this program, and of what its results may depend on: the packages' metadata is slow to read."""
    packages = {name: version(name) for name in ("duckdb", "pandera", "polars")}
    return {"claims_edit": __version__, "python": platform.python_version(), **packages}


def moment(at: datetime) -> str:
    """A moment, as manifests have it."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
