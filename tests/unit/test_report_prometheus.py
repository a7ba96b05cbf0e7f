"""The metrics of a run: as Prometheus reads them, and equal to the manifest's counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from claims_edit.report.prometheus import _labels
from claims_edit.report.run_report import report

if TYPE_CHECKING:
    from pathlib import Path


def test_the_metrics_are_the_counts_of_the_manifest(deck_results: Path) -> None:
    (manifest,) = (json.loads(path.read_text(encoding="utf-8")) for path in deck_results.glob("runs/*/manifest.json"))
    counts, charges = manifest["counts"], manifest["charges"]
    read: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(report(deck_results, None, "prometheus")):
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        for sample in family.samples:
            name, label = sample.name.removeprefix("claims_edit_"), "".join(sample.labels.values())
            read.setdefault(name, {})[label] = sample.value

    assert read["run_rows"] == {each: counts[f"rows_{each}"] for each in ("accepted", "quarantined")}
    assert sum(read["run_rows"].values()) == counts["rows_read"]
    assert sum(read["run_row_charges"].values()) == float(charges["read"])
    assert read["run_decisions"] == counts["by_disposition"]
    assert read["run_decision_charges"] == {name: float(value) for name, value in charges["by_disposition"].items()}
    assert read["run_failed_checks"] == counts["quarantined_by_check"]
    assert read["run_warnings"] == counts["warnings_by_check"]
    assert read["run_inputs"] == {"read": len(manifest["inputs"])}
    assert read["open_reviews"] == {"new": counts["by_disposition"]["review"], "still_open": 0}
    assert read["run_duration_seconds"][""] > 0


def test_labels_are_escaped() -> None:
    value = 'a "b" \\ c\nd'
    (family,) = text_string_to_metric_families(f"# TYPE m gauge\nm{_labels({'x': value})} 1\n")
    assert family.samples[0].labels == {"x": value}
