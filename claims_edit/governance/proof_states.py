"""The program states of the proof, in the classes that the engine reads alike."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from claims_edit.facts.payer import with_program
from claims_edit.governance.proof_units import State
from claims_edit.policy.check_policies import MEDICARE_ADVANTAGE

if TYPE_CHECKING:
    from collections.abc import Hashable

    from claims_edit.governance.decision_axes import PayerClass
    from claims_edit.governance.decision_space import DecisionSpace
    from claims_edit.policy import Catalog

_CLASS = ("named", "silent", "differ", "is_advantage")


class ReadStates(NamedTuple):
    """The program states of a kind of payer, as the engine reads them.

    Attributes:
        classes: the states that it reads alike, by number.
        by_part: the states of each part, each with its class (`state`).
        counts: how many states of each class a part has.
    """

    classes: list[State]
    by_part: list[pl.DataFrame]
    counts: list[Counter[int]]


class ProgramStates:
    """The program states of each kind of payer, each read by the engine once."""

    def __init__(self, catalog: Catalog, space: DecisionSpace, is_advantage: pl.Expr) -> None:
        """Nothing is read yet."""
        self._catalog, self._space, self._is_advantage = catalog, space, is_advantage
        self._read_states: dict[Hashable, ReadStates] = {}
        self._read_frames: dict[tuple[int, bool], pl.DataFrame] = {}

    def of(self, payer: PayerClass) -> ReadStates:
        """The states of a payer's kind."""
        kind = self._space.kind(payer)
        if kind not in self._read_states:
            read = [self._read(part.programs, blue=payer.blue[0]) for part in self._space.parts(payer)]
            classes = pl.concat(frame.select(_CLASS) for frame in read).unique(maintain_order=True)
            numbered = classes.with_row_index("state")
            by_part = [
                frame.join(numbered, on=_CLASS, how="left", nulls_equal=True, maintain_order="left").drop(_CLASS)
                for frame in read
            ]
            counts = [Counter(frame["state"].to_list()) for frame in by_part]
            states = [
                State(row[0], (*row[1:], row[0] == MEDICARE_ADVANTAGE), tuple(number in each for each in counts))
                for number, row in enumerate(classes.iter_rows())
            ]
            self._read_states[kind] = ReadStates(states, by_part, counts)
        return self._read_states[kind]

    def _read(self, states: pl.DataFrame, *, blue: bool) -> pl.DataFrame:
        """The program states with what the engine reads from each (_CLASS)."""
        if (id(states), blue) not in self._read_frames:
            read = with_program(states.with_columns(blue_plan=pl.lit(blue)), self._catalog)
            found = read.select(
                named="program",
                silent=pl.col("program_basis").is_null(),
                differ="program_signals_differ",
                is_advantage=self._is_advantage,
            )
            self._read_frames[id(states), blue] = states.with_columns(found)
        return self._read_frames[id(states), blue]
