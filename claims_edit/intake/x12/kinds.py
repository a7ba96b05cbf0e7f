"""What each segment is: of a kind that claim lines are made of, of another, or one that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

from claims_edit.intake.x12.names import UNKNOWN, are_control, are_unreadable, names_of
from claims_edit.intake.x12.segments import latest
from claims_edit.intake.x12.vocabulary import ENVELOPE, KINDS, NAMES, QUALIFIED, SERVICES

if TYPE_CHECKING:
    from claims_edit.intake.x12.segments import Flags, Numbers, Segments

Kinds = np.ndarray[tuple[int], np.dtype[np.int8]]
_KIND_OF = np.array([KINDS.index(name) if name in KINDS else UNKNOWN for name in (*NAMES, "")], dtype=np.int8)


@dataclass(frozen=True)
class Rows:
    """The segments that matter, one entry each, in file order.

    Attributes:
        segment: its place among Segments.
        kind: its place in KINDS; UNKNOWN where only its being unreadable matters.
        unreadable: its name is none of an 837, or it runs into the next segment.
    """

    segment: Numbers
    kind: Kinds
    unreadable: Flags

    def where(self, which: Flags | Numbers) -> Self:
        """Some of the rows."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    def then(self, others: Self) -> Self:
        """These rows, and the others behind them."""
        names = [field.name for field in fields(self)]
        return type(self)(*(np.concatenate((getattr(self, name), getattr(others, name))) for name in names))

    def are(self, *kinds: str) -> Flags:
        """Which rows are of one of these kinds."""
        return _are(self.kind, *kinds)


def _are(found: Kinds, *kinds: str) -> Flags:
    which = np.zeros(found.size, dtype=np.bool_)
    for kind in kinds:
        which |= found == KINDS.index(kind)
    return which


def tabulate(segments: Segments) -> tuple[Rows, Numbers]:
    """The segments that matter; and those that stand where none can, outside of any transaction.

    There, service lines matter all the same: they are no one's. What another transaction holds does not matter.
    """
    names = names_of(segments)
    kinds, is_padded = _kinds(segments, names)
    is_envelope, is_service = _are(kinds, *ENVELOPE), _are(kinds, *SERVICES)
    opened = np.append(kinds, np.int8(UNKNOWN))[latest(is_envelope)]
    is_inside = _are(opened, "ST*837")
    is_outside = ~is_inside & ~_are(opened, "ST") & ~are_control(names)
    unreadable = (are_unreadable(segments, names) | is_padded) & (is_inside | is_envelope)
    matters = is_envelope | (is_inside & ((kinds != UNKNOWN) | unreadable)) | (is_outside & is_service)
    rows = np.flatnonzero(matters)
    return Rows(rows, kinds[rows], unreadable[rows]), np.flatnonzero(is_outside & ~is_service)


def _kinds(segments: Segments, names: Numbers) -> tuple[Kinds, Flags]:
    """The kind of each segment, in KINDS, UNKNOWN for one that does not matter; and whose qualifier has a blank."""
    kinds, is_padded = _KIND_OF[names], np.zeros(len(segments), dtype=np.bool_)
    for name, qualifiers in QUALIFIED.items():
        places = np.flatnonzero(names == NAMES.index(name))
        said, padded = segments.say(places, qualifiers.place, *qualifiers.read)
        is_padded[places[padded]] = not qualifiers.is_trimmed
        for qualifier, says in zip(qualifiers.read, said, strict=True):
            kinds[places[says]] = KINDS.index(f"{name}*{qualifier}")
    return kinds, is_padded
