"""What an explanation promises of a changed line, the engine does; and it proposes no other code and no other date."""

from __future__ import annotations

import re
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from claims_edit.edits import EDIT_IDS, EDITS
from claims_edit.edits.sentences import Lacking
from claims_edit.engine import decide, evaluate, facts
from claims_edit.model import StalePolicy
from claims_edit.policy import Catalog, load_catalog
from claims_edit.report.explain import explained
from claims_edit.report.explain.replayed import facts_of
from claims_edit.store import Replay
from tests.lib.candidates import (
    CANDIDATE_SCHEMA,
    CONTRACT_BYTES,
    CONTRACT_SCHEMA,
    LINE_BYTES,
    contracts_of,
    lines_of,
    revisions_of,
)
from tests.lib.promises import COVERED, EXCLUDED, OF_SUSPENDED, PATTERNS, Experiment, experiments
from tests.lib.stand_ins import NOT_SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

LINES = 400
CONTRACTS = 12
SEEDS = range(6)


@cache
def catalog() -> Catalog:
    return load_catalog()


def drawn(length: int, seed: int) -> bytes:
    return Random(seed).randbytes(length)  # noqa: S311 -- test data


def everywhere() -> list[dict[str, Any]]:
    """For each payer a group that is covered on all days, and one that is excluded."""
    return [
        {
            "payer": payer, "group_id": group, "effective_date": None, "end_date": None, "coverage": coverage,
            "group_code": None, "citation": None,
        }
        for payer in catalog().pack.payers.payers
        for group, coverage in ((COVERED, "covered"), (EXCLUDED, "excluded"))
    ]  # fmt: skip


class Night:
    """The lines of one seed, decided and explained under one way with stale policies."""

    def __init__(self, seed: int, stale: StalePolicy, rules: Path) -> None:
        self.stale = stale
        self.lines = lines_of(drawn(LINES * LINE_BYTES, seed))
        contracts = contracts_of(drawn(CONTRACTS * CONTRACT_BYTES, seed))
        self.revisions = revisions_of(self.lines)
        first = pl.date(1900, 1, 1)
        self.contracts = pl.DataFrame([*contracts, *everywhere()], schema=CONTRACT_SCHEMA).with_columns(
            pl.col("effective_date").fill_null(first)
        )
        frame = pl.DataFrame(self.lines, schema=CANDIDATE_SCHEMA)
        decided = self.decide(frame)
        self.rows = [{"run_id": "R", "mode": "enforce", **row} for row in decided.to_dicts()]
        manifest = {"run_id": "R", "inputs": [], "options": {"contracts": "contracts.csv", "stale_policy": stale.value}}
        replay = Replay(frame.lazy(), self.revisions, self.contracts, rules)
        known = facts_of(replay, self.rows, catalog(), required=True)
        self.reported = explained(self.rows, catalog(), manifest, facts=known, every_edit=True)

    def decide(self, frame: pl.DataFrame) -> pl.DataFrame:
        return decide(frame, catalog(), revisions=self.revisions, contracts=self.contracts, stale_policy=self.stale)

    def experiments(self) -> list[tuple[dict[str, Any], Experiment]]:
        return [
            (line, experiment)
            for line, row, reported in zip(self.lines, self.rows, self.reported, strict=True)
            for experiment in experiments(reported, row, catalog())
        ]

    def outcomes(self, tried: list[tuple[dict[str, Any], Experiment]]) -> list[tuple[str, str]]:
        """Reason and disposition of each: changed lines are decided, changed facts evaluated."""
        changed = [line if each.of_facts else line | each.change for line, each in tried]
        frame = pl.DataFrame(changed, schema=CANDIDATE_SCHEMA)
        known = facts(frame, catalog(), revisions=self.revisions, contracts=self.contracts)
        rows = [
            fact | each.change if each.of_facts else fact
            for fact, (_, each) in zip(known.to_dicts(), tried, strict=True)
        ]
        evaluated = evaluate(pl.DataFrame(rows, schema=known.schema), catalog(), self.stale)
        return evaluated.select("reason_code", "disposition").rows()


def given(line: dict[str, Any]) -> dict[str, str]:
    return {column: str(value) for column, value in line.items() if value is not None}


@pytest.mark.long
@pytest.mark.parametrize("stale", StalePolicy)
def test_what_would_change_the_outcome_does(stale: StalePolicy, tmp_path: Path) -> None:
    reached: set[str] = set()
    sentences: set[str] = set()
    for seed in SEEDS:
        night = Night(seed, stale, tmp_path / "replay" / "rules.zip")
        tried = night.experiments()
        broken = [
            f"{reported.sentence} With {reported.change}: {reason} ({disposition}). Line: {given(line)}"
            for (line, reported), (reason, disposition) in zip(tried, night.outcomes(tried), strict=True)
            if not reported.holds(reason, disposition)
        ]
        assert not broken, "\n".join(broken[:5])
        reached |= {row["reason_code"] for row in night.rows}
        sentences |= {reported.sentence for _, reported in tried}
    suspends = stale is StalePolicy.REVIEW
    assert reached == {*EDIT_IDS, *(["policy-stale"] if suspends else [])} - NOT_SHIPPED
    untried = [each for each in PATTERNS if not any(re.search(each, sentence) for sentence in sentences)]
    assert untried == ([] if suspends else [OF_SUSPENDED])


PROPOSES = re.compile(
    r"\b(another|other|different|correct|corrected|right|wrong|valid)\s(\S+\s)?(code|date|day|days|dates|codes)\b"
    r"|\b(re)?bills?\b|\bcorrect the (dates?|codes?|diagnos[ei]s)\b|\bcorrected diagnos",
    re.IGNORECASE,
)
DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


def proposals(reported: dict[str, Any], row: dict[str, Any]) -> list[str]:
    """The sentences that propose another procedure code or another date of service than the line's."""
    codes = {*catalog().codes["hcpcs_code"]} - {row["hcpcs_code"]}
    policy = reported["policy"] or {}
    of_policy = (policy.get(name) for name in ("version", "reviewed", "next_review", "stale_after"))
    days = {str(row["service_start_date"]), str(row["service_end_date"]), *of_policy}
    return [
        sentence
        for sentence in reported["changes"]
        if codes & {*re.findall(r"\w+", sentence)} or {*DAY.findall(sentence)} - days or PROPOSES.search(sentence)
    ] + [sentence for sentence in reported["notes"] if PROPOSES.search(sentence)]


@pytest.mark.long
def test_no_edit_proposes_another_code_or_another_date(tmp_path: Path) -> None:
    reached: set[str] = set()
    for stale in StalePolicy:
        for seed in SEEDS:
            night = Night(seed, stale, tmp_path / "replay" / "rules.zip")
            for row, reported in zip(night.rows, night.reported, strict=True):
                assert proposals(reported, row) == [], reported["reason_code"]
                reached |= {*row["edits"]}
    assert reached == {edit.id for edit in EDITS} - NOT_SHIPPED


@pytest.mark.parametrize(
    "sentence",
    [
        "A corrected code that no policy listed on 2026-02-03: the line would not be denied.",
        "A corrected date of service in such a period would make the policy apply.",
        "If the date is right, bill the code that was valid on it.",
        "If the service was only on one side of the change, correct the dates.",
        "Corrected diagnoses, none a malignant solid tumor: a person would review.",
        "Codes for the service that were valid then: 0601T.",
        "The policy applies from 2026-03-01 on.",
    ],
)
def test_a_proposal_is_noticed(sentence: str) -> None:
    row = {"hcpcs_code": "0600T", "service_start_date": "2026-02-03", "service_end_date": "2026-02-03"}
    assert proposals({"policy": None, "changes": [sentence], "notes": []}, row) == [sentence]


def test_what_a_line_may_lack_is_no_code_and_no_date() -> None:
    assert not [each for each in Lacking if re.search(r"code|date|day|service", each.name + each.value, re.IGNORECASE)]
