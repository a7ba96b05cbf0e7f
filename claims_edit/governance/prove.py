"""The proof of a rule pack: every cell of its decision space, checked against the outcomes that no pack may have.

The engine decides each cell; this module derives its outcome again, only from the edits triggered and reasons.yaml.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from claims_edit.edits import EDIT_IDS, EDITS, HOLDING_FACTS
from claims_edit.edits.coverage import POSITION_EDITS
from claims_edit.engine import evaluate, facts_and_policies, hits_of
from claims_edit.facts.precedence import OF_LINE
from claims_edit.governance import criteria_axes, decision_axes, line_axes, proof_faults, rule_locations
from claims_edit.governance.decision_space import COORDINATES, DecisionSpace, shaped
from claims_edit.governance.medicare_advantage import ADVANTAGE_FILED, advantage_signals, names_of_advantage
from claims_edit.governance.proof_cells import NUMBERS, ProofCells
from claims_edit.governance.proof_faults import WHATEVER_THE_CODE, Fault
from claims_edit.governance.reached import Reached, seen_of
from claims_edit.governance.two_threads import in_two_threads
from claims_edit.governance.unreachable_rules import unreachable_rule_faults
from claims_edit.model import DENYING, Disposition
from claims_edit.policy.check_policies import MEDICARE_ADVANTAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from claims_edit.governance.decision_axes import PayerClass
    from claims_edit.policy import Catalog

Check = Callable[["Catalog", dict[str, Any]], Fault]
_PLACE = ("payer", "service", "policy_id", "policy_version", "program", "at_program", "expected")
_WITHOUT_A_PERSON = (Disposition.DENY, Disposition.RETURN, Disposition.PASS)
_BY_POLICY = tuple(POSITION_EDITS[position] for position in DENYING)


@dataclass
class _FaultCount:
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
        of_claim: cells whose code is a procedure of the claim as a whole, which may be for another line.
        of_claim_settled: those of them that are denied, returned, or passed because of the code.
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
    of_claim: int = 0
    of_claim_settled: int = 0
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
            "procedures_of_claims": {"cells": self.of_claim, "settled": self.of_claim_settled},
            "unsettled_criteria": {"cells": self.unsettled, "denied": self.unsettled_denied},
            "idle_versions": list(self.idle),
            "faults": list(self.faults),
        }


def prove(catalog: Catalog, *, each_by_itself: bool = False) -> Proof:
    """Decide the cells of the pack's space, and report what is wrong.

    Units (a payer, a code and a class of program states) that are alike in all that decides have the same outcomes
    (`proof_units`): the cells of one are decided for all, and a fault in it is looked for in each. `each_by_itself`
    decides every cell. Memory is bounded by the frames of cells, and otherwise grows only with the rules.
    """
    proving = Proving(catalog, each_by_itself=each_by_itself)
    proving.decide(decision_axes.payers((catalog,)))
    return proving.proof()


class _Frame(NamedTuple):
    """Cells, what is decided, how many trigger each edit, those that break each promise, and what they reached."""

    cells: pl.DataFrame
    decided: pl.DataFrame
    edits: NDArray[np.int64]
    wrong: dict[Check, pl.DataFrame]
    seen: pl.DataFrame


class Proving:
    """The proof of a pack, as far as it is decided."""

    def __init__(self, catalog: Catalog, *, each_by_itself: bool = False) -> None:
        """Nothing is decided yet."""
        self._catalog = catalog
        self._shaped = shaped(catalog, decision_axes.shape_ids((catalog,)))
        self._signals_of = advantage_signals(catalog)
        self._contested = catalog.contested["payer"].unique()
        one_policy = ~pl.col("payer").is_in(self._contested.implode())
        self._uncontested = replace(self._shaped, timelines=catalog.timelines.filter(one_policy))
        signals_of = (pl.col(column).is_in(signals) for column, signals in self._signals_of.items())
        self._is_advantage = pl.any_horizontal(each.fill_null(value=False) for each in signals_of)
        space = DecisionSpace(catalog, ADVANTAGE_FILED, self._is_advantage)
        self.cells = ProofCells(self._shaped, space, self._is_advantage, each_by_itself=each_by_itself)
        self._criteria = criteria_axes.criteria_of(catalog)
        self._names: dict[str, str] = {}
        self.so_far = Proof()
        self.faults: dict[Fault, _FaultCount] = {}
        self._seen: list[pl.DataFrame] = []
        self._outcomes = pl.DataFrame(schema={"unit": pl.UInt32, "as_unit": pl.UInt64})

    def decide(self, payers: Iterable[PayerClass]) -> None:
        """Decide the cells of the payers."""
        payers = list(payers)
        self._keys = {payer.name: payer.keys[0] for payer in payers}
        self._names = names_of_advantage(payers)
        self.cells.add(payers, self._names)
        for frame in in_two_threads(self._look, self.cells.frames()):
            self._count(frame)
        for frame in in_two_threads(self._look, self.cells.one_of_each()):
            self._compare(frame.decided)

    def _given(self, cells: pl.DataFrame) -> dict[str, Any]:
        names = cells["payer"].unique().to_list()
        keys = [self._keys[name] for name in names]
        return {"revisions": line_axes.revisions_of(*names), "contracts": line_axes.contracts_for(keys)}

    def _look(self, cells: pl.DataFrame) -> _Frame:
        """Decide cells, and find what is wrong with them."""
        several = cells["payer"].replace_strict(self._keys).is_in(self._contested.implode()).any()
        catalog = self._shaped if several else self._uncontested
        known, each = facts_and_policies(cells, catalog, **self._given(cells))
        named = pl.col("payer").replace_strict(self._names, default=None, return_dtype=pl.String)
        beside = cells.with_row_index("cell").select(
            *COORDINATES, *NUMBERS, "cell", is_advantage=self._is_advantage | named.is_not_null(), advantage_name=named
        )
        hits = hits_of(known).to_numpy()
        of_table = hits[:, : len(EDIT_IDS)]
        first = pl.Series("expected", EDIT_IDS, dtype=pl.String).gather(of_table.argmax(axis=1))
        hit = pl.Series("hit", of_table.any(axis=1))
        known = pl.concat([known, beside], how="horizontal").with_columns(first, hit)
        decided = self._decided(known)
        seen = [seen_of(decided)]
        if each is not None and not each.is_empty():
            of_unit = cells["unit"].gather(each[OF_LINE]).alias("unit")
            own = each.with_columns(of_unit, reason_code="own_reason_code", liability_basis="own_liability_basis")
            seen.append(seen_of(own))
        return _Frame(cells, decided, cells["weight"].to_numpy() @ hits, self._wrong(known, decided), pl.concat(seen))

    def _count(self, frame: _Frame) -> None:
        """Count the outcomes of cells, and note what is wrong."""
        self._seen.append(frame.seen)
        proof, decided, wrong = self.so_far, frame.decided, frame.wrong
        proof.cells += int(frame.cells["weight"].sum())
        proof.edits.update({edit.id: int(of) for edit, of in zip(EDITS, frame.edits, strict=True)})
        counted = decided.group_by("disposition").agg(pl.col("weight").sum())
        proof.by_disposition.update(dict(counted.iter_rows()))
        proof.advantage += _weight(decided.filter("of_advantage"))
        proof.held += _weight(decided.filter("is_held"))
        proof.of_claim += _weight(decided.filter("of_claim"))
        proof.unsettled += _weight(decided.filter("is_unsettled"))
        for check, found in wrong.items():
            self._note(check, found, frame.cells)
        proof.advantage_denied += _weight(wrong[self._advantage_denied])
        proof.held_denied += _weight(wrong[proof_faults.held_denied])
        proof.of_claim_settled += _weight(wrong[proof_faults.of_claim_settled])
        proof.unsettled_denied += _weight(wrong[proof_faults.unsettled_denied])

    def _decided(self, known: pl.DataFrame) -> pl.DataFrame:
        """The cells with an edit, decided, with what the promises are about."""
        decided = evaluate(known.filter("hit"), self._catalog)
        return decided.with_columns(
            of_advantage=pl.col("is_advantage") | pl.col("program").eq_missing(pl.lit(MEDICARE_ADVANTAGE)),
            is_held=pl.any_horizontal(pl.col(HOLDING_FACTS).is_not_null()),
            is_unsettled=criteria_axes.unsettled(decided, self._criteria),
        )

    def _advantage_denied(self, catalog: Catalog, row: dict[str, Any]) -> Fault:
        return proof_faults.advantage_denied(catalog, row, self._signals_of)

    def _wrong(self, known: pl.DataFrame, decided: pl.DataFrame) -> dict[Check, pl.DataFrame]:
        """The cells that break each promise."""
        given = {reason.edit: reason.disposition for reason in self._catalog.pack.reasons.reasons}
        expected = pl.col("expected").replace_strict({edit: str(given.get(edit)) for edit in EDIT_IDS})
        other = (pl.col("expected") != pl.col("reason_code")) | (expected != pl.col("disposition"))
        denied = decided.filter(pl.col("disposition") == Disposition.DENY)
        by_policy = pl.col("reason_code").is_in(_BY_POLICY)
        settled = pl.col("disposition").is_in(_WITHOUT_A_PERSON) & ~pl.col("reason_code").is_in(WHATEVER_THE_CODE)
        return {
            proof_faults.no_primary: known.filter(~pl.col("hit")),
            proof_faults.other_edit: decided.filter(other.fill_null(value=True)),
            proof_faults.no_citation: denied.filter(pl.col("citation").is_null()),
            proof_faults.no_group_code: denied.filter(pl.col("group_code").is_null()),
            proof_faults.no_carc: denied.filter(pl.col("carc").is_null()),
            self._advantage_denied: denied.filter("of_advantage"),
            proof_faults.held_denied: denied.filter("is_held"),
            proof_faults.of_claim_settled: decided.filter("of_claim", settled),
            proof_faults.unsettled_denied: denied.filter("is_unsettled", by_policy),
        }

    def _note(self, check: Check, wrong: pl.DataFrame, cells: pl.DataFrame) -> None:
        """Note a fault in every cell that those of the frame represent: the first of each location, and how many."""
        if wrong.is_empty():
            return
        groups = wrong.group_by(*_PLACE, "unit", "part", maintain_order=True).agg(
            pl.col("cell").first(), pl.len().cast(pl.Int64).alias("weight")
        )
        firsts = cells.drop("weight")[groups["cell"]].with_columns(groups["weight"])
        for represented in self.cells.equivalents(firsts):
            self._add_faults(check, self._look(represented).wrong[check])

    def _add_faults(self, check: Check, wrong: pl.DataFrame) -> None:
        for row in wrong.iter_rows(named=True):
            count = self.faults.setdefault(check(self._catalog, row), _FaultCount())
            count.cells += row["weight"]
            count.example = count.example or rule_locations.cell_text(row)

    def _compare(self, decided: pl.DataFrame) -> None:
        """Lines of one unit, each decided by itself, must have one outcome."""
        outcome = pl.struct("edits", "reason_code", "disposition", "group_code", "liability_basis").hash()
        lines = decided.with_columns(as_line=outcome)
        first = lines.select("unit", as_unit="as_line").unique("unit", keep="first", maintain_order=True)
        self._outcomes = pl.concat([self._outcomes, first.join(self._outcomes, on="unit", how="anti")])
        other = lines.join(self._outcomes, on="unit").filter(pl.col("as_line") != pl.col("as_unit"))
        self._add_faults(proof_faults.other_outcome, other)

    def proof(self) -> Proof:
        """The result, after the last payer."""
        faults = [
            f"{place} {_cells(count.cells)} (first: {count.example}). {remedy}"
            for (place, remedy), count in self.faults.items()
        ]
        reached = Reached.of(self._seen, self.cells)
        unreached, self.so_far.idle = unreachable_rule_faults(self._catalog, reached, self.so_far.edits)
        self.so_far.faults = tuple(sorted({*faults, *unreached}))
        return self.so_far


def _weight(cells: pl.DataFrame) -> int:
    """How many cells these represent."""
    return int(cells["weight"].sum())


def _cells(count: int) -> str:
    return "in one cell" if count == 1 else f"in {count} cells"
