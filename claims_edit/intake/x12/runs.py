"""Runs of places: components of composites, what began last before each, and ranges one behind the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from claims_edit.intake.x12.segments import Flags, Numbers


@dataclass(frozen=True)
class Composites:
    """Composite elements by the numbers of their components; one that is not there has one, which is empty.

    Attributes:
        before: the component before each.
        last: the last one of it.
    """

    before: Numbers
    last: Numbers

    def then(self, others: Composites) -> Composites:
        """These, and the others behind them."""
        return Composites(np.concatenate((self.before, others.before)), np.concatenate((self.last, others.last)))

    def where(self, which: Flags | Numbers) -> Composites:
        """Some of them."""
        return Composites(self.before[which], self.last[which])


def latest(begins: Flags) -> Numbers:
    """For each place the last one up to there at which something begins; -1 where nothing has."""
    places = np.flatnonzero(begins)
    return np.repeat(np.append(-1, places), np.diff(np.concatenate(([0], places, [begins.size]))))


def ranges(counts: Numbers) -> tuple[Numbers, Numbers]:
    """For each count n the numbers 0 to n - 1, one range behind the other; and of which count each is."""
    owners = np.repeat(np.arange(counts.size), counts)
    return owners, np.arange(owners.size) - np.repeat(np.cumsum(counts) - counts, counts)
