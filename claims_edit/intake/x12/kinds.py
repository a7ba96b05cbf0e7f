"""What each segment is: of a kind that claim lines are made of, of another, or one that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

from claims_edit.intake.x12.placement import Placement, placements
from claims_edit.intake.x12.runs import latest
from claims_edit.intake.x12.segment_ids import UNKNOWN, Words, are_control, are_unreadable, names_of
from claims_edit.intake.x12.segments import word
from claims_edit.intake.x12.vocabulary import ENVELOPE, KINDS, NAMES, QUALIFIED, READ, SERVICES

if TYPE_CHECKING:
    from claims_edit.intake.x12.segments import Flags, Kinds, Numbers, Segments

_PLACES = {kind: place for place, kind in enumerate(KINDS)}
_MATTERS = np.array([*(kind in READ for kind in KINDS), False])  # UNKNOWN is the last
_FORMER = "004010"  # how the version of a group begins (GS08)
_QUALIFIED = {
    name: (qualifiers, Words([kind.partition("*")[2] for kind in kinds]), np.array([KINDS.index(k) for k in kinds]))
    for name, qualifiers in QUALIFIED.items()
    if (kinds := [kind for kind in KINDS if kind.startswith(f"{name}*")])
}


@dataclass(frozen=True)
class Rows:
    """The segments that matter, one entry each, in file order.

    Attributes:
        segment: its place among Segments.
        kind: its place in KINDS; UNKNOWN where only its being unreadable matters.
        unreadable: its name is not one of an 837, or it runs into the next segment.
        placement: whether it may appear where it does (a Placement).
        before: the loop in force before it (a place in the table of loops).
    """

    segment: Numbers
    kind: Kinds
    unreadable: Flags
    placement: Numbers
    before: Numbers

    def where(self, which: Flags | Numbers | slice) -> Self:
        """Some of the rows."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    def then(self, others: Self) -> Self:
        """These rows, and the others behind them."""
        names = [field.name for field in fields(self)]
        return type(self)(*(np.concatenate((getattr(self, name), getattr(others, name))) for name in names))

    def are(self, *kinds: str) -> Flags:
        """Which rows are of one of these kinds."""
        return _are(self.kind, *kinds)


@dataclass(frozen=True)
class Tabulated:
    """The kinds of the segments of a text.

    Attributes:
        rows: the segments that matter.
        outside: those that appear where none can, outside of any transaction.
        loop: the loop in force behind the last segment, and `is_former`: whether the group is of 004010.
    """

    rows: Rows
    outside: Numbers
    loop: int
    is_former: bool


def _are(found: Kinds, *kinds: str) -> Flags:
    which: Flags = np.equal(found, _PLACES[kinds[0]])
    for kind in kinds[1:]:
        which |= found == _PLACES[kind]
    return which


def tabulate(segments: Segments, known: int, loop: int, *, is_former: bool) -> Tabulated:
    """The kinds of the relevant segments.

    Where no segment can appear, outside of any transaction, service lines matter all the same: they are no one's. What
    another transaction holds does not matter.

    Args:
        segments: of a text.
        known: how many of them, at its beginning, are context, and are in their place.
        loop: the loop in force behind these.
        is_former: whether the group in force there is of 004010.
    """
    names = names_of(segments)
    kinds = _kinds(segments, names)
    is_envelope, is_service = _are(kinds, *ENVELOPE), _are(kinds, *SERVICES)
    opened = np.append(kinds, np.int16(UNKNOWN))[latest(is_envelope)]
    is_inside = _are(opened, "ST*837")
    is_outside = ~is_inside & ~_are(opened, "ST") & ~are_control(names)
    unreadable = are_unreadable(segments, names) & (is_inside | is_envelope)
    former = _are_former(segments, kinds[known:], known, is_former=is_former)
    placement, before, last = placements(kinds[known:], former, loop)
    matters = is_envelope | (is_inside & (_MATTERS[kinds] | unreadable)) | (is_outside & is_service)
    matters[known:] |= placement != Placement.SOUND
    rows = np.flatnonzero(matters)
    context = np.zeros(known, dtype=np.int64)
    placement, before = np.concatenate((context, placement))[rows], np.concatenate((context, before))[rows]
    return Tabulated(
        Rows(rows, kinds[rows], unreadable[rows], placement, before),
        outside=np.flatnonzero(is_outside & ~is_service),
        loop=last,
        is_former=is_former if former is None else bool(former[-1]),
    )


def _kinds(segments: Segments, names: Kinds) -> Kinds:
    """The kind of each segment, in KINDS, UNKNOWN for an unknown name; a qualifier is read without blanks around it."""
    kinds = names.copy()
    for name, (qualifiers, words, places_of) in _QUALIFIED.items():
        places = np.flatnonzero(names == NAMES.index(name))
        qualifier, _ = segments.trimmed_words(*segments.bounds(places, qualifiers.place))
        found = words.indexes(qualifier)
        is_known = found >= 0
        kinds[places[is_known]] = places_of[found[is_known]]
    return kinds


def _are_former(segments: Segments, kinds: Kinds, known: int, *, is_former: bool) -> Flags | None:
    """Which segments behind the `known` ones (their `kinds`) are of a group of 004010; None where none is.

    `is_former`: the group in force before them is.
    """
    groups = np.flatnonzero(_are(kinds, "GS"))
    begins, ends = segments.bounds(groups + known, 8)
    may_be = (segments.words(begins, begins + len(_FORMER[:3])) == word(_FORMER[:3])) | segments.are_padded(
        begins, ends
    )
    if not (is_former or may_be.any()):
        return None
    version = segments.elements(groups + known, 8).str.starts_with(_FORMER).fill_null(value=False).to_numpy()
    if not (is_former or version.any()) or not kinds.size:
        return None
    return np.repeat(np.append(is_former, version), np.diff(np.concatenate(([0], groups, [kinds.size]))))
