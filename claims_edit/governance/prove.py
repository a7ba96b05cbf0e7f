"""The proof of a rule pack: every cell of its decision space, checked against the outcomes that no pack may have.

The engine decides each cell; this module derives its outcome again, only from the edits triggered and reasons.yaml.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.edits import EDIT_IDS, EDITS, HOLDING_FACTS
from claims_edit.edits.coverage import POSITION_EDITS
from claims_edit.engine import evaluate, facts, facts_of_each_policy, hits_of
from claims_edit.governance import criteria_axes, decision_axes, line_axes, rule_locations
from claims_edit.governance.decision_space import COORDINATES, gathered, parts, shaped
from claims_edit.governance.unreachable_rules import seen_of, unreachable_rule_faults
from claims_edit.model import DENYING, Disposition
from claims_edit.policy.check_policies import MEDICARE_ADVANTAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.governance.decision_axes import PayerClass
    from claims_edit.policy import Catalog

# How the standard and plain words identify Medicare Advantage. A proof that relied on the pack alone would
# pass a pack that gets it wrong.
ADVANTAGE_FILED = ("16",)  # X12, claim filing indicator: HMO, Medicare risk
_MEDICARE_WORDS = (
    r"medicare|^mcare|^mcr|(?:mcare|mcr|med)adv|^ma(?:only|pd|plan|product|hmo|ppo|pos|pffs|snp|msa)*s?$|mapd"
    r"|egwp|groupwaiver|(?:^|[cdi]|dual|fide|hide)snp|specialneeds|dualeligible|^partc$"
)
# Medicare other than Medicare Advantage, and its supplements; `pffs` is Medicare Advantage.
_OTHER_MEDICARE = (
    r"(?:^|[^p])ffs|feeforservice|original|traditional|straight|supplement|medigap|secondary"
    r"|^(?:medicare|mcare|mcr)(?:parts?)?(?:a|b|ab|aandb)(?:only)?$"
)
MEDICARE_ID = "1EG4TE5MK73"  # the one that CMS prints on its sample card


_BY_POLICY = tuple(POSITION_EDITS[position] for position in DENYING)


@dataclass
class _Tally:
    """Cells with one kind of fault at one location: how many, and the first of them."""

    cells: int = 0
    example: str = ""


@dataclass
class Proof:
    """The result of proving a pack.

    Attributes:
        cells: how many there are.
        by_disposition: of the cells.
        edits: of the cells, by edit triggered (not only the primary one).
        advantage: cells where a signal names Medicare Advantage.
        advantage_denied: those of them that end in deny.
        held: cells with a prior authorization, a doubt or trial evidence.
        held_denied: those of them that end in deny.
        unsettled: cells under a version with criteria none of which is known not to be met.
        unsettled_denied: those of them that the policy denies.
        idle: versions that can decide no line, because none of the service's codes was valid or listed.
        faults: location, fault and remedy of each, sorted.
    """

    cells: int = 0
    by_disposition: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    advantage: int = 0
    advantage_denied: int = 0
    held: int = 0
    held_denied: int = 0
    unsettled: int = 0
    unsettled_denied: int = 0
    idle: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "cells": self.cells,
            "by_disposition": {each.value: self.by_disposition[each.value] for each in Disposition},
            "edits": {edit.id: self.edits[edit.id] for edit in EDITS},
            "medicare_advantage": {"cells": self.advantage, "denied": self.advantage_denied},
            "held": {"cells": self.held, "denied": self.held_denied},
            "unsettled_criteria": {"cells": self.unsettled, "denied": self.unsettled_denied},
            "idle_versions": list(self.idle),
            "faults": list(self.faults),
        }


def prove(catalog: Catalog) -> Proof:
    """Decide every cell of the pack's space, payer by payer, and report what is wrong.

    Memory does not grow with the number of policies.
    """
    proving = _Proving(catalog)
    for payer in decision_axes.payers((catalog,)):
        proving.payer(payer)
    return proving.proof()


class _Proving:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._shaped = shaped(catalog, decision_axes.shape_ids((catalog,)))
        signals_of = (pl.col(column).is_in(signals) for column, signals in _advantage_signals(catalog).items())
        self._is_advantage = pl.any_horizontal(each.fill_null(value=False) for each in signals_of)
        self._proof = Proof()
        self._faults: dict[tuple[str, str], _Tally] = {}
        self._seen: list[pl.DataFrame] = []

    def payer(self, payer: PayerClass) -> None:
        """Every cell of one payer."""
        revisions, contracts = line_axes.revisions_of(payer.name), line_axes.contracts_for(payer.keys)
        name = next((name for name in (payer.name, *payer.also) if all(is_advantage((name,)))), None)
        seen = []
        for cells in gathered(parts(self._catalog, payer, ADVANTAGE_FILED, self._is_advantage), payer):
            known = facts(cells, self._shaped, revisions=revisions, contracts=contracts)
            signals_of = self._is_advantage | pl.lit(name is not None)
            member = cells.select(*COORDINATES, is_advantage=signals_of, advantage_name=pl.lit(name, pl.String))
            seen.append(self._batch(pl.concat([known, member], how="horizontal")))
            if payer.keys[0] in self._catalog.contested["payer"]:
                each = facts_of_each_policy(cells, self._shaped, revisions=revisions, contracts=contracts)
                reached = evaluate(each, self._catalog).with_columns(cells=pl.lit(0, pl.UInt32))
                seen.append(seen_of(reached))
        if seen:
            self._seen.append(seen_of(pl.concat(seen)))

    def _batch(self, known: pl.DataFrame) -> pl.DataFrame:
        hits = hits_of(known)
        table = hits.select(EDIT_IDS).to_numpy()
        primary = known.with_columns(
            pl.Series("expected", EDIT_IDS, dtype=pl.String).gather(table.argmax(axis=1)),
            pl.Series("hit", table.any(axis=1)),
        )
        self._proof.cells += known.height
        self._proof.edits.update(dict(zip(hits.columns, hits.sum().row(0), strict=True)))
        self._note(primary.filter(~pl.col("hit")), _no_primary)
        decided = evaluate(primary.filter("hit"), self._catalog)
        self._hold(decided)
        counted = decided["disposition"].value_counts()
        self._proof.by_disposition.update(dict(counted.iter_rows()))
        return seen_of(decided.with_columns(cells=pl.lit(1, pl.UInt32)))

    def _hold(self, decided: pl.DataFrame) -> None:
        """Check a batch against the promises."""
        given = {reason.edit: reason.disposition for reason in self._catalog.pack.reasons.reasons}
        expected = pl.col("expected").replace_strict({edit: str(given.get(edit)) for edit in EDIT_IDS})
        other = (pl.col("expected") != pl.col("reason_code")) | (expected != pl.col("disposition"))
        denied = pl.col("disposition") == Disposition.DENY
        self._note(decided.filter(other.fill_null(value=True)), _other_edit)
        for column, fault in (("citation", _no_citation), ("group_code", _no_group_code), ("carc", _no_carc)):
            self._note(decided.filter(denied, pl.col(column).is_null()), fault)
        advantage = pl.col("is_advantage") | pl.col("program").eq_missing(pl.lit(MEDICARE_ADVANTAGE))
        held = pl.any_horizontal(pl.col(HOLDING_FACTS).is_not_null())
        unsettled = criteria_axes.unsettled(decided, self._catalog)
        by_policy = denied & pl.col("reason_code").is_in(_BY_POLICY)
        proof = self._proof
        proof.advantage += int(decided.select(advantage.sum()).item())
        proof.advantage_denied += self._note(decided.filter(advantage, denied), _advantage_denied)
        proof.held += int(decided.select(held.sum()).item())
        proof.held_denied += self._note(decided.filter(held, denied), _held_denied)
        proof.unsettled += decided.filter(unsettled).height
        proof.unsettled_denied += self._note(decided.filter(unsettled, by_policy), _unsettled_denied)

    def _note(self, cells: pl.DataFrame, fault: Any) -> int:  # noqa: ANN401 -- a function of catalog and row
        """Keep the first cell of each location, and count the others; how many cells there are."""
        if cells.is_empty():
            return 0
        by = ["payer", "service", "policy_id", "policy_version", "program", "at_program", "expected"]
        for row in cells.group_by(by, maintain_order=True).agg(pl.all().first(), pl.len()).iter_rows(named=True):
            tally = self._faults.setdefault(fault(self._catalog, row), _Tally())
            tally.cells += row["len"]
            tally.example = tally.example or rule_locations.cell_text(row)
        return cells.height

    def proof(self) -> Proof:
        """The result, after the last payer."""
        faults = [
            f"{place} {_cells(tally.cells)} (first: {tally.example}). {remedy}"
            for (place, remedy), tally in self._faults.items()
        ]
        seen = pl.concat(self._seen) if self._seen else pl.DataFrame()
        unreached, self._proof.idle = unreachable_rule_faults(self._catalog, seen, self._proof.edits)
        self._proof.faults = tuple(sorted({*faults, *unreached}))
        return self._proof


def _cells(count: int) -> str:
    return "in one cell" if count == 1 else f"in {count} cells"


def is_advantage(names: Iterable[str]) -> list[bool]:
    """Whether each name or spelling (by its key) names Medicare Advantage in plain words, or Medicare of no kind."""
    keys = pl.Series(list(names), dtype=pl.String)
    return (keys.str.contains(_MEDICARE_WORDS) & ~keys.str.contains(_OTHER_MEDICARE)).to_list()


def _advantage_signals(catalog: Catalog) -> dict[str, list[str]]:
    """For each signal column, the values that mean Medicare Advantage per the pack or per the standard."""
    signals = decision_axes.signals_by_column((catalog,))
    own = {
        column: [signal for signal, meaning in found.items() if meaning == (MEDICARE_ADVANTAGE,)]
        for column, found in signals.items()
    }
    spelled = list(signals["line_of_business"])
    plain = [signal for signal, says in zip(spelled, is_advantage(spelled), strict=True) if says]
    ids = decision_axes.shape_ids((catalog,))
    shapes = [shape for shape in signals["member_id"] if shape in own["member_id"] or re.search(shape, MEDICARE_ID)]
    words = catalog.plan_words.with_columns(pl.col("words").str.strip_chars())
    named = [
        f"{decision_axes.PLAIN_PLAN} {each}"
        for each, _, program in words.iter_rows()
        if program == MEDICARE_ADVANTAGE or all(is_advantage((each.replace(" ", ""),)))
    ]
    return {
        "line_of_business": sorted({*own["line_of_business"], *plain}),
        "plan": sorted({*own["line_of_business"], *plain, *named}),
        "claim_filing_indicator_code": sorted({*own["claim_filing_indicator_code"], *ADVANTAGE_FILED}),
        "member_id": [ids[shape] for shape in shapes],
    }


_Fault = tuple[str, str]
"""The location and the fault, up to the number of cells; the remedy."""


def _no_primary(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    place = rule_locations.version_location(catalog, row)
    return f"{place}: no edit is triggered", "Report this as a bug, with the rules."


def _other_edit(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    place = rule_locations.reason_location(catalog.pack, row["expected"])
    faults = f"the first edit triggered is `{row['expected']}`, but the engine decides by `{row['reason_code']}`"
    return f"{place}: {faults}", "Report this as a bug, with the rules."


def _no_citation(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    place = rule_locations.version_location(catalog, row)
    return f"{place}.statement.cite: `{row['reason_code']}` denies without a citation", "Add it."


def _no_group_code(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    place = rule_locations.reason_location(catalog.pack, row["reason_code"])
    return f"{place}.group_code: `{row['reason_code']}` denies without a group code", "Add it."


def _no_carc(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    place = rule_locations.reason_location(catalog.pack, row["reason_code"])
    return f"{place}.carc: `{row['reason_code']}` denies without a CARC", "Add it."


def _held_denied(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    place = rule_locations.reason_location(catalog.pack, row["reason_code"])
    held = ", ".join(fact for fact in HOLDING_FACTS if row[fact] is not None)
    return f"{place}: `{row['reason_code']}` denies a line with {held}", "Report this as a bug, with the rules."


def _unsettled_denied(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    place = rule_locations.version_location(catalog, row)
    fault = f"{place}.criteria: `{row['reason_code']}` denies a line that is not known to miss a criterion"
    return fault, "Report this as a bug, with the rules."


def _advantage_denied(catalog: Catalog, row: dict[str, Any]) -> _Fault:
    fault = f"Medicare Advantage ends in deny (`{row['reason_code']}`)"
    if row["program"] == MEDICARE_ADVANTAGE:
        version = rule_locations.version_location(catalog, row)
        return f"{version}.applies_to.programs: {fault}", "Except the program, with the rule refer or review."
    signals_of = _advantage_signals(catalog)
    column = next((column for column, signals in signals_of.items() if row[column] in signals), None)
    if column is None:
        place = rule_locations.name_location(catalog.pack, row["payer"], row["advantage_name"])
        return f"{place}: {fault}, because of the payer's name", "Remove the name, so that its lines go to a person."
    listed = rule_locations.signal_location(catalog, column, row[column])
    if listed is None:
        own = f"rules/programs.yaml: programs.{MEDICARE_ADVANTAGE}"
        return f"{own}: the value `{row[column]}` is missing, so {fault}", "Add it there."
    return f"{listed}: {fault}", f"Move the value to {MEDICARE_ADVANTAGE}, or remove it."
