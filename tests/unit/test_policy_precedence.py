"""Several policies of one payer on one service: scopes, order, default rules; which decides, and what is refused."""

from __future__ import annotations

import datetime as dt
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.engine import decide
from claims_edit.governance import decision_axes
from claims_edit.governance.decision_table import decision_tables
from claims_edit.governance.pack_diff import pack_diff
from claims_edit.governance.prove import prove
from claims_edit.governance.rule_tests import failures, suite_of
from claims_edit.policy import Catalog, catalog_of
from claims_edit.policy.check_scopes import unordered
from claims_edit.policy.render import policy_tables
from tests.lib.candidates import CANDIDATE_SCHEMA, CONTRACT_SCHEMA
from tests.lib.mutants import Fate, Mutant, Trial
from tests.lib.stand_ins import contents, several
from tests.unit.policy_folder import RulesFolder

if TYPE_CHECKING:
    from pathlib import Path

OAK, LIVER, DEFAULT = (f"policies/oak_health{each}.yaml" for each in ("", "_liver", "_default"))
MAPLE, MAPLE_LIVER = "policies/maple_plan.yaml", "policies/maple_plan_liver.yaml"
RULES = several()
CATALOG = catalog_of(RULES)
REVISIONS = pl.LazyFrame(schema=dict.fromkeys(
    ("payer", "claim_id", "claim_frequency_code", "original_claim_id"), pl.String,
))  # fmt: skip
NO_CONTRACTS = pl.DataFrame(schema=CONTRACT_SCHEMA)
WHOLE = "commercial, marketplace"
TESTS = b"""
about: Oak Health
given: {payer: Oak Health, code: 0600T, program: commercial, service: 2025-01-01}
tests:
  - name: The first in order decides, where its scope has the line
    cases:
      - {diagnoses: [C220, C61 C220], expect: {edit: covered, reference: OH 2}}
      - {diagnoses: [C61, I10], expect: {edit: investigational, reference: OH 1}}
      - {diagnoses: none, expect: policy-unsettled}
      - {service: 2024-06-30, diagnoses: C220, expect: {edit: investigational, reference: OH 1}}
      - {service: 2024-06-30..2024-07-01, diagnoses: C220, expect: dos-spans-boundary}
  - name: The default rule decides where no other policy addresses the line
    cases:
      - {code: 0601T, diagnoses: [C220, C61, none], expect: {edit: not-covered, reference: OH 9}}
      - {service: 2026-02-01, code: ["47384", "55877"], diagnoses: C220, expect: code-not-listed}
  - name: Silence and exceptions go on as they are
    cases:
      - {program: medicare_advantage, diagnoses: C61, expect: program-exception-refer}
      - {program: medicare_advantage, code: 0601T, diagnoses: C61, expect: policy-unsettled}
      - {program: fep, diagnoses: [C61, C220], expect: program-silent}
      - {program: none, diagnoses: C61, expect: program-unknown}
      - {code: "32999", diagnoses: C220, expect: unlisted-code-out-of-scope}
      - {prior_authorization: X, diagnoses: C61, expect: prior-authorization}
"""


def test_order_scope_and_default_rule() -> None:
    catalog = catalog_of(RULES | {"tests/oak.yaml": TESTS})
    found = [each for each in failures(suite_of(catalog.pack), catalog) if "oak" in each.line.place]
    assert [(each.line.given, each.expected, each.got) for each in found] == []


def lines(*rows: dict[str, Any]) -> pl.DataFrame:
    plain = {
        "claim_type": "professional", "member_id": "M", "claim_line_number": 1, "claim_frequency_code": "1",
        "diagnosis_code_type": "icd-10-cm", "payer": "Oak Health", "line_of_business": "commercial",
        "hcpcs_code": "0600T", "service_start_date": dt.date(2025, 1, 1), "diagnosis_code_1": "C220",
    }  # fmt: skip
    given = [
        dict.fromkeys(CANDIDATE_SCHEMA) | plain | row | {"claim_id": f"C{number}"} for number, row in enumerate(rows)
    ]
    frame = pl.DataFrame(given, schema=CANDIDATE_SCHEMA)
    return frame.with_columns(service_end_date="service_start_date")


def decided(frame: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    return decide(frame, catalog, revisions=REVISIONS, contracts=NO_CONTRACTS)


def test_a_changed_order_and_a_dropped_scope_are_noticed() -> None:
    """What `make mutate` tries on several policies: each change of their precedence fails a rule test."""
    trial = Trial(RULES | {"tests/oak.yaml": TESTS})
    keys = ("order", "scope", "scope.sites[0]")
    found = [one for one in trial.mutants() if isinstance(one, Mutant) and "oak" in one.path and one.place in keys]
    assert {(one.place, one.change) for one in found} == {
        ("order", "1 → 999"), ("order", "2 → 1"), ("scope", "removed"), ("scope.sites[0]", "liver_primary dropped"),
    }  # fmt: skip
    fates = {(one.place, one.change): trial.fate(one) for one in found}
    assert Fate.SURVIVED not in fates.values(), fates


def test_an_only_policy_with_a_scope_is_silent_on_other_lines() -> None:
    """Outside of its sites it decides nothing, nor where the site is not known; whatever else the pack has."""
    without = {path: raw for path, raw in RULES.items() if path not in {OAK, DEFAULT}}
    entry = b"payer_entry: {label: Oak Health, blue_plan: false, names: [Oak Health]}\n"
    denying = RULES[LIVER].replace(b"order: 1\n", entry).replace(b"position: covered", b"position: investigational")
    denying = denying.replace(b"Covered for primary", b"Investigational for primary")
    frame = lines({}, {"diagnosis_code_1": "C61"}, {"diagnosis_code_1": None})
    got = decided(frame, catalog_of(without | {LIVER: denying}))["reason_code"].to_list()
    assert got == ["investigational", "policy-unsettled", "policy-unsettled"]


def test_every_policy_that_spoke_is_cited() -> None:
    agreed = RULES | {LIVER: RULES[LIVER].replace(b"order: 1\n", b""), OAK: RULES[OAK].replace(b"order: 2\n", b"")}
    both = agreed | {
        LIVER: agreed[LIVER]
        .replace(b"position: covered", b"position: investigational")
        .replace(b"says: Covered for", b"says: Investigational for")
    }
    cited = {
        name: decided(lines({}), catalog_of(rules)).row(0, named=True)
        for name, rules in {"ordered": RULES, "disagree": agreed, "agree": both}.items()
    }
    first, second = "Oak Health Medical Policy OH 2, Policy (July 1, 2024)", "OH 1, Policy (January 1, 2024)"
    assert (cited["ordered"]["reason_code"], cited["ordered"]["citation"]) == ("covered", first)
    assert cited["disagree"]["reason_code"] == "policy-unsettled"
    assert cited["agree"]["reason_code"] == "investigational"
    for name in ("disagree", "agree"):
        assert first in cited[name]["citation"]
        assert cited[name]["citation"].count(second) == 1
        assert cited[name]["citation"].count("; ") == 1


def test_rows_of_several_policies_keep_the_order_of_the_lines() -> None:
    frame = lines(
        {"payer": "Premera"}, {}, {"payer": "Nobody"}, {"diagnosis_code_1": "C61"}, {"payer": "Juniper West"},
        {"diagnosis_code_1": None}, {"payer": "Regence"},
    )  # fmt: skip
    forward, backward = decided(frame, CATALOG), decided(frame.reverse(), CATALOG)
    assert forward["claim_id"].to_list() == frame["claim_id"].to_list()
    assert forward.equals(backward.reverse())
    one_by_one = pl.concat([decided(frame.slice(place, 1), CATALOG) for place in range(frame.height)])
    assert forward.equals(one_by_one)
    assert decided(frame.clear(), CATALOG).is_empty()


# A second reading: each policy by itself, in a pack without the others, then precedence in plain words.

SITES = {
    "C220": {"liver_primary"},
    "C61": {"prostate"},
    "C61 C220": {"liver_primary", "prostate"},
    "I10": set(),
    "": None,
}
POSITIONS = ("investigational", "not_covered", "covered")


class Drawn:
    """A policy of Maple Plan with drawn rules, as text and as a naive reading takes it."""

    def __init__(self, number: int, random: Random, *, ordered: bool) -> None:
        self.position = random.choice(POSITIONS)
        self.sites = random.choice([[], [], ["liver_primary"], ["prostate"], ["liver_primary", "kidney"]])
        self.codes = random.choice([["0600T"], ["0601T"], ["0600T", "0601T"]])
        self.programs = random.choice([["commercial"], ["commercial", "medicaid"], ["medicaid"]])
        self.begins = random.choice(["2024-01-01", "2025-01-01"])
        self.order = number if ordered else None
        self.path = f"policies/maple_{number}.yaml"
        self.id = f"maple-{number}"

    def text(self, *, alone: bool) -> bytes:
        text = (
            contents()[MAPLE]
            .decode()
            .replace("maple-plan-ire", self.id)
            .replace("maple_plan_1", f"maple_{self.id[-1]}")
        )
        text = text.replace("position: investigational", f"position: {self.position}")
        text = text.replace("says: Investigational for every indication.", "says: As the document says.")
        text = text.replace("listed: [0600T, 0601T]", f"listed: [{', '.join(self.codes)}]")
        text = text.replace("programs: [commercial, marketplace]", f"programs: [{', '.join(self.programs)}]")
        text = text.replace("date: 2024-01-01", f"date: {self.begins}")
        if not alone and self.id != "maple-1":
            before, _, rest = text.partition("payer_entry:\n")
            text = before + "service:" + rest.partition("service:")[2]
        cite = f"cite: {{document: maple_{self.id[-1]}, section: Scope, date: x}}"
        scope = f"scope: {{sites: [{', '.join(self.sites)}], says: Some sites., {cite}}}\n" if self.sites else ""
        order = f"order: {self.order}\n" if self.order else ""
        return (text if alone else text.replace("documents:\n", f"{order}{scope}documents:\n", 1)).encode()

    def addresses(self, row: dict[str, Any]) -> str:
        if row["service"] < self.begins or row["code"] not in self.codes:
            return "no"
        if row["program"] is not None and row["program"] not in [*self.programs, "medicare_advantage"]:
            return "no"
        found = SITES[row["diagnoses"]]
        if self.sites and found is not None and not found & set(self.sites):
            return "no"
        return "may" if row["program"] is None or (self.sites and found is None) else "yes"


def wanted(row: dict[str, Any], policies: list[Drawn], alone: list[str]) -> str | None:
    """The edit that decides; None where the policies have nothing to say, and any review is fine."""
    answers = [(policy, policy.addresses(row), edit) for policy, edit in zip(policies, alone, strict=True)]
    first = min((policy.order or 0 for policy, addresses, _ in answers if addresses == "yes"), default=None)
    asked = {
        edit
        for policy, addresses, edit in answers
        if addresses != "no" and (first is None or (policy.order or 0) <= first)
    }
    if not asked:
        return None
    return asked.pop() if len(asked) == 1 else "policy-unsettled"


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 24))])
def test_a_second_reading_agrees(seed: int) -> None:
    random = Random(seed)  # noqa: S311 -- test data
    policies = [Drawn(number, random, ordered=seed % 2 == 0) for number in (1, 2, 3)]
    shipped = {path: raw for path, raw in contents().items() if "maple" not in path}
    rows = [
        {"code": code, "program": program, "diagnoses": diagnoses, "service": service}
        for code, program, diagnoses, service in product(
            ("0600T", "0601T"), ("commercial", "medicaid", "medicare_advantage", None), SITES,
            ("2023-12-31", "2024-06-01", "2025-06-01"),
        )
    ]  # fmt: skip
    frame = lines(*(
        {
            "payer": "Maple Plan", "hcpcs_code": row["code"], "line_of_business": row["program"],
            "service_start_date": dt.date.fromisoformat(row["service"]),
            "diagnosis_code_1": (row["diagnoses"].split() or [None])[0],
            "diagnosis_code_2": (row["diagnoses"].split() or [None])[1:][0] if " " in row["diagnoses"] else None,
        }
        for row in rows
    ))  # fmt: skip
    alone = [
        decided(frame, catalog_of(shipped | {policy.path: policy.text(alone=True)}))["reason_code"].to_list()
        for policy in policies
    ]
    together = catalog_of(shipped | {policy.path: policy.text(alone=False) for policy in policies})
    found = decided(frame, together)
    for place, row in enumerate(rows):
        edit = wanted(row, policies, [each[place] for each in alone])
        got = found.row(place, named=True)
        if edit is not None:
            assert got["reason_code"] == edit, (row, edit)
        elif all(row["service"] < policy.begins for policy in policies):
            assert got["reason_code"] == "policy-not-in-force", row
        else:
            assert got["disposition"] in {"review", "refer"}, row


@pytest.fixture
def rules(tmp_path: Path) -> RulesFolder:
    folder = RulesFolder(tmp_path)
    for path in (OAK, LIVER, DEFAULT):
        folder.write(path, RULES[path].decode())
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        (LIVER, "order: 1\n", "order: 2\n", "order: 2 is also that of oak-health-ire on the same lines. Give each its"),
        (LIVER, "order: 1\n", "", "order: is missing, but oak-health-ire on the same lines has 2. Give each an order"),
        (LIVER, "order: 1\n", "order: first\n", "order: is not a whole number. Use digits only."),
        (LIVER, "sites: [liver_primary]", "sites: [livers]", "scope.sites[0]: `livers` is not in tumor_sites.yaml. U"),
        (LIVER, "  sites: [liver_primary]\n", "", "scope: names no sites, codes or programs. Name those that the poli"),
        (LIVER, "  sites: [liver_primary]\n", "  codes: [0601T]\n",
         "scope.codes[0]: no version lists `0601T`, so no line reaches it. Remove it, or list it."),
        (LIVER, "  sites: [liver_primary]\n", "  codes: [0601T]\n",
         "versions[0].codes.listed[0]: `0600T` is not in the policy's scope. Remove it, or add it there."),
        (LIVER, "  sites: [liver_primary]\n", "  programs: [medicaid]\n",
         "scope.programs[0]: no version has a rule on `medicaid`, so no line reaches it. Remove it."),
        (LIVER, "  sites: [liver_primary]\n", "  programs: [commercial]\n",
         "versions[0].exceptions.medicare_advantage: is not in the policy's scope. Remove it, or add it there."),
        (LIVER, "  sites: [liver_primary]\n", "  programs: [commercial]\n",
         "versions[0].applies_to.programs[1]: `marketplace` is not in the policy's scope. Remove it, or add it"),
        (DEFAULT, "of_class: category_iii", "of_class: category_ii",
         "versions[0].codes.of_class: no code of irreversible_electroporation in codes/ is of category_ii and valid"),
        (DEFAULT, "of_class: category_iii", "of_class: category_iv",
         "versions[0].codes.of_class: `category_iv` is not one of 'category_iii', 'category_ii' or 'level_ii'."),
    ],
)  # fmt: skip
def test_faults(rules: RulesFolder, file: str, old: str, new: str, fault: str) -> None:
    faults = rules.replace(file, old, new).faults()
    assert any(each.startswith(f"rules/{file}: {fault}") for each in faults), faults


def test_policies_without_an_order_are_reported_where_they_can_meet() -> None:
    assert [(one.id, other.id) for one, other in unordered(catalog_of(contents()).written.policies)] == [
        ("maple-plan-ire", "maple-plan-liver")
    ]
    assert unordered(CATALOG.written.policies) == []
    apart = contents()[MAPLE].replace(b"listed: [0600T, 0601T]", b"listed: [0601T]")
    assert unordered(catalog_of(contents() | {MAPLE: apart}).written.policies) == []


def proved(rules: dict[str, bytes], payer: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Any]:
    """The faults of the payer's own files, and the proof of its cells."""
    catalog = catalog_of(rules)
    own = [each for each in decision_axes.payers((catalog,)) if each.keys == (payer,)]
    monkeypatch.setattr(decision_axes, "payers", lambda _: own)
    proof = prove(catalog)
    return [fault for fault in proof.faults if payer in fault or "Medicare" in fault or "bug" in fault], proof


@pytest.mark.long
@pytest.mark.parametrize(("rules", "payer"), [(RULES, "oak_health"), (contents(), "maple_plan")])
def test_the_proof_reaches_every_policy(rules: dict[str, bytes], payer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    faults, proof = proved(rules, payer, monkeypatch)
    assert faults == []
    assert proof.advantage > 0
    assert proof.advantage_denied == 0
    assert proof.edits["policy-unsettled"] > 0


@pytest.mark.long
def test_a_policy_that_no_line_can_reach_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another policy of the payer comes first on all of its lines."""
    first = RULES[OAK].replace(b"order: 2\n", b"order: 1\n")
    last = RULES[LIVER].replace(b"order: 1\n", b"order: 2\n")
    faults, _ = proved(RULES | {OAK: first, LIVER: last}, "oak_health", monkeypatch)
    assert any(f"rules/{LIVER}: versions[0].codes.listed[0]: no line with `0600T` reaches" in each for each in faults)


@pytest.mark.long
def test_a_changed_order_changes_outcomes() -> None:
    turned = {
        OAK: RULES[OAK].replace(b"order: 2\n", b"order: 1\n"),
        LIVER: RULES[LIVER].replace(b"order: 1\n", b"order: 2\n"),
    }
    found = pack_diff(CATALOG, catalog_of(RULES | turned)).ranges.filter(change="outcome")
    assert set(found["payer"]) == {"oak_health"}
    assert set(found["new"].str.slice(0, 21)) >= {"deny: investigational"}


def test_the_decision_table_is_one_for_each_site_of_a_scope() -> None:
    tables = {table.title.partition(", ")[2]: table.rows for table in decision_tables(CATALOG, "oak_health")}
    assert set(tables) == {"liver_primary", "other sites"}
    outcomes = {
        site: {row["outcome"] for row in rows if row["from"] == "2024-07-01" and row["programs"] == WHOLE}
        for site, rows in tables.items()
    }
    assert {"pass: covered", "deny: not-covered (CO 96)"} <= outcomes["liver_primary"]
    assert {"deny: investigational (CO 55)", "deny: not-covered (CO 96)"} <= outcomes["other sites"]


def test_people_see_order_scope_and_class() -> None:
    of_liver = policy_tables(CATALOG.written, "oak-health-liver")[1].rows
    assert [(row["what"], row["value"]) for row in of_liver] == [("order", "1"), ("scope: sites", "liver_primary")]
    tables = policy_tables(CATALOG.written, "oak-health-default")
    assert tables[1].rows[0]["value"] == "after all other policies"
    (codes,) = [row for table in tables for row in table.rows if row.get("what", "").startswith("codes")]
    assert (codes["what"], codes["value"]) == ("codes (of category_iii)", "0600T, 0601T")
