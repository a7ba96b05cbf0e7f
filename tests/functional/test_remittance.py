"""The remittance feed of real runs: what an 835 reader that is not ours makes of it, and that shadow runs stay out."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.functional.program import (
    AS_OF,
    COLUMNS,
    ROOT,
    Done,
    called,
    csv_text,
    decisions,
    line,
    manifest,
    program,
    record,
    write,
)
from tests.lib.examples import first
from tests.lib.x12_835 import PAID, accepted, interchange, service_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[..., Done]


@pytest.fixture(scope="module")
def out(deck_in_all_forms: Path) -> Path:
    return deck_in_all_forms


@pytest.fixture(scope="module")
def feed(out: Path) -> pl.DataFrame:
    (path,) = (out / "runs").glob("*/remittance.parquet")
    return pl.read_parquet(path)


@pytest.fixture(scope="module")
def rows(feed: pl.DataFrame) -> list[dict[str, Any]]:
    return feed.filter("postable").to_dicts()


def test_one_row_for_each_denied_or_returned_line_in_order(out: Path, feed: pl.DataFrame) -> None:
    wanted = record(out, "decisions").filter(pl.col("disposition").is_in(["deny", "return"]))
    keys = ["source_file", "source_row", "claim_id", "group_code", "carc", "rarcs", "policy_reference"]
    assert feed.height > 60
    assert feed.select(keys).equals(wanted.select(keys))


def test_the_deck_shows_every_kind_of_row(feed: pl.DataFrame) -> None:
    kinds = feed.group_by("group_code", "carc", "postable", "ref_0k_segment", negative=pl.col("charge_amount") < 0)
    assert {tuple(row) for row in kinds.agg().select("group_code", "carc", "postable").rows()} == {
        ("CO", "55", True), ("CO", "55", False), ("PR", "55", True), ("PR", "96", True), ("CO", "181", True),
    }  # fmt: skip
    assert feed.filter(pl.col("charge_amount") < 0).height == 1


def test_a_public_reader_accepts_an_835_around_the_segments(rows: list[dict[str, Any]]) -> None:
    assert accepted(interchange(rows))


@pytest.mark.parametrize(
    ("right", "wrong"),
    first(2, [("CAS*PR*55*", "CAS*XX*55*"), ("CAS*CO*181*9700~", "CAS*CO*181~"), ("LQ*HE*M20~", "LQ**M20~"),
     ("REF*0K*Surgery 242~", "REF*0K~"), ("REF*0K*Surgery 242~", "REF*0K*Surgery *242~")]),
)  # fmt: skip
def test_the_reader_would_refuse_a_broken_segment(rows: list[dict[str, Any]], right: str, wrong: str) -> None:
    text = interchange(rows)
    assert right in text
    assert not accepted(text.replace(right, wrong, 1))


def test_what_the_reader_gives_back_is_the_feed(rows: list[dict[str, Any]]) -> None:
    read = service_lines(interchange(rows))
    assert len(read) == len(rows)
    for row, found in zip(rows, read, strict=True):
        ((group, carc, amount),) = found.adjustments
        assert (group, carc, Decimal(amount)) == (row["group_code"], row["carc"], row["adjustment_amount"])
        assert found.remarks == row["rarcs"]
        assert found.policies == ([row["policy_reference"]] if row["carc"] != "181" else [])


FED = (*AS_OF, "--reports", "remittance")
POSTED = """
ISA*00*          *00*          *ZZ*CLINIC         *ZZ*PAYER          *261101*0901*^*00501*000000001*0*P*:~
GS*HC*CLINIC*PAYER*20261101*0901*1*X*005010X222A1~
ST*837*0001*005010X222A1~
BHT*0019*00*77*20261101*0901*CH~
NM1*41*2*CLINIC*****46*S1~
PER*IC*BILLING*TE*5555550100~
NM1*40*2*PAYER*****46*R1~
HL*1**20*1~
NM1*85*2*CLINIC*****XX*1902000227~
N3*1 ROAD~
N4*TAMPA*FL*336010000~
REF*EI*591112223~
HL*2*1*22*0~
SBR*P*18*******MC~
NM1*IL*1*DOE*JO****MI*M20010001~
NM1*PR*2*FLORIDA BLUE*****PI*SMP01~
CLM*POSTED*18800***22:B:1*Y*A*Y*Y~
HI*ABK:C251~
LX*1~
SV1*HC:0600T*9400*UN*1***1~
DTP*472*D8*20240304~
REF*6R*LINE-7/A~
LX*2~
SV1*HC:0601T*9400*UN*1***1~
DTP*472*D8*20240304~
HL*3*1*22*0~
SBR*S*18*******MC~
NM1*IL*1*DOE*AL****MI*M20010002~
NM1*PR*2*FLORIDA BLUE*****PI*SMP01~
CLM*SECOND*9400***22:B:1*Y*A*Y*Y~
HI*ABK:C251~
SBR*P*18*******CI~
AMT*D*8000~
OI***Y***Y~
NM1*IL*1*DOE*AL****MI*Q1~
NM1*PR*2*ANOTHER PAYER*****PI*OTH1~
LX*1~
SV1*HC:0600T*9400*UN*1***1~
DTP*472*D8*20240304~
SVD*OTH1*8000*HC:0600T**1~
CAS*CO*45*1400~
DTP*573*D8*20240601~
SE*41*0001~
GE*1*1~
IEA*1*000000001~
"""


@pytest.mark.parametrize("again", first(1, [False, True]))
def test_control_numbers_of_an_837_come_back_in_the_835(tmp_path: Path, *, again: bool) -> None:
    """From the run itself, and from the report on a published run."""
    extract = write(tmp_path / "night.837", POSTED.strip())
    out, to = tmp_path / "out", tmp_path / "feed.parquet"
    done = called("run", extract, "--out", out, "--quiet", *FED)
    assert done.code == 0, done.err
    if again:
        assert called("report", "--out", out, "--format", "remittance", "--to", to).code == 0
    (path,) = [to] if again else (out / "runs").glob("*/remittance.parquet")
    rows = pl.read_parquet(path).to_dicts()
    assert [(row["claim_id"], row["postable"], row["line_item_control_number"]) for row in rows] == [
        ("POSTED", True, "LINE-7/A"), ("POSTED", True, None), ("SECOND", False, None),
    ]  # fmt: skip
    assert rows[2]["note"] == "another payer comes before this one, so the amount left to adjust is not the charge"
    assert (rows[2]["segments"], rows[2]["cas_segment"], rows[2]["disposition"]) == (None, None, "deny")
    text = interchange(rows[:2])
    assert accepted(text)
    assert [line.controls for line in service_lines(text)] == [["LINE-7/A"], []]


@pytest.mark.long
def test_test_data_is_decided_on_request_and_not_posted(tmp_path: Path) -> None:
    extract = write(tmp_path / "night.837", POSTED.strip().replace("*0*P*:~", "*0*T*:~"))
    refused = called("run", extract, "--out", tmp_path / "refused", "--quiet", *FED)
    assert refused.code == 0, refused.err
    checks = record(tmp_path / "refused", "quarantine")["failed_checks"].to_list()
    assert checks == [["row-test-data"]] * 3
    done = called("run", extract, "--out", tmp_path / "out", "--accept-test-data", "--quiet", *FED)
    assert done.code == 0, done.err
    (path,) = (tmp_path / "out" / "runs").glob("*/remittance.parquet")
    rows = pl.read_parquet(path).to_dicts()
    assert [row["postable"] for row in rows] == [False] * 3
    assert rows[0]["note"] == "the claim is test data"


REPLACED = (
    POSTED.strip()
    .replace("CLM*POSTED*18800***22:B:1*Y*A*Y*Y~", "CLM*BETTER*9400***22:B:7*Y*A*Y*Y~\nREF*F8*POSTED~")
    .replace("LX*2~\nSV1*HC:0601T*9400*UN*1***1~\nDTP*472*D8*20240304~\n", "")
    .replace("CLM*SECOND*9400***22:B:1*Y*A*Y*Y~", "CLM*SECOND*9400***22:B:8*Y*A*Y*Y~\nREF*F8*SECOND~")
    .replace("SE*41*", "SE*40*")
)
"""A later night: the first claim is replaced, and its second line is dropped; the other claim is voided."""


def next_night(folder: Path) -> list[dict[str, Any]]:
    """The feed of REPLACED on the night after POSTED, in `folder` / "out"."""
    later = write(folder / "later.837", REPLACED)
    done = called("run", later, "--out", folder / "out", "--quiet", "--as-of", "2026-11-25", "--reports", "remittance")
    assert done.code == 0, done.err
    feeds = [pl.read_parquet(path) for path in sorted((folder / "out" / "runs").glob("*/remittance.parquet"))]
    assert len(feeds) == 2
    assert set(feeds[0]["row_kind"]) == {"adjustment"}
    return feeds[1].to_dicts()


def first_night(folder: Path) -> None:
    extract = write(folder / "night.837", POSTED.strip())
    done = called("run", extract, "--out", folder / "out", "--quiet", *FED)
    assert done.code == 0, done.err


def test_a_later_night_reverses_what_was_posted(tmp_path: Path) -> None:
    first_night(tmp_path)
    rows = next_night(tmp_path)
    assert [
        (row["row_kind"], row["claim_id"], row["claim_line_number"], row["withdrawn_because"], row["postable"])
        for row in rows
    ] == [
        ("reversal", "POSTED", 1, "replaced", True),
        ("reversal", "POSTED", 2, "dropped", True),
        ("reversal", "SECOND", 1, "voided", False),
        ("adjustment", "BETTER", 1, None, True),
    ]  # fmt: skip
    assert [row["withdrawn_by"] for row in rows] == ["BETTER", "BETTER", "SECOND", None]
    assert {row["decided_run_id"] for row in rows[:3]} == {min(path.name for path in (tmp_path / "out/runs").iterdir())}
    assert "another payer comes before this one" in rows[2]["note"]
    assert all(row["note"].startswith("reverses an adjustment of run ") for row in rows[:3])
    assert [row["charge_amount"] for row in rows] == [Decimal(-9400)] * 3 + [Decimal(9400)]
    text = interchange(row for row in rows if row["postable"])
    assert accepted(text)
    read = service_lines(text)
    assert [line.controls for line in read] == [["LINE-7/A"], [], ["LINE-7/A"]]
    assert [Decimal(line.adjustments[0][2]) for line in read] == [Decimal(-9400), Decimal(-9400), Decimal(9400)]
    assert all(Decimal(line.charge) == Decimal(line.adjustments[0][2]) for line in read)  # paid nothing, so balanced


@pytest.mark.long
def test_what_is_posted_less_what_is_reversed_is_what_is_current(tmp_path: Path) -> None:
    first_night(tmp_path)
    next_night(tmp_path)
    paths = sorted((tmp_path / "out" / "runs").glob("*/remittance.parquet"))
    posted = sum((pl.read_parquet(path)["adjustment_amount"].sum() for path in paths), Decimal())
    query = "SELECT sum(adjustment_amount) FROM current_decisions WHERE disposition IN ('deny', 'return')"
    done = program("sql", query, "--out", tmp_path / "out", "--format", "csv")
    assert Decimal(done.out.split()[-1]) == posted == Decimal(9400)


@pytest.mark.long
def test_a_reversal_is_held_where_the_posting_facts_are_lost(tmp_path: Path) -> None:
    """Of any line: one that the earlier run's replay lacks is not taken for free."""
    first_night(tmp_path)
    (replay,) = (tmp_path / "out" / "runs").glob("*/replay/candidates-00000.parquet")
    kept = pl.read_parquet(replay).filter(pl.col("claim_id") == "SECOND")
    replay.unlink()
    kept.write_parquet(replay)
    rows = next_night(tmp_path)
    assert [row["postable"] for row in rows] == [False, False, False, True]
    assert "is missing or damaged" in rows[0]["note"]
    assert "is missing or damaged" not in rows[2]["note"]


@pytest.mark.long
def test_a_reversal_is_held_where_the_replay_is_gone(tmp_path: Path) -> None:
    first_night(tmp_path)
    (replay,) = (tmp_path / "out" / "runs").glob("*/replay")
    shutil.rmtree(replay)
    assert [row["postable"] for row in next_night(tmp_path)] == [False, False, False, True]


def test_each_line_balances(rows: list[dict[str, Any]]) -> None:
    for found in service_lines(interchange(rows)):
        adjusted = sum((Decimal(amount) for _, _, amount in found.adjustments), Decimal())
        assert Decimal(found.charge) - adjusted == Decimal(found.paid) == PAID


def test_csv_and_parquet_and_the_report_say_the_same(out: Path, feed: pl.DataFrame, tmp_path: Path) -> None:
    (path,) = (out / "runs").glob("*/remittance.csv")
    table = pl.read_csv(path, infer_schema=False)
    assert table.columns == feed.columns
    for name in ("cas_segment", "ref_0k_segment", "segments", "note"):
        assert table[name].to_list() == feed[name].to_list()
    assert table["lq_segments"].to_list() == [each or "" for each in feed["lq_segments"].list.join("|")]
    for suffix in ("csv", "parquet"):
        to = tmp_path / f"feed.{suffix}"
        done = called("report", "--out", out, "--format", "remittance", "--to", to)
        assert done == Done(0, f"Wrote {to}.\n", "")
        assert to.read_bytes() == path.with_suffix(f".{suffix}").read_bytes()


@pytest.mark.long
def test_the_file_in_the_working_folder_is_a_csv(out: Path, tmp_path: Path) -> None:
    done = program("report", "--out", out, "--format", "remittance", cwd=tmp_path)
    assert done == Done(0, "Wrote remittance.csv.\n", "")
    assert (tmp_path / "remittance.csv").read_text(encoding="utf-8").startswith("run_id,data_source,")


@pytest.mark.long
def test_a_shadow_run_feeds_nothing(command: Command, tmp_path: Path) -> None:
    extract = write(tmp_path / "night.csv", csv_text([line(3), line(6)]))
    out, to = tmp_path / "out", tmp_path / "feed.csv"
    assert command("run", extract, "--out", out, "--mode", "shadow", "--quiet", *FED).code == 0
    assert decisions(out).filter(pl.col("disposition") == "deny").height == 2
    run_dir = out / "runs" / manifest(out)["run_id"]
    feed = pl.read_parquet(run_dir / "remittance.parquet")
    assert (feed.height, feed.schema["adjustment_amount"]) == (0, pl.Decimal(18, 2))
    assert (run_dir / "remittance.csv").read_text(encoding="utf-8") == ",".join(feed.columns) + "\n"
    done = command("report", "--out", out, "--format", "remittance", "--to", to)
    assert (done.code, done.out, len(done.faults)) == (2, "", 1)
    assert f"run {manifest(out)['run_id']} is a shadow run" in done.err
    assert "`claims-edit runs` lists them." in done.err
    assert not to.exists()


def test_a_contract_may_name_any_group_code_and_the_feed_says_what_is_not_on_record(tmp_path: Path) -> None:
    extract = write(tmp_path / "night.csv", csv_text([{**line(3), "group_id": "G1"}], (*COLUMNS, "group_id")))
    contracts = write(
        tmp_path / "contracts.csv",
        "payer,group_id,effective_date,coverage,group_code\nRegence,G1,2026-01-01,excluded,OA\n",
    )
    done = called("run", extract, "--contracts", contracts, "--out", tmp_path / "out", "--quiet", *FED)
    assert done.code == 0, done.err
    (path,) = (tmp_path / "out" / "runs").glob("*/remittance.parquet")
    (row,) = pl.read_parquet(path).to_dicts()
    assert (row["postable"], row["segments"]) == (True, "CAS*OA*96*3.25~REF*0K*Surgery 242~LQ*HE*N130~")
    assert row["note"] == "group_code `OA` does not go with CARC `96` (scenario not_covered)"


@pytest.mark.usefixtures("unproved")
def test_rules_check_says_when_there_is_no_table(command: Command, tmp_path: Path) -> None:
    rules = shutil.copytree(ROOT / "rules", tmp_path / "rules")
    assert "not checked" not in command("rules", "check", "--rules", rules).out
    (rules / "remittance" / "core_360.yaml").unlink()
    done = command("rules", "check", "--rules", rules)
    assert (done.code, done.err) == (0, "")
    assert "combinations of CARC, RARC and group code were not checked." in done.out
