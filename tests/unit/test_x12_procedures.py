"""The procedures of an 837's claims (HI*BBR, HI*BBQ), which each of their lines has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.intake.extract import FAULT
from claims_edit.model import PROCEDURE_COLUMNS
from tests.unit.test_x12_files import by_guide, claim, read, sound

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = ("LX*1", "SV2*0360**60*UN*1", "LX*2", "SV2*0250*HC:99213*40*UN*1")


def stay(*segments: str) -> tuple[str, ...]:
    return by_guide(sound(*segments), "005010X223A2")


def codes_of(row: dict[str, str | None]) -> list[str]:
    given = [row[name] for name in PROCEDURE_COLUMNS]
    codes = [code for code in given if code is not None]
    assert given[: len(codes)] == codes
    return codes


@pytest.mark.parametrize(
    ("segments", "expected", "doubt"),
    [
        (("HI*BBR:0F503ZF:D8:20260203",), ["0F503ZF"], None),
        (("HI*BBQ:0FT40ZZ:D8:20260203*BBQ:0F5G0ZF:D8:20260204", "HI*BBQ:30233N1"), ["0FT40ZZ", "0F5G0ZF", "30233N1"],
         None),
        (("HI*BBR: 0F503ZF ",), ["0F503ZF"], None),
        (("HI*BR:3324:D8:20140203*BQ:5012",), ["3324", "5012"], None),
        (("HI*BG:30*BBR:0F503ZF",), ["0F503ZF"], None),
        (("HI*BBR::D8:20260203*BBQ:0F503ZF",), ["0F503ZF"], "health-code-not-understood@"),
        (("HI*BP:47384",), [], None),
        ((), [], None),
    ],
)  # fmt: skip
def test_each_line_has_the_procedures_of_its_claim(
    tmp_path: Path, segments: tuple[str, ...], expected: list[str], doubt: str | None
) -> None:
    found = read(
        tmp_path, stay(*claim(place="11:A:1"), *segments, *SERVICES, *claim("ACCT-2", place="11:A:1"), *SERVICES)
    )
    rows = found.frame.rows(named=True)
    assert [codes_of(row) for row in rows] == [expected, expected, [], []]
    assert all((doubt is None and row["doubts"] is None) or doubt in (row["doubts"] or "") for row in rows[:2])


@pytest.mark.parametrize(("count", "expected"), [(25, None), (26, "procedure_code-too-many")])
def test_more_procedures_than_columns_refuse_the_claim(tmp_path: Path, count: int, expected: str | None) -> None:
    many = [f"HI*BBQ:0F5G{number % 10}ZF" for number in range(count)]
    found = read(tmp_path, stay(*claim(place="11:A:1"), *many, *SERVICES))
    assert found.frame[FAULT].to_list() == [expected] * 2
    assert {len(codes_of(row)) for row in found.frame.rows(named=True)} == {25}
