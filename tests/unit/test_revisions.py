"""Replacements and voids: whose claim they take the place of, and what is in doubt where that is not clear."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.doubts import DOUBTS
from claims_edit.engine import decide
from claims_edit.intake import Mapping
from claims_edit.policy import load_catalog
from claims_edit.runner.contracts import no_contracts
from claims_edit.runner.reading_apart import read_apart

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.policy import Catalog

LINE: dict[str, str | None] = {
    "claim_id": "C1", "claim_line_number": "1", "claim_type": "professional", "member_id": "M1",
    "payer": "Florida Blue", "line_of_business": "commercial", "claim_line_start_date": "2024-03-04",
    "hcpcs_code": "0600T", "diagnosis_code_1": "C25.1", "claim_frequency_code": "1", "original_claim_id": None,
    "data_source": None,
}  # fmt: skip
REPLACED = {"claim_id": "C2", "claim_frequency_code": "7", "original_claim_id": "C1"}
VOIDED = REPLACED | {"claim_frequency_code": "8"}
DENIED, SUPERSEDED, IN_DOUBT = ("investigational", None), "line-superseded", "facts-in-doubt"


@cache
def catalog() -> Catalog:
    return load_catalog()


def decisions(folder: Path, *changes: dict[str, str | None]) -> list[tuple[str, str | None, str | None]]:
    """Reason, superseding claim and doubts of each decided line: the plain line, then it with each of the changes."""
    rows = [LINE, *(LINE | change for change in changes)]
    pl.DataFrame(rows, schema=dict.fromkeys(LINE, pl.String)).write_csv(folder / "a.csv")
    with read_apart((str(folder / "a.csv"),), catalog(), Mapping(), as_of=date(2026, 11, 20)) as (reading, found):
        lines = pl.concat([frame for file in found for frame in reading.candidates(file)])
        decided = decide(lines, catalog(), revisions=reading.revisions().of_candidates(), contracts=no_contracts())
    return decided.select("reason_code", "superseded_by", "doubts").rows()


def first(folder: Path, *changes: dict[str, str | None]) -> tuple[Any, ...]:
    """What becomes of the plain line."""
    return decisions(folder, *changes)[0]


@pytest.mark.parametrize(
    ("change", "by"),
    [
        (REPLACED, "C2"), (VOIDED, "C2"), (REPLACED | {"payer": "BCBSFL"}, "C2"),
        (REPLACED | {"hcpcs_code": "99213"}, "C2"),
        ({"claim_frequency_code": "7"}, "C1"), ({"claim_frequency_code": "8"}, "C1"),
        ({"claim_frequency_code": "7", "original_claim_id": "C1"}, "C1"),
        ({"claim_frequency_code": "7", "original_claim_id": "ICN-900001"}, "C1"),
        ({"claim_frequency_code": "8", "original_claim_id": "ICN-900001", "hcpcs_code": "99213"}, "C1"),
        (REPLACED | {"claim_line_number": "2"}, "C2"),
    ],
)  # fmt: skip
def test_a_replacement_or_void_supersedes(tmp_path: Path, change: dict[str, str | None], by: str) -> None:
    assert first(tmp_path, change) == (SUPERSEDED, by, None)


@pytest.mark.parametrize("revision", [REPLACED, VOIDED, {"claim_frequency_code": "8"}])
@pytest.mark.parametrize(
    "other",
    [{"member_id": "M2"}, {"payer": "Regence"}, {"data_source": "east"}],
)
def test_anothers_claim_is_never_superseded(
    tmp_path: Path, revision: dict[str, str | None], other: dict[str, str | None]
) -> None:
    assert first(tmp_path, revision | other) == (*DENIED, None)


def test_a_known_original_is_the_one_that_is_named(tmp_path: Path) -> None:
    """C1 of frequency 7 names C3, which the run has, as a claim without a candidate code: C1 itself stays."""
    moved = {"claim_frequency_code": "7", "original_claim_id": "C3"}
    assert first(tmp_path, moved, {"claim_id": "C3", "hcpcs_code": "99213"}) == (*DENIED, None)
    assert first(tmp_path, moved, {"claim_id": "C3", "member_id": "M2"}) == (SUPERSEDED, "C1", None)


def test_a_void_counts_before_a_replacement_and_voids_the_replacement_too(tmp_path: Path) -> None:
    found = decisions(tmp_path, REPLACED, {"claim_id": "C3", "claim_frequency_code": "8", "original_claim_id": "C1"})
    assert [(reason, by) for reason, by, _ in found] == [(SUPERSEDED, "C3"), DENIED, (SUPERSEDED, None)]
    chain = decisions(tmp_path, REPLACED, {"claim_id": "C3", "claim_frequency_code": "8", "original_claim_id": "C2"})
    assert [(reason, by) for reason, by, _ in chain] == [(SUPERSEDED, "C2"), (SUPERSEDED, "C3"), (SUPERSEDED, None)]


@pytest.mark.parametrize(
    "fault",
    [
        {"claim_line_start_date": "2024-13-01"}, {"member_id": None}, {"payer": None}, {"claim_type": None},
        {"member_id": "M2", "claim_type": "odd"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("revision", [REPLACED, VOIDED, {"claim_frequency_code": "8"}])
def test_a_revision_that_is_refused_leaves_the_claim_in_doubt(
    tmp_path: Path, revision: dict[str, str | None], fault: dict[str, str | None]
) -> None:
    assert first(tmp_path, revision | fault) == (IN_DOUBT, None, "revision-unclear")
    assert "revision-unclear" in DOUBTS


def test_a_refused_revision_of_another_payer_says_nothing(tmp_path: Path) -> None:
    assert first(tmp_path, VOIDED | {"payer": "Regence", "claim_type": None}) == (*DENIED, None)


@pytest.mark.parametrize("code", ["6", "A", "G", "X", "11"])
def test_an_unknown_frequency_is_a_doubt_on_the_claim_and_on_the_one_that_it_names(tmp_path: Path, code: str) -> None:
    found = decisions(tmp_path, REPLACED | {"claim_frequency_code": code})
    own = [] if code == "11" else [(IN_DOUBT, None, "claim_frequency_code-unknown")]  # two characters are refused
    assert found == [(IN_DOUBT, None, "revision-unclear"), *own]
    assert "claim_frequency_code-unknown" in DOUBTS


@pytest.mark.parametrize("code", ["0", "2", "3", "4", "5", "9"])
def test_interim_and_late_bills_revise_nothing(tmp_path: Path, code: str) -> None:
    assert decisions(tmp_path, REPLACED | {"claim_frequency_code": code}) == [(*DENIED, None)] * 2


def test_the_same_revision_twice_is_no_doubt(tmp_path: Path) -> None:
    assert first(tmp_path, VOIDED, VOIDED | {"claim_type": None}) == (SUPERSEDED, "C2", None)
    assert first(tmp_path, VOIDED, VOIDED) == (SUPERSEDED, "C2", None)
