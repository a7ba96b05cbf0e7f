"""The 837 reader and a naive reading of the same text must agree on every line, reject and warning."""

from __future__ import annotations

import codecs
from collections import Counter
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims_edit.doubts import AT
from claims_edit.errors import InputError
from claims_edit.intake import sniff
from claims_edit.posting_holds import POSTING_HOLDS
from tests.lib.examples import examples
from tests.lib.x12_loops import TEXT_BYTES
from tests.lib.x12_oracle import Reading, read
from tests.lib.x12_reading import AsRead, Dripping, as_read, differences
from tests.lib.x12_segments import NoInterchangeError
from tests.lib.x12_texts import text_of

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = 500
TOGETHER = 50
REFUSALS = {
    "row-unreadable-segment", "row-no-subscriber", "row-hierarchy", "row-conflicting-segments", "row-no-claim",
    "row-cut-off", "claim_frequency_code-missing", "diagnosis_code_type-conflict", "diagnosis_code-too-many",
    "hcpcs_code-unqualified", "member_id-unqualified", "row-interchange-usage", "hcpcs_code-missing",
    "hcpcs_code-other-system", "hcpcs_code-several", "row-no-billing-provider",
}  # fmt: skip
DOUBTS = {
    "claim_filing_indicator_code-unknown", "clinical_trial_number-in-text",
    "clinical_trial_number-missing", "investigational_device_exemption_number-missing",
    "prior_authorization_number-missing", "trial-diagnosis-not-pointed", "segment-misplaced",
    "diagnosis-qualifier-unknown", "diagnosis-code-missing", "diagnosis-code-malformed", "diagnosis-composite-leftover",
    "diagnosis-principal-missing", "condition-code-not-understood", "value-code-not-understood",
    "health-code-not-understood", "diagnosis_pointer-missing", "diagnosis_pointer-not-understood",
    "diagnosis_pointer-dangling", "hcpcs_code-leftover", "claim-charge-mismatch", "transaction-incomplete",
    "clinical_trial_number-several",
    "hierarchy-gap", "patient-without-claim", "subscriber-not-understood",
}  # fmt: skip
REJECTS = {"row-claim-without-lines", "row-line-without-service"}
WARNINGS = {
    "se01-segment-count", "ge01-transaction-count", "iea01-group-count", "se02-control-number", "ge02-control-number",
    "iea02-control-number", "se-missing", "ge-missing", "iea-missing", "clm02-line-charges", "transaction-not-837",
    "segment-unreadable", "diagnosis_pointer-dangling", "hcpcs_code-not-evaluable",
}  # fmt: skip


@cache
def drawn(start: int) -> tuple[tuple[bytes, Reading], ...]:
    """TOGETHER of the TEXTS, drawn evenly over every choice, each with its naive reading."""
    draw = Random(start)  # noqa: S311 -- test data
    texts = [text_of(draw.randbytes(TEXT_BYTES)) for _ in range(TOGETHER)]
    return tuple((text, read(text)) for text in texts)


def read_by_program(text: bytes, folder: Path, rows: int = 100_000) -> AsRead | None:
    """What the program reads, None where it refuses the file."""
    path = folder / "extract"
    path.write_bytes(text)
    try:
        return as_read(sniff(path), folder, rows)
    except InputError:
        return None


def disagreements(text: bytes, folder: Path) -> list[str]:
    """Where the program and the naive reading differ on a text."""
    try:
        naive = read(text)
    except NoInterchangeError:
        naive = Reading()
    given = read_by_program(text, folder)
    holds_claims = bool(naive.transactions and (naive.rows or naive.rejects)) and not naive.is_garbled
    if given is None or not holds_claims:
        return [] if given is None and not holds_claims else ["one refuses the file, the other reads it"]
    return differences(given, naive)


@pytest.mark.more
@given(blob=st.binary(min_size=TEXT_BYTES // 4, max_size=TEXT_BYTES))
@settings(max_examples=examples(10, more=50))
def test_reader_and_naive_reading_agree(tmp_path_factory: pytest.TempPathFactory, blob: bytes) -> None:
    text = text_of(blob)
    assert disagreements(text, tmp_path_factory.getbasetemp()) == [], text


@pytest.mark.long
@pytest.mark.parametrize("start", range(0, TEXTS, TOGETHER))
def test_agreement_on_many_texts_in_one_file(start: int, tmp_path: Path) -> None:
    """Interchanges with separators of their own follow one another, some of them cut off."""
    together = [text for text, alone in drawn(start) if not alone.is_garbled]
    file = b"\n".join(text.removeprefix(codecs.BOM_UTF8) for text in together)
    assert disagreements(file, tmp_path) == [], [text for text in together if disagreements(text, tmp_path)][:1]


@pytest.mark.long
def test_drawn_texts_reach_every_finding() -> None:
    """The comparison says nothing about a finding that never comes up, nor about sound lines that are rare."""
    readings = [alone for start in range(0, TEXTS, TOGETHER) for _, alone in drawn(start)]
    rows = [row for reading in readings for row in reading.rows]
    assert {fault for row in rows for fault in row.faults} == REFUSALS
    assert {check for reading in readings for _, check, _ in reading.rejects} == REJECTS
    assert set(sum((reading.warnings for reading in readings), Counter())) == WARNINGS
    assert sum(not row.faults for row in rows) > len(rows) / 2
    assert {hold for row in rows for hold in (row.values["posting_holds"] or "").split()} == set(POSTING_HOLDS)
    doubts = {doubt.split(AT)[0] for row in rows for doubt in (row.values["doubts"] or "").split()}
    assert doubts == DOUBTS
    columns = {column for row in rows for column, value in row.values.items() if value}
    assert len(columns) > 40


@pytest.mark.long
@pytest.mark.parametrize(("rows", "count"), [(1, 3), (7, 10)])
def test_small_batches_change_nothing(rows: int, count: int, tmp_path: Path) -> None:
    for text, _ in drawn(0)[:count]:
        assert_same(read_by_program(text, tmp_path, rows), read_by_program(text, tmp_path))


@pytest.mark.long
def test_reading_in_drops_changes_nothing(tmp_path: Path) -> None:
    """A compressed or remote file gives as many bytes as it has available, not as many as are asked for."""
    for text, _ in drawn(0)[:10]:
        whole = read_by_program(text, tmp_path)
        if whole is not None:
            file = sniff(tmp_path / "extract")
            drops = Dripping(file.path, file.format, file.compression, file.encoding, file.head)
            assert_same(as_read(drops, tmp_path), whole)


def assert_same(one: AsRead | None, other: AsRead | None) -> None:
    assert (one is None) == (other is None)
    if one and other:
        assert one.rows.equals(other.rows)
        assert (one.rejects, one.warnings) == (other.rejects, other.warnings)
