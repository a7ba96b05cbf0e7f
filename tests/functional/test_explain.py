"""`claims-edit explain` for any row of a run: decided, refused, or accepted without a candidate code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.functional.program import COLUMNS, DECK, UNREPORTED, csv_text, line, lines, manifest, published_night, write
from tests.lib.examples import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.functional.program import Done

    Command = Callable[..., Done]


@pytest.fixture
def published(command: Command, tmp_path: Path) -> Path:
    extract = write(tmp_path / "night.csv", csv_text(lines(9)))
    assert command("run", extract, "--out", tmp_path / "out", "--quiet", *UNREPORTED).code == 0
    return tmp_path / "out"


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a folder for all tests that only read it."""
    return published_night(tmp_path_factory.mktemp("explained"), 9)


def reported(done: Done) -> list[dict[str, Any]]:
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = json.loads(done.out)
    return found


def test_an_accepted_line_is_read_again_and_reported_why_it_was_no_candidate(command: Command, read_only: Path) -> None:
    (found,) = reported(command("explain", "CL0000001", "--out", read_only, "--json"))
    assert (found["kind"], found["source_row"], found["claim_line_number"]) == ("accepted", 1, 1)
    assert found["why"] == "No edit applies: hcpcs_code 99213 is not in rules/codes."
    assert {"name": "charge_amount", "value": "1.25", "source": "charge_amount"} in found["facts"]


def test_a_person_is_reported_before_extracts_are_read_again(
    command: Command, read_only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("explain", "CL0000001", "--out", read_only).err == ""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _self: True)
    done = command("explain", "CL0000001", "--out", read_only, "--json")
    (found,) = reported(done)
    assert found["kind"] == "accepted"
    assert done.faults == [
        f"Reading the extracts of run {manifest(read_only)['run_id']} again; this may take as long as in the run."
    ]
    assert command("explain", "CL0000003", "--out", read_only, "--json").err == ""


@pytest.mark.parametrize("fmt", ["text", "md", "html", "json"])
def test_every_format_shows_every_kind(command: Command, read_only: Path, fmt: str) -> None:
    for claim in ("CL0000001", "CL0000003"):
        done = command("explain", claim, "--out", read_only, "--format", fmt, "--all")
        assert (done.code, claim in done.out) == (0, True)


DATED = (*COLUMNS, "claim_line_start_date", "claim_line_end_date")


@pytest.mark.parametrize(
    ("extract", "claim", "start", "end"),
    first(
        2,
        [
            (
                "claims.837",
                "X-STATEMENT-DATES",
                "claim_start_date (2300 DTP*434)",
                "claim_end_date (2300 DTP*434 end), else the start",
            ),
            (
                "claims.837",
                "X-DENIED",
                "claim_line_start_date (2400 DTP*472)",
                "claim_line_end_date (2400 DTP*472 end), else the start",
            ),
            ("night.csv", "CL0000003", "claim_line_start_date", "claim_line_end_date, else the start"),
            ("night.csv", "CL0000006", "claim_start_date", "claim_end_date, else the start"),
        ],
    ),
)
def test_each_line_names_the_element_that_its_dates_come_from(
    command: Command, tmp_path: Path, extract: str, claim: str, start: str, end: str
) -> None:
    rows = [{**line(3), "claim_line_start_date": "2026-03-02"}, line(6)]
    write(tmp_path / "night.csv", csv_text(rows, DATED))
    out, folder = tmp_path / "out", tmp_path if extract == "night.csv" else DECK
    assert command("run", folder / extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    (found,) = reported(command("explain", claim, "--out", out, "--json"))
    sources = {fact["name"]: fact["source"] for fact in found["facts"]}
    assert (sources["service_start_date"], sources["service_end_date"]) == (start, end)


def test_a_row_is_found_by_its_number(command: Command, read_only: Path) -> None:
    for row, kind in ((1, "accepted"), (3, "decision")):
        (found,) = reported(command("explain", "--row", row, "--out", read_only, "--json"))
        assert (found["kind"], found["claim_id"]) == (kind, f"CL{row:07}")
    assert command("explain", "--row", 10, "--out", read_only).code == 2


@pytest.mark.long
def test_rows_behind_one_that_cannot_be_split_are_found(command: Command, tmp_path: Path) -> None:
    rows = csv_text(lines(9)).splitlines(keepends=True)
    extract = write(tmp_path / "night.csv", "".join([*rows[:3], "torn\n", *rows[3:6], "torn,too\n", *rows[6:]]))
    out = tmp_path / "out"
    assert command("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    found = [reported(command("explain", "--row", row, "--out", out, "--json"))[0] for row in range(1, 12)]
    assert [each["claim_id"] and int(each["claim_id"][2:]) for each in found] == [
        1, 2, None, 3, 4, 5, None, 6, 7, 8, 9,
    ]  # fmt: skip
    assert [each["source_row"] for each in found] == list(range(1, 12))


@pytest.mark.long
def test_a_row_of_several_extracts_needs_its_file(command: Command, tmp_path: Path) -> None:
    for name, start in (("a", 1), ("b", 11)):
        write(tmp_path / f"{name}.csv", csv_text(line(number) for number in range(start, start + 3)))
    out = tmp_path / "out"
    assert command("run", tmp_path / "a.csv", tmp_path / "b.csv", "--out", out, "--quiet", *UNREPORTED).code == 0
    done = command("explain", "--row", 1, "--out", out)
    assert (done.code, len(done.faults)) == (2, 1)
    for file in ("b.csv", tmp_path / "b.csv"):
        (found,) = reported(command("explain", "--row", 1, "--file", file, "--out", out, "--json"))
        assert found["claim_id"] == "CL0000011"
    assert command("explain", "--row", 1, "--file", "c.csv", "--out", out).code == 2


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_an_extract_that_is_not_what_it_was_is_stated(command: Command, published: Path, change: str) -> None:
    extract = published.parent / "night.csv"
    if change == "gone":
        extract.unlink()
    else:
        write(extract, csv_text(lines(10)))
    done = command("explain", "CL0000001", "--out", published)
    assert (done.code, done.out, len(done.faults)) == (11, "", 1)
    assert {"gone": "is missing", "changed": "SHA-256 differs"}[change] in done.err
    assert "CL0000001" not in done.err
    assert command("explain", "CL0000003", "--out", published).code == 0


def test_the_latest_run_that_has_the_line_is_asked(command: Command, published: Path) -> None:
    first = manifest(published)["run_id"]
    later = write(published.parent / "later.csv", csv_text(line(number, charge_amount="7.00") for number in (1, 20)))
    assert command("run", later, "--out", published, "--quiet", *UNREPORTED).code == 0
    (found,) = reported(command("explain", "CL0000001", "--out", published, "--json"))
    assert found["source_file"].endswith("later.csv")
    (found,) = reported(command("explain", "CL0000002", "--out", published, "--json"))
    assert found["run_id"] == first
    (found,) = reported(command("explain", "CL0000001", "--run", first, "--out", published, "--json"))
    assert found["source_file"].endswith("night.csv")
    (found,) = reported(command("explain", "--row", 1, "--run", first[:-1], "--out", published, "--json"))
    assert found["run_id"] == first


@pytest.mark.long
def test_a_refused_line_is_kept_until_that_line_comes_again(command: Command, tmp_path: Path) -> None:
    future, out = {"claim_start_date": "2099-01-01"}, tmp_path / "out"
    nights = {
        "one": [line(3), line(3, claim_line_number="2", **future)],
        "two": [line(3, charge_amount="9.00")],
        "three": [line(3, claim_line_number="5", **future)],
    }
    for name, rows in nights.items():
        extract = write(tmp_path / name / "night.csv", csv_text(rows))
        assert command("run", extract, "--out", out, "--quiet", *UNREPORTED).code == 0
    found = {number: reported(command("explain", "CL0000003", number, "--out", out, "--json")) for number in (1, 2, 5)}
    assert {number: [(each["kind"], each["source_row"]) for each in rows] for number, rows in found.items()} == {
        1: [("decision", 1)], 2: [("quarantine", 2)], 5: [("quarantine", 1)],
    }  # fmt: skip
    every = reported(command("explain", "CL0000003", "--out", out, "--json"))
    assert [each["kind"] for each in every] == ["decision", "quarantine", "quarantine"]
    restart = write(tmp_path / "four" / "night.csv", csv_text([line(3, claim_line_number="2")]))
    assert command("run", restart, "--out", out, "--quiet", *UNREPORTED).code == 0
    (found_again,) = reported(command("explain", "CL0000003", 2, "--out", out, "--json"))
    assert found_again["kind"] == "decision"


@pytest.mark.long
def test_a_mapping_is_used_again_and_its_names_are_reported(command: Command, tmp_path: Path) -> None:
    names = [name if name != "hcpcs_code" else "PROC" for name in COLUMNS]
    text = csv_text(lines(9)).replace(",".join(COLUMNS), ",".join(names))
    extract = write(tmp_path / "night.csv", text)
    mapping = write(tmp_path / "map.yaml", "columns: {hcpcs_code: PROC}\n")
    out = tmp_path / "out"
    assert command("run", extract, "--out", out, "--mapping", mapping, "--quiet", *UNREPORTED).code == 0
    for claim in ("CL0000001", "CL0000003"):
        (found,) = reported(command("explain", claim, "--out", out, "--json"))
        assert {fact["name"]: fact["source"] for fact in found["facts"]}["hcpcs_code"] == "hcpcs_code (PROC)"
    write(mapping, "columns: {hcpcs_code: PROC}\nconstants: {plan: X}\n")
    done = command("explain", "CL0000001", "--out", out)
    assert (done.code, "the mapping changed since the run" in done.err) == (11, True)
    (found,) = reported(command("explain", "CL0000003", "--out", out, "--json"))
    assert {fact["name"]: fact["source"] for fact in found["facts"]}["hcpcs_code"] == "hcpcs_code"


@pytest.mark.long
def test_837_fhir_and_parquet_lines_are_found_too(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = ("claims.837", "claims-fhir.ndjson", "claims.parquet")
    assert command("run", *(DECK / name for name in names), "--out", out, "--quiet", *UNREPORTED).code == 0
    for claim, number, row, place in (
        ("X-OTHER-CODE-SYSTEM", 1, 155, "claim_id (CLM01)"),
        ("E-OTHER-CODE-SYSTEM", 1, 5, "claim_id (identifier)"),
        ("FORM-OTHER-LINE", 1, 129, "claim_id"),
    ):
        (found,) = reported(command("explain", claim, number, "--out", out, "--json"))
        assert (found["kind"], found["source_row"], found["claim_line_number"]) == ("accepted", row, number)
        assert {fact["name"]: fact["source"] for fact in found["facts"]}["claim_id"] == place
    (found,) = reported(command("explain", "--row", 155, "--file", "claims.837", "--out", out, "--json"))
    assert found["claim_id"] == "X-OTHER-CODE-SYSTEM"


def test_what_a_run_suspends_is_reported_with_the_denial_behind_it(command: Command, tmp_path: Path) -> None:
    stale = {"payer": "Florida Blue", "claim_start_date": "2025-06-01"}
    extract = write(tmp_path / "night.csv", csv_text([line(3, **stale), line(6, **stale, line_of_business="")]))
    out = tmp_path / "out"
    assert command("run", extract, "--stale-policy", "review", "--out", out, "--quiet", *UNREPORTED).code == 0
    (suspended,) = reported(command("explain", "CL0000003", "--out", out, "--all", "--json"))
    assert suspended["reason_code"] == "policy-stale"
    assert [(edit["id"], edit["decided"], edit["informational"]) for edit in suspended["edits"]] == [
        ("investigational", False, False), ("policy-stale", True, False), ("guidance-note", False, True),
    ]  # fmt: skip
    assert suspended["changes"][0] == (
        "Missing fact: whether version 2020-07-01 of florida-blue-02-40000-26 is still current. The policy was past its"
        " review on 2025-06-01 (last reviewed 2024-05-23, due by 2025-05-23)."
    )
    assert any("investigational decides (deny)" in sentence for sentence in suspended["changes"])
    assert any(sentence.startswith("A contract that covers the service") for sentence in suspended["changes"])
    assert {"investigational", "policy-stale"}.isdisjoint(each["id"] for each in suspended["not_hit"])
    (unknown,) = reported(command("explain", "CL0000006", "--out", out, "--json"))
    (then,) = (sentence for sentence in unknown["changes"] if sentence.startswith("If it is commercial"))
    assert then.endswith(": policy-stale decides (review).")


def test_a_damaged_replay_is_an_error_for_all_edits(command: Command, published: Path) -> None:
    (part,) = published.glob("runs/*/replay/candidates-*.parquet")
    part.write_bytes(part.read_bytes()[:100])
    done = command("explain", "CL0000003", "--out", published, "--all")
    assert (done.code, len(done.faults)) == (13, 1)
    assert "damaged" in done.err


def test_a_claim_or_a_row_is_wanted(command: Command, read_only: Path) -> None:
    for arguments in ([], ["CL0000003", "--row", "3"]):
        done = command("explain", *arguments, "--out", read_only)
        assert (done.code, len(done.faults)) == (2, 1)
