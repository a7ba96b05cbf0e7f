"""Whether each segment may appear where it does, by the table of segments; and what follows where it may not.

The loop of a segment is that of the last segment that begins one. So a table of loops by kinds answers for all
segments at once. A segment out of place shows that something before it is lost, or that it belongs to another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from claims_edit.intake.x12.runs import latest
from claims_edit.intake.x12.segment_table import FORMERLY, LOOPS, OPENED_BY, segments_of
from claims_edit.intake.x12.vocabulary import ENVELOPE, KINDS, SERVICES

if TYPE_CHECKING:
    from claims_edit.intake.x12.segments import Flags, Kinds, Numbers

    FlagTable = np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    NumberTable = np.ndarray[tuple[int, int], np.dtype[np.int64]]


class Placement(IntEnum):
    """What follows from where a segment appears."""

    SOUND = 0
    DOUBTFUL = 1  # it is the claim's or the line's, and not where a guide has it
    DISPLACED = 2  # an HL, CLM or LX before it is lost, or it may belong to another claim


CLAIM, OTHER_PAYER, LINE = "2300", "2320", "2400"
_HEADS = ("2000A", "2000B", "2000C")
_PARENTS = ("", "1000", *_HEADS, CLAIM, OTHER_PAYER, LINE)  # "" is outside, and under an HL of an unknown level
# Facts of the whole claim are not a doubt: the claim is refused if one of these is out of place.
_DECISIVE = ("DTP*472", "DTP*434", "REF*F8")
_KIND = {kind: place for place, kind in enumerate(KINDS)}
NONE = -1
_ANY = "*"  # the loop that an NM1 of no listed kind begins: what any loop beside it holds is sound


@dataclass(frozen=True)
class _Loop:
    parent: str
    first: str  # the kind that begins it; "" for the parent's own segments


def _loops() -> dict[_Loop, int]:
    """Every loop, and its place in the tables below."""
    loops = [_Loop(parent, first) for parent in _PARENTS for first in ("", _ANY)]
    loops += [
        _Loop(parent, kind)
        for parent in LOOPS
        for table in (LOOPS, FORMERLY)
        for firsts in table.get(parent, {})
        for kind in segments_of(firsts)
    ]
    return {loop: place for place, loop in enumerate(dict.fromkeys(loops))}


_LOOPS = _loops()


def _held(tables: tuple[dict[str, dict[str, str]], ...]) -> FlagTable:
    """Which kinds each loop holds, beside those that begin another one."""
    held = np.zeros((len(_LOOPS), len(KINDS)), dtype=np.bool_)
    for table in tables:
        for parent, loops in table.items():
            for firsts, listed in loops.items():
                kinds = [_KIND[kind] for segment in segments_of(listed) for kind in _alike(segment)]
                for first in segments_of(firsts) or ("",):
                    held[_LOOPS[_Loop(parent, first)], kinds] = True
                    held[_LOOPS[_Loop(parent, _ANY)], kinds] = True
                    if first:
                        held[_of_parent(parent), _KIND[first]] = True
    return held


def _named(tables: tuple[dict[str, dict[str, str]], ...], parent: str) -> Flags:
    """Which kinds a parent and its loops hold or begin, by their qualifiers."""
    named = np.zeros(len(KINDS), dtype=np.bool_)
    for table in tables:
        for first, listed in table.get(parent, {}).items():
            named[[_KIND[kind] for kind in segments_of(f"{first} {listed}") if not kind.endswith("*")]] = True
    return named


def _alike(segment: str) -> list[str]:
    """The kinds of a listed segment: one, or of `REF*` all."""
    name, star, qualifier = segment.partition("*")
    is_any = star and not qualifier
    return [kind for kind in KINDS if kind.partition("*")[0] == name] if is_any else [segment]


def _of_parent(parent: str) -> list[int]:
    return [place for loop, place in _LOOPS.items() if loop.parent == parent]


def _placements(*tables: dict[str, dict[str, str]]) -> NumberTable:
    """By loop and kind, the Placement."""
    held = _held(tables)
    found = np.full(held.shape, Placement.SOUND, dtype=np.int64)
    earlier = np.zeros(len(KINDS), dtype=np.bool_)
    for parent in _PARENTS[1:]:
        own = _of_parent(parent)
        beside = held[own].any(axis=0)
        displaced = earlier & ~beside
        if parent == LINE:  # a reference on a line is of this claim's evidence
            displaced &= [not kind.startswith("REF*") or kind in _DECISIVE for kind in KINDS]
            displaced[_KIND["DTP"]] = True  # it may have been the date of service
        displaced[[_KIND[kind] for kind in _DECISIVE]] = True
        if parent in _HEADS:
            displaced[:] = True
        if parent != "1000":
            consequence = np.where(displaced, Placement.DISPLACED, Placement.DOUBTFUL)
            found[own] = np.where(held[own], Placement.SOUND, consequence)
        earlier |= _named(tables, parent)
    levels = [kind for kind in KINDS if kind.partition("*")[0] == "HL"]
    anywhere = [*ENVELOPE, "TA1", *levels, "CLM", "LX", *SERVICES]  # their neighbors are checked elsewhere
    found[:, [_KIND[kind] for kind in anywhere]] = Placement.SOUND
    for parent in (CLAIM, OTHER_PAYER):
        found[_of_parent(parent), _KIND["SBR"]] = Placement.SOUND
    return np.column_stack((found, np.full(len(_LOOPS), Placement.SOUND)))  # of no kind


# The placements of 005010, and behind them those of 004010.
_PLACEMENTS = np.concatenate([_placements(LOOPS), _placements(LOOPS, FORMERLY)])
_FORMER = len(_LOOPS)


def _parents_opened() -> Numbers:
    """By kind, the place among _PARENTS of the parent that it begins; -1 for none."""
    opened = np.full(len(KINDS) + 1, -1, dtype=np.int64)
    for kind in (*ENVELOPE, "HL"):
        opened[_KIND[kind]] = 0
    for kind in ("LX", *SERVICES):
        opened[_KIND[kind]] = _PARENTS.index(LINE)
    for kind, parent in OPENED_BY.items():
        opened[_KIND[kind]] = _PARENTS.index(parent)
    return opened


def _loops_opened() -> NumberTable:
    """By parent and kind, the loop that it begins there; -1 for none."""
    opened = np.full((len(_PARENTS), len(KINDS) + 1), -1, dtype=np.int64)
    names = [_KIND[kind] for kind in KINDS if kind.partition("*")[0] == "NM1"]
    for place, parent in enumerate(_PARENTS):
        opened[place, names] = _LOOPS[_Loop(parent, _ANY)]
    for loop, place in _LOOPS.items():
        if loop.first not in {"", _ANY}:
            opened[_PARENTS.index(loop.parent), _KIND[loop.first]] = place
    return opened


_OPENS_PARENT, _OPENS_LOOP = _parents_opened(), _loops_opened()
_MAY_OPEN_LOOP: Flags = np.asarray(np.greater_equal(_OPENS_LOOP, 0).any(axis=0))
_PARENT_OF = np.array([_PARENTS.index(loop.parent) for loop in _LOOPS])
_OWN = np.array([_LOOPS[_Loop(parent, "")] for parent in _PARENTS])
OUTSIDE = int(_OWN[0])  # the loop in force where a file begins


def placements(kinds: Kinds, is_former: Flags | None, before: int) -> tuple[Numbers, Numbers, int]:
    """The Placement of each segment, the loop in force before it, and the loop in force behind the last one.

    Args:
        kinds: their places in KINDS (-1 for none).
        is_former: where 004010 applies; None if it never does.
        before: the loop in force before the first one.
    """
    if not kinds.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), before
    opens = _OPENS_PARENT[kinds]
    is_parent: Flags = np.greater_equal(opens, 0)
    at = latest(is_parent)
    parent = np.where(at >= 0, opens[at], _PARENT_OF[before])
    others = np.flatnonzero(kinds == _KIND["SBR"])
    others = others[parent[others] == _PARENTS.index(CLAIM)]
    if others.size:
        opens[others] = _PARENTS.index(OTHER_PAYER)
        is_parent[others] = True
        at = latest(is_parent)
        parent = np.where(at >= 0, opens[at], _PARENT_OF[before])
    may_open = _MAY_OPEN_LOOP[kinds]
    within = latest(may_open)
    opened = np.where(within > at, _OPENS_LOOP[parent, kinds[within]], NONE)
    loop: Numbers = np.where(opened >= 0, opened, _OWN[parent])
    begins = np.flatnonzero(is_parent | may_open)[:1]
    begun = int(begins[0]) if begins.size else kinds.size
    loop[:begun] = before  # nothing begins there
    previous = np.concatenate(([before], loop[:-1]))
    place = previous if is_former is None else previous + _FORMER * is_former
    return _PLACEMENTS[place, kinds], previous, int(loop[-1])
