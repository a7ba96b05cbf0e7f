"""What an 837 holds beside its codes and dates: evidence that may save a line, who bills, and what is not posted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import pyx12

from claims_edit.doubts import AT, DOUBTS
from claims_edit.intake.x12.vocabulary import FILING_INDICATORS
from claims_edit.posting_holds import POSTING_HOLDS
from tests.unit.test_x12_files import ISA, PROVIDER, SUBSCRIBER, claim, file_of, line, read, sound, transaction

PLAIN = sound(*claim(), *line())


def changed(old: str, new: str, segments: tuple[str, ...] = PLAIN) -> tuple[str, ...]:
    """Segments with a part of one of them replaced."""
    assert sum(old in segment for segment in segments) == 1
    return tuple(segment.replace(old, new) for segment in segments)


def holds(folder: Path, segments: tuple[str, ...]) -> set[str]:
    """The posting holds of the only line."""
    found = set((read(folder, segments).row["posting_holds"] or "").split())
    assert found <= set(POSTING_HOLDS)
    return found


def doubts(row: dict[str, Any]) -> list[str]:
    """The doubts of a line, each with its place; the small claims here do not add up."""
    return [doubt for doubt in (row["doubts"] or "").split() if not doubt.startswith("claim-charge-mismatch")]


# --- evidence ---------------------------------------------------------------------------------------------------------

REFERENCES = {
    "P4": "clinical_trial_number",
    "LX": "investigational_device_exemption_number",
    "G1": "prior_authorization_number",
}


@pytest.mark.parametrize("of_line", [False, True])
@pytest.mark.parametrize(("qualifier", "column"), REFERENCES.items())
def test_references_of_claim_and_line_are_evidence(
    tmp_path: Path, qualifier: str, column: str, *, of_line: bool
) -> None:
    reference = f"REF*{qualifier}*X 123"
    segments = (*claim(), *line(), reference) if of_line else (*claim(), reference, *line())
    row = read(tmp_path, sound(*segments)).row
    assert row[column] == "X 123"
    is_misplaced = of_line and qualifier != "G1"  # a trial is one of the claim
    assert doubts(row) == (["segment-misplaced@segment-16"] if is_misplaced else [])


@pytest.mark.parametrize("reference", ["REF*{}", "REF*{}*", "REF*{}* ", "REF*{}**"])
@pytest.mark.parametrize(("qualifier", "column"), REFERENCES.items())
def test_a_reference_without_its_number_is_a_doubt(tmp_path: Path, qualifier: str, column: str, reference: str) -> None:
    segment = reference.format(qualifier)
    of_claim, of_line = read(tmp_path, sound(*claim(), segment, *line(), *line(2), segment)).rows
    assert doubts(of_claim) == [f"{column}-missing@segment-13"]
    own = {doubt for doubt in doubts(of_line) if not doubt.startswith("segment-misplaced")}
    assert own == {f"{column}-missing@segment-13", f"{column}-missing@segment-20"}
    assert of_claim[column] is None
    assert f"{column}-missing" in DOUBTS


@pytest.mark.parametrize(
    ("indicator", "is_known"),
    [
        *((code, True) for code in ("CI", "16", "09", "ch", " MC ", "SA", "", "00", "NONE")),
        *((code, False) for code in ("HC", "QQ", "F1", "61")),
        *((code, True) for code in ("C", "CHX", "Q?", "C H")),  # of no code's form: a doubt in every format
    ],
)
def test_a_claim_filing_indicator_in_no_code_list_is_a_doubt(tmp_path: Path, indicator: str, *, is_known: bool) -> None:
    found = read(tmp_path, changed("*CI", f"*{indicator}")).row
    assert doubts(found) == ([] if is_known else ["claim_filing_indicator_code-unknown@segment-8"])


@pytest.mark.parametrize(
    ("sbr", "is_clear"),
    [
        *((f"SBR*{order}*18*GRP-1*GOLD*****CI", True) for order in "PSTABCDEFGHU"),
        ("SBR*P**GRP-1*GOLD*****CI", True),
        ("SBR*P*01*GRP-1*GOLD****FT*CI", True),
        ("SBR*P*18*GRP-1*GOLD", True),
        *((f"SBR*{order}*18*GRP-1*GOLD*****CI", False) for order in ("", "p", "X", "P|18", "PP")),
        ("SBR*P|18*GRP-1*GOLD*****CI", False),
        ("SBR*P*18|GRP-1*GOLD*****CI", False),
        ("SBR*P*18*GRP-1|GOLD*****CI", False),
        ("SBR**18*GRP-1*GOLD****CI", False),
        ("SBR*", False),
    ],
)
def test_a_subscriber_whose_elements_moved_or_are_no_codes_is_a_doubt(
    tmp_path: Path, sbr: str, *, is_clear: bool
) -> None:
    row = read(tmp_path, changed("SBR*P*18*GRP-1*GOLD*****CI", sbr)).row
    assert [doubt for doubt in doubts(row) if doubt.startswith("subscriber")] == (
        [] if is_clear else ["subscriber-not-understood@segment-8"]
    )


def test_the_code_list_of_filing_indicators_is_that_of_the_guides() -> None:
    maps = Path(pyx12.__file__).parent / "map"
    elements = re.compile(r'<element xid="SBR09">.*?</element>', re.DOTALL)
    texts = [path.read_text(encoding="utf-8") for path in maps.glob("837*.xml")]
    found = [each for text in texts for each in elements.findall(text)]
    listed = {code for each in found for code in re.findall("<code>(..)</code>", each)}
    assert listed == set(FILING_INDICATORS)


def test_a_referral_is_no_authorization(tmp_path: Path) -> None:
    row = read(tmp_path, sound(*claim(), "REF*9F*R1", *line(), "REF*9F*R2")).row
    assert (row["prior_authorization_number"], row["doubts"]) == (None, None)


@pytest.mark.parametrize("qualifier", ["P4", "LX"])
def test_two_different_numbers_of_a_trial_or_exemption_are_a_doubt(tmp_path: Path, qualifier: str) -> None:
    """They decide no more than that there is one: the claim is not refused."""
    column, numbers = REFERENCES[qualifier], (f"REF*{qualifier}*1", f"REF*{qualifier}*2")
    found = read(tmp_path, sound(*claim(), *numbers, *line()))
    assert (found.faults, found.row[column], doubts(found.row)) == ([set()], "1", [f"{column}-several@segment-13"])
    assert doubts(read(tmp_path, sound(*claim(), numbers[0], numbers[0], *line())).row) == []
    assert f"{column}-several" in DOUBTS


def test_condition_and_value_codes_are_read_from_every_place(tmp_path: Path) -> None:
    codes = ("HI*BG:A6*BG:30", "HI*BG:09", "HI*BE:80:::2*BE:D4:::12345678", "HI*BE:81:::1")
    row = read(tmp_path, sound(*claim(), *codes, *line())).row
    assert (row["condition_codes"], row["value_codes"]) == ("A6 30 09", "80 D4 81")


@pytest.mark.parametrize("place", range(3, 7))
@pytest.mark.parametrize("service", ["SV1*{}*100*UN*1***1", "SV2*0360*{}*100*UN*1", "SV3*{}*100****1*****1"])
def test_a_modifier_is_read_in_each_of_its_places(tmp_path: Path, service: str, place: int) -> None:
    procedure = "HC:47384" + ":" * (place - 2) + "Q1"
    row = read(tmp_path, sound(*claim(), "LX*1", service.format(procedure), "DTP*472*D8*20260203")).row
    assert row[f"hcpcs_modifier_{place - 2}"] == "Q1"


@pytest.mark.parametrize("code", ["Z006", "Z00.6", "z006"])
@pytest.mark.parametrize(
    ("diagnoses", "pointers", "has_doubt"),
    [
        (("HI*ABK:C220*ABF:{}",), "1", True), (("HI*ABK:C220*ABF:{}",), "1:2", False),
        (("HI*ABK:C220*ABF:{}",), "", False), (("HI*ABK:C220", "HI*ABJ:{}"), "1", True),
        (("HI*ABK:C220", "HI*APR:{}"), "1", True), (("HI*ABK:{}",), "9", True),
    ],
)  # fmt: skip
def test_the_diagnosis_of_a_trial_that_no_pointer_names(
    tmp_path: Path, code: str, diagnoses: tuple[str, ...], pointers: str, *, has_doubt: bool
) -> None:
    of_claim = [segment.format(code) for segment in diagnoses]
    row = read(tmp_path, sound(claim()[0], *of_claim, *line(pointers=pointers))).row
    named = [doubt for doubt in doubts(row) if doubt.startswith("trial-diagnosis-not-pointed")]
    assert named == ([f"trial-diagnosis-not-pointed@segment-{11 + len(diagnoses)}"] if has_doubt else [])


def test_a_trial_is_that_of_the_own_claim(tmp_path: Path) -> None:
    trial = ("CLM*B*100***11:B:1", "HI*ABK:C220*ABF:Z006")
    rows = read(tmp_path, sound(*claim(), *line(), *trial, *line(), *line(2, pointers="2"), *claim("C"), *line())).rows
    assert [[doubt.split(AT)[0] for doubt in doubts(row)] for row in rows] == [
        [], ["trial-diagnosis-not-pointed"], [], [],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["NCT01234567", "STUDY NCT 01234567 IDE", "(NCT-01234567)"])
def test_the_number_of_a_registered_trial_in_free_text_is_a_doubt(tmp_path: Path, text: str) -> None:
    described = ("LX*3", f"SV1*HC:47384:::::{text}*100*UN*1***1", "DTP*472*D8*20260203")
    of_claims = (*claim(), f"NTE*ADD*{text}", *line(), *claim("B"), *line(), f"K3*{text}", *line(2), *described)
    rows = read(tmp_path, sound(*of_claims), size=600).rows
    assert [doubts(row) for row in rows] == [
        ["clinical_trial_number-in-text@segment-13"], ["clinical_trial_number-in-text@segment-22"], [],
        ["clinical_trial_number-in-text@segment-27"],
    ]  # fmt: skip


@pytest.mark.parametrize("segment", ["NTE*ADD*NCT0123456", "NTE*ADD*G190123", "REF*P4*NCT01234567", "PWK*NCT01234567"])
def test_other_text_is_not_read(tmp_path: Path, segment: str) -> None:
    assert doubts(read(tmp_path, sound(*claim(), segment, *line())).row) == []


# --- who bills, and for whom ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        (("NM1*85*2*The Clinic*****XX*1234567893", "REF*EI*12-3"), "1234567893"),
        (("NM1*85*2*The Clinic", "REF*EI*12-3a b"), "12-3AB"),
        (("NM1*85*2*The Clinic", "REF*SY*999887777"), "999887777"),
        (("NM1*85*2*The Clinic", "REF*SY*9", "REF*EI*12"), "12"),
        (("NM1*85*2*The Clinic*****24*55-1", "REF*EI*12"), "12"),
        (("NM1*85*2*The Clinic*****24*55-1", "REF*LU*12"), "55-1"),
        (("NM1*85*2*The Clinic  of Tampa",), "THECLINICOFTAMPA"),
        (("NM1*85*2*The Clinic", "NM1*87*2", "REF*EI*12"), "THECLINIC"),
        (("NM1*85*2*The Clinic", "NM1*PE*2*PLAN", "REF*EI*12"), "THECLINIC"),
        (("NM1*85*2*The Clinic", "REF*EI", "NM1*PE*2*PLAN", "REF*EI*12"), "THECLINIC"),
        (("NM1*85*2",), None),
        (("N3*9 PIER RD", "REF*EI*12"), None),
        (("NM1*87*2*The Clinic*****XX*1234567893",), None),
    ],
)
def test_the_billing_provider_is_known_by_its_best_identifier(
    tmp_path: Path, provider: tuple[str, ...], expected: str | None
) -> None:
    segments = (PROVIDER[0], *provider, *SUBSCRIBER, *claim(), *line())
    assert read(tmp_path, file_of(transaction(*segments))).row["billing_provider_id"] == expected


def test_each_claim_has_its_own_billing_provider(tmp_path: Path) -> None:
    second = ("HL*3**20*1", "NM1*85*2*OTHER", "HL*4*3*22*0", *SUBSCRIBER[1:], *claim("B"), *line())
    rows = read(tmp_path, sound(*claim(), *line(), *second)).rows
    assert [row["billing_provider_id"] for row in rows] == ["1234567893", "OTHER"]


@pytest.mark.parametrize(
    ("qualifier", "is_sound"), [("MI", True), ("II", True), ("ZZ", True), ("", False), ("mi", False), ("SY", False)]
)
def test_a_member_id_is_qualified_as_one(tmp_path: Path, qualifier: str, *, is_sound: bool) -> None:
    found = read(tmp_path, changed("****MI*MBR-1", f"****{qualifier}*MBR-1"))
    assert found.faults == [set() if is_sound else {"member_id-unqualified"}]


# --- what is not posted -----------------------------------------------------------------------------------------------


def test_a_claim_to_the_only_payer_is_posted(tmp_path: Path) -> None:
    assert holds(tmp_path, PLAIN) == set()
    later = ("SBR*S*18*******CI", "OI***Y***Y", "NM1*IL*1*DOE*J****MI*1", "NM1*PR*2*OTHER*****PI*2")
    assert holds(tmp_path, sound(*claim(), *later, *line())) == set()


@pytest.mark.parametrize("order", ["S", "T", *"ABCDEFGH"])
def test_a_later_payer_does_not_post_what_another_one_pays_first(tmp_path: Path, order: str) -> None:
    assert holds(tmp_path, changed("SBR*P", f"SBR*{order}")) == {"other-payer-first"}


@pytest.mark.parametrize("order", ["U", "", "p", "X", "PS"])
def test_an_order_of_payers_that_is_not_understood_is_held(tmp_path: Path, order: str) -> None:
    assert holds(tmp_path, changed("SBR*P", f"SBR*{order}")) == {"payer-order-unknown"}
    assert holds(tmp_path, sound(*claim(), f"SBR*{order}*18", *line())) == {"payer-order-unknown"}


@pytest.mark.parametrize(
    ("of_claim", "of_line"),
    [
        (("SBR*P*18*******CI",), ()), (("SBR*S*18", "AMT*D*80"), ()), (("SBR*S*18", "CAS*CO*45*1"), ()),
        (("SBR*S*18", "MOA***MA01"), ()), (("SBR*S*18", "MIA*0"), ()),
        (("SBR*S*18", "NM1*PR*2*X*****PI*2", "DTP*573*D8*20240101"), ()), ((), ("SVD*2*80*HC:47384**1",)),
        ((), ("SVD*2*80*HC:47384**1", "CAS*CO*45*20", "DTP*573*D8*20240101")),
    ],
)  # fmt: skip
def test_what_another_payer_adjudicated_is_held(
    tmp_path: Path, of_claim: tuple[str, ...], of_line: tuple[str, ...]
) -> None:
    segments = sound(*claim(), *of_claim, *line(), *of_line, *line(2), *claim("B"), *line())
    rows = read(tmp_path, segments).rows
    assert [row["posting_holds"] for row in rows] == ["other-payer-first", "other-payer-first", None]


@pytest.mark.parametrize(
    ("purpose", "hold"),
    [("CH", None), ("RP", "encounter"), ("31", "subrogation"), ("", "purpose-unknown"), ("ch", "purpose-unknown")],
)
def test_what_a_transaction_is_for(tmp_path: Path, purpose: str, hold: str | None) -> None:
    assert holds(tmp_path, changed("*1253*CH", f"*1253*{purpose}")) == ({hold} if hold else set())
    without = tuple(segment for segment in PLAIN if not segment.startswith("BHT"))
    assert holds(tmp_path, without) == {"purpose-unknown"}


@pytest.mark.parametrize("size", [1, 60, 400, 5000])
def test_purpose_and_usage_are_those_of_the_own_envelopes(tmp_path: Path, size: int) -> None:
    """Of two interchanges the first holds two transactions, the second is a test; however the file is cut."""
    body = (*PROVIDER, *SUBSCRIBER, *claim(), *line(), *claim("B"), *line())
    encounter = tuple(part.replace("*CH", "*RP") for part in transaction(*body, number="0002"))
    test = tuple(part.replace("*0*P*:", "*0*T*:") for part in file_of(transaction(*body)))
    rows = read(tmp_path, (*file_of(transaction(*body), encounter), *test), size=size).rows
    assert [row["posting_holds"] for row in rows] == [None] * 2 + ["encounter"] * 2 + ["test-data"] * 2


@pytest.mark.parametrize("usage", ["I", "X", " ", "p", "t"])
def test_neither_test_nor_production_is_refused(tmp_path: Path, usage: str) -> None:
    segments = (ISA.replace("*0*P*:", f"*0*{usage}*:"), *PLAIN[1:])
    assert read(tmp_path, segments).faults == [{"row-interchange-usage"}]


def test_a_line_item_control_number_is_carried(tmp_path: Path) -> None:
    rows = read(
        tmp_path, sound(*claim(), *line(), "REF*6R*7-A", *line(2), *line(3), "REF*6R*", *claim("B"), *line())
    ).rows
    assert [row["line_item_control_number"] for row in rows] == ["7-A", None, None, None]
    assert {row["posting_holds"] for row in rows} == {None}


def test_two_control_numbers_of_a_line_are_not_posted(tmp_path: Path) -> None:
    rows = read(tmp_path, sound(*claim(), *line(), "REF*6R*1", "REF*6R*2", *line(2), "REF*6R*1", "REF*6R*1")).rows
    assert [row["posting_holds"] for row in rows] == ["line-control-number-conflict", None]
