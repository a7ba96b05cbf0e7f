"""The dates and codes of the policies, pinned: a date moved by one day in the rules turns one of these red."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from claims_edit.edits import EDIT_IDS, INFORMATIONAL_EDIT_IDS
from claims_edit.policy import load_catalog
from tests.lib.oracle import OPCS, PCS

CATALOG = load_catalog()
SPECIFIC, UNLISTED = ["0600T", "0601T"], ["32999", "47399", "48999", "53899"]


def test_versions() -> None:
    columns = ("payer", "policy_version", "in_force_until", "policy_kind", "indication_scope", "liability_group_code",
               "stale_after", "policy_reference")  # fmt: skip
    assert CATALOG.versions.select(columns).rows() == [
        ("florida_blue", "2016-02-15", date(2020, 6, 30), "funding", "all_indications", None, date(2021, 4, 15),
         "02-40000-26"),
        ("florida_blue", "2020-07-01", None, "funding", "all_indications", None, date(2025, 5, 23), "02-40000-26"),
        ("nhs_england", "2013-12-31", None, "guidance", "solid_tumors", None, None,
         "NICE IPG by tumor site"),
        ("premera", "2020-01-03", date(2020, 6, 30), "funding", "all_indications", None, date(2020, 9, 10),
         "Premera Irreversible Electroporation"),
        ("premera", "2020-07-01", None, "funding", "all_indications", None, date(2023, 9, 26),
         "Premera Irreversible Electroporation"),
        ("regence", "2026-01-01", None, "funding", "solid_tumors", "PR", date(2026, 11, 30), "Surgery 242"),
    ]  # fmt: skip


def test_last_reviews() -> None:
    reviewed = {
        (policy.payer, version.from_.date.isoformat()): version.reviewed and version.reviewed.date
        for policy in CATALOG.pack.policies.values()
        for version in policy.versions
    }
    assert reviewed == {
        ("florida_blue", "2016-02-15"): date(2020, 4, 15),
        ("florida_blue", "2020-07-01"): date(2024, 5, 23),
        ("nhs_england", "2013-12-31"): None,
        ("premera", "2020-01-03"): date(2019, 9, 10),
        ("premera", "2020-07-01"): date(2022, 9, 26),
        ("regence", "2026-01-01"): date(2025, 12, 31),
    }


def test_listed_codes() -> None:
    listed = CATALOG.listed_codes.group_by("payer", "policy_version", maintain_order=True).agg("hcpcs_code")
    assert listed.rows() == [
        ("florida_blue", "2020-07-01", SPECIFIC),
        ("premera", "2020-01-03", UNLISTED),
        ("premera", "2020-07-01", SPECIFIC),
        ("regence", "2026-01-01", ["0600T", "0601T", "47384", "55877"]),
    ]


@pytest.mark.parametrize(
    ("payer", "versions", "rules"),
    [
        ("florida_blue", ["2016-02-15", "2020-07-01"], {
            "commercial": "applies", "fep": "refer", "marketplace": "applies", "medicaid": "applies",
            "medicare_advantage": "review", "state_account": "refer",
        }),
        ("premera", ["2020-01-03", "2020-07-01"], {
            "commercial": "applies", "marketplace": "applies", "medicare_advantage": "refer",
        }),
        ("regence", ["2026-01-01"], {"commercial": "applies", "marketplace": "applies"}),
        ("nhs_england", ["2013-12-31"], {"nhs": "applies"}),
    ],
)  # fmt: skip
def test_programs(payer: str, versions: list[str], rules: dict[str, str]) -> None:
    for version in versions:
        found = CATALOG.program_rules.filter(payer=payer, policy_version=version)
        assert dict(found.select("program", "rule").rows()) == rules


def test_codes() -> None:
    of_lines, of_claims = CATALOG.codes.filter(~pl.col("of_claims")), CATALOG.codes.filter("of_claims")
    assert set(of_claims["hcpcs_code"]) == {*PCS, *OPCS}
    assert of_claims.select("kind", "valid_from", "valid_until").unique().rows() == [("specific", None, None)]
    assert of_lines.select("hcpcs_code", "kind", "valid_from", "valid_until").rows() == [
        ("0600T", "specific", date(2020, 7, 1), None),
        ("0601T", "specific", date(2020, 7, 1), None),
        ("32999", "unlisted", None, None),
        ("47384", "specific", date(2026, 1, 1), None),
        ("47399", "unlisted", None, None),
        ("48999", "unlisted", None, None),
        ("53899", "unlisted", None, None),
        ("55877", "specific", date(2026, 1, 1), None),
    ]


def test_code_sites() -> None:
    assert CATALOG.code_sites.rows() == [
        ("0600T", date(2026, 1, 1), "other_than", ["liver_primary", "liver_metastasis", "prostate"]),
        ("47384", date(2026, 1, 1), "only", ["liver_primary", "liver_metastasis"]),
        ("55877", date(2026, 1, 1), "only", ["prostate"]),
    ]


def test_boundaries() -> None:
    assert CATALOG.boundaries.select("payer", "boundary").rows() == [
        ("florida_blue", date(2016, 2, 15)),
        ("florida_blue", date(2020, 7, 1)),
        ("nhs_england", date(2013, 12, 31)),
        ("premera", date(2020, 1, 3)),
        ("premera", date(2020, 7, 1)),
        ("regence", date(2026, 1, 1)),
    ]


def test_guidance_by_site() -> None:
    assert CATALOG.guidance.select("guidance_id", "site_class", "out_from").sort("guidance_id").rows() == [
        ("IPG441", "lung", date(2013, 12, 31)),
        ("IPG442", "pancreas", date(2013, 12, 31)),
        ("IPG443", "kidney", date(2013, 12, 31)),
        ("IPG444", "liver_primary", date(2013, 12, 31)),
        ("IPG445", "liver_metastasis", date(2013, 12, 31)),
        ("IPG572", "prostate", date(2016, 12, 21)),
        ("IPG579", "pancreas", date(2017, 5, 31)),
        ("IPG664", "liver_primary", date(2019, 11, 30)),
        ("IPG768", "prostate", date(2023, 7, 31)),
    ]


def test_the_nhs_follows_the_guidance_of_each_site() -> None:
    followed = CATALOG.site_references.select("payer", "site_class", "site_reference", "site_from", "site_first")
    assert followed.rows() == [
        ("nhs_england", "kidney", "IPG443", date(2013, 12, 31), date(2013, 12, 31)),
        ("nhs_england", "liver_metastasis", "IPG445", date(2013, 12, 31), date(2013, 12, 31)),
        ("nhs_england", "liver_primary", "IPG444", date(2013, 12, 31), date(2013, 12, 31)),
        ("nhs_england", "liver_primary", "IPG664", date(2019, 11, 30), date(2013, 12, 31)),
        ("nhs_england", "lung", "IPG441", date(2013, 12, 31), date(2013, 12, 31)),
        ("nhs_england", "pancreas", "IPG442", date(2013, 12, 31), date(2013, 12, 31)),
        ("nhs_england", "pancreas", "IPG579", date(2017, 5, 31), date(2013, 12, 31)),
        ("nhs_england", "prostate", "IPG572", date(2016, 12, 21), date(2016, 12, 21)),
        ("nhs_england", "prostate", "IPG768", date(2023, 7, 31), date(2016, 12, 21)),
    ]


def test_site_classes() -> None:
    named = {
        "C22": "liver_primary", "C787": "liver_metastasis", "C25": "pancreas", "C64": "kidney", "C34": "lung",
        "C780": "lung", "C61": "prostate", "C7B02": "liver_metastasis", "C7952": "not_solid",
    }  # fmt: skip
    other = {f"C{number:02}" for number in range(81)} | {"C4A", "C7A", "C7B"}
    assert dict(CATALOG.site_prefixes.rows()) == dict.fromkeys(other, "other_solid") | named
    beside = [*(f"C{number}" for number in range(81, 97))]
    assert CATALOG.site_beside.rows() == [("C802", each, "not_solid") for each in beside]


def test_reasons() -> None:
    reasons = CATALOG.reasons
    assert tuple(reasons["reason_code"]) == EDIT_IDS + INFORMATIONAL_EDIT_IDS
    assert {edit for edit, given in reasons.select("reason_code", "disposition").rows() if given is None} == {
        *INFORMATIONAL_EDIT_IDS
    }
    assert dict(reasons.filter(reasons["disposition"] != "review").select("reason_code", "disposition").rows()) == {
        "line-superseded": "pass", "unlisted-code-out-of-scope": "pass", "code-not-valid-on-dos": "return",
        "policy-not-in-force": "pass", "program-exception-refer": "refer", "contract-covers": "pass",
        "contract-excludes": "deny", "covered": "pass", "not-medically-necessary": "deny", "not-covered": "deny",
        "investigational": "deny",
    }  # fmt: skip
    coded = reasons.filter(reasons["carc"].is_not_null()).select("reason_code", "carc", "rarcs", "group_code")
    assert coded.rows() == [
        ("code-not-valid-on-dos", "181", ["M20"], "CO"),
        ("contract-excludes", "96", ["N130"], "CO"),
        ("not-medically-necessary", "50", [], "CO"),
        ("not-covered", "96", ["N130"], "CO"),
        ("investigational", "55", [], "CO"),
    ]


def test_program_signs() -> None:
    assert CATALOG.filing_indicators.rows() == [
        ("16", "medicare_advantage"), ("AM", "other_coverage"), ("CH", "other_coverage"), ("DS", "other_coverage"),
        ("FI", "fep"), ("LI", "other_coverage"), ("LM", "other_coverage"), ("MA", "medicare_ffs"),
        ("MB", "medicare_ffs"), ("MC", "medicaid"), ("OF", "other_coverage"), ("TV", "other_coverage"),
        ("VA", "other_coverage"), ("WC", "other_coverage"),
    ]  # fmt: skip
    assert CATALOG.member_id_shapes.rows() == [(r"^R([\s-]*[0-9]){8,11}$", "fep")]
    spellings = dict(CATALOG.program_spellings.rows())
    assert spellings.keys() >= {"commercial", "marketplace", "medicaid", "medicareadvantage", "fep", "nhs", "sao"}
    assert spellings["ma"] == spellings["mapd"] == spellings["medicareadvantage"] == "medicare_advantage"
    assert spellings["federalemployeeprogram"] == spellings["fehb"] == "fep"
    assert spellings["stateaccount"] == spellings["sao"] == "state_account"
    assert spellings["exchange"] == spellings["qhp"] == "marketplace"
    assert spellings["commercialppo"] == spellings["commercialsmallgroup"] == "commercial"
    assert not spellings.keys() & {"commercialaso", "commercialselffunded", "commercialgroup", "commercialinsurance"}
    assert not spellings.keys() & {"com", "aca", "him", "sbe"}  # a payer's own, or of two programs
    assert not spellings.keys() & {"medicaidffs", "medicaidexpansion", "medicaidltc", "applehealth", "chip", "tanf"}
    assert spellings["dualsnp"] == spellings["fidesnp"] == "medicare_advantage"
    assert spellings["tricare"] == spellings["champva"] == spellings["workerscompensation"] == "other_coverage"
    assert not spellings.keys() & {"va", "other", "accident", "injury"}  # Virginia; circumstances of a claim
    assert not spellings.keys() & {"medicare", "government", "individual", "federal", "state"}
    assert not spellings.keys() & {"ppo", "hmo", "aso", "group", "largegroup", "employer", "indemnity"}  # no programs


def test_payer_names() -> None:
    names = {key: (payer, blue) for key, payer, blue in CATALOG.payer_names.rows()}
    for key in ("floridablue", "bcbsfl", "bluecrossandblueshieldofflorida", "bluecrossblueshieldofflorida"):
        assert names[key] == ("florida_blue", True)
    for key in ("regence", "regenceblueshield", "regencebluecrossblueshieldoforegon", "regenceblueshieldofidaho"):
        assert names[key] == ("regence", True)
    assert names["premera"] == names["premerabluecross"] == ("premera", True)
    assert names["nhsengland"] == ("nhs_england", False)
