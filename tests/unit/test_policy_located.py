"""Faults with the folder that was given, and the line in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.policy.located import located

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """# a comment
id: x
versions:
  - from: {date: 2026-01-01}
    statement:
      says: x
  - from: {date: 2026-02-01}
    codes:
      listed:
        - A
        - B
"""


def test_each_fault_has_its_line_and_they_come_in_that_order(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("a: [", encoding="utf-8")
    faults = [
        "rules/a.yaml: versions[1].codes.listed[1]: is wrong. Correct it.",
        "rules/a.yaml: versions[0].statement.position: is missing. Add it.",
        "rules/a.yaml: versions[1].from.date: is wrong: too late. Correct it.",
        "rules/a.yaml: id: is wrong. Correct it.",
        "rules/b.yaml: line 1: a list or braces are not closed. Close them.",
        "rules/c.yaml: is missing. Add it.",
        "rules/codes: has no .yaml file. Add one.",
        "the rules are wrong. Correct them.",
    ]
    assert located(faults, tmp_path) == (
        f"{tmp_path}/codes: has no .yaml file. Add one.",
        "the rules are wrong. Correct them.",
        f"{tmp_path}/a.yaml:2: id: is wrong. Correct it.",
        f"{tmp_path}/a.yaml:5: versions[0].statement.position: is missing. Add it.",
        f"{tmp_path}/a.yaml:7: versions[1].from.date: is wrong: too late. Correct it.",
        f"{tmp_path}/a.yaml:11: versions[1].codes.listed[1]: is wrong. Correct it.",
        f"{tmp_path}/b.yaml: line 1: a list or braces are not closed. Close them.",
        f"{tmp_path}/c.yaml: is missing. Add it.",
    )


def test_a_file_that_was_corrected_meanwhile_is_read_again(tmp_path: Path) -> None:
    fault = "rules/a.yaml: id: is wrong. Correct it."
    for comments in (1, 3):
        (tmp_path / "a.yaml").write_text("# a comment\n" * comments + "id: x\n", encoding="utf-8")
        assert located([fault], tmp_path) == (f"{tmp_path}/a.yaml:{comments + 1}: id: is wrong. Correct it.",)


def test_faults_of_rules_that_are_in_no_folder_stay_as_they_are(tmp_path: Path) -> None:
    faults = ("rules/b.yaml: is missing. Add it.", "rules/a.yaml: id: is wrong. Correct it.")
    assert located(faults, None) == located(faults, tmp_path / "rules.zip") == faults
