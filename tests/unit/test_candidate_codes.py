"""Which code makes a row a candidate: of the line, or of its claim; a naive reading of the same rows must agree."""

from __future__ import annotations

from datetime import date
from functools import cache
from random import Random

import polars as pl
import pytest

from claims_edit import load_rules, process_batch
from claims_edit.core.candidate_codes import CandidateCodes, candidate_code
from claims_edit.core.route import rejected
from claims_edit.intake import Mapping, canonicalize
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.layout import Layout
from tests.lib.oracle import OPCS, PCS, candidate_of

AS_OF = date(2026, 11, 20)
COLUMNS = ("hcpcs_code", "procedure_code_1", "procedure_code_2", "procedure_code_3", "procedure_code_25")
OWN = (None, None, "99213", "0600T", "47399", "0600t", "0F503ZF"[:5])
PROCEDURES = (
    None, None, "0FT40ZZ", "0f503zf", "0F5G8ZF", " J12.8", "j128", "Y12.3", "Y123", "Y532", "0601T", "53899", "5012",
    "0", "NULL",
)  # fmt: skip
PLAIN = {
    "claim_line_number": "1", "claim_type": "institutional", "member_id": "M1", "payer": "Florida Blue",
    "claim_start_date": "2024-03-01", "line_of_business": "commercial",
}  # fmt: skip


@cache
def codes() -> CandidateCodes:
    return CandidateCodes.of(load_rules())


def lines(*rows: dict[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame([PLAIN | {"claim_id": f"C{place}"} | row for place, row in enumerate(rows)])


def test_the_codes_of_claims_are_those_of_the_sources() -> None:
    held = dict(codes().of_claims)
    assert held == {code: (code,) for code in PCS} | OPCS
    assert len(PCS) == 65


def test_each_row_has_the_candidate_code_of_a_naive_reading() -> None:
    random = Random(1)  # noqa: S311 -- claims, no secrets
    rows = [{name: random.choice(OWN if name == "hcpcs_code" else PROCEDURES) for name in COLUMNS} for _ in range(3000)]
    raw = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).with_row_index(ORDINAL, 1)
    frame = canonicalize(raw, Layout({name: name for name in COLUMNS}, {}), Mapping()).frame
    found = candidate_code(frame, codes()).rows()
    expected = [candidate_of(row) or (None, None) for row in rows]
    differing = [(row, one, other) for row, one, other in zip(rows, found, expected, strict=True) if one != other]
    assert not differing
    assert len(set(found)) > 20


@pytest.mark.parametrize(
    ("row", "candidate", "checks"),
    [
        ({"procedure_code_1": "0F503ZF"}, ("0F503ZF", "procedure_code_1"), None),
        ({"hcpcs_code": "47399", "procedure_code_2": "0f503zf"}, ("0F503ZF", "procedure_code_2"), None),
        ({"hcpcs_code": "0601T", "procedure_code_1": "0F503ZF"}, ("0601T", "hcpcs_code"), None),
        ({"procedure_code_3": "J12.8", "procedure_code_5": "Y12.3"}, ("J128+Y123", "procedure_code_3"), None),
        ({"procedure_code_3": "J12.8"}, None, None),
        ({"procedure_code_1": "0F503ZF-1"}, None, ["procedure_code_1-shape"]),
        ({"procedure_code_1": "0F503"}, None, ["procedure_code_1-shape"]),
    ],
)
def test_a_batch_has_the_claim_s_code_on_each_line(
    row: dict[str, str], candidate: tuple[str, str] | None, checks: list[str] | None
) -> None:
    done = process_batch(lines(row), load_rules(), as_of=AS_OF)
    assert done.candidates.select("hcpcs_code", "code_column").rows() == ([candidate] if candidate else [])
    assert done.quarantine["failed_checks"].to_list() == ([checks] if checks else [])


def test_a_refused_row_says_whether_it_holds_a_code_of_a_claim() -> None:
    held = [{"procedure_code_1": "0F5.03ZF*"}, {"procedure_code_1": "J12.8", "procedure_code_2": "(Y12.3)"}]
    other = [{"procedure_code_1": "J12.8", "procedure_code_2": "(Y12.4)"}, {"procedure_code_1": "0F503"}]
    done = process_batch(lines(*held, *other), load_rules(), as_of=AS_OF)
    assert done.quarantine["candidate_code"].to_list() == [True, True, False, False]
    rejects = pl.DataFrame({
        "source_row": [1, 2, 3], "check": ["row-too-many-columns"] * 3,
        "text": ["a,0f5g3zf,,", "a,J12.8,b,Y12.3", "a,J12.8,Y53.2"],
    })  # fmt: skip
    assert rejected(rejects, codes())[1]["candidate_code"].to_list() == [True, True, False]
