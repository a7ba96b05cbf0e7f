"""What the cells of the proof reached: versions, guidance and site rules, by the names of all lines that are alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from claims_edit.governance.proof_cells import Lines, ProofCells

_OF_VERSION = ("unit", "policy_id", "policy_version", "reason_code", "liability_basis")
_OF_NOTE = ("unit", "guidance_id", "site_mismatch")
_SEEN = (*_OF_VERSION, *_OF_NOTE[1:])


def seen_of(decided: pl.DataFrame) -> pl.DataFrame:
    """The parts of the pack that the cells of each unit reached, each once."""
    under = decided.filter("in_force").select(_OF_VERSION).unique()
    noted = decided.select(_OF_NOTE).filter(pl.col("guidance_id").is_not_null() | pl.col("site_mismatch")).unique()
    return pl.concat([under, noted], how="diagonal").select(_SEEN)


@dataclass
class ReachedVersion:
    """What lines reached under a version: the edits that decided, with each program and code, and its liability."""

    reasons: set[str] = field(default_factory=set)
    of_program: set[tuple[str | None, str]] = field(default_factory=set)
    of_code: set[tuple[str, str]] = field(default_factory=set)
    by_liability: bool = False


@dataclass
class Reached:
    """The parts of a pack that lines reached, those of units that are alike by their own names."""

    versions: dict[tuple[str, str], ReachedVersion] = field(default_factory=lambda: defaultdict(ReachedVersion))
    guidance: set[str] = field(default_factory=set)
    mismatched: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, seen: Iterable[pl.DataFrame], cells: ProofCells) -> Reached:
        """What the cells of each unit reached, by the names of all lines that are alike."""
        reached, units, by_unit = cls(), list(cells.units.items()), defaultdict(list)
        for number, *row in pl.concat(seen).unique().iter_rows():
            by_unit[number].append(row)
        of_unit = {
            units[number][0]: _OfUnit.of(rows, units[number][1].first, cells) for number, rows in by_unit.items()
        }
        known: dict[Hashable, _OfLines] = {}
        for lines in {(each.versions, each.code, each.base, each.split): each for each in cells.lines}.values():
            same = (lines.base, lines.split, lines.payer.blue)
            if same not in known:
                known[same] = _OfLines.of(of_unit, lines, cells)
            reached._add(known[same], lines)
        noted: dict[int, set[int]] = {}
        for (base, _), own in of_unit.items():
            if own.guidance:
                noted[base] = noted.get(base, set()) | own.guidance
        for base, service, day in {
            (each.base, cells.signatures.service_of(each.code), each.days[0])
            for each in cells.lines
            if each.base in noted
        }:
            published = cells.signatures.guidance(service, day)
            reached.guidance.update(published[place] for place in noted[base])
        return reached

    def _add(self, own: _OfLines, lines: Lines) -> None:
        for place, (reasons, of_program, is_liable) in own.under.items():
            if (at := lines.versions[place]) is not None:
                version = self.versions[at]
                version.reasons |= reasons
                version.of_program |= of_program
                version.of_code.update((lines.code, reason) for reason in reasons)
                version.by_liability |= is_liable
        self.mismatched |= {lines.code} if own.is_mismatched else set()


class _OfUnit(NamedTuple):
    """What a unit reached: by place of the version, the edits that decided and its liability; the notes."""

    under: dict[int, tuple[set[str], bool]]
    guidance: set[int]
    is_mismatched: bool

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]], first: Lines, cells: ProofCells) -> _OfUnit:
        """From the rows of `seen_of`, which have the names of the unit's first lines."""
        under: dict[int, tuple[set[str], bool]] = {}
        published = cells.signatures.guidance(cells.signatures.service_of(first.code), first.days[0])
        guidance, is_mismatched = set(), False
        for policy, version, reason, basis, guidance_id, mismatch in rows:
            if reason is not None:
                place = first.versions.index((policy, version))
                reasons, is_liable = under.get(place, (set(), False))
                under[place] = reasons | {reason}, is_liable or basis == "policy"
            guidance |= {published.index(guidance_id)} if guidance_id is not None else set()
            is_mismatched |= bool(mismatch)
        return cls(under, guidance, is_mismatched)


class _OfLines(NamedTuple):
    """What lines reached in all classes of program states, by place of the version; with each program they name."""

    under: dict[int, tuple[set[str], set[tuple[str | None, str]], bool]]
    is_mismatched: bool

    @classmethod
    def of(cls, of_unit: dict[tuple[int, int], _OfUnit], lines: Lines, cells: ProofCells) -> _OfLines:
        """From what their units reached."""
        under: dict[int, tuple[set[str], set[tuple[str | None, str]], bool]] = {}
        is_mismatched = False
        for kind, states in cells.splits[lines.split]:
            own = of_unit.get((lines.base, kind))
            if own is None:
                continue
            programs = cells.programs(lines, states)
            for place, (reasons, is_liable) in own.under.items():
                so_far, pairs, liable = under.get(place, (set(), set(), False))
                under[place] = so_far | reasons, pairs | set(product(programs, reasons)), liable or is_liable
            is_mismatched |= own.is_mismatched
        return cls(under, is_mismatched)
