"""The compiled tables: shapes, order, citations, and the rules' own small algorithms."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.policy import Catalog, load_catalog, name_key
from claims_edit.policy.sites import spread
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

CATALOG = load_catalog()
KEYS = {
    "payer_names": ["name_key"],
    "program_spellings": ["name_key"],
    "filing_indicators": ["claim_filing_indicator_code"],
    "codes": ["hcpcs_code"],
    "versions": ["payer", "service", "in_force_from"],
    "listed_codes": ["payer", "service", "policy_version", "hcpcs_code"],
    "program_rules": ["payer", "service", "policy_version", "program"],
    "boundaries": ["payer", "service", "boundary"],
    "site_prefixes": ["prefix"],
}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Blue-Cross of FL", "bluecrossoffl"),
        ("  MA - PD ", "mapd"),
        ("medicare_advantage", "medicareadvantage"),
        ("HMO/POS 2", "hmopos2"),
        ("ÉTAT", "état"),
        ("---", None),
        ("", None),
        (None, None),
    ],
)
def test_name_key(text: str | None, key: str | None) -> None:
    frame = pl.DataFrame({"name": [text]}, schema={"name": pl.String})
    assert frame.select(name_key(pl.col("name"))).item() == key


@pytest.mark.parametrize(("table", "key"), KEYS.items())
def test_tables_are_sorted_by_their_unique_keys(table: str, key: list[str]) -> None:
    frame: pl.DataFrame = getattr(CATALOG, table)
    assert frame.height > 0
    assert frame.equals(frame.sort(key))
    assert not frame.select(key).is_duplicated().any()
    assert frame.select(pl.col(key).is_null().any()).sum_horizontal().item() == 0


def test_name_keys_are_what_name_key_gives() -> None:
    for frame in (CATALOG.payer_names, CATALOG.program_spellings):
        assert frame["name_key"].equals(frame.select(name_key(pl.col("name_key"))).to_series())


@pytest.mark.parametrize("key", ["florida_blue", "premera", "regence", "nhs_england"])
def test_each_payer_key_is_a_name_of_itself(key: str) -> None:
    assert CATALOG.payer_names.filter(name_key=key.replace("_", ""))["payer"].to_list() == [key]


@pytest.mark.parametrize("key", CATALOG.pack.programs.programs)
def test_each_program_key_is_a_spelling_of_itself(key: str) -> None:
    assert CATALOG.program_spellings.filter(name_key=key.replace("_", ""))["program"].to_list() == [key]


def test_citations_read_title_section_and_date_as_given() -> None:
    regence = CATALOG.versions.filter(payer="regence").to_dicts()[0]
    title = "Regence Medical Policy Manual, Surgery, Policy No. 242"
    assert regence["statement_citation"] == f"{title}, Medical Policy Criteria (January 1, 2026)"
    assert regence["review_citation"] == f"{title}, Next Review (November 2026)"
    assert regence["liability_citation"] == f"{title}, Important Reminder (January 1, 2026)"
    code = CATALOG.codes.filter(hcpcs_code="0600T")["code_citation"].item()
    assert code == "Florida Blue Medical Coverage Guideline 02-40000-26, Guideline Update Information (07/01/20)"


@pytest.mark.parametrize(
    "column", ["statement_citation", "codes_citation"],
)  # fmt: skip
def test_every_version_is_cited(column: str) -> None:
    assert CATALOG.versions[column].null_count() == 0


def spoiled(tmp_path: Path, file: str, old: str, new: str) -> Catalog:
    return load_catalog(RulesFolder(tmp_path).replace(file, old, new).root)


def test_a_review_on_a_leap_day_goes_stale_on_the_last_of_february(tmp_path: Path) -> None:
    catalog = spoiled(tmp_path, "policies/premera.yaml", "date: 2022-09-26", "date: 2024-02-29")
    assert catalog.versions.filter(payer="premera")["stale_after"][-1] == date(2025, 2, 28)


def test_the_end_of_a_version_is_a_boundary_the_day_after(tmp_path: Path) -> None:
    cite = "cite: {document: regence_surgery_242, section: Effective, date: 'January 1, 2026'}"
    ended = f"    until: {{date: 2026-12-31, {cite}}}\n    statement:"
    catalog = spoiled(tmp_path, "policies/regence.yaml", "    statement:", ended)
    boundaries = catalog.boundaries.filter(payer="regence")["boundary"].to_list()
    assert boundaries == [date(2026, 1, 1), date(2027, 1, 1)]


def test_a_code_that_ends_cites_both_days(tmp_path: Path) -> None:
    old = "    valid_from:\n"
    ended = "    valid_until: {date: 2029-12-31, cite: {document: premera_ire, section: History, date: 07/01/20}}\n"
    codes = spoiled(tmp_path, "codes/ire.yaml", old, ended + old).codes.filter(hcpcs_code="0600T").to_dicts()[0]
    assert codes["valid_until"] == date(2029, 12, 31)
    assert codes["code_citation"].endswith(
        "(07/01/20); Premera Blue Cross Medical Policy, Irreversible Electroporation, History (07/01/20)"
    )


def test_order_of_files_and_keys_does_not_matter(tmp_path: Path) -> None:
    folder = RulesFolder(tmp_path)
    (folder.root / "policies" / "regence.yaml").rename(folder.root / "policies" / "a_regence.yaml")
    other = load_catalog(folder.root)
    assert all(getattr(other, table).equals(getattr(CATALOG, table)) for table in KEYS)


@pytest.mark.parametrize(
    ("span", "prefixes"), [("C08-C11", ["C08", "C09", "C10", "C11"]), ("C11-C08", []), ("C99-D01", [])]
)
def test_ranges_spread_within_one_letter(span: str, prefixes: list[str]) -> None:
    assert list(spread(span)) == prefixes
