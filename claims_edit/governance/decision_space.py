"""The decision space of a rule pack: candidate lines for every case that its rules distinguish.

Cells are claim lines, decided by the engine itself. Their coordinates are in `at_…` columns, for people.
Facts that can decide a line are a full product; other spellings of the same fact and informational facts are slices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.facts.diagnosis import NOT_SOLID
from claims_edit.governance import criteria_axes, day_axes, decision_axes, line_axes
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, PROCEDURE_COLUMNS, Coverage

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from claims_edit.governance.day_axes import DayRow
    from claims_edit.governance.decision_axes import PayerClass
    from claims_edit.policy import Catalog

MOST_CELLS = 40_000  # at a time: memory does not grow with the pack, and larger frames are slower per cell
COORDINATES = ("at_payer", "at_program", "at_site", "at_trial", "at_hold", "at_contract", "at_claim")
DECIDING, INFORMING, SINGLE = "deciding", "informing", "single"
"""The days of a part: on which a rule that decides begins or has ended, those of informational facts, single ones."""
_NEVER_GIVEN = (
    "data_source", "source_file", "source_row", "claim_line_number", "claim_type", *MODIFIER_COLUMNS[1:],
    *DIAGNOSIS_COLUMNS[3:],
)  # fmt: skip


_OF_CLAIM = pl.lit(PROCEDURE_COLUMNS[0]).alias("code_column")
_OF_CRITERIA = {"place_of_service_code": pl.String(), "service_unit_quantity": pl.Float64()}


def shaped(catalog: Catalog, ids: dict[str, str]) -> Catalog:
    """The pack with each member-id shape read from the id that represents it."""
    shapes = catalog.member_id_shapes.with_columns(
        (pl.lit("^") + pl.col("pattern").replace_strict(ids, return_dtype=pl.String) + pl.lit("$")).alias("pattern")
    )
    return replace(catalog, member_id_shapes=shapes)


@dataclass(frozen=True)
class Axes:
    """One frame for each axis; their product is a part of the space."""

    days: pl.DataFrame
    programs: pl.DataFrame
    sites: pl.DataFrame
    trials: pl.DataFrame
    holds: pl.DataFrame
    contracts: pl.DataFrame
    claims: pl.DataFrame

    @property
    def cells_of_a_day(self) -> int:
        """How many cells each row of `days` gives."""
        return reduce(lambda size, axis: size * axis.height, (self.programs, *self._of_line), 1)

    @property
    def _of_line(self) -> tuple[pl.DataFrame, ...]:
        return self.sites, self.trials, self.holds, self.contracts, self.claims

    @cached_property
    def lines(self) -> pl.DataFrame:
        """The product of the axes other than days and programs."""
        return reduce(crossed, self._of_line)

    def cells(self, payer: PayerClass) -> Iterator[pl.DataFrame]:
        """The product as candidate lines of the payer, MOST_CELLS at a time."""
        step = max(1, MOST_CELLS // max(1, self.cells_of_a_day))
        for start in range(0, self.days.height, step):
            product = crossed(crossed(self.days.slice(start, step), self.programs), self.lines)
            yield as_candidates(
                product.with_columns(pl.lit(payer.name).alias("payer"), pl.lit(payer.label).alias("at_payer"))
            )


def as_candidates(cells: pl.DataFrame) -> pl.DataFrame:
    """The cells with every column of a candidate line."""
    return cells.with_columns(
        *(pl.lit(None).alias(column) for column in _NEVER_GIVEN),
        *(pl.lit(None, dtype).alias(name) for name, dtype in _OF_CRITERIA.items() if name not in cells.columns),
    )


def gathered(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The cells of all frames, in order, in few frames of MOST_CELLS: each frame has a fixed cost."""
    waiting: list[pl.DataFrame] = []
    for cells in frames:
        if waiting and sum(each.height for each in waiting) + cells.height > MOST_CELLS:
            yield pl.concat(waiting, how="diagonal_relaxed")
            waiting = []
        waiting.append(cells)
    if waiting:
        yield pl.concat(waiting, how="diagonal_relaxed")


def crossed(cells: pl.DataFrame, axis: pl.DataFrame) -> pl.DataFrame:
    """Each cell with each row of the axis; in a common column, the cell's value, or the axis' value if that is null."""
    shared = [column for column in axis.columns if column in cells.columns]
    product = cells.join(axis, how="cross", maintain_order="left_right", suffix="_of_axis")
    of_axis = [f"{column}_of_axis" for column in shared]
    return product.with_columns(map(pl.coalesce, zip(shared, of_axis, strict=True))).drop(of_axis)


@dataclass(frozen=True)
class Part:
    """A part of the space: its days, program states (PROGRAM_SCHEMA), and the product of the axes of a line."""

    days: str
    programs: pl.DataFrame
    lines: pl.DataFrame


class DecisionSpace:
    """One pack's space, in parts: deciding facts in full, then informational facts and spellings.

    Two signals together are in full where `in_full` is true; others agree or not whatever else is on the line,
    and so does the name of a plan, alone or with another signal. The last part has each code as one of the claim.
    """

    def __init__(self, catalog: Catalog, also_filed: tuple[str, ...] = (), in_full: pl.Expr | None = None) -> None:
        """`also_filed`: claim filing indicators that lines can have whether or not the pack has them."""
        self._catalog, self._also_filed, self._in_full = catalog, also_filed, in_full
        self._site_classes = decision_axes.site_classes((catalog,))
        self._classes = {str(meaning[0]): code for meaning, code in self._site_classes.items()}
        self._criteria = criteria_axes.criteria_values(catalog)
        self._scoped = decision_axes.scoped_by_payer(catalog)
        self._day_tables = day_axes.DayTables.of(catalog)
        self._kinds: dict[str, tuple[Hashable, ...]] = {}
        self._states: dict[bool, tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]] = {}
        self._spelled, self._plans = decision_axes.spelling_states(catalog), decision_axes.plan_states(catalog)
        self._parts: dict[Hashable, list[Part]] = {}

    def kind(self, payer: PayerClass) -> tuple[Hashable, ...]:
        """What the parts of a payer depend on: payers of one kind have the same."""
        if payer.name not in self._kinds:
            values = self._criteria.get(payer.keys[0] or "", {})
            named = tuple(sorted((kind, tuple(sorted(found))) for kind, found in values.items() if found))
            scoped = tuple(sorted(self._scoped.get(payer.keys[0] or "", ())))
            self._kinds[payer.name] = payer.blue[0], scoped, named
        return self._kinds[payer.name]

    def parts(self, payer: PayerClass) -> list[Part]:
        """The parts of a payer's space, with the days by name."""
        kind = self.kind(payer)
        if kind not in self._parts:
            self._parts[kind] = [Part(days, axes.programs, axes.lines) for days, axes in self._axes(payer)]
        return self._parts[kind]

    def _axes(self, payer: PayerClass) -> list[tuple[str, Axes]]:
        sites = decision_axes.site_frame(self._classes)
        scoped = self._scoped.get(payer.keys[0] or "", set())
        solid = next((label for label in self._classes if label not in {NOT_SOLID, *scoped}), NOT_SOLID)
        alone, paired, in_core = self._programs(blue=payer.blue[0])
        trials, contracts = line_axes.trial_frame(), line_axes.contract_frame()
        holds, claims = line_axes.hold_frame(), line_axes.claim_frame()
        core = Axes(
            days=pl.DataFrame(),
            programs=in_core,
            sites=sites.filter(pl.col("at_site").is_in([solid, *sorted(scoped), NOT_SOLID, "no diagnosis"])),
            trials=trials.head(2),
            holds=holds.head(1),
            contracts=contracts.filter(~pl.col("at_contract").str.contains(",")),
            claims=claims.head(1),
        )
        plain = replace(
            core, programs=alone, sites=sites.filter(at_site=solid), trials=trials.head(1), contracts=contracts.head(1)
        )
        none_or_excluded = contracts.filter(pl.col("at_contract").is_in([line_axes.NONE, Coverage.EXCLUDED]))
        criteria = criteria_axes.criteria_frame(self._criteria.get(payer.keys[0] or "", {}), self._site_classes)
        return [
            (DECIDING, core),
            *([] if criteria is None else [(DECIDING, replace(plain, sites=criteria))]),
            (DECIDING, replace(core, programs=alone, trials=trials.head(1), holds=holds.slice(1))),
            (DECIDING, replace(plain, programs=paired, contracts=none_or_excluded)),
            (DECIDING, replace(plain, sites=sites.filter(~pl.col("at_site").is_in(core.sites["at_site"].implode())))),
            (INFORMING, replace(plain, sites=sites)),
            (DECIDING, replace(plain, trials=trials.slice(2))),
            (DECIDING, replace(plain, contracts=contracts.filter(pl.col("at_contract").str.contains(",")))),
            (DECIDING, replace(plain, claims=claims.slice(1))),
            (SINGLE, replace(plain, programs=self._spelled, contracts=none_or_excluded)),
            (SINGLE, replace(plain, programs=self._plans)),
            (DECIDING, replace(plain, contracts=core.contracts, claims=claims.head(1).with_columns(_OF_CLAIM))),
        ]

    def _programs(self, *, blue: bool) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """The states of one signal or none, those of two, and those that are in full."""
        if blue not in self._states:
            states = decision_axes.all_states(self._catalog, blue=blue, also_filed=self._also_filed)
            signals = pl.sum_horizontal(pl.col(decision_axes.SIGNALS).is_not_null())
            alone, paired = states.filter(signals <= 1, pl.col("plan").is_null()), states.filter(signals > 1)
            in_full = [] if self._in_full is None else [alone, paired.filter(self._in_full, pl.col("plan").is_null())]
            self._states[blue] = alone, paired, pl.concat(in_full or [states])
        return self._states[blue]

    def days(self, payer: PayerClass) -> dict[str, dict[DayRow, tuple[str, ...]]]:
        """The first and last service days of each code, with the names of the parts that have them."""
        found = day_axes.boundaries((self._day_tables,), payer.keys)
        informing = day_axes.informing_days(self._day_tables, payer.keys[0])
        days: dict[str, dict[DayRow, tuple[str, ...]]] = {}
        for code, boundaries in found.items():
            deciding = set(day_axes.day_rows(boundaries))
            both_sides = {(day, day) for each in informing[code] for day in (each - day_axes.DAY, each)}
            days[code] = {
                row: tuple(
                    name
                    for name, has in (
                        (DECIDING, row in deciding),
                        (INFORMING, row in both_sides),
                        (SINGLE, row in deciding and row[0] == row[1]),
                    )
                    if has
                )
                for row in sorted(deciding | both_sides)
            }
        return days
