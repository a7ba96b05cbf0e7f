"""Control segments of an 837, and what claims charge: what does not agree is counted, and no line is lost for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.errors import InputError
from tests.lib.examples import first
from tests.unit.test_x12_files import PROVIDER, SUBSCRIBER, claim, file_of, line, read, sound, transaction

if TYPE_CHECKING:
    from pathlib import Path

BODY = (*PROVIDER, *SUBSCRIBER, *claim(), *line())
SOUND = (*file_of(transaction(*BODY), transaction(*BODY, number="0002")), *file_of(transaction(*BODY)))
SIZES = first(1, (None, 130, 400))


def changed(old: str, *new: str) -> tuple[str, ...]:
    """The sound file with the first segment that begins so replaced."""
    place = next(place for place, segment in enumerate(SOUND) if segment.startswith(old))
    return (*SOUND[:place], *new, *SOUND[place + 1 :])


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (SOUND, {}),
        (changed("SE*14*0001", "SE*13*0001"), {"se01-segment-count": 1}),
        (changed("SE*14*0001", "SE*x*0001"), {"se01-segment-count": 1}),
        (changed("SE*14*0001", "SE**0001"), {"se01-segment-count": 1}),
        (changed("SE*14*0001", "SE*14*1"), {"se02-control-number": 1}),
        (changed("SE*14*0001", "SE*14"), {"se02-control-number": 1}),
        (changed("SE*14*0001", "SE*14*0001", "SE*14*0001"), {"se02-control-number": 1}),
        (changed("SE*14*0001"), {"se-missing": 1}),
        (changed("ST*837*0001", "ST*837*0001", "ST*837*0001"), {"se-missing": 1, "ge01-transaction-count": 1}),
        (changed("GE*2*1", "GE*1*1"), {"ge01-transaction-count": 1}),
        (changed("GE*2*1", "GE*2*2"), {"ge02-control-number": 1}),
        (changed("GE*2*1", "GE*2*1", "GE*2*1"), {"ge02-control-number": 1}),
        (changed("GE*2*1"), {"ge-missing": 1}),
        (changed("GE*2*1", "GE*2*1", "GS*HC*A*B*1*1*7*X*1", "GE*0*7"), {"iea01-group-count": 1}),
        (changed("IEA*1", "IEA*2*000000001"), {"iea01-group-count": 1}),
        (changed("IEA*1", "IEA*1*1"), {"iea02-control-number": 1}),
        (changed("IEA*1", "IEA*1*000000001", "IEA*1*000000001"), {"iea02-control-number": 1}),
        (changed("IEA*1"), {"iea-missing": 1}),
        (SOUND[:-1], {"iea-missing": 1}),
        (SOUND[:-2], {"iea-missing": 1, "ge-missing": 1}),
        (SOUND[:-3], {"iea-missing": 1, "ge-missing": 1, "se-missing": 1}),
        (changed("BHT", "BHT*0019", "", " "), {}),
        (changed("BHT"), {"se01-segment-count": 1}),
        (changed("GS*", "TA1*1*1*1*A*000", "GS*HC*SENDER*RECEIVER*1*1*1*X*1"), {}),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_counts_and_numbers(
    tmp_path: Path, segments: tuple[str, ...], expected: dict[str, int], size: int | None
) -> None:
    found = read(tmp_path, segments, size=size)
    assert found.warnings == expected
    assert found.frame.height == 3


@pytest.mark.parametrize("end", [("SE*1*1",), ()])
@pytest.mark.parametrize("size", SIZES)
def test_another_transaction_is_counted_and_not_looked_into(
    tmp_path: Path, end: tuple[str, ...], size: int | None
) -> None:
    other = ("ST*277*0003", "BHT*1", *end)
    found = read(tmp_path, file_of(other, transaction(*BODY), other), size=size)
    assert found.warnings == {"transaction-not-837": 2}


@pytest.mark.parametrize(
    "st", ["ST*8E7*0003", "ST**0003", "ST*0003*837", "ST*738*0003*005010X222A1", "ST*276*0003*004010X096A1"]
)
@pytest.mark.parametrize("size", SIZES)
def test_a_transaction_that_may_be_an_837_is_not_skipped(tmp_path: Path, st: str, size: int | None) -> None:
    with pytest.raises(InputError, match="segment 3: its ST01 is not a transaction set number, or is not 837"):
        read(tmp_path, file_of((st, *BODY), transaction(*BODY)), size=size)


@pytest.mark.parametrize(
    ("charge", "charges", "is_even"),
    [
        ("100", ("60", "40"), True),
        ("100.00", ("60.10", "39.9"), True),
        ("0.3", ("0.1", "0.2"), True),
        (" -5 ", ("-10", "+5"), True),
        ("9999999999999.99", ("9999999999999.98", ".01"), True),
        ("100", ("60", "40.01"), False),
        ("100", ("60",), False),
        ("100", ("100", ""), False),
        ("100", ("100", "many"), False),
        ("", ("0",), False),
        ("many", ("100",), False),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_a_claim_charges_what_its_lines_do(
    tmp_path: Path, charge: str, charges: tuple[str, ...], size: int | None, *, is_even: bool
) -> None:
    lines = [part for number, given in enumerate(charges, 1) for part in line(number, charge=given)]
    found = read(tmp_path, sound(*claim("A"), *line(), *claim("B", charge), *lines, *claim("C", "7")), size=size)
    assert found.warnings == ({} if is_even else {"clm02-line-charges": 1})


def test_findings_are_counted_each(tmp_path: Path) -> None:
    bad = (*claim("A", "1"), *line(1, "WK:1", pointers="9:1:8"), *line(2, "WK:1", pointers="9"), "ZZ", "YY")
    found = read(tmp_path, sound(*bad, *bad))
    assert found.warnings == {
        "clm02-line-charges": 2,
        "diagnosis_pointer-dangling": 4,
        "hcpcs_code-not-evaluable": 4,
        "segment-unreadable": 4,
    }
