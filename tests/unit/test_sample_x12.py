"""The 837s of the sample, read by a naive splitter: envelopes that count right, and the facts of the table."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import polars as pl
import pytest

from claims_edit.sample import claim_frames, scan, tables
from claims_edit.sample.x12 import write_x12

LINES = 6001  # the last claim has one line
SEED = 3
Segment = list[str]


def interchange(lines: int, seed: int = SEED) -> str:
    target = io.BytesIO()
    write_x12(target, lines, seed)
    return target.getvalue().decode()


def split(text: str) -> list[Segment]:
    assert text.endswith("~\n")
    return [segment.split("*") for segment in text.removesuffix("~\n").split("~\n")]


@pytest.fixture(scope="module")
def text() -> str:
    """A sample whose faults are frequent, in several chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_ONE_IN", 40)
        patch.setattr(tables, "_LOCUM_ONE_IN", 40)
        patch.setattr(claim_frames, "CHUNK_LINES", 2700)
        patch.setattr(claim_frames, "CHUNK_CLAIMS", 500)
        return interchange(LINES)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """The same lines as a table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_ONE_IN", 40)
        patch.setattr(tables, "_LOCUM_ONE_IN", 40)
        return scan(LINES, SEED).collect()


@dataclass
class Claim:
    """The segments of one claim, with those that hold for it."""

    st: Segment
    billing: Segment
    head: list[Segment] = field(default_factory=list)
    lines: list[list[Segment]] = field(default_factory=list)

    def first(self, *start: str) -> Segment | None:
        """Its first segment before the lines that begins with these elements."""
        return next((segment for segment in self.head if segment[: len(start)] == list(start)), None)


def claims_of(text: str) -> list[Claim]:
    """Every claim of an interchange."""
    found: list[Claim] = []
    claim: Claim | None = None
    st: Segment = []
    billing: Segment = []
    for segment in split(text):
        match segment:
            case ["ST", *_]:
                st = segment
            case ["NM1", "85", *_]:
                billing = segment
            case ["HL", _, _, "22", _]:
                found.append(claim := Claim(st, billing))
            case ["HL" | "SE", *_]:
                claim = None
            case ["LX", *_] if claim:
                claim.lines.append([segment])
            case _ if claim:
                (claim.lines[-1] if claim.lines else claim.head).append(segment)
    return found


def at(segment: Segment | None, place: int) -> str | None:
    """An element, null where the segment or the element is absent or empty."""
    return segment[place] or None if segment is not None and len(segment) > place else None


def composite(value: str | None, place: int) -> str | None:
    parts = (value or "").split(":")
    return parts[place - 1] or None if len(parts) >= place else None


def diagnoses_of(claim: Claim) -> list[str]:
    """The claim's codes in order, the admitting one left out."""
    elements = [element for segment in claim.head if segment[0] == "HI" for element in segment[1:]]
    return [element.split(":")[1] for element in elements if element.split(":")[0] in {"ABK", "ABF"}]


def claim_facts(claim: Claim) -> dict[str, Any]:
    """What holds for all lines of a claim."""
    clm, sbr, member = claim.first("CLM"), claim.first("SBR"), claim.first("NM1", "IL")
    dates = (at(claim.first("DTP", "434"), 3) or "-").split("-")
    place = at(clm, 5)
    is_professional = claim.st[3] == "005010X222A1"
    return {
        "claim_id": at(clm, 1),
        "claim_type": "professional" if is_professional else "institutional",
        "member_id": at(member, 9),
        "payer": at(claim.first("NM1", "PR"), 3),
        "group_id": at(sbr, 3),
        "claim_filing_indicator_code": at(sbr, 9),
        "claim_start_date": dates[0] or None,
        "claim_end_date": dates[1] or None,
        "place_of_service_code": composite(place, 1) if is_professional else None,
        "bill_type_code": None if is_professional else f"{composite(place, 1)}{composite(place, 3)}",
        "billing_npi": at(claim.billing, 9),
        "claim_frequency_code": composite(place, 3),
        "original_claim_id": at(claim.first("REF", "F8"), 2),
    }


def line_facts(claim: Claim, line: list[Segment]) -> dict[str, Any]:
    """What one line says."""
    by_name = {segment[0]: segment for segment in line}
    service = by_name.get("SV1") or by_name["SV2"]
    first = 1 if service[0] == "SV1" else 2  # where the procedure is, then charge, unit, units
    procedure = service[first] if composite(service[first], 1) == "HC" else ""
    codes, pointers = diagnoses_of(claim), (at(service, 7) or "").split(":")
    if service[0] == "SV1":
        codes = [codes[int(pointer) - 1] for pointer in pointers]
    rendering = by_name.get("NM1") or claim.first("NM1", "82")
    return {
        "claim_line_number": int(line[0][1]),
        "claim_line_start_date": at(by_name.get("DTP"), 3),
        "revenue_center_code": service[1] if service[0] == "SV2" else None,
        "hcpcs_code": composite(procedure, 2),
        "hcpcs_modifier_1": composite(procedure, 3),
        "hcpcs_modifier_2": composite(procedure, 4),
        "diagnoses": codes,
        "service_unit_quantity": int(service[first + 3]),
        "charge_amount": service[first + 1],
        "rendering_npi": at(rendering, 9),
    }


def facts_of(text: str) -> list[dict[str, Any]]:
    claims = sorted(claims_of(text), key=lambda claim: at(claim.first("CLM"), 1) or "")
    return [claim_facts(claim) | line_facts(claim, line) for claim in claims for line in claim.lines]


def expected(table: pl.DataFrame) -> list[dict[str, Any]]:
    """The facts of the table that an 837 has; claim dates are in an 837I only."""
    institutional = pl.col("claim_type") == "institutional"
    codes = pl.concat_list("diagnosis_code_1", "diagnosis_code_2", "diagnosis_code_3").list.drop_nulls()
    known = table.with_columns(
        pl.col("claim_line_start_date").dt.strftime("%Y%m%d"),
        *(
            pl.when(institutional).then(pl.col(f"claim_{end}_date").dt.strftime("%Y%m%d")).alias(f"claim_{end}_date")
            for end in ("start", "end")
        ),
        pl.col("charge_amount").cast(pl.String),
        codes.alias("diagnoses"),
    )
    return known.select(facts_of(interchange(3))[0].keys()).to_dicts()


@pytest.mark.long
def test_an_837_holds_the_facts_of_the_table(text: str, table: pl.DataFrame) -> None:
    found, wanted = facts_of(text), expected(table)
    assert len(found) == LINES
    for fact, row in zip(found, wanted, strict=True):
        assert fact == row
    assert any(row["claim_filing_indicator_code"] is None for row in wanted)
    assert any(row["original_claim_id"] for row in wanted)
    assert any(row["hcpcs_code"] in tables.IRE_CODES for row in wanted)
    assert any(row["rendering_npi"] == "1234567890" for row in wanted)


def test_a_claim_names_each_diagnosis_once(text: str) -> None:
    codes = [diagnoses_of(claim) for claim in claims_of(text)]
    assert all(len(set(each)) == len(each) for each in codes)
    assert max(map(len, codes)) > 3


def test_every_fault_of_the_table_is_in_the_837(text: str) -> None:
    found = facts_of(text)
    assert any(fact["member_id"] is None for fact in found)
    assert any(len(fact["hcpcs_code"] or "") == 4 for fact in found)
    assert any("??" in fact["diagnoses"] for fact in found)
    assert any((fact["claim_end_date"] or "9") < (fact["claim_start_date"] or "0") for fact in found)
    numbers = [(fact["claim_id"], fact["claim_line_number"]) for fact in found]
    assert len(set(numbers)) < len(numbers)


def test_the_envelopes_count_right(text: str) -> None:
    segments = split(text)
    assert (len(text.partition("\n")[0]), text[105], text[3], text[104]) == (106, "~", "*", ":")
    names = [segment[0] for segment in segments]
    starts, ends = ([place for place, name in enumerate(names) if name == kind] for kind in ("ST", "SE"))
    for start, end in zip(starts, ends, strict=True):
        assert segments[end][1:] == [str(end - start + 1), segments[start][2]]
        gs, ge = segments[start - 1], segments[end + 1]
        assert (gs[0], gs[8], ge) == ("GS", segments[start][3], ["GE", "1", gs[6]])
    groups = [segment[6] for segment in segments if segment[0] == "GS"]
    assert groups == [str(number) for number in range(1, len(groups) + 1)]
    assert segments[-1] == ["IEA", str(len(groups)), segments[0][13]]
    versions = [segments[start][3] for start in starts]
    assert len(versions) > 4
    assert all(first != second for first, second in pairwise(versions))


def test_the_levels_of_a_transaction_are_numbered_in_order(text: str) -> None:
    for transaction in text.split("ST*837*")[1:]:
        levels = [segment.split("*") for segment in transaction.split("~\n") if segment.startswith("HL*")]
        assert [level[1] for level in levels] == [str(number) for number in range(1, len(levels) + 1)]
        provider, seen = "", set()
        for _, number, parent, code, _ in levels:
            if code == "20":
                provider = number
            else:
                assert parent == provider
                seen.add(provider)
        assert seen == {level[1] for level in levels if level[3] == "20"}


def test_a_billing_provider_is_reported_once_a_transaction(text: str) -> None:
    shared = 0
    for transaction in text.split("ST*837*")[1:]:
        npis = [segment.split("*")[9] for segment in transaction.split("~\n") if segment.startswith("NM1*85*")]
        assert len(set(npis)) == len(npis)
        shared += transaction.count("CLM*") - len(npis)
    assert shared > 0


def test_the_charge_of_a_claim_is_the_sum_of_its_lines(text: str) -> None:
    for claim in claims_of(text):
        cents = [int(str(line_facts(claim, line)["charge_amount"]).replace(".", "")) for line in claim.lines]
        assert int((at(claim.first("CLM"), 2) or "").replace(".", "")) == sum(cents)


def test_the_last_claim_has_the_lines_that_are_left(text: str) -> None:
    last = max(claims_of(text), key=lambda claim: at(claim.first("CLM"), 1) or "")
    assert len(last.lines) == LINES % 3


def test_no_claim_is_in_the_wrong_transaction(text: str) -> None:
    for claim in claims_of(text):
        services = {segment[0] for line in claim.lines for segment in line} & {"SV1", "SV2", "SV3"}
        assert services == {"SV1" if claim.st[3] == "005010X222A1" else "SV2"}


def test_another_seed_gives_other_claims() -> None:
    assert interchange(300) == interchange(300)
    assert interchange(300, 4) != interchange(300)


@pytest.mark.long
def test_pyx12_finds_no_fault() -> None:
    """A second opinion, by the guides' own maps."""
    document = pytest.importorskip("pyx12.x12n_document")
    params = pytest.importorskip("pyx12.params").params()
    assert document.x12n_document(params, io.StringIO(interchange(601)), io.StringIO(), None)
    broken = interchange(601).replace("SBR*P*", "SBR*Q*", 1)
    assert not document.x12n_document(params, io.StringIO(broken), io.StringIO(), None)
