"""The library: its examples run, and frames of any few columns are taken."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import claims_edit

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
AS_OF = date(2026, 11, 20)
LINE: dict[str, Any] = {
    "claim_id": "C1", "claim_line_number": "1", "claim_type": "professional", "member_id": "M1",
    "payer": "Regence", "line_of_business": "commercial", "claim_line_start_date": "2026-03-02",
    "hcpcs_code": "47384", "diagnosis_code_1": "C220", "charge_amount": "100.00",
}  # fmt: skip


@cache
def shipped() -> claims_edit.Catalog:
    """The shipped rules."""
    return claims_edit.load_rules()


def test_the_page_s_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "sample_claims").symlink_to(PAGE.parents[1] / "sample_claims")
    monkeypatch.chdir(tmp_path)
    assert len(blocks) == 6
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 -- our own page


def test_every_name_of_the_library_is_there_and_loads_late() -> None:
    assert all(getattr(claims_edit, name) is not None for name in claims_edit.__all__)
    assert set(claims_edit.__all__) <= set(dir(claims_edit))
    with pytest.raises(AttributeError, match="has no nothing"):
        _ = claims_edit.nothing
    loaded = "import claims_edit, sys; sys.exit(any(name in sys.modules for name in ('polars', 'duckdb', 'pandera')))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


NEEDED = ("hcpcs_code", "claim_line_start_date")  # by `decide`


@pytest.mark.parametrize("absent", [name for name in LINE if name not in NEEDED])
def test_a_column_that_is_absent_is_an_empty_one(absent: str) -> None:
    rules = shipped()
    frame = pl.DataFrame([LINE])
    without, empty = frame.drop(absent), frame.with_columns(pl.lit(None, pl.String).alias(absent))
    assert claims_edit.decide(without, rules).equals(claims_edit.decide(empty, rules))
    both = [claims_edit.process_batch(lines, rules, as_of=AS_OF) for lines in (without, empty)]
    assert both[0].totals == both[1].totals
    assert both[0].candidates.equals(both[1].candidates)
    assert claims_edit.decide(frame, rules)["disposition"].item() == "deny"


def test_a_batch_is_what_a_run_makes_of_it(tmp_path: Path) -> None:
    sample = PAGE.parents[1] / "sample_claims" / "claims.csv"
    lines = pl.read_csv(sample, infer_schema=False)
    outcome = claims_edit.run_batch(claims_edit.RunOptions([sample], str(tmp_path), AS_OF, reports=()))
    batch = claims_edit.process_batch(lines, shipped(), as_of=AS_OF)
    counts = outcome.manifest.counts.model_dump(mode="json")
    assert batch.totals.rows_read == counts["rows_read"] == lines.height
    quarantine = pl.read_parquet(
        outcome.run_dir.parents[1] / "quarantine" / "**" / "*.parquet", hive_partitioning=False
    )
    assert quarantine.schema["charge_amount"] == batch.candidates.schema["charge_amount"] == pl.Decimal(18, 2)
    repeats_alone = quarantine.filter(pl.col("failed_checks") == pl.lit(["duplicate-line"])).height
    assert batch.totals.rows_quarantined == counts["rows_quarantined"] - repeats_alone
    assert batch.totals.warnings_by_check.total() >= counts["warnings"]
    assert batch.keys.height == lines.height


def test_arrow_tables_are_taken() -> None:
    table = pl.DataFrame([LINE]).to_arrow()
    assert claims_edit.validate(table, shipped(), as_of=AS_OF).errors == {}


SUPERSEDING: dict[str, tuple[dict[str, str], str]] = {
    "a void with another code": ({"claim_frequency_code": "8", "hcpcs_code": "99213"}, "pass"),
    "a replacement with another code": (
        {"claim_id": "C2", "original_claim_id": "C1", "claim_frequency_code": "7", "hcpcs_code": "99213"}, "pass"
    ),
    "a replacement by its own number": (
        {"original_claim_id": "PAYER-1", "claim_frequency_code": "7", "hcpcs_code": "99213"}, "pass"
    ),
    "a refused replacement": (
        {"claim_id": "C2", "original_claim_id": "C1", "claim_frequency_code": "7", "charge_amount": "x"}, "review"
    ),
    "another member's replacement": (
        {"claim_id": "C2", "original_claim_id": "C1", "claim_frequency_code": "7", "member_id": "M2",
         "hcpcs_code": "99213"}, "deny"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUPERSEDING)
def test_what_revises_a_claim_is_decided_with_it(name: str) -> None:
    """Whether it is in the same batch, or in another one whose revisions are passed."""
    rules = shipped()
    other, disposition = SUPERSEDING[name]
    given = [pl.DataFrame([line], infer_schema_length=None) for line in (LINE, LINE | other)]
    together = claims_edit.process_batch(pl.concat(given, how="diagonal"), rules, as_of=AS_OF)
    assert claims_edit.decide(together, rules)["disposition"].to_list() == [disposition]
    first, second = (claims_edit.process_batch(frame, rules, as_of=AS_OF) for frame in given)
    apart = claims_edit.decide(first, rules, revisions=pl.concat([second.revisions, first.revisions]))
    assert apart["disposition"].to_list() == [disposition]


def test_lines_keep_the_row_that_they_come_from() -> None:
    rules = shipped()
    lines = pl.DataFrame([LINE | {"hcpcs_code": "99213"}, LINE | {"claim_id": "C2", "charge_amount": "x"}, LINE])
    batch = claims_edit.process_batch(lines, rules, as_of=AS_OF)
    assert batch.quarantine["source_row"].to_list() == [2]
    assert claims_edit.decide(batch, rules)["source_row"].to_list() == [3]
    named = batch.candidates.with_columns(source_file=pl.lit("a.csv"))
    assert claims_edit.decide(named, rules)["source_file"].to_list() == ["a.csv"]
    assert claims_edit.decide(lines.tail(1), rules)["source_row"].to_list() == [1]


def test_contracts_are_held_to_the_rules_of_their_file() -> None:
    rules = shipped()
    line = pl.DataFrame([LINE | {"group_id": "G1"}])
    covered = {"payer": "Regence", "group_id": "G1", "effective_date": "2026-01-01", "coverage": "Covered"}
    for terms in (covered, covered | {"effective_date": date(2026, 1, 1), "end_date": date(2026, 12, 31)}):
        assert claims_edit.decide(line, rules, contracts=pl.DataFrame([terms]))["disposition"].item() == "pass"
    faults = {
        "contracts: row 2: payer is not recognized": pl.DataFrame([covered, covered | {"payer": "Nobody"}]),
        "contracts: row 1: coverage must be": pl.DataFrame([covered | {"coverage": "yes"}]),
        "contracts: no column coverage": pl.DataFrame([covered]).drop("coverage"),
        "contracts: end_dat looks like one of service, end_date": pl.DataFrame([covered | {"end_dat": "2026-01-31"}]),
    }
    for fault, contracts in faults.items():
        with pytest.raises(claims_edit.UsageError, match=fault):
            claims_edit.decide(line, rules, contracts=contracts)


def test_a_stale_policy_is_chosen_by_its_word() -> None:
    rules = shipped()
    old = pl.DataFrame([LINE | {"payer": "Premera", "hcpcs_code": "0600T", "claim_line_start_date": "2025-06-02"}])
    for word in ("review", claims_edit.StalePolicy.REVIEW):
        assert claims_edit.decide(old, rules, stale_policy=word)["reason_code"].to_list() == ["policy-stale"]
    assert claims_edit.decide(old, rules)["disposition"].to_list() == ["deny"]
    with pytest.raises(claims_edit.UsageError, match="stale_policy: must be one of warn, review"):
        claims_edit.decide(old, rules, stale_policy="person")


UNLIKE = {"claim_line_start_date": "hello", "charge_amount": "x", "claim_line_number": "one",
          "service_unit_quantity": "many", "paid_amount": "some"}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE)
def test_a_value_that_is_not_of_its_kind_is_an_error_without_it(name: str) -> None:
    rules = shipped()
    raw = pl.DataFrame([LINE, LINE | {name: UNLIKE[name]}])
    with pytest.raises(claims_edit.UsageError, match=f"{name}: 1 values are not of its kind") as error:
        claims_edit.decide(raw, rules)
    assert UNLIKE[name] not in str(error.value)
    candidate = {"service_start_date": "2026-03-02", "hcpcs_code": "47384", "payer": "Regence"}
    typed = name.replace("claim_line_start_date", "service_start_date")
    with pytest.raises(claims_edit.UsageError, match=f"{typed}: 1 values are not of its kind"):
        claims_edit.decide(pl.DataFrame([candidate, candidate | {typed: UNLIKE[name]}]), rules)


def test_candidates_of_a_few_columns_are_enough() -> None:
    rules = shipped()
    few = pl.DataFrame({"service_start_date": [date(2026, 3, 2)], "hcpcs_code": ["47384"], "payer": ["Regence"]})
    assert claims_edit.decide(few, rules)["service_end_date"].to_list() == [date(2026, 3, 2)]
    assert claims_edit.decide(few, rules)["disposition"].to_list() == ["review"]
    for lines in (few.with_columns(service_start_date=None), pl.DataFrame([LINE]).drop("claim_line_start_date")):
        with pytest.raises(claims_edit.UsageError, match="1 lines have no service date"):
            claims_edit.decide(lines, rules)


def test_a_mapping_gives_names_and_constants(tmp_path: Path) -> None:
    rules = shipped()
    (tmp_path / "m.yaml").write_text(
        "columns: {payer: carrier}\nconstants: {line_of_business: commercial}\ndate_formats: ['%d/%m/%Y']\n"
    )
    mapping = claims_edit.load_mapping(tmp_path / "m.yaml")
    plain = pl.DataFrame([LINE])
    sent = plain.rename({"payer": "carrier"}).drop("line_of_business")
    sent = sent.with_columns(claim_line_start_date=pl.lit("02/03/2026"), color=pl.lit("red"))
    found = claims_edit.process_batch(sent, rules, as_of=AS_OF, mapping=mapping)
    assert found.candidates.equals(claims_edit.process_batch(plain, rules, as_of=AS_OF).candidates)
    with pytest.raises(claims_edit.UsageError, match="takes payer from carrier, which is not in the extract"):
        claims_edit.validate(plain, rules, as_of=AS_OF, mapping=mapping)
    with pytest.raises(claims_edit.UsageError, match="column memberid looks like member_id"):
        claims_edit.validate(sent.rename({"member_id": "memberid"}), rules, as_of=AS_OF, mapping=mapping)
    (tmp_path / "m.yaml").write_text("rows: {kind: L}\n")
    with pytest.raises(claims_edit.UsageError, match="mapping: rows describes files"):
        claims_edit.validate(plain, rules, as_of=AS_OF, mapping=claims_edit.load_mapping(tmp_path / "m.yaml"))


def test_what_is_no_frame_is_an_error() -> None:
    rules, frame = shipped(), pl.DataFrame([LINE])
    assert claims_edit.validate(frame.lazy(), rules, as_of=AS_OF).errors == {}
    for given in ("claims.csv", None, [LINE]):
        with pytest.raises(claims_edit.UsageError, match=r"lines: .* is not a data frame"):
            claims_edit.process_batch(given, rules, as_of=AS_OF)  # type: ignore[arg-type]
    with pytest.raises(claims_edit.UsageError, match="rules: are not loaded"):
        claims_edit.decide(frame, "rules")  # type: ignore[arg-type]
    with pytest.raises(claims_edit.UsageError, match="as_of: is not a date"):
        claims_edit.validate(frame, rules, as_of="2026-11-20")  # type: ignore[arg-type]


def test_what_is_no_claim_line_is_an_error() -> None:
    rules = shipped()
    with pytest.raises(claims_edit.UsageError, match="no such column of a claim line: color"):
        claims_edit.validate(pl.DataFrame([LINE | {"color": "red"}]), rules, as_of=AS_OF)
    with pytest.raises(claims_edit.UsageError, match="1 lines have a code that no policy lists"):
        claims_edit.decide(pl.DataFrame([LINE, LINE | {"hcpcs_code": "99213"}]), rules)
