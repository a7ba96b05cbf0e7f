"""Counts and money of a run, added up batch by batch from the rows themselves: nothing is derived by subtraction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from claims_edit.model import UNCOUNTED, Disposition, LineStatus

NOTHING = Decimal("0.00")


@dataclass
class ControlTotals:
    """Rows, warnings and charges of one file, or of a run."""

    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_filtered: int = 0
    candidates: int = 0
    unparseable: int = 0
    read: Decimal = NOTHING
    accepted: Decimal = NOTHING
    quarantined: Decimal = NOTHING
    candidate_charges: Decimal = NOTHING
    warnings_by_check: Counter[str] = field(default_factory=Counter)
    quarantined_by_check: Counter[str] = field(default_factory=Counter)

    @property
    def warnings(self) -> int:
        """How often a warning was given."""
        return self.warnings_by_check.total()

    def add(self, other: ControlTotals) -> None:
        """Add other totals to this one."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(mine, Counter):
                mine.update(value)
            else:
                setattr(self, name, mine + value)


@dataclass
class Decided:
    """Decisions by disposition: lines and charges, counted from the decisions themselves."""

    lines: Counter[str] = field(default_factory=Counter)
    charges: dict[str, Decimal] = field(default_factory=dict)

    def add(self, decisions: pl.DataFrame) -> None:
        """Count one frame of decisions."""
        split = decisions.group_by("disposition").agg(pl.len(), pl.col("charge_amount").sum())
        for disposition, lines, charge in split.iter_rows():  # at most five rows
            self.lines[disposition] += lines
            self.charges[disposition] = self.charges.get(disposition, NOTHING) + (charge or NOTHING)

    def by_disposition(self) -> dict[str, int]:
        """Lines of every disposition, in the order of `Disposition`."""
        return {disposition.value: self.lines[disposition.value] for disposition in Disposition}

    def charges_by_disposition(self) -> dict[str, str]:
        """Charges of every disposition, as text with two decimals."""
        return {disposition.value: money(self.charges.get(disposition.value, NOTHING)) for disposition in Disposition}


@dataclass
class NightTotals:
    """What a run did to the lines of earlier nights, and to its own: its decisions by effect, and the reviews."""

    by_effect: dict[str, Decided] = field(default_factory=dict)
    counted: Decided = field(default_factory=Decided)
    reviews_new: int = 0
    reviews_gone: int = 0

    def add(self, lines: pl.DataFrame) -> None:
        """Count a part of the lines that the run saw or changed (`Updated.lines`)."""
        own = lines.filter(pl.col("own_source_file").is_not_null()).select(
            "effect", disposition="own_disposition", charge_amount="own_charge_amount"
        )
        for (effect,), part in own.partition_by("effect", as_dict=True).items():  # at most five
            self.by_effect.setdefault(str(effect), Decided()).add(part)
        self.counted.add(own.filter(~pl.col("effect").is_in(UNCOUNTED)))
        was = pl.col("was_disposition").eq_missing(pl.lit(Disposition.REVIEW))
        now = (pl.col("status") == LineStatus.CURRENT) & (pl.col("disposition") == Disposition.REVIEW)
        new, gone = lines.select((now & ~was).sum().alias("new"), (was & ~now.fill_null(value=False)).sum()).row(0)
        self.reviews_new += new
        self.reviews_gone += gone

    def counts(self) -> dict[str, Any]:
        """The counts for the manifest."""
        return {
            "by_effect": {effect: each.lines.total() for effect, each in sorted(self.by_effect.items())},
            "counted_by_disposition": self.counted.by_disposition(),
            "reviews_new": self.reviews_new,
            "reviews_gone": self.reviews_gone,
        }

    def charges(self) -> dict[str, Any]:
        """The charges for the manifest, as text with two decimals."""
        sums = {effect: sum(each.charges.values(), NOTHING) for effect, each in sorted(self.by_effect.items())}
        return {
            "by_effect": {effect: money(charges) for effect, charges in sums.items()},
            "counted_by_disposition": self.counted.charges_by_disposition(),
        }


def money(amount: Decimal) -> str:
    """An amount as text with two decimals."""
    return f"{amount:.2f}"


def total(charge: pl.Series) -> Decimal:
    """The sum of a Decimal column; nulls count as nothing."""
    found = charge.sum()
    return found.quantize(NOTHING) if isinstance(found, Decimal) else NOTHING
