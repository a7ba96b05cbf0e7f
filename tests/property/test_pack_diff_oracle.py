"""The ranges of `rules diff` and a naive comparison must agree.

A line that the packs decide otherwise is in one of them, and a line in one of them is decided otherwise, as it says.
Edits of the shipped pack are drawn from a seed; lines are drawn apart from the space that the comparison walks.
"""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.engine import evaluate, facts
from claims_edit.errors import RulesError
from claims_edit.governance.outcomes import changed, outcome
from claims_edit.governance.pack_diff import pack_diff
from claims_edit.policy import catalog_of, default_rules_dir, load_catalog, read_pack
from tests.lib.candidates import CANDIDATE_SCHEMA, CONTRACT_SCHEMA, REVISION_SCHEMA

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

PREMERA, REGENCE, FLORIDA, NHS = (
    f"policies/{name}.yaml" for name in ("premera", "regence", "florida_blue", "nhs_england")
)
CODES, REASONS, PROGRAMS, SITES = "codes/ire.yaml", "reasons.yaml", "programs.yaml", "codes/tumor_sites.yaml"
EDITS = (
    (PREMERA, "date: 2020-01-03", "date: 2020-02-20"),
    (PREMERA, "date: 2020-06-30\n      note", "date: 2020-05-31\n      note"),
    (PREMERA, "programs: [commercial, marketplace]", "programs: [commercial]"),
    (PREMERA, "rule: refer", "rule: review"),
    (PREMERA, '"32999", ', ""),
    (REGENCE, "date: 2026-01-01\n      cite", "date: 2026-02-10\n      cite"),
    (REGENCE, '"47384", ', ""),
    (REGENCE, "scope: solid_tumors", "scope: all_indications"),
    (REGENCE, "group_code: PR", "group_code: CO"),
    (FLORIDA, "scope: all_indications", "scope: solid_tumors"),
    (FLORIDA, "listed: [0600T, 0601T]", "listed: [0601T]"),
    (FLORIDA, "programs: [commercial, marketplace, medicaid]", "programs: [commercial, marketplace]"),
    (FLORIDA, "      fep:\n        rule: refer", "      fep:\n        rule: review"),
    (NHS, "date: 2013-12-31\n      cite", "date: 2014-03-31\n      cite"),
    (CODES, "    valid_from:\n      date: 2020-07-01", "    valid_from:\n      date: 2020-08-15"),
    (CODES, 'code: "47399"\n    kind: unlisted', 'code: "47399"\n    kind: specific'),
    (REASONS, "rarcs: [M20]", "rarcs: []"),
    (REASONS, "edit: policy-not-in-force\n    disposition: pass", "edit: policy-not-in-force\n    disposition: review"),
    (PROGRAMS, "filing_indicators: [MC]", "filing_indicators: [MC, ZZ]"),
    (PROGRAMS, "      - Exchange\n", ""),
    (PROGRAMS, "    member_id_shapes: ['^R([\\s-]*[0-9]){8,11}$']\n", ""),
    (SITES, "ranges: [C00-C80]", "ranges: [C00-C75]"),
    (PROGRAMS, "plan_words: [FEP, ", "plan_words: ["),
    (PROGRAMS, "plan_words: [Medicaid]", "plan_words: [Medicaid, Gold]"),
    ("guidance/nice.yaml", "date: 2019-11-30", "date: 2020-02-20"),
    (NHS, "follows: National Institute for Health and Care Excellence (NICE)\n", ""),
)  # fmt: skip
LINES = 4_000
FEW = {2, 7}  # with 0 and 1, the edits concern all payers, guidance, programs, codes and exceptions
NOBODY = "nobody"
OF_CLAIM = "0F500ZF"  # the first of the procedures of a claim, as ranges show it: the others are decided alike


def edited(random: Random) -> Catalog:
    """The shipped pack with up to three edits that leave it sound."""
    contents = read_pack(default_rules_dir())
    for path, old, new in random.sample(EDITS, random.randint(1, 3)):
        text = contents[path].decode()
        assert old in text, (path, old)
        tried = contents | {path: text.replace(old, new, 1).encode()}
        try:
            catalog_of(tried)
        except RulesError:
            continue  # an edit that another one contradicts
        contents = tried
    return catalog_of(contents)


def drawn(random: Random) -> pl.DataFrame:
    """Lines of one or of a few days around everything that edits move, with signals alone, together and absent."""
    rows = []
    for number in range(LINES):
        start = random.choice([dt.date(2013, 12, 1), dt.date(2016, 2, 10), dt.date(2020, 1, 1), dt.date(2020, 6, 25),
                               dt.date(2020, 8, 10), dt.date(2025, 12, 25), dt.date(2026, 2, 5)])  # fmt: skip
        start += dt.timedelta(days=random.randrange(130))
        rows.append({
            **dict.fromkeys(CANDIDATE_SCHEMA),
            "source_row": number, "claim_id": f"C{number}", "claim_frequency_code": "1", "member_id": random.choice(
                ["M1", "M1", "R12345678"]),
            "payer": random.choice(["regence", "florida_blue", "premera", "nhs_england", NOBODY]),
            "line_of_business": random.choice(
                ["commercial", "marketplace", "medicaid", "medicare_advantage", "fep", "nhs", "Exchange", None, None]),
            "claim_filing_indicator_code": random.choice(["MC", "16", "ZZ", "FI", None, None, None, None]),
            "plan": random.choice([*[None] * 8, "Blue FEP Basic", "Gold 1500", "FEP Blue Focus"]),
            "hcpcs_code": random.choice(["0600T", "0601T", "47384", "55877", "32999", "47399", OF_CLAIM]),
            "service_start_date": start,
            "service_end_date": start + dt.timedelta(days=random.choice([0, 0, 0, 1, 40, 400])),
            "diagnosis_code_type": "icd-10-cm",
            "diagnosis_code_1": random.choice(["C220", "C780", "C799", "I10", None]),
            "hcpcs_modifier_1": random.choice([None, None, "Q0"]),
        })  # fmt: skip
    of_claim = pl.when(pl.col("hcpcs_code") == OF_CLAIM).then(pl.lit("procedure_code_1"))
    return pl.DataFrame(rows, schema=CANDIDATE_SCHEMA).with_columns(code_column=of_claim)


def naively(lines: pl.DataFrame, old: Catalog, new: Catalog) -> pl.DataFrame:
    """Decide twice and join."""
    sides = [
        evaluate(facts(lines, catalog, revisions=pl.LazyFrame(schema=REVISION_SCHEMA),
                    contracts=pl.DataFrame(schema=CONTRACT_SCHEMA)), catalog)
        .select("program", "site_class", "program_signals_differ", *outcome())
        .select(pl.all().name.prefix(f"{side}_"))
        for side, catalog in (("old", old), ("new", new))
    ]  # fmt: skip
    return changed(pl.concat([lines, *sides], how="horizontal"))


def speaks_of(found: dict[str, Any], line: dict[str, Any]) -> bool:
    """Whether a range is one of the line's payer, code and days."""
    start, end = line["service_start_date"], line["service_end_date"]
    first, last = found["from"] or dt.date.min, found["until"] or dt.date.max
    spans = "spans both days" in found["where"]
    payer = "not recognized" if line["payer"] == NOBODY else line["payer"]
    within = start <= first and end >= last if spans else first <= start and end <= last
    codes = {each.partition(" and ")[0] for each in found["codes"].split(", ")}
    return found["payer"] == payer and line["hcpcs_code"] in codes and within


def reported(found: dict[str, Any]) -> tuple[str, str, str]:
    """What becomes of the lines of a range, or of a line whose outcome changes."""
    return found["change"], found["old"], found["new"]


@pytest.mark.parametrize(
    "seed", [seed if seed in FEW else pytest.param(seed, marks=pytest.mark.long) for seed in range(16)]
)
def test_ranges_hold_the_lines_that_change_and_no_others(seed: int) -> None:
    random = Random(seed)  # noqa: S311 -- test data
    old, new = load_catalog(), edited(random)
    ranges = pack_diff(old, new).ranges.to_dicts()
    lines = drawn(random)
    changed = {line["source_row"]: line for line in naively(lines, old, new).to_dicts()}
    assert bool(changed) == bool(ranges)
    for line in changed.values():
        assert any(speaks_of(found, line) and reported(found) == reported(line) for found in ranges), (line, ranges)
    # A range may join periods that come out alike: a line across the day between them is in a range of its own.
    one_day = lines.filter(pl.col("service_start_date") == pl.col("service_end_date")).to_dicts()
    plain = [
        line for line in one_day
        if line["member_id"] == "M1" and not line["claim_filing_indicator_code"] and not line["plan"]
    ]  # fmt: skip
    unconditional = [found for found in ranges if not found["where"]]
    for line in plain:
        program = line["line_of_business"] or "no signal"
        for found in unconditional:
            if speaks_of(found, line) and (found["programs"] == "any" or program in found["programs"].split(", ")):
                assert line["source_row"] in changed, (line, found)
                assert reported(changed[line["source_row"]]) == reported(found)
