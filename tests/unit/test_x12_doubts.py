"""What the 837 reader refuses: lines of which it is not certain what belongs to them, and what is no line at all."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import pytest

from claims_edit.intake.extract import ORDINAL
from tests.lib.examples import first
from tests.unit.test_x12_files import GS, HI, ISA, PROVIDER, SUBSCRIBER, claim, file_of, line, read, sound, transaction

if TYPE_CHECKING:
    from pathlib import Path

DEPENDENT = ("HL*3*2*23*0", "PAT*19", "NM1*QC*1*RIVERA*LUZ")
SECOND = ("HL*4*1*22*0", "SBR*P*18*GRP-2******CI", "NM1*IL*1*SO*MAI****MI*MBR-2", "NM1*PR*2*REGENCE*****PI*9")
OTHER_PAYER = (
    "SBR*S*18*OTHER******CI", "OI***Y***Y", "NM1*IL*1*X*Y****MI*OTHER", "NM1*PR*2*OTHER*****PI*9", "REF*F8*OTHER",
    "REF*G1*OTHER", "NM1*82*1*OTHER*****XX*1999999999",
)  # fmt: skip
UNREADABLE, HIERARCHY = {"row-unreadable-segment"}, {"row-hierarchy"}
SOUND: set[str] = set()


def members(rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """Whose each line is taken to be."""
    return [(row["claim_id"], row["member_id"], row["payer"]) for row in rows]


def test_a_dependent_has_its_subscribers_facts_and_a_new_subscriber_has_none_of_the_old_ones(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        sound(
            *claim("A"), *line(), *DEPENDENT, *claim("B"), *line(), *SECOND, *claim("C"), *line(),
            "HL*5**20*1", "NM1*85*2*OTHER*****XX*1666666662", "HL*6*5*22*0", *SECOND[1:], *claim("D"), *line(),
            "HL*7*5*22*0", "SBR*P", *claim("E"), *line(),
        ),
    )  # fmt: skip
    first, second = ("MBR-1", "PREMERA BLUE CROSS"), ("MBR-2", "REGENCE")
    assert members(found.rows) == [
        ("A", *first), ("B", *first), ("C", *second), ("D", *second), ("E", None, None),
    ]  # fmt: skip
    assert found.frame["billing_npi"].to_list() == ["1234567893"] * 3 + ["1666666662"] * 2
    assert found.faults == [SOUND] * 5


def test_other_payers_loops_are_not_the_claims(tmp_path: Path) -> None:
    found = read(tmp_path, sound(*claim(), *OTHER_PAYER, *OTHER_PAYER, *line(), *SECOND, *claim("B"), *line()))
    plain = read(tmp_path, sound(*claim(), *line(), *SECOND, *claim("B"), *line()))
    assert found.frame.drop(ORDINAL).equals(plain.frame.drop(ORDINAL))


@pytest.mark.parametrize(
    "between", [("SE*1*1", "ST*837*2"), ("GE*1*1", GS, "ST*837*2"), ("IEA*1*1", ISA, GS, "ST*837*2")]
)
def test_nothing_of_a_transaction_holds_in_the_next(tmp_path: Path, between: tuple[str, ...]) -> None:
    found = read(
        tmp_path, sound(*claim("A"), *line(), *between, *claim("B"), *line(2), *PROVIDER, *claim("C"), *line())
    )
    assert members(found.rows)[1:] == [("B", None, None), ("C", None, None)]
    assert found.faults[1:] == [{"row-no-subscriber"}] * 2
    assert found.frame["billing_npi"].to_list() == ["1234567893", None, "1234567893"]


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        # in the head of a claim, in its last line, and behind a line: the claim, and what follows up to the next HL
        (("A", "ZZ*1", "-", "B", "-", "HL", "C", "-"), [UNREADABLE, UNREADABLE, SOUND]),
        (("A", "-", "B", "-", "N31*1", "HL", "C", "-"), [SOUND, UNREADABLE, SOUND]),
        (("A", "-", "sv1*1", "B", "-", "HL", "C", "-"), [UNREADABLE, UNREADABLE, SOUND]),
        # between the subscriber and the first claim: all claims of the subscriber, and of the dependents
        (("ZZ*1", "A", "-", "B", "-", "HL", "C", "-"), [UNREADABLE, UNREADABLE, SOUND]),
        (("ZZ*1", "23", "A", "-", "HL", "C", "-"), [UNREADABLE, SOUND]),
        (("A", "ZZ*1", "-", "23", "B", "-", "HL", "C", "-"), [UNREADABLE, SOUND, SOUND]),
        (("A", "-", "23", "ZZ*1", "B", "-", "HL", "C", "-"), [SOUND, UNREADABLE, SOUND]),
    ],
)
def test_an_unreadable_segment_puts_claims_in_doubt(
    tmp_path: Path, segments: tuple[str, ...], expected: list[set[str]]
) -> None:
    parts = {"-": line(), "23": DEPENDENT, "HL": SECOND, **{name: claim(name) for name in "ABC"}}
    body = [part for segment in segments for part in parts.get(segment, (segment,))]
    for size in (None, 90):
        found = read(tmp_path, sound(*body), size=size)
        assert found.faults == expected
        assert found.warnings == {"segment-unreadable": 1}


def test_an_unreadable_segment_of_the_provider_is_only_counted(tmp_path: Path) -> None:
    body = ("*IC*JO", PROVIDER[0], "N 4*X", *PROVIDER[1:], *SUBSCRIBER, *claim(), *line())
    found = read(tmp_path, file_of(transaction(*body)))
    assert (found.faults, found.warnings) == ([SOUND], {"segment-unreadable": 2})


@pytest.mark.parametrize(
    "segment",
    [
        "DTP*431*D8*20260101REF*P4*NCT01234567",
        "N3*12 MAIN STREETCLM*B*1***11:B:1",
        "REF*D9*1REF*P4*NCT01234567",
        "CLM*B*100***11:B:1*Y*A*Y*Y*PHI*ABK:Z006",
        "HI*ABK:C220REF*P4*NCT01234567",
        "CL1*1*1*01HI*BG:30",
    ],
)
def test_segments_that_ran_together_are_unreadable(tmp_path: Path, segment: str) -> None:
    assert read(tmp_path, sound(*claim(), segment, *line())).faults == [UNREADABLE]


@pytest.mark.parametrize(
    "segment",
    [
        "REF*D9*1***",
        "N3*12 MAIN STREET*** ",
        "DTP*431*D8*20260101**",
        "NTE*ADD*5 REF*",
        "HI*BBR:0DHLX:D8:20260101*BG:5HI",
    ],
)
def test_empty_elements_at_the_end_do_no_harm(tmp_path: Path, segment: str) -> None:
    found = read(tmp_path, sound(*claim(), segment, *line()))
    assert (found.faults, found.warnings) == ([SOUND], {})


@pytest.mark.parametrize("blanks", [("", " "), (" ", ""), ("  ", "\t ")])
@pytest.mark.parametrize(
    ("segment", "padded"),
    first(
        9,
        [
            ("REF*P4*NCT01234567", "REF*{P4}*NCT01234567"),
            ("REF*P4*NCT01234567", "REF*P4*{NCT01234567}*{}"),
            ("REF*LX*G190123", "REF*{LX}*{G190123}"),
            ("REF*G1*A-1", "REF*{G1}*{A-1}"),
            ("REF*F8*OLD-1", "REF*{F8}*{OLD-1}"),
            ("NM1*82*1*HALL*****XX*1234567893", "NM1*{82}*1*HALL*****{XX}*{1234567893}"),
            ("DTP*434*RD8*20260101-20260102", "DTP*{434}*{RD8}*{20260101-20260102}"),
            ("AMT*D*1", "AMT*{D}*1"),
            ("CLM*B*100***11:B:1*Y*A*Y*Y", "CLM*{B}*{100}***{11}:{B}:{1}*{Y}*{A}*{Y}*{Y}"),
        ],
    ),
)
def test_blanks_around_an_element_say_nothing(
    tmp_path: Path, segment: str, padded: str, blanks: tuple[str, str]
) -> None:
    spaced = padded.replace("{", blanks[0]).replace("}", blanks[1])
    plain, found = (read(tmp_path, sound(*claim(), each, *line())) for each in (segment, spaced))
    assert found.frame.equals(plain.frame)
    assert (found.faults, found.warnings) == (plain.faults, plain.warnings)


def test_two_lines_that_ran_together_are_one_refused_row(tmp_path: Path) -> None:
    first = "SV1*HC:47384*100*UN*1***1LX*2"
    found = read(tmp_path, sound(*claim(), "LX*1", first, *line(2)[1:]))
    assert found.faults == [UNREADABLE] * 2
    assert found.frame["claim_line_number"].to_list() == ["1", None]


@pytest.mark.parametrize("segment", ["SBR*P*18*GRP-2******CI", "HI*ABK:C61", "CL1*1*1*01"])
def test_the_head_of_a_claim_behind_a_line_says_that_another_claim_begins(tmp_path: Path, segment: str) -> None:
    body = (
        *claim("A"),
        *line(),
        *claim("B"),
        *line(),
        segment,
        *line(2),
        *claim("C"),
        *line(),
        *SECOND,
        *claim("D"),
        *line(),
    )
    for size in (None, 90):
        found = read(tmp_path, sound(*body), size=size)
        assert found.faults == [SOUND, HIERARCHY, HIERARCHY, HIERARCHY, SOUND]
        assert found.frame["diagnosis_code_1"].to_list() == ["C220"] * 5


@pytest.mark.parametrize(
    ("loop", "expected"),
    [
        ("HL*3*2*23*0", SOUND),
        ("HL*3* 2 *23 ", SOUND),
        ("HL*3*1*23*0", HIERARCHY),
        ("HL*3**23*0", HIERARCHY),
        ("HL*3*2*PT*0", HIERARCHY),
        ("HL*3*2", HIERARCHY),
    ],
)
def test_a_dependent_is_kept_under_its_subscriber(tmp_path: Path, loop: str, expected: set[str]) -> None:
    body = (loop, *DEPENDENT[1:], *claim("A"), *line(), *claim("B"), *line(), *SECOND, *claim("C"), *line())
    assert read(tmp_path, sound(*body)).faults == [expected, expected, SOUND]


@pytest.mark.parametrize(
    ("loops", "expected"),
    [
        (("HL*3**20*1",), {"row-no-subscriber"}),
        (("HL*3**20*1", *DEPENDENT), {"row-no-subscriber", "row-hierarchy"}),
        (("HL*3*2*23*0*1", *DEPENDENT[1:]), UNREADABLE),
        (("HL*3*1*22*0*1", *SECOND[1:]), UNREADABLE),
        (("HL*3*1*22*0*1", *SECOND[1:], "HL*4*3*23*0"), UNREADABLE),
    ],
)
def test_a_loop_that_is_no_subscribers_has_none(tmp_path: Path, loops: tuple[str, ...], expected: set[str]) -> None:
    body = (*claim("A"), *line(), *loops, *claim("B"), *line(), *SECOND, *claim("C"), *line())
    behind = {"row-hierarchy", "row-no-billing-provider"} if "HL*3**20*1" in loops else SOUND  # SECOND is under HL 1
    assert read(tmp_path, sound(*body)).faults == [SOUND, expected, behind]


@pytest.mark.parametrize(
    ("lost", "expected"), [("HL*2", {"row-no-subscriber", "row-hierarchy"}), ("SBR", {"row-no-subscriber"})]
)
def test_a_line_without_subscriber_is_refused(tmp_path: Path, lost: str, expected: set[str]) -> None:
    body = (*PROVIDER, *(part for part in SUBSCRIBER if not part.startswith(lost)), *claim(), *line())
    assert read(tmp_path, file_of(transaction(*body))).faults == [expected]


@pytest.mark.parametrize(
    ("where", "segment"),
    [
        ("subscriber", "SBR*P*18*GRP-1*GOLD*****CI"),
        ("subscriber", "NM1*IL*1*RIVERA*ANA****MI*MBR-1"),
        ("subscriber", "NM1*PR*2*PREMERA BLUE CROSS*****PI*430"),
        ("claim", "REF*F8*1"),
        ("claim", "DTP*472*D8*20260203"),
        ("claim", "DTP*434*D8*20260203"),
        ("claim", "NM1*82*1*KEMP*****XX*1111111112"),
        ("claim", "NM1*77*1*KEMP*****XX*1111111112"),
        ("line", "DTP*472*D8*20260203"),
        ("line", "NM1*82*1*KEMP*****XX*1111111112"),
        ("line", "NM1*77*1*KEMP*****XX*1111111112"),
    ],
)
@pytest.mark.parametrize(("other", "conflicts"), [("", False), ("**", False), ("9", True)])
def test_what_may_are_once_must_not_say_two_things(
    tmp_path: Path, where: str, segment: str, other: str, *, conflicts: bool
) -> None:
    twice = {name: (segment, segment + other) if name == where else () for name in ("claim", "line")}
    subscriber = [(part, part + other) if where == "subscriber" and part == segment else (part,) for part in SUBSCRIBER]
    own = tuple(part for part in line() if where != "line" or part != segment)
    body = (
        *PROVIDER, *chain(*subscriber), *claim("A"), *twice["claim"], *own, *twice["line"],
        *line(2), *claim("B"), *line(), *SECOND, *claim("C"), *line(),
    )  # fmt: skip
    concerned = {"subscriber": 3, "claim": 2, "line": 1}[where] if conflicts else 0
    assert read(tmp_path, file_of(transaction(*body))).faults == [
        {"row-conflicting-segments"} if place < concerned else SOUND for place in range(4)
    ]


def test_what_may_are_often_says_what_it_says_first(tmp_path: Path) -> None:
    row = read(tmp_path, sound(*claim(), "REF*G1*A", "REF*G1*B", *line())).row
    assert (row["prior_authorization_number"], row["__fault"]) == ("A", None)


def test_a_service_without_claim_is_refused(tmp_path: Path) -> None:
    found = read(
        tmp_path, sound(*line(), "NM1*82*1*LATE*****XX*1", *line(2)[1:], *claim("A"), *line(), *DEPENDENT, *line())
    )
    assert found.faults == [{"row-no-claim"}, {"row-no-claim"}, SOUND, {"row-no-claim"}]
    assert found.frame["claim_id"].to_list() == [None, None, "A", None]
    assert found.frame["claim_line_number"].to_list() == ["1", None, "1", "1"]
    assert found.warnings == {"diagnosis_pointer-dangling": 3}


def test_outside_of_transactions_only_services_are_rows(tmp_path: Path) -> None:
    outside = ("HL*2*1*22", "SBR*P", "TA1*1", *claim("B"), *line(), "ZZ*1")
    found = read(tmp_path, file_of(transaction(*PROVIDER, *SUBSCRIBER, *claim("A"), *line()), outside))
    assert found.faults == [SOUND, {"row-no-claim"}]
    assert found.warnings == {"segment-unreadable": 7, "ge01-transaction-count": 1, "diagnosis_pointer-dangling": 1}


def test_the_contents_of_another_transaction_are_skipped(tmp_path: Path) -> None:
    other = ("ST*835*0009", "BPR*I", "CLM*X*1", "LX*1", "SV1*HC:0600T*1*UN*1", "ZZ*1", "SE*99*0001")
    found = read(tmp_path, file_of(other, transaction(*PROVIDER, *SUBSCRIBER, *claim("A"), *line()), other))
    assert members(found.rows) == [("A", "MBR-1", "PREMERA BLUE CROSS")]
    assert (found.faults, found.warnings, found.rejects) == ([SOUND], {"transaction-not-837": 2}, [])


@pytest.mark.parametrize(
    "end", first(5, [(), ("GE*1*1", "IEA*1*1"), (GS, "ST*837*2", "SE*2*2"), (ISA, GS), ("ST*835*1", "SE*2*1")])
)
@pytest.mark.parametrize("behind", [(), SECOND, (*SECOND, "ZZ*1")])
def test_the_last_claim_of_a_transaction_without_end_is_refused(
    tmp_path: Path, end: tuple[str, ...], behind: tuple[str, ...]
) -> None:
    body = transaction(*PROVIDER, *SUBSCRIBER, *claim("A"), *line(), *claim("B"), *line(), *line(2), *behind)[:-1]
    for size in (None, 90):
        found = read(tmp_path, (ISA, GS, *body, *end), size=size)
        assert found.faults == [SOUND, {"row-cut-off"}, {"row-cut-off"}]
        assert found.warnings["se-missing"] == 1


def test_a_claim_without_frequency_is_refused(tmp_path: Path) -> None:
    places = ("11:B", "11:B:", "11>B>1", "", "11:B: ")
    segments = [part for number, place in enumerate(places) for part in (*claim(str(number), place=place), *line())]
    found = read(tmp_path, sound(*segments))
    assert found.faults == [{"claim_frequency_code-missing"}] * len(places)


@pytest.mark.parametrize(
    ("segments", "pointers", "expected"),
    [
        (("HI*ABK:C220*BF:1550",), "", {"diagnosis_code_type-conflict"}),
        (("HI*ABK:C220", "HI*BF:1550"), "1:2", {"diagnosis_code_type-conflict"}),
        (("HI*ABK:V707*BF:V707",), "", {"diagnosis_code_type-conflict"}),
        (("HI*ABK:C220", "HI*BF:1550"), "2", SOUND),
    ],
)
def test_a_line_has_diagnoses_of_one_code_set(
    tmp_path: Path, segments: tuple[str, ...], pointers: str, expected: set[str]
) -> None:
    assert read(tmp_path, sound(claim()[0], *segments, *line(pointers=pointers))).faults == [expected]


@pytest.mark.parametrize(("count", "expected"), [(25, SOUND), (26, {"diagnosis_code-too-many"})])
def test_a_line_has_at_most_as_many_diagnoses_as_columns(tmp_path: Path, count: int, expected: set[str]) -> None:
    segments = [f"HI*ABF:C{code:02}*ABF:C{code:02}" for code in range(10, 10 + count)]
    found = read(tmp_path, sound(claim()[0], *segments, *line(pointers="")))
    assert found.faults == [expected]
    assert found.row["diagnosis_code_25"] == "C34"


def test_claims_without_lines_and_lines_without_service_are_rejected(tmp_path: Path) -> None:
    body = (
        *claim("A"),
        *claim("B:1", place="11:B:1"),
        *line(),
        "LX*2",
        "REF*6R*1",
        "LX*3",
        *line(4),
        *DEPENDENT,
        "LX*9",
    )
    for size in (None, 90):
        found = read(tmp_path, sound(*body), size=size)
        assert found.rejects == [
            (11, "row-claim-without-lines", "ST 0001: CLM*A*100***11:B:1*Y*A*Y*Y"),
            (18, "row-line-without-service", "ST 0001: LX*2"),
            (20, "row-line-without-service", "ST 0001: LX*3"),
            (27, "row-line-without-service", "ST 0001: LX*9"),
        ]
        assert found.faults == [SOUND, SOUND]
        assert found.frame["claim_line_number"].to_list() == ["1", "4"]


def test_a_claim_whose_lines_have_no_service_is_rejected_with_them(tmp_path: Path) -> None:
    checks = [check for _, check, _ in read(tmp_path, sound(claim()[0], HI, "LX*1")).rejects]
    assert checks == ["row-claim-without-lines", "row-line-without-service"]


def test_a_second_service_of_a_line_has_no_number(tmp_path: Path) -> None:
    second = ("SV1*HC:99213*50*UN*1***2", "DTP*472*D8*20260204", "REF*G1*B")
    found = read(tmp_path, sound(*claim(), "REF*G1*A", *line(), *second, *line(2), *claim("B"), *second))
    columns = ("claim_line_number", "claim_line_start_date", "prior_authorization_number")
    assert [tuple(row[name] for name in columns) for row in found.rows] == [
        ("1", "20260203", "A"), (None, "20260204", "B"), ("2", "20260203", "A"), (None, "20260204", "B"),
    ]  # fmt: skip
    assert found.faults == [SOUND] * 4
