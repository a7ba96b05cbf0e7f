"""The ExplanationOfBenefit of the sample: JSON of the shape that exports have, with the facts of the table."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest

from claims_edit.sample import claim_frames, scan, tables
from claims_edit.sample.fhir import NOTE, write_fhir
from claims_edit.sample.json_text import Number, Where, json_parts
from claims_edit.sample.text_columns import joined

LINES = 6001  # the last claim has one line
SEED = 3
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
PROCEDURES = {"http://www.ama-assn.org/go/cpt", HCPCS}
Resource = dict[str, Any]


def export(lines: int, seed: int = SEED) -> bytes:
    target = io.BytesIO()
    write_fhir(target, lines, seed)
    return target.getvalue()


def often(patch: pytest.MonkeyPatch) -> None:
    """Make faults frequent and chunks small."""
    patch.setattr(tables, "_ONE_IN", 40)
    patch.setattr(tables, "_LOCUM_ONE_IN", 40)
    patch.setattr(claim_frames, "CHUNK_LINES", 2700)
    patch.setattr(claim_frames, "CHUNK_CLAIMS", 500)


@pytest.fixture(scope="module")
def text() -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        often(patch)
        return export(LINES)


@pytest.fixture(scope="module")
def resources(text: bytes) -> list[Resource]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """The same lines as a table."""
    with pytest.MonkeyPatch.context() as patch:
        often(patch)
        return scan(LINES, SEED).collect()


def code_of(concept: Resource, *systems: str) -> str | None:
    """The code of the one coding whose system ends so."""
    found = [coding["code"] for coding in concept["coding"] if coding["system"].endswith(systems)]
    return found[0] if len(found) == 1 else None


def information(eob: Resource, kind: str) -> Resource | None:
    """The supporting information of a kind."""
    found = [info for info in eob["supportingInfo"] if kind in {c["code"] for c in info["category"]["coding"]}]
    return found[0] if found else None


def amounts(adjudications: list[Resource]) -> dict[str, str]:
    return {each["category"]["coding"][0]["code"]: f"{each['amount']['value']:.2f}" for each in adjudications}


def claim_facts(eob: Resource) -> dict[str, Any]:
    """What holds for all lines of a claim."""
    coverage = eob["contained"][0]
    assert eob["insurance"] == [{"focal": True, "coverage": {"reference": f"#{coverage['id']}"}}]
    group = [each["value"] for each in coverage["class"] if code_of(each["type"], "coverage-class") == "group"]
    bill = information(eob, "typeofbill")
    frequency = information(eob, "https://bluebutton.cms.gov/resources/variables/clm_freq_cd") or {}
    unique = [each["value"] for each in eob["identifier"] if "type" in each and code_of(each["type"], "Type") == "uc"]
    return {
        "claim_id": unique[0],
        "claim_type": code_of(eob["type"], "/claim-type"),
        "member_id": coverage.get("subscriberId"),
        "payer": eob["insurer"]["display"],
        "group_id": group[0],
        "line_of_business": coverage.get("type", {}).get("text"),
        "claim_start_date": eob["billablePeriod"]["start"],
        "claim_end_date": eob["billablePeriod"]["end"],
        "bill_type_code": code_of(bill["code"], "TypeOfBill") if bill else None,
        "billing_npi": eob["provider"]["identifier"]["value"],
        "claim_frequency_code": code_of(frequency["code"], "clm_freq_cd"),
        "original_claim_id": eob["related"][0]["reference"]["value"] if "related" in eob else None,
    }


def line_facts(eob: Resource, item: Resource) -> dict[str, Any]:
    """What one item says."""
    period = item.get("servicedPeriod", {"start": item.get("servicedDate"), "end": item.get("servicedDate")})
    modifiers = [code_of(each, "HCPCSReleaseCodeSets") for each in item.get("modifier", [])]
    codes = {each["sequence"]: each["diagnosisCodeableConcept"] for each in eob["diagnosis"]}
    team = {each["sequence"]: each["provider"]["identifier"]["value"] for each in eob["careTeam"]}
    place, revenue = item.get("locationCodeableConcept"), item.get("revenue")
    paid = amounts(item["adjudication"])
    return {
        "claim_line_number": item["sequence"],
        "claim_line_start_date": period["start"],
        "claim_line_end_date": period["end"],
        "place_of_service_code": code_of(place, "Place_of_Service_Code_Set") if place else None,
        "revenue_center_code": code_of(revenue, "RevenueCodes") if revenue else None,
        "hcpcs_code": code_of(item["productOrService"], *PROCEDURES),
        "modifiers": modifiers,
        "diagnoses": [code_of(codes[each], "icd-10-cm") for each in item.get("diagnosisSequence", codes)],
        "service_unit_quantity": item["quantity"]["value"],
        "charge_amount": paid["submitted"],
        "allowed_amount": paid["eligible"],
        "paid_amount": paid["benefit"],
        "rendering_npi": team[item["careTeamSequence"][0]],
    }


def expected(table: pl.DataFrame, names: list[str]) -> list[dict[str, Any]]:
    """The facts of the table that an ExplanationOfBenefit has, diagnoses with their dot."""
    dates = pl.col("claim_start_date", "claim_end_date", "claim_line_start_date", "claim_line_end_date")
    codes = pl.concat_list(f"diagnosis_code_{place}" for place in (1, 2, 3)).list.drop_nulls()
    dotted = codes.list.eval(
        pl.when(pl.element().str.len_chars() > 3)
        .then(pl.element().str.head(3) + pl.lit(".") + pl.element().str.slice(3))
        .otherwise(pl.element())
    )
    known = table.with_columns(
        dates.dt.to_string("iso"),
        pl.col("charge_amount", "allowed_amount", "paid_amount").cast(pl.String),
        pl.concat_list("hcpcs_modifier_1", "hcpcs_modifier_2").list.drop_nulls().alias("modifiers"),
        dotted.alias("diagnoses"),
    )
    return known.select(names).to_dicts()


@pytest.mark.long
def test_an_export_holds_the_facts_of_the_table(resources: list[Resource], table: pl.DataFrame) -> None:
    found = [claim_facts(eob) | line_facts(eob, item) for eob in resources for item in eob["item"]]
    wanted = expected(table, list(found[0]))
    assert len(found) == LINES
    for fact, row in zip(found, wanted, strict=True):
        assert fact == row
    assert any(row["hcpcs_code"] in tables.IRE_CODES for row in wanted)
    assert any(row["member_id"] is None for row in wanted)
    assert any(row["rendering_npi"] == "1234567890" for row in wanted)


def test_every_resource_is_a_line_of_a_real_ones_size(text: bytes, resources: list[Resource]) -> None:
    lines = text.splitlines()
    assert text.count(b"\n") == len(lines) == len(resources) == LINES // 3 + 1
    sizes = [len(line) for line in lines[:-1]]
    assert 8_000 < min(sizes) <= max(sizes) < 12_500
    assert all(eob["resourceType"] == "ExplanationOfBenefit" and eob["use"] == "claim" for eob in resources)
    assert len({eob["id"] for eob in resources}) == len(resources)


def test_what_json_escapes_comes_back(resources: list[Resource]) -> None:
    notes = {each["valueString"] for eob in resources for each in eob["extension"] if "valueString" in each}
    assert notes == {NOTE}
    assert {'"', "\\"} < set(NOTE)
    assert not NOTE.isascii()


def test_a_member_is_named_nowhere_where_it_is_missing(resources: list[Resource]) -> None:
    named = ["patient" in eob for eob in resources]
    assert named == ["beneficiary" in eob["contained"][0] for eob in resources]
    assert named == ["subscriberId" in eob["contained"][0] for eob in resources]
    assert not all(named)


def test_sequences_are_unique_but_for_the_fault(resources: list[Resource]) -> None:
    for part in ("careTeam", "supportingInfo", "diagnosis"):
        for eob in resources:
            sequences = [each["sequence"] for each in eob[part]]
            assert len(set(sequences)) == len(sequences)
    items = [[item["sequence"] for item in eob["item"]] for eob in resources]
    assert [1, 1, 3] in items
    assert {tuple(sequences) for sequences in items} == {(1, 2, 3), (1, 1, 3), (1,)}


def test_only_professional_items_point_to_diagnoses(resources: list[Resource]) -> None:
    found = {
        (code_of(eob["type"], "/claim-type"), "diagnosisSequence" in item) for eob in resources for item in eob["item"]
    }
    assert found == {("professional", True), ("institutional", False)}


def test_a_code_is_in_the_system_that_has_it(resources: list[Resource]) -> None:
    procedures = [item["productOrService"]["coding"][0] for eob in resources for item in eob["item"]]
    found = {(each["system"], each["code"][0].isdigit()) for each in procedures if each["system"] in PROCEDURES}
    assert found == {("http://www.ama-assn.org/go/cpt", True), (HCPCS, False)}


def test_every_claim_is_traced_apart(resources: list[Resource]) -> None:
    traces = [each["value"] for eob in resources for each in eob["identifier"] if each["system"].endswith("trace")]
    assert len(traces) == len(set(traces)) == len(resources)


def test_totals_are_the_sums_of_the_items(resources: list[Resource]) -> None:
    for eob in resources:
        lines = [amounts(item["adjudication"]) for item in eob["item"]]
        for kind, total in amounts(eob["total"]).items():
            assert int(total.replace(".", "")) == sum(int(line[kind].replace(".", "")) for line in lines)
        assert f"{eob['payment']['amount']['value']:.2f}" == amounts(eob["total"])["benefit"]


def test_a_void_is_canceled(resources: list[Resource]) -> None:
    statuses = {(str(claim_facts(eob)["claim_frequency_code"]), eob["status"]) for eob in resources}
    assert statuses == {("1", "active"), ("7", "active"), ("8", "cancelled")}


def test_a_line_without_a_code_reports_it(resources: list[Resource]) -> None:
    found = {
        (code_of(eob["type"], "/claim-type"), coding["code"])
        for eob in resources
        for item in eob["item"]
        for coding in item["productOrService"]["coding"]
        if coding["system"] not in PROCEDURES
    }
    assert found == {("professional", "LOCAL"), ("institutional", "not-applicable")}


def test_the_same_seed_gives_the_same_bytes_and_grows_at_its_end() -> None:
    once = export(300)
    assert export(300) == once
    assert export(600).startswith(once)
    assert export(300, 4) != once


def test_drawn_texts_are_escaped_and_parts_left_out() -> None:
    frame = pl.DataFrame({"name": ['a "b" \\', None], "count": [1, 2]})
    known = pl.col("name").is_not_null()
    structure = {"n": Number(pl.col("count")), "name": Where(known, pl.col("name")), "all": [1, Where(~known, "none")]}
    made = frame.select(joined(json_parts(structure)).alias("text"))["text"]
    assert [json.loads(text) for text in made] == [
        {"n": 1, "name": 'a "b" \\', "all": [1]},
        {"n": 2, "all": [1, "none"]},
    ]


def test_the_first_part_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="not first"):
        json_parts([Where(pl.col("x"), 1)])
