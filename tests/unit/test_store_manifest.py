"""The manifest: what it must hold, how it is written, and what does not add up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from claims_edit.errors import ClaimsEditError, ResultsError
from claims_edit.store import RunManifest, read_manifest, reconcile, write_manifest
from tests.lib.runs import REFUSED, REVIEWED, line, manifest_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def manifest() -> dict[str, Any]:
    return manifest_of("r1", [line(), line(**REVIEWED, source_row=3)], [REFUSED])


def test_it_reads_back_as_written_with_sorted_keys(tmp_path: Path, manifest: dict[str, Any]) -> None:
    write_manifest(tmp_path, manifest)
    text = (tmp_path / "manifest.json").read_text()
    read = read_manifest(tmp_path)
    assert text == json.dumps(read, indent=2, sort_keys=True) + "\n"
    assert read["inputs"][0]["status"] == "read"
    write_manifest(tmp_path, RunManifest.model_validate(manifest))
    assert (tmp_path / "manifest.json").read_text() == text


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("charges", "read", "1.5"),
        ("charges", "read", 1.5),
        ("charges", "by_disposition", {"deny": "1.00"}),
        ("counts", "by_disposition", {"deny": 1, "other": 2}),
        ("counts", "rows_raed", 1),
    ],
)
def test_a_manifest_of_another_shape_is_not_written(
    tmp_path: Path, manifest: dict[str, Any], part: str, name: str, value: object
) -> None:
    manifest[part][name] = value
    with pytest.raises(ValidationError):
        write_manifest(tmp_path, manifest)
    assert not list(tmp_path.iterdir())


def test_a_manifest_that_cannot_be_read_names_its_fields(tmp_path: Path, manifest: dict[str, Any]) -> None:
    del manifest["counts"]["decisions"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ResultsError, match=r"not a manifest \(counts\.decisions\)"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ResultsError, match="the whole file"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("part", [(), ("counts",), ("charges",), ("inputs", 0)])
@pytest.mark.parametrize("version", ["0.1.0", "99.1", "99.1.0rc1"])
def test_fields_that_a_newer_release_added_lock_nothing(
    tmp_path: Path, manifest: dict[str, Any], part: tuple[Any, ...], version: str
) -> None:
    place: Any = manifest
    for step in part:
        place = place[step]
    place["of_a_newer_release"] = {"rows": 5}
    manifest["versions"]["claims_edit"] = version
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    del place["of_a_newer_release"]
    assert read_manifest(tmp_path) == RunManifest.model_validate(manifest).model_dump(mode="json")


@pytest.mark.parametrize(
    ("version", "is_newer"), [("0.1.1", True), ("1.0", True), ("0.10.0", True), ("0.1.0", False), ("0.0.9", False),
                              ("next", False), (7, False)],
)  # fmt: skip
def test_a_manifest_that_only_a_newer_release_can_read_is_newer_and_not_damaged(
    tmp_path: Path, manifest: dict[str, Any], version: object, *, is_newer: bool
) -> None:
    del manifest["fingerprint"]
    manifest["versions"]["claims_edit"] = version
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ResultsError, match="which is newer than this one" if is_newer else "not a manifest"):
        read_manifest(tmp_path)


def test_what_adds_up_passes(manifest: dict[str, Any]) -> None:
    reconcile(manifest)


@pytest.mark.parametrize(
    ("part", "name", "value", "reported"),
    [
        ("counts", "rows_read", 4, "rows read = accepted"),
        ("counts", "rows_accepted", 1, "rows read = accepted"),
        ("counts", "rows_quarantined", 2, "rows_quarantined = sum over the inputs"),
        ("counts", "candidates", 3, "candidates = decisions"),
        ("counts", "decisions", 1, "decisions = sum by disposition"),
        ("charges", "read", "2005.21", "charges read"),
        ("charges", "quarantined", "0.00", "charges read"),
        ("charges", "candidates", "0.00", "charges of candidates"),
    ],
)
def test_what_does_not_add_up_is_named(
    manifest: dict[str, Any], part: str, name: str, value: object, reported: str
) -> None:
    manifest[part][name] = value
    with pytest.raises(ClaimsEditError, match=reported) as bug:
        reconcile(manifest)
    assert bug.value.exit_code == 1


def test_all_that_does_not_add_up_is_named_at_once(manifest: dict[str, Any]) -> None:
    manifest["counts"]["rows_read"] = 9
    manifest["charges"]["read"] = "0.00"
    with pytest.raises(ClaimsEditError) as bug:
        reconcile(manifest)
    assert len(bug.value.faults) == 3  # rows, rows over the inputs, charges
