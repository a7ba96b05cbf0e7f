"""Damaged archives, workbooks and Arrow files: refused by name, or read as sent (`bench/damage.py --bytes`)."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import InputError
from claims_edit.runner import RunOptions, run_batch
from tests.lib.damage.driving import AS_OF
from tests.lib.damage.packed_damage import FORMATS, UNNAMED, rows_of, run

if TYPE_CHECKING:
    from pathlib import Path

CHECKED = ("zip, deflated", "zip, stored", "xlsx")  # those with checksums


@pytest.mark.long
def test_what_has_checksums_is_never_read_wrongly(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel", reason="fastexcel is not installed: pip install 'claims-edit[excel]'")
    outcomes = run(60, 1, tmp_path, frozenset(CHECKED))
    assert outcomes.times.total() == 60 * len(CHECKED)
    assert outcomes.wrong == []


@pytest.mark.long
def test_no_damage_ends_a_run_without_a_name(tmp_path: Path) -> None:
    outcomes = run(60, 2, tmp_path, frozenset(FORMATS) - set(CHECKED))
    by_outcome = {outcome: times for (_, _, outcome), times in outcomes.times.items()}
    assert UNNAMED not in by_outcome
    assert by_outcome["refused by name"]


def test_a_damaged_text_of_a_workbook_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("fastexcel", reason="fastexcel is not installed: pip install 'claims-edit[excel]'")
    path = tmp_path / "claims.xlsx"
    path.write_bytes(FORMATS["xlsx"][1](rows_of(1)))
    with zipfile.ZipFile(path) as book:
        part = book.getinfo("xl/sharedStrings.xml")
    content = bytearray(path.read_bytes())
    content[part.header_offset + 14] ^= 1  # its checksum
    path.write_bytes(content)
    with zipfile.ZipFile(path) as book:
        central = book.start_dir
    at = content.index(b"xl/sharedStrings.xml", central) - 46
    content[at + 16] ^= 1  # and in the directory
    path.write_bytes(content)
    with pytest.raises(InputError, match="the workbook is damaged"):
        run_batch(RunOptions((str(path),), tmp_path / "out", AS_OF, reports=()))
