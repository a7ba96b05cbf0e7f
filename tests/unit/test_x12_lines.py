"""What a claim line of an 837 says: each column, from the segment that the guides put it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from claims_edit.columns import COLUMNS
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.files import SourceFile
from claims_edit.intake.mapping import Mapping
from claims_edit.intake.readers import X12
from claims_edit.intake.x12.extract import X12Extract
from claims_edit.model import DIAGNOSIS_COLUMNS
from tests.unit.test_x12_files import (
    HI,
    PROVIDER,
    SUBSCRIBER,
    by_guide,
    claim,
    file_of,
    line,
    read,
    sound,
    transaction,
)

if TYPE_CHECKING:
    from pathlib import Path

MISSING = {"paid_amount", "allowed_amount", "line_of_business", "data_source", "person_id", "hcpcs_modifier_5"}


def changed(segments: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    """Segments with one of them, known by how it begins, replaced (or taken out, where the new one is empty)."""
    assert any(segment.startswith(old) for segment in segments)
    return tuple(filter(None, (new if segment.startswith(old) else segment for segment in segments)))


def diagnoses(row: dict[str, str | None]) -> list[str | None]:
    """The diagnoses of a line, without those that it does not have."""
    return [row[name] for name in DIAGNOSIS_COLUMNS if row[name] is not None]


def test_a_professional_line_says_all_this(tmp_path: Path) -> None:
    row = read(
        tmp_path,
        sound(
            *claim(charge="1200.5"), "REF*P4*NCT01234567", "REF*G1*AUTH-1", "REF*F8*ORIG-1", "HI*BG:30*BG:09",
            "NM1*82*1*KEMP*JO****XX*1111111112", "NM1*77*2*HALL*****XX*1222222224",
            "LX*3", "SV1*HC:47384:59:RT:LT:26:22*1200.5*UN*2*22**2:1", "DTP*472*RD8*20260203-20260205",
        ),
    ).row  # fmt: skip
    assert {name: value for name, value in row.items() if value is not None} == {
        "claim_id": "ACCT-1", "claim_line_number": "3", "claim_type": "professional", "member_id": "MBR-1",
        "payer": "PREMERA BLUE CROSS", "plan": "GOLD", "group_id": "GRP-1", "claim_filing_indicator_code": "CI",
        "claim_line_start_date": "20260203", "claim_line_end_date": "20260205", "place_of_service_code": "22",
        "hcpcs_code": "47384", "hcpcs_modifier_1": "59", "hcpcs_modifier_2": "RT", "hcpcs_modifier_3": "LT",
        "hcpcs_modifier_4": "26", "diagnosis_code_type": "icd-10-cm", "diagnosis_code_1": "K7460",
        "diagnosis_code_2": "C220", "service_unit_quantity": "2", "charge_amount": "1200.5",
        "rendering_npi": "1111111112", "billing_npi": "1234567893", "facility_npi": "1222222224",
        "claim_frequency_code": "1", "original_claim_id": "ORIG-1", "clinical_trial_number": "NCT01234567",
        "condition_codes": "30 09", "prior_authorization_number": "AUTH-1",
        "billing_provider_id": "1234567893", ORDINAL: 20, "__st": "0001",
    }  # fmt: skip


def test_an_institutional_line(tmp_path: Path) -> None:
    segments = (
        *claim(place="13:A:7"), "DTP*434*RD8*20260201-20260204",
        "LX*1", "SV2*0360*HC:47384*100*UN*1", "DTP*472*D8*20260203",
    )  # fmt: skip
    row = read(tmp_path, by_guide(sound(*segments), "005010X223A2")).row
    wanted = {
        "claim_type": "institutional", "revenue_center_code": "0360", "hcpcs_code": "47384", "charge_amount": "100",
        "service_unit_quantity": "1", "bill_type_code": "137", "place_of_service_code": None,
        "claim_start_date": "20260201", "claim_end_date": "20260204", "claim_line_start_date": "20260203",
        "claim_line_end_date": None,
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    assert diagnoses(row) == ["C220", "K7460", "E119"]


def test_a_dental_line(tmp_path: Path) -> None:
    row = read(tmp_path, sound(*claim(), "LX*1", "SV3*AD:D0330:59*80*22*10::20*I*2*****2:1", "DTP*472*D8*20260203")).row
    wanted = {
        "claim_type": "undetermined", "hcpcs_code": "D0330", "hcpcs_modifier_1": "59", "charge_amount": "80",
        "place_of_service_code": "22", "service_unit_quantity": "2",
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted
    assert diagnoses(row) == ["K7460", "C220"]


@pytest.mark.parametrize(
    ("service", "place", "expected"),
    [
        ("SV1*HC:1*1*UN*1*22", "11:B:1", ("22", None)),
        ("SV1*HC:1*1*UN*1", "11:B:1", ("11", None)),
        ("SV1*HC:1*1*UN*1", "11::1", ("11", None)),
        ("SV1*HC:1*1*UN*1", "13:A:1", (None, "131")),
        ("SV3*AD:1*1", "11::1", ("11", None)),
        ("SV2*0300*HC:1*1*UN*1", "13:A:1", (None, "131")),
        ("SV2*0300*HC:1*1*UN*1", "13::1", (None, "131")),
        ("SV2*0300*HC:1*1*UN*1", "11:B:1", ("11", None)),
        ("SV2*0300*HC:1*1*UN*1", "::1", (None, None)),
    ],
)
def test_place_and_bill_type_go_by_the_qualifier(
    tmp_path: Path, service: str, place: str, expected: tuple[str | None, str | None]
) -> None:
    row = read(tmp_path, sound(*claim(place=place), "LX*1", service)).row
    assert (row["place_of_service_code"], row["bill_type_code"]) == expected


@pytest.mark.parametrize(
    ("procedure", "code", "fault"),
    [
        ("WK:AB1CD:59", None, None),
        ("HP:1AA11", None, None),
        ("WK:47384:59", "WK:47384:59", "hcpcs_code-other-system"),
        ("ER:0600t", "ER:0600t", "hcpcs_code-other-system"),
        ("HC>47384", "HC>47384", "hcpcs_code-unqualified"),
        ("47384", "47384", "hcpcs_code-unqualified"),
        (":47384", ":47384", "hcpcs_code-unqualified"),
        ("hc:47384", "hc:47384", "hcpcs_code-unqualified"),
        ("N4:1", "N4:1", "hcpcs_code-unqualified"),
        ("HC:99213:::::::HC:0600T", "HC:99213:::::::HC:0600T", "hcpcs_code-several"),
    ],
)
def test_a_code_of_another_system_is_none_and_what_may_be_a_code_is_refused(
    tmp_path: Path, procedure: str, code: str | None, fault: str | None
) -> None:
    """A refused procedure is shown whole, so that a candidate code is found in it."""
    found = read(tmp_path, sound(*claim(), *line(1, procedure)))
    assert (found.row["hcpcs_code"], found.row["hcpcs_modifier_1"]) == (code, None)
    assert found.faults == [{fault} - {None}]
    assert found.warnings == ({} if procedure.startswith("HC:") else {"hcpcs_code-not-evaluable": 1})


@pytest.mark.parametrize(
    ("service", "fault"),
    [
        ("SV1**100*UN*1***1", True),
        ("SV1*HC*100*UN*1***1", True),
        ("SV1*HC::26*100*UN*1***1", True),
        ("SV3**100", True),
        ("SV2*0360*HC*100*UN*1", True),
        ("SV2*0360**100*UN*1", False),
    ],
)
def test_a_line_without_code_is_refused_but_for_one_with_a_revenue_code(
    tmp_path: Path, service: str, *, fault: bool
) -> None:
    assert read(tmp_path, sound(*claim(), "LX*1", service)).faults == [{"hcpcs_code-missing"} if fault else set()]


def test_a_line_with_a_revenue_code_only_is_evaluable(tmp_path: Path) -> None:
    found = read(tmp_path, sound(*claim(), "LX*1", "SV2*0360**100*UN*1"))
    assert (found.row["hcpcs_code"], found.row["revenue_center_code"]) == (None, "0360")
    assert found.warnings == {}


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (("HI*ABK:C220*ABF:K7460", "HI*ABJ:R1011*ABF:K7460"), ["C220", "K7460"]),
        (("HI*BK:1550", "HI*BF:1977*BJ:7890"), ["1550", "1977"]),
        (("HI*ABJ:C220", "HI*APR:C220", "HI*ABN:W010"), []),
        (("HI*BBR:0FB03ZX:D8:20260203*BG:30", "HI*ABK:C220*APR:R1011"), ["C220"]),
        (("HI*ABK: C220 :::::::Y*ABF:",), ["C220"]),
        ((), []),
    ],
)
def test_a_line_without_pointers_has_the_claims_diagnoses(
    tmp_path: Path, segments: tuple[str, ...], expected: list[str]
) -> None:
    found = read(tmp_path, sound(claim()[0], *segments, *line(pointers="")))
    assert diagnoses(found.row) == expected
    kind = {"C220": "icd-10-cm", "1550": "icd-9-cm"}
    assert found.row["diagnosis_code_type"] == (kind[expected[0]] if expected else None)
    assert found.warnings == {}


@pytest.mark.parametrize(
    ("segments", "pointers", "expected", "dangling"),
    [
        ((HI,), "2:1", ["K7460", "C220"], False),
        ((HI,), "1:1:01", ["C220"], False),
        ((HI,), " 3 ::1", ["E119", "C220"], False),
        (("HI*ABK:C220", "HI*ABF:K7460"), "2", ["K7460"], False),
        (("HI*ABK:C220*ABF:*ABF:K7460",), "3", ["K7460"], False),
        (("HI*ABK:C220*ABF:K7460**", "HI*ABF:E119"), "3", ["E119"], False),
        (("HI*BG:30", "HI*ABK:C220"), "1", ["C220"], False),
        (("HI*ABK*C220*ABF:K7460",), "3:1", ["K7460"], True),
        ((HI,), "1:4", ["C220"], True),
        ((HI,), "0", [], True),
        ((HI,), "x:+1:1.0:-1", [], True),
        ((HI,), "9" * 30, [], True),
        ((), "1", [], True),
    ],
)
def test_a_line_has_the_diagnoses_that_it_points_to(
    tmp_path: Path, segments: tuple[str, ...], pointers: str, expected: list[str], *, dangling: bool
) -> None:
    found = read(tmp_path, sound(claim()[0], *segments, *line(pointers=pointers)))
    assert diagnoses(found.row) == expected
    assert found.warnings == ({"diagnosis_pointer-dangling": 1} if dangling else {})


def test_pointers_of_a_claim_are_not_those_of_the_next(tmp_path: Path) -> None:
    second = ("CLM*ACCT-2*100***11:B:1", "HI*ABK:C61")
    found = read(
        tmp_path, sound(*claim(), *line(pointers="2"), *second, *line(pointers="2:1"), *claim("Z")[:1], *line())
    )
    assert [diagnoses(row) for row in found.rows] == [["K7460"], ["C61"], []]
    assert found.warnings["diagnosis_pointer-dangling"] == 2


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("DTP*472*D8*20260203", ("20260203", None)),
        ("DTP*472*RD8*20260203-20260204", ("20260203", "20260204")),
        ("DTP*472* D8 * 20260203 ", ("20260203", None)),
        ("DTP*472*DT*202602031230", ("DT*202602031230", None)),
        ("DTP*472*RD9*20260203-20260204", ("RD9*20260203-20260204", None)),
        ("DTP*472**20260203", ("*20260203", None)),
        ("DTP*472*D8*2026-02-03", ("D8*2026-02-03", None)),
        ("DTP*471*D8*20260203", (None, None)),
    ],
)
def test_line_dates(tmp_path: Path, segment: str, expected: tuple[str | None, str | None]) -> None:
    row = read(tmp_path, sound(*claim(), *line()[:2], segment)).row
    assert (row["claim_line_start_date"], row["claim_line_end_date"]) == expected


def test_what_a_line_says_goes_before_what_its_claim_does(tmp_path: Path) -> None:
    of_claim = ("REF*G1*A", "NM1*82*1*KEMP*JO****XX*1111111112", "NM1*77*2*HALL*****XX*1222222224")
    of_line = ("REF*G1*B", "NM1*82*1*VO*LY****XX*1333333336", "NM1*77*2*BALL*****XX*1444444448")
    unknown = ("NM1*82*1*VO*LY****24*1333333336", "NM1*77*2*BALL")
    segments = (*claim(), *of_claim, *line(), *line(2), *of_line, *line(3), *unknown, *line(4))
    columns = ("prior_authorization_number", "rendering_npi", "facility_npi")
    assert [tuple(row[name] for name in columns) for row in read(tmp_path, sound(*segments)).rows] == [
        ("A", "1111111112", "1222222224"),
        ("B", "1333333336", "1444444448"),
        ("A", None, None),
        ("A", "1111111112", "1222222224"),
    ]


@pytest.mark.parametrize(("name", "identifier", "payer"), [("ACME", "9", "ACME"), (" ", "9", "9"), ("", "", None)])
def test_a_payer_without_name_is_known_by_its_identifier(
    tmp_path: Path, name: str, identifier: str, payer: str | None
) -> None:
    segments = changed(sound(*claim(), *line()), "NM1*PR", f"NM1*PR*2*{name}*****PI*{identifier}")
    assert read(tmp_path, segments).row["payer"] == payer


def test_elements_are_trimmed_and_missing_ones_are_null(tmp_path: Path) -> None:
    segments = changed(sound(*claim(" ACCT-1 "), *line()), "SBR*P", "SBR*P*18* GRP-1 * ")
    segments = changed(segments, "NM1*IL", "NM1*IL*1*RIVERA")
    row = read(tmp_path, segments).row
    assert (row["claim_id"], row["group_id"], row["plan"], row["member_id"]) == ("ACCT-1", "GRP-1", None, None)


def test_what_other_segments_say_does_not_matter(tmp_path: Path) -> None:
    noise = ("REF*D9*1", "DTP*431*D8*20200101", "AMT*F5*3", "NTE*ADD*CLM", "K3*NCT1", "NM1*DN*1*KAY****XX*1999999999")
    of_line = ("QTY*PT*1", "NTE*ADD*STUDY G190123", "LIN**N4*1")
    segments = sound(*claim(), *noise, *line(), *of_line)
    plain = read(tmp_path, sound(*claim(), *line()))
    found = read(tmp_path, segments)
    assert found.frame.drop(ORDINAL).equals(plain.frame.drop(ORDINAL))
    assert found.warnings == {}


def test_columns_are_those_that_an_837_has(tmp_path: Path) -> None:
    found = read(tmp_path, sound(*claim(), *line()))
    canonical = [name for name in COLUMNS if name not in MISSING]
    assert found.frame.columns == [*canonical, "__st", ORDINAL, "__fault"]


def test_a_constant_is_kept_in_place_of_what_the_file_says(tmp_path: Path) -> None:
    mapping = Mapping(constants={"payer": "regence", "line_of_business": "commercial"})
    found = read(tmp_path, sound(*claim(), *line()), mapping=mapping)
    assert not {"payer", "line_of_business"} & set(found.frame.columns)


def test_the_layout_names_where_each_column_comes_from(tmp_path: Path) -> None:
    reader = X12Extract(SourceFile(tmp_path / "x", X12), Mapping(constants={"payer": "regence"}))
    assert reader.layout.constants == {"payer": "regence"}
    assert set(COLUMNS) - set(reader.layout.sources) == MISSING | {"payer"}
    assert reader.layout.sources["__st"] == "ST02"
    assert len(set(reader.layout.sources.values())) == len(reader.layout.sources)
    assert reader.layout.sources["claim_id"] == "CLM01"


def test_lines_of_all_kinds_are_in_file_order(tmp_path: Path) -> None:
    services = ("SV2*0300*HC:1*1*UN*1", "SV1*HC:1*1*UN*1", "SV3*AD:1*1", "SV1*HC:1*1*UN*1")
    segments = [part for number, service in enumerate(services, 1) for part in (f"LX*{number}", service)]
    found = read(tmp_path, file_of(transaction(*PROVIDER, *SUBSCRIBER, *claim(), *segments)))
    assert found.frame["claim_line_number"].to_list() == ["1", "2", "3", "4"]
    assert found.frame["claim_type"].to_list() == ["institutional", "professional", "undetermined", "professional"]
