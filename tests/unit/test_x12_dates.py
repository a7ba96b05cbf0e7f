"""The date of service of an 837 line, by guide: no other date is in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.test_x12_files import by_guide, claim, line, read, sound

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = {"P": "SV1*HC:47384*100*UN*1***1", "I": "SV2*0360*HC:47384*100*UN*1", "D": "SV3*AD:D0330*100****1*****1"}
GUIDES = {"P": "005010X222A1", "I": "005010X223A2", "D": "005010X224A2"}
OF_STATEMENT = ("DTP*434*RD8*20260201-20260204",)
OF_SERVICE = ("DTP*472*D8*20260203",)


def dates(
    folder: Path, of_claim: tuple[str, ...], kind: str, of_line: tuple[str, ...] = (), guide: str | None = None
) -> tuple[str | None, ...]:
    """The dates of one line: its own first and last day, and those of its claim."""
    segments = sound(*claim(), *of_claim, "LX*1", SERVICES[kind], *of_line)
    row = read(folder, by_guide(segments, GUIDES[kind] if guide is None else guide)).row
    return tuple(row[f"{of}_{end}_date"] for of in ("claim_line", "claim") for end in ("start", "end"))


@pytest.mark.parametrize(
    ("kind", "of_claim", "start", "end"),
    [
        ("I", OF_STATEMENT, "20260201", "20260204"),
        ("I", ("DTP*434*D8*20260201",), "20260201", None),
        ("I", OF_SERVICE, None, None),
        ("D", OF_SERVICE, "20260203", None),
        ("D", ("DTP*472*RD8*20260203-20260205",), "20260203", "20260205"),
        ("D", OF_STATEMENT, None, None),
        ("P", OF_SERVICE, None, None),
        ("P", OF_STATEMENT, None, None),
        *((kind, ("DTP*435*D8*20260101",), None, None) for kind in GUIDES),
        *((kind, ("DTP*435*DT*202601011200", "DTP*431*D8*20260102", "DTP*096*TM*1130"), None, None) for kind in GUIDES),
        ("I", (*OF_SERVICE, *OF_STATEMENT, "DTP*435*D8*20260101"), "20260201", "20260204"),
        ("D", (*OF_STATEMENT, *OF_SERVICE, "DTP*435*D8*20260101"), "20260203", None),
    ],
)  # fmt: skip
def test_a_line_takes_the_date_of_its_claim_where_the_guide_has_one(
    tmp_path: Path, kind: str, of_claim: tuple[str, ...], start: str | None, end: str | None
) -> None:
    assert dates(tmp_path, of_claim, kind) == (None, None, start, end)


def test_the_own_date_of_a_line_stays_beside_it(tmp_path: Path) -> None:
    assert dates(tmp_path, OF_STATEMENT, "I", ("DTP*472*D8*20260202",)) == ("20260202", None, "20260201", "20260204")


@pytest.mark.parametrize("of_line", ["DTP*471*D8*20260203", "DTP*434*D8*20260203", "DTP*150*D8*20260203"])
def test_another_date_of_a_line_is_not_its_date_of_service(tmp_path: Path, of_line: str) -> None:
    assert dates(tmp_path, (), "P", (of_line,)) == (None,) * 4


@pytest.mark.parametrize(
    ("kind", "guide", "is_taken"),
    [
        ("I", "004010X096A1", True), ("I", "005010X223A3", True), ("I", "005010", True), ("I", "", True),
        ("I", "005010X222A1", False), ("I", "005010X224A2", False), ("I", "004010X098A1", False),
        ("D", "004010X097A1", True), ("D", "005010X224", True), ("D", "005010X223A2", False),
        ("P", "005010", False), ("P", "005010X223A2", False),
    ],
)  # fmt: skip
def test_neither_guide_nor_service_may_contradict(tmp_path: Path, kind: str, guide: str, *, is_taken: bool) -> None:
    of_claim = (*OF_STATEMENT, *OF_SERVICE)
    assert (dates(tmp_path, of_claim, kind, guide=guide)[2] is not None) == is_taken


@pytest.mark.parametrize("named", ["GS*", "ST*"])
def test_the_group_and_the_transaction_agree_on_the_guide(tmp_path: Path, named: str) -> None:
    segments = by_guide(sound(*claim(), *OF_STATEMENT, "LX*1", SERVICES["I"]), GUIDES["I"])
    other = tuple(part.replace(GUIDES["I"], GUIDES["P"]) if part.startswith(named) else part for part in segments)
    assert read(tmp_path, segments).row["claim_start_date"] == "20260201"
    assert read(tmp_path, other).row["claim_start_date"] is None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("D8*", "D8*"), ("D8", "D8*"), ("", "*"), ("*20260201", "*20260201"), ("D8*2026020", "D8*2026020"),
        ("RD8*20260201", "RD8*20260201"), ("D8*20260201-20260204", "D8*20260201-20260204"), ("TM*1230", "TM*1230"),
        ("DT*202602011230", "DT*202602011230"), ("d8*20260201", "d8*20260201"), ("D8*20260230", "20260230"),
    ],
)  # fmt: skip
def test_a_date_that_is_not_understood_is_none(tmp_path: Path, text: str, start: str) -> None:
    """What is left is not a date, for validation to refuse; the claim's date is not taken in place of the line's."""
    assert dates(tmp_path, (f"DTP*434*{text}",), "I")[2] == start
    assert dates(tmp_path, (), "P", (f"DTP*472*{text}",))[0] == start
    assert dates(tmp_path, OF_STATEMENT, "I", (f"DTP*472*{text}",))[0] == start


@pytest.mark.parametrize("second", ["D8*20260204", "RD8*20260203-20260204", "RD8*20260202-20260203", "D8*", "TM*1230"])
def test_two_dates_of_service_that_differ_are_a_conflict(tmp_path: Path, second: str) -> None:
    segment = f"DTP*472*{second}"
    assert read(tmp_path, sound(*claim(), *line(), segment)).faults == [{"row-conflicting-segments"}]
    assert read(tmp_path, sound(*claim(), segment, "DTP*472*D8*20260203", *line())).faults == [
        {"row-conflicting-segments"}
    ]


@pytest.mark.parametrize("second", ["D8*20260203", "RD8*20260203-20260203"])
def test_a_day_and_the_period_of_that_day_agree(tmp_path: Path, second: str) -> None:
    assert read(tmp_path, sound(*claim(), *line(), f"DTP*472*{second}")).faults == [set()]
    assert read(tmp_path, sound(*claim(), f"DTP*434*{second}", "DTP*434*D8*20260203", *line())).faults == [set()]


@pytest.mark.parametrize("size", [1, 37, 211])
def test_the_guide_is_that_of_the_own_group(tmp_path: Path, size: int) -> None:
    """However the file is cut: of two groups the first is 837I, the second 837P."""
    body = by_guide(
        sound(*claim(), *OF_STATEMENT, "LX*1", SERVICES["I"], *claim("B"), *OF_STATEMENT, *line()), GUIDES["I"]
    )
    group = tuple(part.replace(GUIDES["I"], GUIDES["P"]) for part in body[1:-2])
    found = read(tmp_path, (*body[:-2], "GE*1*1", *group, "GE*1*1", "IEA*2*000000001"), size=size)
    assert found.frame["claim_start_date"].to_list() == ["20260201", None, None, None]
