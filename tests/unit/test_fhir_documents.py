"""How a FHIR file is split: lines, documents, Bundles; what is refused, and that nothing else is lost with it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.columns import COLUMNS
from claims_edit.errors import InputError
from claims_edit.intake.extract import EXPLAINS, FAULT, ORDINAL, RANK
from claims_edit.intake.fhir import documents
from claims_edit.intake.fhir import extract as extract_module
from claims_edit.intake.fhir.extract import FhirExtract
from claims_edit.intake.mapping import Mapping
from tests.lib.fhir import CPT, ICD_10_CM, Json, bundle, concept, eob, item, ndjson, opened, rejected, rows

if TYPE_CHECKING:
    from pathlib import Path


def places(frame: pl.DataFrame) -> list[tuple[int, int]]:
    """Row of the file, and number among its lines."""
    bits = FhirExtract.LINE_BITS
    return [(ordinal >> bits, ordinal & ((1 << bits) - 1)) for ordinal in frame[ORDINAL].to_list()]


def test_a_line_is_an_item_and_every_frame_has_the_same_columns(tmp_path: Path) -> None:
    claims = [eob(number, item=[item(1), item(2), item(3)]) for number in range(1, 400)]
    extract = opened(tmp_path, ndjson(*claims))
    frames = list(extract.batches(10))
    assert len(frames) > 1
    assert {tuple(frame.schema.items()) for frame in frames} == {tuple(frames[0].schema.items())}
    assert frames[0].columns == [*extract.layout.sources, ORDINAL, FAULT, EXPLAINS, RANK]
    assert set(extract.layout.sources) <= set(COLUMNS)
    assert {frames[0].schema[name] for name in extract.layout.sources} == {pl.String()}
    assert places(pl.concat(frames)) == [(row, line) for row in range(1, 400) for line in (1, 2, 3)]


@pytest.mark.parametrize("table_rows", [1, 7, 100_000])
def test_where_frames_end_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, table_rows: int) -> None:
    def claim(number: int) -> Json:
        codes = {k: concept(ICD_10_CM, f"C{k}.{number % 7}") for k in range(1, 9)}
        return eob(
            number,
            diagnosis=[{"sequence": k, "diagnosisCodeableConcept": code} for k, code in codes.items()],
            item=[item(k, modifier=[concept(CPT, "Q0")] * (k % 3), diagnosisSequence=[k, 9 - k]) for k in range(1, 5)],
        )

    content = ndjson(*map(claim, range(1, 100)))
    expected = rows(opened(tmp_path, content))
    monkeypatch.setattr(extract_module, "TABLE_ROWS", table_rows)
    monkeypatch.setattr(extract_module, "STEP", 1)
    monkeypatch.setattr(documents, "BUFFER", 100)
    assert rows(opened(tmp_path, content), 10**6).equals(expected)
    assert expected["diagnosis_code_2"].head(2).to_list() == ["C8.1", "C7.1"]


def test_a_bad_line_is_refused_by_number_and_field_and_costs_no_other(tmp_path: Path) -> None:
    bad = [
        '{"resourceType": "ExplanationOfBenefit", "item": [',
        eob(2, item=[item(quantity={"value": "secret"})]),
        eob(3, item=[item(1), item(2, productOrService={"coding": [{"code": 7}]})]),
        eob(4, patient="secret"),
        {"id": "secret"},
        "secret",
        eob(5, item=[]),
        eob(6, item=[item("secret")]),
        eob(7, item=[item(adjudication=[{"category": concept(CPT, "submitted"), "amount": {"value": [1]}}])]),
        eob(8, contained=[{"resourceType": "Organization", "id": "o", "identifier": 1}], insurer={"reference": "#o"}),
        eob(9, item=[item(diagnosisSequence=["secret"])]),
    ]
    extract = opened(tmp_path, ndjson(eob(1), *bad, "", eob(10)))
    assert rows(extract)["claim_id"].to_list() == ["claim-1", "claim-10"]
    assert rejected(extract) == [
        (2, "row-bad-json"),
        (3, "row-bad-field:$.item[...].quantity.value"),
        (4, "row-bad-field:$.item[...].productOrService.coding[...].code"),
        (5, "row-bad-field:$.patient"),
        (6, "row-bad-field:$.resourceType"),
        (7, "row-bad-json"),
        (8, "row-claim-without-lines"),
        (9, "row-bad-field:$.item[...].sequence"),
        (10, "row-bad-field:$.item[...].adjudication[...].amount.value"),
        (11, "row-bad-field:$.contained[...].identifier"),
        (12, "row-bad-field:$.item[...].diagnosisSequence[...]"),
    ]
    assert extract.rejects()["text"][1] == json.dumps(bad[1])
    assert not extract.warnings


def test_the_findings_of_a_refused_claim_are_not_counted(tmp_path: Path) -> None:
    other_system = item(1, productOrService=concept("http://snomed.info/sct", "1"))
    extract = opened(tmp_path, ndjson(eob(1, item=[other_system, item(2, quantity=3)]), eob(2, item=[other_system])))
    assert rows(extract)["claim_id"].to_list() == ["claim-2"]
    assert extract.warnings == {"hcpcs_code-not-evaluable": 1}


def test_bytes_that_are_no_text_and_deep_nesting_are_no_json(tmp_path: Path) -> None:
    deep = '{"resourceType": "Claim", "text": ' + "[" * 5000 + "]" * 5000 + "}"
    broken = json.dumps(eob(2)).encode().replace(b"claim-2", b"claim-\xff")
    extract = opened(tmp_path, ndjson(eob(1), deep) + broken + b"\n" + ndjson(eob(4)))
    assert rows(extract)["claim_id"].to_list() == ["claim-1", "claim-4"]
    assert rejected(extract) == [(2, "row-bad-json"), (3, "row-bad-json")]


def test_more_lines_than_an_ordinal_numbers_are_refused(tmp_path: Path) -> None:
    most = [item(number) for number in range(1, 4096)]
    extract = opened(tmp_path, ndjson(eob(1, item=[*most, item(4096)]), eob(2, item=most)))
    assert places(rows(extract))[-1] == (2, 4095)
    assert rejected(extract) == [(1, "row-too-many-lines")]


def test_other_resources_are_counted_and_skipped_whatever_their_shape(tmp_path: Path) -> None:
    others = [
        {"resourceType": "Patient", "id": "1"},
        {"resourceType": "Coverage", "id": "2", "status": 3, "identifier": 5},
        {"resourceType": "ClaimResponse", "item": [{"itemSequence": 1}]},
    ]
    extract = opened(tmp_path, ndjson(*others, eob()))
    assert places(rows(extract)) == [(4, 1)]
    assert extract.warnings == {f"resource-not-a-claim:{one['resourceType']}": 1 for one in others}
    assert extract.first_warned["resource-not-a-claim:Coverage"] == [(2, None)]
    assert rejected(extract) == []


@pytest.mark.parametrize(
    "content",
    [
        ndjson({"resourceType": "Patient"}, {"resourceType": "Coverage"}),
        json.dumps({"resourceType": "Patient"}).encode(),
        json.dumps({"resourceType": "Bundle", "type": "searchset"}).encode(),
        b'[{"resourceType": "Patient"}]',
    ],
)
def test_a_file_without_claims_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="has no ExplanationOfBenefit or Claim"):
        rows(opened(tmp_path, content))


@pytest.mark.parametrize("indent", [None, 2])
def test_a_bundle_an_array_and_a_single_resource_are_documents(tmp_path: Path, indent: int | None) -> None:
    claims = [eob(1, item=[item(1), item(2)]), eob(2)]
    for document, expected in (
        (bundle(*claims), [(1, 1), (1, 2), (2, 1)]),
        (claims, [(1, 1), (1, 2), (2, 1)]),
        (claims[0], [(1, 1), (1, 2)]),
    ):
        extract = opened(tmp_path, b"\xef\xbb\xbf" + json.dumps(document, indent=indent).encode())
        assert places(rows(extract)) == expected
        assert rejected(extract) == []


def test_a_bad_entry_refuses_only_itself(tmp_path: Path) -> None:
    covered = eob(5, insurance=[{"focal": True, "coverage": {"reference": "Coverage/c"}}])
    entries = [eob(1), {"resource": {"id": "x"}}, {"resource": eob(3, item=7)}, {"fullUrl": 1}, covered]
    coverage = {"resourceType": "Coverage", "id": "c", "subscriberId": 7}
    extract = opened(tmp_path, json.dumps(bundle(*entries, coverage, eob(7, item=None))).encode())
    assert rows(extract)["claim_id"].to_list() == ["claim-1", "claim-5"]
    assert rejected(extract) == [
        (2, "row-bad-field:$.resourceType"),
        (3, "row-bad-field:$.item"),
        (4, "row-bad-field:$.resourceType"),
        (7, "row-claim-without-lines"),
    ]
    assert extract.warnings == {"resource-not-a-claim:Coverage": 1}


def test_a_bundle_within_a_line_or_a_bundle_is_read(tmp_path: Path) -> None:
    inner = bundle(eob(1, item=[item(1), item(2)]), eob(2))
    extract = opened(tmp_path, ndjson(eob(3), inner, eob(4)))
    assert places(rows(extract)) == [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1)]
    extract = opened(tmp_path, json.dumps(bundle(inner, eob(5))).encode())
    assert places(rows(extract)) == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_a_bundle_that_is_a_page_reports_it(tmp_path: Path) -> None:
    extract = opened(tmp_path, json.dumps(bundle(eob(), link=[{"relation": "self"}, {"relation": "next"}])).encode())
    assert rows(extract).height == 1
    assert extract.warnings == {"bundle-has-next-page": 1}


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (json.dumps(bundle(eob()), indent=1).encode()[:-20], "ends before it is complete"),
        (json.dumps(eob()).encode()[:-5], "ends before it is complete"),
        (json.dumps(bundle(eob()), indent=1).replace('"entry":', '"entry"').encode(), "is not JSON"),
        (json.dumps([eob()])[:-1].encode(), "ends before it is complete"),
        (json.dumps(eob()).encode() + b" secret", "is not JSON"),
        (json.dumps(bundle(entry=7)).encode(), r"the Bundle is malformed \(row-bad-field:\$.entry\)"),
        (b'{"resourceType": 7}', "not a FHIR resource"),
        (b"[" * 100_000, "nested too deeply|ends before it is complete"),
    ],
)
def test_a_document_that_is_no_json_is_refused_whole(tmp_path: Path, content: bytes, reported: str) -> None:
    with pytest.raises(InputError, match=reported) as refused:
        rows(opened(tmp_path, content))
    assert str(refused.value).startswith(str(tmp_path))
    assert "secret" not in str(refused.value)


def test_documents_and_lines_beyond_memory_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(documents, "LARGEST", 2000)
    monkeypatch.setattr(documents, "BUFFER", 100)
    assert rows(opened(tmp_path, ndjson(*map(eob, range(20))))).height == 20
    long = eob(2, item=[item(number) for number in range(30)])
    for content, reported in (
        (ndjson(eob(1), long), "has a line of more than"),
        (json.dumps(long, indent=1).encode(), "is one JSON document of more than"),
    ):
        with pytest.raises(InputError, match=reported) as refused:
            rows(opened(tmp_path, content))
        assert "newline-delimited JSON" in str(refused.value)


def test_a_document_may_be_broken_anywhere(tmp_path: Path) -> None:
    text = json.dumps(bundle(eob(1), eob(2)))
    for place in (1, text.index("[") + 1, text.index("]") + 1, len(text) - 1):
        broken = f"{text[:place]}\n{text[place:]}".encode()
        assert places(rows(opened(tmp_path, broken))) == [(1, 1), (2, 1)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\n\n", b"\n \t\r\n"])
def test_rows_are_counted_by_line_whatever_is_kept_between(tmp_path: Path, line_end: bytes) -> None:
    extract = opened(tmp_path, line_end.join(json.dumps(eob(number)).encode() for number in (1, 2, 3)))
    step = line_end.count(b"\n")
    assert places(rows(extract)) == [(1, 1), (1 + step, 1), (1 + 2 * step, 1)]


def test_packed_and_wide_text_is_read_and_a_cut_stream_is_refused(tmp_path: Path) -> None:
    content = ndjson(*map(eob, range(1, 200)))
    assert rows(opened(tmp_path, gzip.compress(content))).height == 199
    assert rows(opened(tmp_path, content.decode().encode("utf-16"))).height == 199
    assert rows(opened(tmp_path, json.dumps(eob(), indent=1).encode("utf-16"))).height == 1
    with pytest.raises(InputError, match="cut off or damaged"):
        rows(opened(tmp_path, gzip.compress(content)[:-600]))


def test_a_constant_of_the_mapping_takes_a_columns_place(tmp_path: Path) -> None:
    extract = opened(tmp_path, ndjson(eob()), Mapping(constants={"payer": "Premera"}))
    assert "payer" not in rows(extract).columns
    assert extract.layout.constants == {"payer": "Premera"}
    assert "payer" not in extract.layout.sources
    assert extract.layout.sources["hcpcs_code"] == "item.productOrService"
