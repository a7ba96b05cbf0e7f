"""A run's counts as metrics, in Prometheus' text format, for the textfile collector of its node exporter.

Source of the form: Prometheus, Exposition formats, text format 0.0.4.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.report.run_view import RunView

Sample = tuple[dict[str, str], object]


def metrics(view: RunView) -> str:
    """The metrics of a run, each a gauge: the latest run replaces the one before."""
    lines = []
    for name, text, samples in _metrics(view):
        lines += [f"# HELP claims_edit_{name} {text}", f"# TYPE claims_edit_{name} gauge"]
        lines += [f"claims_edit_{name}{_labels(labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _metrics(view: RunView) -> Iterator[tuple[str, str, list[Sample]]]:
    run, counts, charges = view.manifest, view.manifest["counts"], view.manifest["charges"]
    started, finished = (datetime.fromisoformat(run[name]).timestamp() for name in ("started_at", "finished_at"))
    named = {name: str(run[name]) for name in ("run_id", "mode", "as_of", "rules_version", "rules_hash")}
    both = ("accepted", "quarantined")
    yield "run_info", "The run, by its labels.", [(named, 1)]
    yield "run_finished_timestamp_seconds", "When the run was published.", [({}, finished)]
    yield "run_duration_seconds", "From start to publication.", [({}, round(finished - started, 6))]
    yield (
        "run_inputs",
        "Files by what became of them.",
        _by("status", Counter(each["status"] for each in run["inputs"])),
    )
    yield "run_rows", "Rows read.", _by("outcome", {each: counts[f"rows_{each}"] for each in both})
    yield "run_row_charges", "Charges of the rows read.", _by("outcome", {each: charges[each] for each in both})
    yield "run_failed_checks", "Refused rows by failed check.", _by("check", counts["quarantined_by_check"])
    yield "run_warnings", "Warnings by check.", _by("check", counts["warnings_by_check"])
    yield "run_decisions", "Decided claim lines.", _by("disposition", counts["by_disposition"])
    yield "run_decision_charges", "Charges of the decided lines.", _by("disposition", charges["by_disposition"])
    if view.has_work_list:
        reviews = view.reviews
        yield "run_withdrawn", "Decisions of earlier runs that the run withdrew.", [({}, counts["withdrawn"])]
        kept = {"new": reviews.new, "still_open": reviews.still_open}
        yield "open_reviews", "Lines that wait for a person, after the run.", _by("since", kept)


def _by(label: str, values: dict[str, Any]) -> list[Sample]:
    return [({label: key}, value) for key, value in sorted(values.items())]


def _labels(labels: dict[str, str]) -> str:
    escaped = (
        '{}="{}"'.format(name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n"))
        for name, value in labels.items()
    )
    return "{" + ",".join(escaped) + "}" if labels else ""
