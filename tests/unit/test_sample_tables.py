"""The synthetic claim lines: what is a claim's is the same on all its lines, and a few rows are at fault."""

from __future__ import annotations

import polars as pl
import pytest

from claims_edit.sample import scan, tables

LINES = 30_000
OF_A_LINE = {
    "claim_line_number", "revenue_center_code", "hcpcs_code", "hcpcs_modifier_1", "hcpcs_modifier_2",
    "diagnosis_code_1", "service_unit_quantity", "charge_amount", "paid_amount", "allowed_amount", "rendering_npi",
}  # fmt: skip


@pytest.fixture(scope="module")
def lines() -> pl.DataFrame:
    return scan(LINES, 1).collect()


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """Claim lines with a fault on one in twenty in place of one in forty thousand."""
    monkeypatch.setattr(tables, "_ONE_IN", 20)
    return scan(LINES, 1).collect()


def test_a_claim_has_three_lines_that_agree_on_what_is_the_claims(faulty: pl.DataFrame) -> None:
    shared = [name for name in faulty.columns if name not in OF_A_LINE]
    claims = faulty.group_by("claim_id").agg(pl.len(), pl.struct(shared).n_unique().alias("different"))
    assert claims.height == LINES // 3
    assert claims["len"].unique().to_list() == [3]
    assert claims["different"].unique().to_list() == [1]


def test_an_institutional_claim_has_its_diagnoses_as_a_whole(faulty: pl.DataFrame) -> None:
    different = faulty.group_by("claim_id", "claim_type").agg(pl.col("diagnosis_code_1").n_unique())
    most = dict(different.group_by("claim_type").agg(pl.col("diagnosis_code_1").max()).iter_rows())
    assert most == {"institutional": 1, "professional": 3}


def test_every_ire_line_of_an_institutional_claim_has_a_tumor(lines: pl.DataFrame) -> None:
    ire = lines.filter(pl.col("hcpcs_code").is_in(tables.IRE_CODES))
    assert ire["claim_type"].unique().sort().to_list() == ["institutional", "professional"]
    assert ire["diagnosis_code_1"].is_in(tables.TUMORS).all()


def test_no_diagnosis_is_duplicated_on_a_line(lines: pl.DataFrame) -> None:
    codes = pl.concat_list("diagnosis_code_1", "diagnosis_code_2", "diagnosis_code_3").list.drop_nulls()
    assert lines.select((codes.list.n_unique() == codes.list.len()).all()).item()
    assert lines["diagnosis_code_3"].null_count() < LINES


def test_modifiers_have_a_code_and_no_gap(lines: pl.DataFrame) -> None:
    first, second = pl.col("hcpcs_modifier_1"), pl.col("hcpcs_modifier_2")
    assert lines.filter(first.is_not_null() & pl.col("hcpcs_code").is_null()).height == 0
    assert lines.filter(second.is_not_null() & first.is_null()).height == 0
    assert lines.filter(second.is_not_null()).height > 0
    assert lines.filter(first.is_in(["RT", "LT"])).height > 0


def test_a_bill_type_ends_in_the_frequency(lines: pl.DataFrame) -> None:
    billed = lines.filter(pl.col("bill_type_code").is_not_null())
    assert (billed["bill_type_code"].str.slice(2) == billed["claim_frequency_code"]).all()
    assert billed["claim_frequency_code"].n_unique() > 1


def test_charges_have_cents(lines: pl.DataFrame) -> None:
    assert lines.filter(pl.col("charge_amount") % 1 != 0).height > LINES // 2


def test_each_fault_is_there(faulty: pl.DataFrame) -> None:
    faults = faulty.select(
        missing=pl.col("member_id").is_null().sum(),
        short=(pl.col("hcpcs_code").str.len_chars() == 4).sum(),
        bad=(pl.col("diagnosis_code_1") == "??").sum(),
        reversed=(pl.col("claim_end_date") < pl.col("claim_start_date")).sum(),
        repeated=LINES - pl.struct("claim_id", "claim_line_number").n_unique(),
    ).row(0, named=True)
    assert faults["repeated"] == pytest.approx(LINES / 60, rel=0.2)
    assert {name: count for name, count in faults.items() if name != "repeated"} == {
        name: pytest.approx(LINES / 20, rel=0.2) for name in ("missing", "short", "bad", "reversed")
    }
