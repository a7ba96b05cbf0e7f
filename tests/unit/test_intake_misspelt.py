"""A header that lost a name, or misspells one, is refused: what the column says would be skipped or shifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import InputError
from claims_edit.intake import load_mapping, open_extract, sniff
from claims_edit.intake.misspelt import doubtful, misspelt

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("claim_id", "claim_line_number", "claim_type", "member_id", "payer", "claim_start_date", "hcpcs_code")
ROW = "C1,1,professional,M1,Premera,2024-01-05,0600T"
ABSENT = ("hcpcs_modifier_1", "hcpcs_code", "clinical_trial_number", "diagnosis_code_2", "payer", "group_id")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hcpcs_modifer_1", "hcpcs_modifier_1"),
        ("hcpcs_modifiers_1", "hcpcs_modifier_1"),
        ("hcpcs-code", "hcpcs_code"),
        ("HcpcsCode", "hcpcs_code"),
        ("Clinical Trial Number", "clinical_trial_number"),
        ("clinical_trial_nubmer", "clinical_trial_number"),
        ("clinical_trial_mumber", "clinical_trial_number"),
        ("groupid", "group_id"),
        ("hcpcs_modifier_2", None),
        ("diagnosis_code_26", None),
        ("diagnosis_poa_2", None),
        ("payers", None),
        ("clinical_trial_nmbr", None),
        ("", None),
    ],
)
def test_a_name_one_letter_away_is_misspelled(name: str, meant: str | None) -> None:
    assert misspelt([name], ABSENT) == ({} if meant is None else {name: meant})


@pytest.mark.parametrize(
    ("name", "is_near"),
    [
        ("hcpcs_modfer_1", True),  # two letters lost
        ("hcpcs_modiffiers_1", True),  # two added
        ("hcpcs_mudifeir_1", True),  # one replaced, two changed round
        ("clinical_trial_nmbr", True),
        ("diagnosis_code_z", True),  # one bit of a digit
        ("paln_x", False),
        ("playor", False),
        ("pyaer", True),  # a short name: one letter, or two changed round
        ("paye", True),
        ("palyre", False),
        ("hcpcs_modifier_2", False),
        ("diagnosis_code_26", False),
        ("diagnosis_poa_2", False),
        ("clinical_trial_phase", False),
        ("nmbr", False),
        ("", False),
    ],
)
def test_a_name_two_letters_away_is_doubtful(name: str, *, is_near: bool) -> None:
    assert doubtful([name], ABSENT) == ((name,) if is_near else ())


def test_a_doubtful_column_is_a_warning_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{','.join(COLUMNS)},hcpcs_modfer_1\n{ROW},Q0\n")
    extract = open_extract(sniff(path, "auto"), load_mapping(None), tmp_path)
    assert extract.warnings == {"column-misspelt:hcpcs_modfer_1": 1}


def opened(path: Path, header: str, row: str) -> int:
    """The rows of an extract with this header."""
    path.write_text(f"{header}\n{row}\n{row.replace('C1', 'C2')}\n")
    extract = open_extract(sniff(path, "auto"), load_mapping(None), path.parent)
    return sum(batch.height for batch in extract.batches(10)) + extract.rejects().height


def test_a_misspelled_column_is_refused(tmp_path: Path) -> None:
    header = ",".join(COLUMNS)
    assert opened(tmp_path / "right.csv", f"{header},hcpcs_modifier_1", f"{ROW},Q0") == 2
    with pytest.raises(InputError, match="column hcpcs_modifier1 looks like hcpcs_modifier_1"):
        opened(tmp_path / "wrong.csv", f"{header},hcpcs_modifier1", f"{ROW},Q0")


def test_rows_with_one_empty_field_more_than_the_header_are_refused(tmp_path: Path) -> None:
    header = ",".join(COLUMNS)
    assert opened(tmp_path / "both.csv", f"{header},", f"{ROW},") == 2
    with pytest.raises(InputError, match="names 7 columns, and every row has one more"):
        opened(tmp_path / "short.csv", header, f"{ROW},")


@pytest.mark.parametrize("cells", ["0600T,", '0600T,""', ",0600T"])
def test_a_single_row_with_one_field_more_than_the_header_is_refused(tmp_path: Path, cells: str) -> None:
    """A value that moved by one column into another one's place; the field behind the last one is empty, or not."""
    path = tmp_path / "one.csv"
    path.write_text("\n".join((",".join(COLUMNS), ROW, ROW.replace("0600T", cells), ROW)))
    extract = open_extract(sniff(path, "auto"), load_mapping(None), tmp_path)
    assert [batch.height for batch in extract.batches(10)] == [2]
    assert extract.rejects().select("source_row", "check").rows() == [(2, "row-too-many-columns")]
