"""The rationale of a run's denials: one file a claim, indexes, and a folder that is whole or not there."""

from __future__ import annotations

import csv
import errno
import re
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.errors import ResultsError, UsageError
from claims_edit.report import rationale
from claims_edit.report.explain import Wanted, find
from claims_edit.report.run_report import report
from tests.lib.runs import REVIEWED, line, publish

if TYPE_CHECKING:
    from pathlib import Path

RUN_1, RUN_2 = "20260301T010000Z-aaaa", "20260302T010000Z-bbbb"
OURS = {"policy_id": "regence-surgery-242"}


def denied(row: int, claim_id: str, number: int = 1, **changes: object) -> dict[str, Any]:
    return line(claim_id=claim_id, claim_line_number=number, source_row=row, **OURS, **changes)


def index(folder: Path) -> list[list[str]]:
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_a_claim_has_one_file_with_all_its_denied_lines(tmp_path: Path) -> None:
    rows = [
        denied(2, "A"),
        denied(3, "B"),
        denied(4, "A", 3, site_class="kidney", diagnosis_codes=["C64"]),
        denied(5, "A", 2),
        denied(6, "A", payer=None, payer_raw="Another"),
        denied(7, "A", data_source="elsewhere"),
        line(**REVIEWED, claim_id="R", source_row=8),
    ]
    publish(tmp_path / "out", RUN_1, rows)
    publish(tmp_path / "out", RUN_2, [denied(2, "LATER")])
    folder = tmp_path / "reported"
    assert report(tmp_path / "out", RUN_1, "rationale", folder) == f"Wrote {folder}.\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "000001.md", "000002.md", "000003.md", "000004.md", "evidence-kidney-regence-surgery-242.md",
        "evidence-liver_primary-no-policy.md", "evidence-liver_primary-regence-surgery-242.md", "index.csv", "index.md",
    ]  # fmt: skip
    assert index(folder) == [
        ["000001.md", "A", "1|3|2", "extract.csv", "2|4|5"],
        ["000002.md", "B", "1", "extract.csv", "3"],
        ["000003.md", "A", "1", "extract.csv", "6"],
        ["000004.md", "A", "1", "extract.csv", "7"],
    ]
    first = (folder / "000001.md").read_text(encoding="utf-8")
    assert first.startswith("# Claim A: why lines 1, 3 and 2 were denied\n")
    assert [text for text in first.splitlines() if text.startswith("## ")] == [
        "## Claim A line 1: DENY",
        "## Claim A line 3: DENY",
        "## Claim A line 2: DENY",
    ]
    appendices = [f"evidence-{site}-regence-surgery-242.md" for site in ("liver_primary", "kidney", "liver_primary")]
    assert re.findall(r"^Each study and document: \[(.+)\]\(\1\)$", first, re.MULTILINE) == appendices
    assert "n = " not in first
    assert "[000002.md](000002.md) | B | 1 | investigational |" in (folder / "index.md").read_text(encoding="utf-8")


def test_an_appendix_has_each_study_on_a_site_in_documents_of_one_payer_or_of_none(tmp_path: Path) -> None:
    publish(tmp_path / "out", RUN_1, [denied(2, "A")])
    report(tmp_path / "out", RUN_1, "rationale", tmp_path / "reported")
    text = (tmp_path / "reported" / "evidence-liver_primary-regence-surgery-242.md").read_text(encoding="utf-8")
    assert text.startswith("# Evidence: Primary liver and intrahepatic bile ducts\n")
    heads = [each.removeprefix("## ") for each in text.splitlines() if each.startswith("## ")]
    assert heads == [
        "Regence Medical Policy Manual, Surgery, Policy No. 242 (the payer's own)",
        "NICE Interventional Procedure Overview IP1019/2",
        "NICE Interventional Procedures Guidance IPG445",
    ]
    (found,) = find(tmp_path / "out", Wanted("A"))
    assert text.count("\n- ") == sum(len(document["studies"]) for document in found["evidence"]) > 20


def test_batches_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path / "out", RUN_1, [denied(row, f"C{row % 7}", row) for row in range(1, 30)])
    report(tmp_path / "out", None, "rationale", tmp_path / "whole")
    monkeypatch.setattr(rationale, "BATCH_LINES", 3)
    report(tmp_path / "out", None, "rationale", tmp_path / "cut")
    whole, cut = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("whole", "cut"))
    assert whole == cut
    assert len(whole) == 10


def test_a_run_without_denials_has_empty_indexes(tmp_path: Path) -> None:
    publish(tmp_path / "out", RUN_1, [line(**REVIEWED)])
    report(tmp_path / "out", None, "rationale", tmp_path / "reported")
    assert sorted(path.name for path in (tmp_path / "reported").iterdir()) == ["index.csv", "index.md"]
    assert index(tmp_path / "reported") == []


def test_no_value_is_kept_in_a_name_and_none_is_a_formula(tmp_path: Path) -> None:
    publish(tmp_path / "out", RUN_1, [denied(2, "=HYPERLINK(1)"), denied(3, "../<script>|x")])
    report(tmp_path / "out", None, "rationale", tmp_path / "reported")
    assert [row[:2] for row in index(tmp_path / "reported")] == [
        ["000001.md", "'=HYPERLINK(1)"],
        ["000002.md", "../<script>|x"],
    ]
    assert "<script>" not in (tmp_path / "reported" / "index.md").read_text(encoding="utf-8")
    assert "<script>" not in (tmp_path / "reported" / "000002.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_another_folder_is_refused_and_an_earlier_rationale_replaced(tmp_path: Path) -> None:
    publish(tmp_path / "out", RUN_1, [denied(2, "A"), denied(3, "B")])
    other = tmp_path / "mine"
    other.mkdir()
    (other / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="has 1 other files"):
        report(tmp_path / "out", None, "rationale", other)
    assert [path.name for path in other.iterdir()] == ["notes.txt"]
    with pytest.raises(UsageError, match="is a file"):
        report(tmp_path / "out", None, "rationale", other / "notes.txt")
    reported = tmp_path / "reported"
    report(tmp_path / "out", None, "rationale", reported)
    publish(tmp_path / "out", RUN_2, [denied(2, "C")])
    report(tmp_path / "out", None, "rationale", reported)
    appendix = "evidence-liver_primary-regence-surgery-242.md"
    assert sorted(path.name for path in reported.iterdir()) == ["000001.md", appendix, "index.csv", "index.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out", "reported"]


def test_a_rationale_that_is_cut_off_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path / "out", RUN_1, [denied(2, "A")])
    reported = tmp_path / "reported"
    report(tmp_path / "out", None, "rationale", reported)
    before = (reported / "000001.md").read_bytes()

    def full(_self: object, _claim: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(rationale._Pages, "of", full)
    with pytest.raises(ResultsError, match="the disk is full"):
        report(tmp_path / "out", None, "rationale", reported)
    assert (reported / "000001.md").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "reported"]


def test_an_earlier_rationale_stays_where_a_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path / "out", RUN_1, [denied(2, "A")])
    folder = tmp_path / "reported"
    report(tmp_path / "out", RUN_1, "rationale", folder)
    rename = type(folder).rename

    def refusing(path: Path, target: Path) -> Path:
        if path.name.endswith(".partial"):
            raise OSError(errno.EACCES, "denied")
        return rename(path, target)

    monkeypatch.setattr(type(folder), "rename", refusing)
    with pytest.raises(UsageError):
        report(tmp_path / "out", RUN_1, "rationale", folder)
    assert index(folder) == [["000001.md", "A", "1", "extract.csv", "2"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "reported"]
