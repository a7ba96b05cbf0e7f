"""Several nights into one results folder, as an operator runs them (ADR 0017); a property test has all combinations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from tests.functional.program import COLUMNS, called, csv_text, line, manifest, program, record, write
from tests.lib.examples import first

if TYPE_CHECKING:
    from pathlib import Path

MORE = (*COLUMNS, "claim_frequency_code", "original_claim_id", "group_id")
CODE = {"hcpcs_code": "0600T"}


def night(folder: Path, day: int, *rows: dict[str, str], **options: str) -> dict[str, Any]:
    """A run of these rows on a night of November; returns its manifest."""
    extract = write(folder / f"night-{day}.csv", csv_text(rows, MORE))
    more = [word for name, value in options.items() for word in (f"--{name}", value) if word]
    done = called(
        "run", extract, "--out", folder / "out", "--as-of", f"2026-11-{day:02}", "--reports", "none", "--quiet", *more
    )
    assert done.code == 0, done.err
    return manifest(folder / "out")


def current(folder: Path, view: str = "current_decisions") -> list[tuple[Any, ...]]:
    with duckdb.connect(folder / "out" / "claims_edit.duckdb", read_only=True) as connection:
        return connection.execute(
            f"SELECT claim_id, claim_line_number, disposition, charge_amount::VARCHAR FROM {view} ORDER BY ALL"
        ).fetchall()


def test_a_claim_of_three_nights_counts_once(tmp_path: Path) -> None:
    for day in (2, 3, 4):
        last = night(tmp_path, day, line(1, **CODE), line(2, **CODE))
    assert len(current(tmp_path, "denials")) == 2
    assert last["counts"]["by_effect"] == {"seen-again": 2}
    assert record(tmp_path / "out", "history")["times_seen"].to_list() == [1, 1, 2, 2, 3, 3]


REVISIONS = {
    "voided": [line(1, claim_frequency_code="8", **CODE)],
    "voided by another number": [
        line(9, claim_frequency_code="8", original_claim_id="CL0000001", member_id="M1", hcpcs_code="99213")
    ],
    "replaced without the code": [line(1, claim_frequency_code="7", hcpcs_code="99213")],
    "corrected without the code": [line(1, hcpcs_code="99213")],
    "refused": [line(1, hcpcs_code="0600T", diagnosis_code_1="@@")],
}


@pytest.mark.parametrize("revision", first(3, REVISIONS))
def test_a_denial_does_not_outlive_what_takes_it_back(revision: str, tmp_path: Path) -> None:
    night(tmp_path, 2, line(1, **CODE), line(2, **CODE))
    last = night(tmp_path, 3, *REVISIONS[revision])
    assert current(tmp_path, "denials") == [("CL0000002", 1, "deny", "2.25")]
    assert last["counts"]["withdrawn"] == 1
    (gone,) = record(tmp_path / "out", "withdrawals").to_dicts()
    assert (gone["claim_id"], str(gone["adjustment_amount"]), gone["run_id"]) == ("CL0000001", "1.25", last["run_id"])
    assert gone["decided_run_id"] == manifest(tmp_path / "out", 0)["run_id"]


@pytest.mark.long
def test_a_line_that_a_replacement_lacks_is_withdrawn_with_it(tmp_path: Path) -> None:
    second = line(1, claim_line_number="2", **CODE)
    night(tmp_path, 2, line(1, **CODE), second)
    night(tmp_path, 3, line(1, claim_frequency_code="7", charge_amount="8.00", **CODE))
    assert current(tmp_path, "denials") == [("CL0000001", 1, "deny", "8.00")]
    gone = record(tmp_path / "out", "withdrawals").sort("claim_line_number")
    assert gone["withdrawn_because"].to_list() == ["replaced", "dropped"]


def test_an_older_extract_brings_nothing_back(tmp_path: Path) -> None:
    """Neither a claim that was voided, nor a line that its replacement lacked on a later night."""
    kept, dropped = (line(4, claim_line_number=number, claim_frequency_code="7", **CODE) for number in "12")
    night(tmp_path, 2, line(1, **CODE), kept, dropped)
    void = line(8, claim_frequency_code="8", original_claim_id="CL0000001", member_id="M1")
    night(tmp_path, 3, void, kept)
    last = night(tmp_path, 2, line(1, **CODE), line(2, **CODE), kept, dropped)
    assert current(tmp_path, "denials") == [("CL0000002", 1, "deny", "2.25"), ("CL0000004", 1, "deny", "4.25")]
    lives = record(tmp_path / "out", "history").filter(run_id=last["run_id"])
    decided = record(tmp_path / "out", "decisions").filter(run_id=last["run_id"])
    key = ["claim_id", "claim_line_number"]
    found = lives.join(decided.select(*key, "reason_code"), on=key).sort(key)
    assert found.select(*key, "status", "superseded_by", "reason_code").rows() == [
        ("CL0000001", 1, "superseded", "CL0000008", "line-superseded"),
        ("CL0000002", 1, "current", None, "investigational"),
        ("CL0000004", 1, "current", None, "investigational"),
        ("CL0000004", 2, "superseded", "CL0000004", "line-superseded"),
    ]


@pytest.mark.long
def test_a_claim_that_comes_after_its_void_is_passed(tmp_path: Path) -> None:
    night(tmp_path, 3, line(8, claim_frequency_code="8", original_claim_id="CL0000001", member_id="M1"))
    night(tmp_path, 4, line(1, **CODE))
    (row,) = record(tmp_path / "out", "decisions").to_dicts()
    assert (row["disposition"], row["reason_code"], row["superseded_by"]) == ("pass", "line-superseded", "CL0000008")


@pytest.mark.long
def test_a_shadow_run_sees_the_state_and_leaves_it(tmp_path: Path) -> None:
    night(tmp_path, 2, line(1, **CODE))
    before = sorted((path.name, path.read_bytes()) for path in (tmp_path / "out" / ".current" / "state").iterdir())
    shadow = night(tmp_path, 3, line(1, claim_frequency_code="8", **CODE), line(2, **CODE), mode="shadow")
    after = sorted((path.name, path.read_bytes()) for path in (tmp_path / "out" / ".current" / "state").iterdir())
    assert after == before
    assert shadow["counts"]["withdrawn"] == 0
    assert current(tmp_path, "denials") == [("CL0000001", 1, "deny", "1.25")]


@pytest.mark.long
def test_a_run_made_again_under_other_terms_changes_what_they_change(tmp_path: Path) -> None:
    rows = [line(1, group_id="G1", **CODE), line(2, group_id="G2", **CODE)]
    night(tmp_path, 2, *rows)
    terms = "payer,group_id,effective_date,coverage,citation\nRegence,G1,2020-01-01,covered,Plan document\n"
    last = night(tmp_path, 2, *rows, contracts=str(write(tmp_path / "contracts.csv", terms)))
    assert last["counts"]["by_effect"] == {"changed": 1, "seen-again": 1}
    assert current(tmp_path) == [("CL0000001", 1, "pass", "1.25"), ("CL0000002", 1, "deny", "2.25")]


@pytest.mark.long
def test_the_state_is_the_same_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = [line(number, **CODE) for number in range(1, 40)]
    voids = [row | {"claim_frequency_code": "8"} for row in rows[:20]]
    for name, order in (("one", 1), ("two", -1)):
        night(tmp_path / name, 2, *rows[::order])
        night(tmp_path / name, 3, *voids[::order])
    states = [
        pl.read_parquet(sorted((tmp_path / name / "out" / ".current" / "state").glob("lines-*.parquet")))
        .drop("latest_run_id", "decided_run_id", "decided_source_file", "decided_source_row")
        .sort("high", "low", "status")
        for name in ("one", "two")
    ]
    assert states[0].equals(states[1])


@pytest.mark.long
def test_explain_shows_the_line_night_by_night(tmp_path: Path) -> None:
    night(tmp_path, 2, line(1, **CODE))
    night(tmp_path, 3, line(1, **CODE))
    night(tmp_path, 4, line(1, **CODE))
    night(tmp_path, 5, line(9, claim_frequency_code="8", original_claim_id="CL0000001", member_id="M1", **CODE))
    shown = called("explain", "CL0000001", "--out", tmp_path / "out").out
    assert "Claim CL0000001 line 1: DENY, not current" in shown
    assert "superseded by claim CL0000009; seen 2026-11-02 to 2026-11-04, on 3 nights" in shown
    assert "2026-11-03 to 2026-11-04  Seen again, unchanged." in shown
    assert "Voided by claim CL0000009. The decision deny (investigational), charge 1.25 is withdrawn." in shown
    (found,) = json.loads(called("explain", "CL0000001", "--out", tmp_path / "out", "--json").out)
    assert [each["as_of"] for each in found["life"]["nights"]] == ["2026-11-02", "2026-11-03", "2026-11-05"]


@pytest.mark.long
def test_explain_shows_the_current_decision_not_that_of_the_latest_run(tmp_path: Path) -> None:
    night(tmp_path, 3, line(1, **CODE))
    night(tmp_path, 2, line(1, charge_amount="7.00", **CODE))
    shown = called("explain", "CL0000001", "--out", tmp_path / "out").out
    assert "Claim CL0000001 line 1: DENY\n" in shown
    assert "Came late" in shown
    assert "charge 1.25" in shown


@pytest.mark.long
def test_a_damaged_state_is_one_fault(tmp_path: Path) -> None:
    night(tmp_path, 2, line(1, **CODE))
    (tmp_path / "out" / ".current" / "state" / "format.json").write_text("{}")
    done = program("run", write(tmp_path / "b.csv", csv_text([line(2)])), "--out", tmp_path / "out")
    assert done.code == 13
    assert len(done.faults) == 1
    assert "state" in done.faults[0]


X12 = """ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261120*0100*^*00501*000000001*0*P*:~
GS*HC*SENDER*RECEIVER*20261120*0100*1*X*005010X222A1~
ST*837*0001*005010X222A1~
BHT*0019*00*1*20261120*0100*CH~
{claims}SE*{segments}*0001~
GE*1*1~
IEA*1*000000001~
"""
CLAIM = """HL*{n}**20*1~
NM1*85*2*CLINIC*****XX*{provider}~
HL*{m}*{n}*22*0~
SBR*P*18*******MC~
NM1*IL*1*DOE*JO****MI*M1~
NM1*PR*2*FLORIDA BLUE*****PI*SMP01~
CLM*{claim}*9400***22:B:{frequency}*Y*A*Y*Y~
HI*ABK:C251~
LX*1~
SV1*HC:0600T*9400*UN*1***1~
DTP*472*D8*20240304~
"""


def interchange(*claims: tuple[str, str, str]) -> str:
    """An 837 of these claims: provider, claim id, frequency code."""
    text = "".join(
        CLAIM.format(n=2 * place + 1, m=2 * place + 2, provider=provider, claim=claim, frequency=frequency)
        for place, (provider, claim, frequency) in enumerate(claims)
    )
    return X12.format(claims=text, segments=3 + text.count("~"))


@pytest.mark.long
def test_an_837_void_takes_back_its_own_providers_claim_alone(tmp_path: Path) -> None:
    one, other = "1902000227", "1245319599"
    for day, claims in ((2, [(one, "A", "1"), (other, "A", "1")]), (3, [(one, "A", "8")]), (4, [(other, "A", "1")])):
        extract = write(tmp_path / f"night-{day}.837", interchange(*claims))
        out = ("--out", tmp_path / "out", "--reports", "none", "--quiet")
        done = called("run", extract, *out, "--as-of", f"2026-11-{day:02}")
        assert done.code == 0, done.err
    assert record(tmp_path / "out", "quarantine").is_empty()
    assert current(tmp_path, "denials") == [("A", 1, "deny", "9400.00")]
    (gone,) = record(tmp_path / "out", "withdrawals").to_dicts()
    assert (gone["billing_npi"], gone["withdrawn_because"]) == (one, "voided")
    assert record(tmp_path / "out", "history")["effect"].to_list()[-1] == "seen-again"
