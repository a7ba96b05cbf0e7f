"""The cells of the proof: of units that are alike those of the first, each with the number of cells it represents."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from claims_edit.governance.decision_axes import SIGNALS
from claims_edit.governance.decision_space import MOST_CELLS, Part, as_candidates, crossed, gathered
from claims_edit.governance.proof_states import ProgramStates, ReadStates
from claims_edit.governance.proof_units import Signatures

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Container, Hashable, Iterable, Iterator, Sequence

    from claims_edit.governance.decision_axes import PayerClass
    from claims_edit.governance.decision_space import DecisionSpace
    from claims_edit.governance.proof_units import Days, Version
    from claims_edit.policy import Catalog

MOST_EQUIVALENTS = 500_000  # a fault in more cells than these is shown by the first of them
NUMBERS = ("unit", "part", "weight")
_OF_LINE = {
    "payer": pl.String, "at_payer": pl.String, "hcpcs_code": pl.String, "service_start_date": pl.Date,
    "service_end_date": pl.Date, "state": pl.UInt32,
}  # fmt: skip
_REPLACED = (*_OF_LINE, "at_program", *SIGNALS)

Counts = NDArray[np.int64]
"""How many cells of each part of the space."""
Split = tuple[tuple[int, tuple[int, ...]], ...]
"""Classes of program states that are alike under the versions of a payer: the number of each kind, and its classes."""


class Lines(NamedTuple):
    """The lines of a payer with a code and days of service.

    Attributes:
        versions: the version of each policy that is looked up.
        parts: the days of the parts of the space that have these days.
        base: the same for lines that are alike but for the program.
        split: of the classes of program states into kinds that are alike (`ProofCells.splits`).
    """

    payer: PayerClass
    code: str
    days: Days
    versions: tuple[Version, ...]
    parts: tuple[str, ...]
    base: int
    split: int


@dataclass
class Unit:
    """Lines alike, in a class of program states: those of `first` are decided for all; cells by part of the space."""

    first: Lines
    state: int
    weights: Counts


class ProofCells:
    """The cells of the payers' space, with each program state read by the engine once.

    `lines` are those of the payers, `units` those to decide, by base and kind of program states. The cells of `frames`
    have NUMBERS: the place of their unit, of the part of the space, and the `weight`, the number of cells that each
    represents.
    """

    def __init__(
        self, catalog: Catalog, space: DecisionSpace, is_advantage: pl.Expr, *, each_by_itself: bool = False
    ) -> None:
        """No payer is added yet.

        Args:
            catalog: the pack, with each member-id shape read from the id that represents it.
            space: its decision space.
            is_advantage: whether a signal of a program state names Medicare Advantage.
            each_by_itself: decide each cell, as if none were like another.
        """
        self._catalog, self._space = catalog, space
        self._by_itself = each_by_itself
        self._states = ProgramStates(catalog, space, is_advantage).of
        self.signatures = Signatures(catalog)
        self._numbers: dict[Hashable, int] = {}
        self._programs: dict[Hashable, set[str | None]] = {}
        self._of_split: dict[Split, int] = {}
        self.splits: list[Split] = []
        self.lines: list[Lines] = []
        self.units: dict[tuple[int, int], Unit] = {}

    def programs(self, lines: Lines, states: tuple[int, ...]) -> set[str | None]:
        """What the states of some classes name."""
        of_kind = (lines.payer.blue, states)
        if of_kind not in self._programs:
            classes = self._states(lines.payer).classes
            self._programs[of_kind] = {classes[state].program for state in states}
        return self._programs[of_kind]

    def add(self, payers: Iterable[PayerClass], named: Container[str]) -> None:
        """Add the lines of payers; `named` are those with a name that is Medicare Advantage."""
        by_service: dict[str, list[str]] = defaultdict(list)
        for code in self._catalog.codes["hcpcs_code"]:
            by_service[self.signatures.service_of(code)].append(code)
        for payer in payers:
            days = self._space.days(payer)
            kind = (*self._space.kind(payer)[1:], payer.keys[0] is None, payer.name in named)
            for service, codes in by_service.items():
                for timelines, states in self._by_timelines(payer, service).items():
                    self._add(payer, kind, service, timelines, states, {code: days[code] for code in codes})
        self._weigh()

    def _by_timelines(self, payer: PayerClass, service: str) -> dict[tuple[str, ...], list[int]]:
        """The classes of program states by the timelines that hold for them."""
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, state in enumerate(self._states(payer).classes):
            found[self.signatures.timelines(payer.keys[0], service, state.program)].append(number)
        return found

    def _add(
        self, payer: PayerClass, kind: Hashable, service: str, timelines: tuple[str, ...], states: list[int],
        days: dict[str, dict[Days, tuple[str, ...]]],
    ) -> None:  # fmt: skip
        key = payer.keys[0]
        of_days: dict[Days, Hashable] = {}
        splits: dict[tuple[Version, ...], int] = {}
        for code, rows in days.items():
            for row, parts in rows.items():
                if row not in of_days:
                    of_days[row] = self._number(self.signatures.of_days(key, service, timelines, row))
                versions = self.signatures.versions(key, service, timelines, row[0])
                if versions not in splits:
                    split = self._split(payer, service, timelines, row[0], states)
                    splits[versions] = self._of_split.setdefault(split, len(self._of_split))
                of_code = self.signatures.of_code(key, timelines, code, row)
                base = (len(self.lines) if self._by_itself else None, kind, of_days[row], of_code)
                self.lines.append(Lines(payer, code, row, versions, parts, self._number(base), splits[versions]))

    def _number(self, signature: Hashable) -> int:
        return self._numbers.setdefault(signature, len(self._numbers))

    def _split(
        self, payer: PayerClass, service: str, timelines: Sequence[str], day: dt.date, states: list[int]
    ) -> Split:
        """The classes of program states that are alike under the versions in force on a day."""
        classes, key = self._states(payer).classes, payer.keys[0]
        found: dict[int, list[int]] = defaultdict(list)
        for number in states:
            same = self.signatures.of_state(key, service, timelines, day, classes[number])
            found[self._number((number, same) if self._by_itself else same)].append(number)
        return tuple((kind, tuple(numbers)) for kind, numbers in found.items())

    def _weigh(self) -> None:
        """Find the units, and how many cells of each part they represent."""
        self.splits = list(self._of_split)
        firsts: dict[Hashable, Lines] = {}
        members: Counter[Hashable] = Counter()
        for lines in self.lines:
            same: Hashable = (lines.base, lines.split, lines.parts, lines.payer.blue)
            firsts.setdefault(same, lines)
            members[same] += 1
        counted: dict[Hashable, list[tuple[int, int, Counts]]] = {}
        for same, lines in firsts.items():
            of_kind = (lines.split, lines.parts, self._space.kind(lines.payer))
            if of_kind not in counted:
                counted[of_kind] = self._counts(lines)
            for kind, state, counts in counted[of_kind]:
                if (unit := self.units.get((lines.base, kind))) is None:
                    unit = self.units[lines.base, kind] = Unit(lines, state, np.zeros_like(counts))
                unit.weights += members[same] * counts

    def _counts(self, lines: Lines) -> list[tuple[int, int, Counts]]:
        """Of each kind of program states of the lines: its number, the first class, and the states in each part."""
        read = self._states(lines.payer)
        counts = [
            of_part if part.days in lines.parts else Counter[int]()
            for part, of_part in zip(self._space.parts(lines.payer), read.counts, strict=True)
        ]
        return [
            (kind, states[0], np.array([sum(of_part[state] for state in states) for of_part in counts], dtype=np.int64))
            for kind, states in self.splits[lines.split]
        ]

    def frames(self) -> Iterator[pl.DataFrame]:
        """The cells as candidate lines, MOST_CELLS at a time."""
        yield from gathered(self._each_frame())

    def _each_frame(self) -> Iterator[pl.DataFrame]:
        by_kind: dict[tuple[bool, Hashable], list[int]] = defaultdict(list)
        units, contested = list(self.units.values()), set(self._catalog.contested["payer"])
        for number, unit in enumerate(units):
            payer = unit.first.payer
            by_kind[payer.keys[0] in contested, self._space.kind(payer)].append(number)
        for _, numbers in sorted(by_kind.items(), key=lambda each: each[0][0]):
            payer = units[numbers[0]].first.payer
            for place, part in enumerate(self._space.parts(payer)):
                rows = [
                    (number, int(units[number].weights[place]), *_line(units[number].first, units[number].state))
                    for number in numbers
                    if units[number].weights[place]
                ]
                yield from self._part_frames(place, part, rows, self._states(payer))

    def _part_frames(
        self, place: int, part: Part, rows: list[tuple[object, ...]], read: ReadStates
    ) -> Iterator[pl.DataFrame]:
        schema = {"unit": pl.UInt32, "weight": pl.Int64, **_OF_LINE}
        lines = pl.DataFrame(rows, schema=schema, orient="row").with_columns(part=pl.lit(place, pl.UInt32))
        states = read.by_part[place]
        if self._by_itself:
            lines = lines.with_columns(weight=pl.lit(1, pl.Int64))
        else:
            states = states.unique("state", keep="first", maintain_order=True)
        base = lines.join(states, on="state", maintain_order="left_right")
        step = max(1, MOST_CELLS // max(1, part.lines.height))
        for start in range(0, base.height, step):
            yield as_candidates(crossed(base.slice(start, step), part.lines))

    def one_of_each(self) -> Iterator[pl.DataFrame]:
        """A plain cell of every payer, code and days of service, and one of every unit.

        The lines have one class of program states after another, so that each rule on a program is met.
        """
        places = {unit: place for place, unit in enumerate(self.units)}
        of_units = [(unit.first, kind, unit.state) for (_, kind), unit in self.units.items()]
        of_lines = [
            (lines, kind, states[0])
            for number, lines in enumerate(self.lines)
            for kind, states in (self.splits[lines.split][number % len(self.splits[lines.split])],)
        ]
        rows: dict[Hashable, list[tuple[object, ...]]] = defaultdict(list)
        payers: dict[Hashable, PayerClass] = {}
        for lines, kind, state in (*of_units, *of_lines):
            of_kind: Hashable = self._space.kind(lines.payer)
            payers.setdefault(of_kind, lines.payer)
            rows[of_kind].append((places[lines.base, kind], 1, *_line(lines, state)))
        for of_kind, payer in payers.items():
            part = self._space.parts(payer)[0]
            plain = Part(part.days, part.programs, part.lines.head(1))
            yield from self._part_frames(0, plain, rows[of_kind], self._states(payer))

    def equivalents(self, cells: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The cells that each of the given ones represents, itself among them; not of all where they are too many."""
        if self._by_itself:
            yield cells
            return
        units, left = list(self.units), MOST_EQUIVALENTS
        by_base: dict[int, list[Lines]] = defaultdict(list)
        for lines in self.lines:
            by_base[lines.base].append(lines)
        for of_unit in cells.partition_by("unit", "part", maintain_order=True):
            (base, kind), place = units[of_unit["unit"][0]], of_unit["part"][0]
            of_days = self._space.parts(by_base[base][0].payer)[place].days
            members = [lines for lines in by_base[base] if of_days in lines.parts]
            for blue in (False, True):
                rows = [
                    _line(lines, state)
                    for lines in members
                    for own, states in self.splits[lines.split]
                    if own == kind and lines.payer.blue[0] is blue
                    for state in states
                ]
                if rows:
                    payer = next(lines.payer for lines in members if lines.payer.blue[0] is blue)
                    states = self._states(payer).by_part[place]
                    others = pl.DataFrame(rows, schema=_OF_LINE, orient="row").join(states, on="state")
                    found = of_unit.drop(_REPLACED).join(others, how="cross", maintain_order="left_right")
                    yield from found.iter_slices(MOST_CELLS)
                    left -= found.height
            if left < 0:
                return


def _line(lines: Lines, state: int) -> tuple[object, ...]:
    """The columns of _OF_LINE."""
    return lines.payer.name, lines.payer.label, lines.code, *lines.days, state
