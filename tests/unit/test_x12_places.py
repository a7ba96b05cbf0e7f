"""Segments of an 837 where no guide has them: the claim is refused, or in doubt; and what is lost beside it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from claims_edit.intake.x12.segment_table import FORMERLY, LOOPS, segments_of
from tests.unit.test_x12_files import PROVIDER, SUBSCRIBER, by_guide, claim, file_of, line, read, sound, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.test_x12_files import Found

SECOND = ("HL*3*1*22*0", "SBR*P*18*GRP-2******CI", "NM1*IL*1*SO*MAI****MI*MBR-2", "NM1*PR*2*REGENCE*****PI*9")
OTHER_PAYER = ("SBR*S*18*******CI", "OI***Y***Y", "NM1*IL*1*X****MI*O", "NM1*PR*2*OTHER*****PI*9")
REFUSED, SOUND = {"row-hierarchy"}, set[str]()


def doubts(found: Found) -> list[str]:
    """Of each line the names of its doubts."""
    tokens = [(row["doubts"] or "").split() for row in found.rows]
    return [" ".join(sorted({token.partition("@")[0] for token in of_line})) for of_line in tokens]


@pytest.mark.parametrize(
    "segment",
    [
        "HI*ABF:Z006",
        "REF*P4*1",
        "REF*LX*1",
        "DTP*434*D8*20260101",
        "DTP*435*D8*20260101",
        "DTP*472*D8*20260101",
        "CL1*1",
    ],
)
def test_what_is_the_claims_behind_another_payer_refuses_the_claim(tmp_path: Path, segment: str) -> None:
    body = (*claim("A"), *OTHER_PAYER, segment, *line(), *SECOND, *claim("B"), *line())
    for size in (None, 90):
        assert read(tmp_path, sound(*body), size=size).faults == [REFUSED, SOUND]


@pytest.mark.parametrize(
    "segment",
    [
        "NM1*IL*1*SO****MI*MBR-2",
        "PAT*19",
        "DMG*D8*19600101",
        "SBR*P",
        "NM1*PR*2*X",
        "NM1*QC*1*X",
        "HI*ABF:C61",
        "DTP*434*D8*1",
    ],
)
def test_what_is_of_a_head_behind_a_line_refuses_all_up_to_the_next_level(tmp_path: Path, segment: str) -> None:
    body = (*claim("A"), *line(), segment, *claim("B"), *line(), *SECOND, *claim("C"), *line())
    for size in (None, 90):
        assert read(tmp_path, sound(*body), size=size).faults == [REFUSED, REFUSED, SOUND]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        # NM1*85 lost: whose N3 is it? The billing provider is not known
        ((PROVIDER[0], "N3*1 MAIN ST", *SUBSCRIBER), {"row-hierarchy", "row-no-billing-provider"}),
        ((PROVIDER[0], *SUBSCRIBER), {"row-no-billing-provider"}),
        ((*PROVIDER, "NM1*85*2*OTHER*****XX*1666666662", *SUBSCRIBER), {"row-conflicting-segments"}),
        ((*PROVIDER, PROVIDER[1], *SUBSCRIBER), SOUND),
        ((*PROVIDER, *SUBSCRIBER[:2], "N3*1 MAIN ST", *SUBSCRIBER[2:]), REFUSED),
        ((*PROVIDER, *SUBSCRIBER, "PAT*19", "NM1*QC*1*DOE"), REFUSED),  # HL*23 lost
        ((*PROVIDER, *SUBSCRIBER, "REF*2U*1", "REF*ZZ*1", "PER*IC"), SOUND),
        ((*PROVIDER, *SUBSCRIBER, "DTP*472*D8*20260101"), REFUSED),  # CLM lost
    ],
)
def test_heads_hold_what_the_guides_have_there(tmp_path: Path, head: tuple[str, ...], expected: set[str]) -> None:
    found = read(tmp_path, file_of(transaction(*head, *claim(), *line())))
    assert found.faults == [expected]


@pytest.mark.parametrize("place", ["claim", "other payer", "line"])
@pytest.mark.parametrize("segment", ["REF*p4*1", "REF*ZZ*1", "AMT*QQ*1", "NM1*8Z*1*KEMP"])
def test_an_unknown_qualifier_is_in_doubt(tmp_path: Path, place: str, segment: str) -> None:
    at = {name: (segment,) if name == place else () for name in ("claim", "other payer", "line")}
    body = (*claim(), *at["claim"], *OTHER_PAYER, *at["other payer"], *line(), *at["line"], *line(2))
    found = read(tmp_path, sound(body[0].replace("*100*", "*200*"), *body[1:]))
    assert found.faults == [SOUND] * 2
    assert doubts(found) == ["segment-misplaced", "" if place == "line" else "segment-misplaced"]


@pytest.mark.parametrize(
    "segment", ["HI*BG:30", "REF*P4*1", "REF*G1*1", "CL1*1", "OI***Y", "SVD*1", "SV5*HC", "LIN**N4"]
)
def test_what_follows_the_claims_providers_is_the_claims_and_in_doubt(tmp_path: Path, segment: str) -> None:
    found = read(tmp_path, sound(*claim(), "NM1*82*1*KEMP*****XX*1111111112", segment, *line()))
    assert (found.faults, doubts(found)) == ([SOUND], ["segment-misplaced"])
    assert found.rows[0]["doubts"] == "segment-misplaced@segment-14"


@pytest.mark.parametrize(
    ("place", "expected"),
    [("11:B:1:", SOUND), ("11:B:1:7", {"claim_frequency_code-leftover"})],
)
def test_a_claim_has_one_frequency(tmp_path: Path, place: str, expected: set[str]) -> None:
    assert read(tmp_path, sound(*claim(place=place), *line())).faults == [expected]


@pytest.mark.parametrize(
    ("payer", "expected"),
    [
        ("NM1*PR*2******PI*430", SOUND),
        ("NM1*PR*2******24*430", {"payer-unqualified"}),
        ("NM1*PR*2*REGENCE*****24*1", SOUND),
    ],
)
def test_a_payer_without_name_has_an_identifier_of_a_payer(tmp_path: Path, payer: str, expected: set[str]) -> None:
    found = read(tmp_path, file_of(transaction(*PROVIDER, *SUBSCRIBER[:3], payer, *claim(), *line())))
    assert found.faults == [expected]


def test_a_trial_number_on_a_line_is_in_doubt(tmp_path: Path) -> None:
    found = read(tmp_path, sound(*claim(), *line(), "REF*P4*12345678"))
    assert (found.faults, doubts(found)) == ([SOUND], ["segment-misplaced"])


@pytest.mark.parametrize(
    ("segment", "former", "now"),
    [("NM1*PR*2*OTHER", SOUND, REFUSED), ("DTP*866*D8*1", SOUND, SOUND), ("DTP*999*D8*1", REFUSED, REFUSED)],
)
def test_what_only_004010_has(tmp_path: Path, segment: str, former: set[str], now: set[str]) -> None:
    body = sound(*claim(), *line(), segment)
    assert read(tmp_path, body).faults == [now]
    assert read(tmp_path, by_guide(body, "004010X098A1"), size=60).faults == [former]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("HL*3*1*22*0", SOUND),
        ("HL*3* 1 *22*0", SOUND),
        ("HL*3*9*22*0", REFUSED),
        ("HL*3**22*0", REFUSED),
        ("HL*3*2*22", REFUSED),
    ],
)
def test_a_subscriber_is_under_the_provider_in_force(tmp_path: Path, level: str, expected: set[str]) -> None:
    body = (*claim("A"), *line(), level, *SECOND[1:], *claim("B"), *line(), "HL*4*3*23*0", *claim("C"), *line())
    assert read(tmp_path, sound(*body)).faults == [SOUND, expected, expected]


@pytest.mark.parametrize("size", [None, 90])
@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (("1", "2", "3", "4"), []),
        (("1", "2", "4", "5"), ["A", "B"]),
        (("1", "2", "2", "3"), ["A", "B"]),
        (("1", "2", "", "4"), ["A", "B", "C"]),
        (("1", "2", "x", "4"), ["A", "B", "C"]),
        (("1", "2", "3", "5"), ["B", "C"]),
        (("2", "3", "4", "5"), ["A"]),  # the first one is 1; the lines begin behind the second
    ],
)
def test_levels_are_numbered_without_a_gap(
    tmp_path: Path, numbers: tuple[str, ...], expected: list[str], size: int | None
) -> None:
    provider, first, second, third = numbers
    body = (
        f"HL*{provider}**20*1", PROVIDER[1], f"HL*{first}*{provider}*22*0", *SUBSCRIBER[1:], *claim("A"), *line(),
        f"HL*{second}*{provider}*22*0", *SECOND[1:], *claim("B"), *line(),
        f"HL*{third}*{provider}*22*0", *SECOND[1:], *claim("C"), *line(),
    )  # fmt: skip
    found = read(tmp_path, file_of(transaction(*body)), size=size)
    assert found.faults == [SOUND] * 3
    assert late(found, "hierarchy-gap") == ([] if numbers[0] == "2" else expected)


@pytest.mark.parametrize("size", [None, 90])
@pytest.mark.parametrize(
    ("body", "doubtful"),
    [
        ((*claim("A"), *line(), *SECOND, *claim("B"), *line()), ""),
        ((*claim("A"), *line(), *claim("B"), *line(), *SECOND), "AB"),
        ((*SECOND, *claim("A"), *line()), "A"),  # no claim of the first subscriber
        (("HL*3*2*23*0", "PAT*19", "NM1*QC*1*SO*KIM", *claim("A"), *line()), ""),
        (("HL*3*2*23*0", "PAT*19", "NM1*QC*1*SO*KIM", "HL*4*2*23*0", "PAT*19", *claim("A"), *line()), "A"),
        ((*claim("A"), *line(), "HL*3*2*23*0", "PAT*19", "NM1*QC*1*SO*KIM"), "A"),
    ],
)
def test_a_patient_without_a_claim_leaves_the_transaction_in_doubt(
    tmp_path: Path, body: tuple[str, ...], doubtful: str, size: int | None
) -> None:
    first = transaction(*PROVIDER, *SUBSCRIBER, *body)
    second = transaction(*PROVIDER, *SUBSCRIBER, *claim("Z"), *line(), number="2")
    found = read(tmp_path, file_of(first, second), size=size)
    assert "".join(late(found, "patient-without-claim")) == doubtful


@pytest.mark.parametrize("size", [None, 90])
def test_lines_of_a_transaction_of_another_length_are_in_doubt(tmp_path: Path, size: int | None) -> None:
    first, second, third = (
        transaction(*PROVIDER, *SUBSCRIBER, *claim(name), *line(), number=number)
        for name, number in (("A", "1"), ("B", "2"), ("C", "3"))
    )
    cut = tuple(segment for segment in second if not segment.startswith("HI"))
    found = read(tmp_path, file_of(first, cut, third), size=size)
    assert late(found, "transaction-incomplete") == ["B"]
    assert found.warnings["se01-segment-count"] == 1
    assert found.late["token"].to_list() == [f"transaction-incomplete@segment-{3 + 2 * len(first) - 2}"]


def late(found: Found, name: str) -> list[str]:
    """The claims whose lines are in a doubt that is known afterwards."""
    ranges = [(first, last) for first, last, known, _ in found.late.rows() if known == name]
    lines = found.frame.select("claim_id", "__ordinal").rows()
    return [claim_id for claim_id, row in lines if any(first <= row <= last for first, last in ranges)]


# --- the table of segments, and the maps of pyx12 ---------------------------------------------------------------------

MAPS = {
    "837.5010.X222.A1.xml": (LOOPS,), "837Q3.I.5010.X223.A1.v2.xml": (LOOPS,),
    "837.4010.X098.A1.xml": (LOOPS, FORMERLY), "837.4010.X096.A1.xml": (LOOPS, FORMERLY),
    "837.4010.X097.A1.xml": (LOOPS, FORMERLY),
}  # fmt: skip
PARENTS = {"2010A": "2000A", "2010B": "2000B", "2010C": "2000C", "2305": "2300", "2310": "2300", "2330": "2320"}
QUALIFIED = {"NM1", "REF", "DTP", "AMT"}


def listed(name: str) -> Iterator[tuple[str, set[str], set[str]]]:
    """Of each loop of a map its parent, the kinds of segment that begin it, and those that it holds."""
    spec = importlib.util.find_spec("pyx12")
    assert spec is not None
    assert spec.origin is not None
    for loop in ET.parse(Path(spec.origin).parent / "map" / name).iter("loop"):  # noqa: S314 -- of a package available
        number = loop.get("xid", "")
        if re.fullmatch("2[0-9]{3}[A-Z]{0,2}", number):
            parent = next((of for begin, of in PARENTS.items() if number.startswith(begin)), number)
            parent = "2400" if number.startswith("24") else parent
            first, *others = loop.findall("segment")
            is_parent = number == parent
            yield parent, set() if is_parent else kinds(first), {kind for each in others for kind in kinds(each)}


def kinds(segment: ET.Element) -> set[str]:
    """A segment of a map, once for each of its qualifiers."""
    name = segment.get("xid", "")
    codes = [code.text for code in segment.findall("element")[0].iter("code")] if name in QUALIFIED else []
    return {f"{name}*{code}" for code in codes} or {name}


@pytest.mark.skipif(importlib.util.find_spec("pyx12") is None, reason="pyx12 is not installed")
@pytest.mark.parametrize("name", MAPS)
def test_the_table_has_every_segment_where_the_maps_have_it(name: str) -> None:
    missing = []
    for parent, firsts, held in listed(name):
        ours = [loops for table in MAPS[name] for loops in table.get(parent, {}).items()]
        for first in firsts or {""}:
            own = [
                segments_of(text) for begins, text in ours if (first in segments_of(begins) if first else not begins)
            ]
            if not own:
                missing.append((parent, first))
            has = {kind for kinds in own for kind in kinds} | {"SV1", "SV2", "SV3"}
            missing += [(parent, first, kind) for kind in held if not {kind, f"{kind.partition('*')[0]}*"} & has]
    assert missing == []
