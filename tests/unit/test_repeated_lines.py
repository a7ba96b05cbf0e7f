"""The same claim line again: refused by name with the place of the first, and a doubt where it says something else."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.doubts import DOUBTS
from claims_edit.intake import Extract, Mapping
from claims_edit.intake.extract import EXPLAINS, ORDINAL, RANK
from claims_edit.intake.layout import Layout
from claims_edit.policy import load_catalog
from claims_edit.runner import reading as reading_module
from claims_edit.runner.reading_apart import read_apart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.policy import Catalog

LINE: dict[str, str | None] = {
    "claim_id": "C1", "claim_line_number": "1", "claim_type": "professional", "member_id": "M1",
    "payer": "Florida Blue", "line_of_business": "commercial", "claim_line_start_date": "2024-03-04",
    "hcpcs_code": "0600T", "hcpcs_modifier_1": "59", "diagnosis_code_1": "C25.1", "diagnosis_code_2": "I10",
    "charge_amount": "9400.00", "claim_frequency_code": "1", "clinical_trial_number": None,
    "prior_authorization_number": None, "condition_codes": None, "data_source": None, "plan": None, "group_id": "G1",
    "hcpcs_modifier_2": None, "billing_provider_id": None, "original_claim_id": None,
}  # fmt: skip
Rows = list[dict[str, Any]]


@cache
def catalog() -> Catalog:
    return load_catalog()


def read(*files: Path) -> tuple[Rows, Rows]:
    """The accepted candidates and the refused rows of files read together."""
    paths = tuple(map(str, files))
    with read_apart(paths, catalog(), Mapping(), as_of=date(2026, 11, 20)) as (reading, found):
        candidates, refused = (
            [row for file in found for frame in frames(file) for row in frame.to_dicts()]
            for frames in (reading.candidates, reading.quarantine)
        )
    return candidates, refused


def write(path: Path, *changes: dict[str, str | None]) -> Path:
    """A table of lines, each the plain one but for its changes."""
    frame = pl.DataFrame([LINE | change for change in changes], schema=dict.fromkeys(LINE, pl.String))
    frame.write_csv(path)
    return path


def places(refused: Rows) -> list[tuple[Any, ...]]:
    return [
        (row["source_row"], row["failed_checks"], row["first_source_file"], row["first_source_row"]) for row in refused
    ]


def test_the_same_line_in_two_files_is_one_line(tmp_path: Path) -> None:
    one = write(tmp_path / "a.csv", {"claim_id": "C0"}, {})
    two = write(tmp_path / "b.csv", {}, {"claim_line_number": "01", "payer": "BCBSFL"}, {"claim_id": "C2"})
    candidates, refused = read(one, two)
    assert [(row["source_file"], row["claim_id"]) for row in candidates] == [
        (one.as_posix(), "C0"), (one.as_posix(), "C1"), (two.as_posix(), "C2"),
    ]  # fmt: skip
    assert places(refused) == [(1, ["duplicate-line"], one.as_posix(), 2), (2, ["duplicate-line"], one.as_posix(), 2)]
    assert [row["doubts"] for row in candidates] == [None, None, None]
    assert [row["data_source"] for row in candidates] == [None, None, None]


@pytest.mark.parametrize(
    "other",
    [
        {"member_id": "M2"}, {"claim_id": "C2"}, {"claim_line_number": "2"}, {"claim_frequency_code": "7"},
        {"payer": "Regence"}, {"payer": "Zebra Health"}, {"data_source": "east"},
    ],
)  # fmt: skip
def test_a_line_of_another_is_another(tmp_path: Path, other: dict[str, str | None]) -> None:
    candidates, refused = read(write(tmp_path / "a.csv", {}, other))
    assert (len(candidates), refused) == (2, [])


def test_a_member_is_known_by_the_member_id_and_by_the_person_id_only_without_one(tmp_path: Path) -> None:
    both = {"member_id": "M1", "person_id": "P1"}
    rows = [
        both, both | {"person_id": "P2"}, both | {"member_id": "M2"}, both | {"member_id": None},
        {"member_id": None, "person_id": "M1"}, {"member_id": None, "person_id": "P3"},
    ]  # fmt: skip
    columns = dict.fromkeys([*LINE, "person_id"], pl.String)
    path = tmp_path / "a.csv"
    pl.DataFrame([LINE | row for row in rows], schema=columns).write_csv(path)
    candidates, refused = read(path)
    assert [row["source_row"] for row in candidates] == [1, 3, 4, 6]
    assert [(row["source_row"], row["first_source_row"]) for row in refused] == [(2, 1), (5, 1)]


SAVING = (
    {"diagnosis_code_3": "Z00.6"}, {"hcpcs_modifier_2": "Q1"}, {"clinical_trial_number": "NCT01234567"},
    {"prior_authorization_number": "PA1"}, {"condition_codes": "30"},
)  # fmt: skip
OTHERWISE = (
    *SAVING, {"hcpcs_code": "0601T"}, {"hcpcs_code": "99213"}, {"claim_line_start_date": "2024-03-05"},
    {"claim_line_end_date": "2024-03-05"}, {"diagnosis_code_1": "C22.0"}, {"diagnosis_code_2": None},
    {"hcpcs_modifier_1": None}, {"line_of_business": "FEP"}, {"group_id": "G2"}, {"plan": "TRICARE"},
    {"charge_amount": "9500.00"}, {"claim_filing_indicator_code": "FI"}, {"claim_line_start_date": "2024-13-01"},
)  # fmt: skip
ALIKE = (
    {"diagnosis_code_1": "I10", "diagnosis_code_2": "C25.1"}, {"line_of_business": "Commercial"}, {"group_id": None},
    {"line_of_business": None}, {"charge_amount": None}, {"claim_line_end_date": "2024-03-04"},
    {"diagnosis_code_1": "C251"}, {"payer": "florida blue"}, {"claim_type": "institutional"},
)  # fmt: skip


@pytest.mark.parametrize("files", [1, 2])
def test_a_repeat_that_differs_in_what_decides_is_a_doubt_on_the_line(tmp_path: Path, files: int) -> None:
    """A claim for each change: its plain line, and behind all of those the changed one, in the same file or another."""
    changes = (*OTHERWISE, *ALIKE)
    columns = dict.fromkeys([*LINE, *(name for change in changes for name in change)])
    first = [columns | LINE | {"claim_id": f"C{place}"} for place in range(len(changes))]
    again = [row | change for row, change in zip(first, changes, strict=True)]
    names = ["a b.csv"] if files == 1 else ["a b.csv", "c\td.csv"]
    for name, rows in zip(names, [first + again] if files == 1 else [first, again], strict=True):
        pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String)).write_csv(tmp_path / name)
    candidates, refused = read(*(tmp_path / name for name in names))
    before = f"row-{len(changes)}" if files == 1 else f"{tmp_path.as_posix()}/c_d.csv-row-"
    place = (lambda at: f"row-{len(changes) + at}") if files == 1 else (lambda at: f"{before}{at}")
    assert [row["doubts"] for row in candidates] == [
        f"repeated-line-differs@{place(at)}" if at <= len(OTHERWISE) else None for at in range(1, len(changes) + 1)
    ]
    assert ["duplicate-line" in row["failed_checks"] for row in refused] == [True] * len(changes)
    assert "repeated-line-differs" in DOUBTS


def test_an_accepted_row_is_kept_before_a_refused_one_wherever_it_is(tmp_path: Path) -> None:
    bad = {"diagnosis_code_1": "@@"}
    first = write(tmp_path / "a.csv", bad)
    good = write(tmp_path / "b.csv", {"claim_id": "C0"}, {}, bad)
    candidates, refused = read(first, good)
    assert [(row["claim_id"], row["doubts"]) for row in candidates] == [
        ("C0", None), ("C1", f"repeated-line-differs@{first.as_posix()}-row-1"),
    ]  # fmt: skip
    checks = ["diagnosis_code_1-shape", "duplicate-line"]
    assert places(refused) == [(1, checks, good.as_posix(), 2), (3, checks, good.as_posix(), 2)]


def test_a_repeat_of_a_line_without_a_candidate_code_is_reported_to_hold_one(tmp_path: Path) -> None:
    candidates, refused = read(write(tmp_path / "a.csv", {"hcpcs_code": "99213"}, {}))
    assert candidates == []
    assert [(row["candidate_code"], row["first_source_row"]) for row in refused] == [(True, 1)]


class Resources(Extract):
    """Lines of FHIR resources as a reader gives them."""

    def __init__(self, path: Path, rows: Rows) -> None:
        super().__init__(reading_module.sniff(path), Layout({name: name for name in LINE}, {}))
        self._rows = rows

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        assert rows
        schema = {**dict.fromkeys(LINE, pl.String), RANK: pl.Int8, EXPLAINS: pl.String, ORDINAL: pl.Int64}
        yield pl.DataFrame([LINE | row | {ORDINAL: place} for place, row in enumerate(self._rows, 1)], schema=schema)


def resources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *files: Rows) -> tuple[Rows, Rows]:
    """What is accepted and refused of files `0.csv`, `1.csv`, …, read as resources."""
    of_path = {write(tmp_path / f"{place}.csv", {}): rows for place, rows in enumerate(files)}
    monkeypatch.setattr(reading_module, "open_extract", lambda file, *_: Resources(file.path, of_path[file.path]))
    return read(*of_path)


def test_a_line_of_another_billing_provider_is_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one, two = ({RANK: 0, "billing_provider_id": number} for number in ("1902000227", "1902000110"))
    candidates, refused = resources(monkeypatch, tmp_path, [one, two, one])
    assert (len(candidates), [row["first_source_row"] for row in refused]) == (2, [1])


def test_an_eob_is_kept_before_the_claim_that_it_explains_in_any_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    claim, eob = {RANK: 1, "diagnosis_code_2": None, "hcpcs_modifier_1": None}, {RANK: 0}
    candidates, refused = resources(monkeypatch, tmp_path, [claim], [eob], [claim])
    assert [(row["source_file"][-5:], row["doubts"]) for row in candidates] == [("1.csv", None)]
    assert [row["first_source_file"][-5:] for row in refused] == ["1.csv", "1.csv"]


def test_a_claim_is_named_by_the_eob_that_explains_it_under_whatever_number_and_member(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    claim = {RANK: 1, EXPLAINS: "c-1 p1", "member_id": "M9", "claim_id": "c-1"}
    other = claim | {EXPLAINS: "c-2 p1", "claim_id": "c-2"}
    eob = {RANK: 0, EXPLAINS: "c-1 p1", "claim_id": "E1"}
    candidates, refused = resources(monkeypatch, tmp_path, [claim, other], [eob])
    assert [row["claim_id"] for row in candidates] == ["c-2", "E1"]
    assert [(row["claim_id"], row["first_source_file"][-5:]) for row in refused] == [("c-1", "1.csv")]


def test_what_a_claim_has_and_its_eob_lacks_is_a_doubt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    claim = {RANK: 1, "prior_authorization_number": "PA1"}
    candidates, _ = resources(monkeypatch, tmp_path, [{RANK: 0}], [claim])
    assert [row["doubts"] for row in candidates] == [f"repeated-line-differs@{tmp_path.as_posix()}/1.csv-row-1"]


def test_a_refused_eob_leaves_its_claim_to_be_decided_in_doubt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    candidates, refused = resources(monkeypatch, tmp_path, [{RANK: 1}], [{RANK: 0, "claim_type": "odd"}])
    assert [row["source_file"][-5:] for row in candidates] == ["0.csv"]
    assert [row["doubts"] is None for row in candidates] == [False]
    assert places(refused)[0][1:] == (["claim_type-shape", "duplicate-line"], candidates[0]["source_file"], 1)
