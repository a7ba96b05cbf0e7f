"""The decision space of a rule pack: candidate lines for every case that its rules distinguish.

Cells are claim lines, decided by the engine itself. Their coordinates are in `at_…` columns, for people.
Facts that can decide a line are a full product; other spellings of the same fact and informational facts are slices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.facts.diagnosis import NOT_SOLID
from claims_edit.governance import criteria_axes, decision_axes, line_axes
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, Coverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from claims_edit.governance.decision_axes import PayerClass
    from claims_edit.policy import Catalog

MOST_CELLS = 60_000  # at a time: memory does not grow with the pack, and larger frames are slower per cell
COORDINATES = ("at_payer", "at_program", "at_site", "at_trial", "at_hold", "at_contract", "at_claim")
_NEVER_GIVEN = (
    "data_source", "source_file", "source_row", "claim_line_number", "claim_type", *MODIFIER_COLUMNS[1:],
    *DIAGNOSIS_COLUMNS[3:],
)  # fmt: skip


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
        return reduce(lambda size, axis: size * axis.height, self._others, 1)

    @property
    def _others(self) -> tuple[pl.DataFrame, ...]:
        return self.programs, self.sites, self.trials, self.holds, self.contracts, self.claims

    def cells(self, payer: PayerClass) -> Iterator[pl.DataFrame]:
        """The product as candidate lines of the payer, MOST_CELLS at a time."""
        step = max(1, MOST_CELLS // max(1, self.cells_of_a_day))
        for start in range(0, self.days.height, step):
            product = self.days.slice(start, step)
            for axis in self._others:
                product = _crossed(product, axis)
            yield product.with_columns(
                pl.lit(payer.name).alias("payer"),
                pl.lit(payer.label).alias("at_payer"),
                *(pl.lit(None).alias(column) for column in _NEVER_GIVEN),
                *(
                    pl.lit(None, dtype).alias(name)
                    for name, dtype in _OF_CRITERIA.items()
                    if name not in product.columns
                ),
            )


def gathered(parts: Iterable[Axes], payer: PayerClass) -> Iterator[pl.DataFrame]:
    """The cells of all parts, in order, in few frames of MOST_CELLS: each frame has a fixed cost."""
    waiting: list[pl.DataFrame] = []
    for cells in chain.from_iterable(part.cells(payer) for part in parts):
        if waiting and sum(each.height for each in waiting) + cells.height > MOST_CELLS:
            yield pl.concat(waiting, how="diagonal_relaxed")
            waiting = []
        waiting.append(cells)
    if waiting:
        yield pl.concat(waiting, how="diagonal_relaxed")


def _crossed(cells: pl.DataFrame, axis: pl.DataFrame) -> pl.DataFrame:
    """Each cell with each row of the axis; in a common column, the cell's value, or the axis' value if that is null."""
    shared = [column for column in axis.columns if column in cells.columns]
    crossed = cells.join(axis, how="cross", maintain_order="left_right", suffix="_of_axis")
    of_axis = [f"{column}_of_axis" for column in shared]
    return crossed.with_columns(map(pl.coalesce, zip(shared, of_axis, strict=True))).drop(of_axis)


def parts(
    catalog: Catalog, payer: PayerClass, also_filed: tuple[str, ...] = (), in_full: pl.Expr | None = None
) -> list[Axes]:
    """The parts of one pack's space for a payer: deciding facts in full, then informational facts and spellings.

    Two signals together are in full where `in_full` is true; others agree or not whatever else is on the line,
    and so does the name of a plan, alone or with another signal.
    """
    days = decision_axes.boundaries((catalog,), payer.keys)
    deciding = decision_axes.days_frame({code: decision_axes.day_rows(found) for code, found in days.items()})
    informing = decision_axes.days_frame({
        code: [(day, day) for boundary in found for day in (boundary - decision_axes.DAY, boundary)]
        for code, found in decision_axes.informing_days(catalog, payer.keys[0]).items()
    })  # fmt: skip
    classes = {str(meaning[0]): code for meaning, code in decision_axes.site_classes((catalog,)).items()}
    sites = decision_axes.site_frame(classes)
    scoped = decision_axes.scoped_sites((catalog,), payer.keys)
    solid = next((label for label in classes if label not in {NOT_SOLID, *scoped}), NOT_SOLID)
    states = decision_axes.all_states(catalog, blue=payer.blue[0], also_filed=also_filed)
    speaking = pl.sum_horizontal(pl.col(decision_axes.SIGNALS).is_not_null())
    alone, paired = states.filter(speaking <= 1, pl.col("plan").is_null()), states.filter(speaking > 1)
    trials, contracts, claims = line_axes.trial_frame(), line_axes.contract_frame(), line_axes.claim_frame()
    holds = line_axes.hold_frame()
    core = Axes(
        days=deciding,
        programs=pl.concat([alone, paired.filter(in_full, pl.col("plan").is_null())])
        if in_full is not None
        else states,
        sites=sites.filter(pl.col("at_site").is_in([solid, *sorted(scoped), NOT_SOLID, "no diagnosis"])),
        trials=trials.head(2),
        holds=holds.head(1),
        contracts=contracts.filter(~pl.col("at_contract").str.contains(",")),
        claims=claims.head(1),
    )
    plain = replace(
        core, programs=alone, sites=sites.filter(at_site=solid), trials=trials.head(1), contracts=contracts.head(1)
    )
    single_days = deciding.filter(pl.col("service_start_date") == pl.col("service_end_date"))
    none_or_excluded = contracts.filter(pl.col("at_contract").is_in([line_axes.NONE, Coverage.EXCLUDED]))
    criteria = criteria_axes.criteria_frame((catalog,), payer.keys)
    return [
        core,
        *([] if criteria is None else [replace(plain, sites=criteria)]),
        replace(core, programs=alone, trials=trials.head(1), holds=holds.slice(1)),
        replace(plain, programs=paired, contracts=none_or_excluded),
        replace(plain, sites=sites.filter(~pl.col("at_site").is_in(core.sites["at_site"].implode()))),
        replace(plain, days=informing, sites=sites),
        replace(plain, trials=trials.slice(2)),
        replace(plain, contracts=contracts.filter(pl.col("at_contract").str.contains(","))),
        replace(plain, claims=claims.slice(1)),
        replace(
            plain,
            days=single_days,
            programs=decision_axes.spelling_states(catalog),
            contracts=none_or_excluded,
        ),
        replace(plain, days=single_days, programs=decision_axes.plan_states(catalog)),
    ]
