"""What each segment is: one of the kinds that claim lines are made of, one of the rest, or one that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.delimiters import ELEMENT
from claims_edit.intake.x12.segments import SPACE
from claims_edit.intake.x12.vocabulary import CODES_ONLY, ENVELOPE, KIND, KINDS, MOST_ELEMENTS, QUALIFIED, RUN_INTO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.intake.x12.segments import Flags, Numbers, Segments

_LONGEST_NAME = 3
_NAMES = tuple(MOST_ELEMENTS)
_MOST = np.array([*MOST_ELEMENTS.values(), 0])
_CLM_CODES = range(6, 11)  # elements that hold one character
_LONGEST_CLM_CODE = 2


def _code(name: str) -> int:
    """A name of up to three characters as a number."""
    return int.from_bytes(name.encode().ljust(_LONGEST_NAME, b"\0"))


def _among(codes: Numbers, known: Iterable[int]) -> Numbers:
    """The place of each code among the known ones; -1 where it is none of them."""
    known = np.fromiter(known, dtype=np.int64)
    order = np.argsort(known)
    found = order[np.minimum(np.searchsorted(known, codes, sorter=order), known.size - 1)]
    return np.where(known[found] == codes, found, -1)


def _codes(segments: Segments, begins: Numbers, ends: Numbers) -> Numbers:
    """The pieces of the text as numbers; -1 for one that is longer than a name."""
    codes = np.zeros(begins.size, dtype=np.int64)
    for place in range(_LONGEST_NAME):
        character = segments.text[np.minimum(begins + place, ends)].astype(np.int64)
        codes = codes * 256 + np.where(begins + place < ends, character, 0)
    return np.where(ends - begins > _LONGEST_NAME, -1, codes)


def tabulate(segments: Segments) -> pl.DataFrame:
    """The segments that matter, one row each.

    `segment` (its place), `kind` (null where only its being unreadable matters) and `unreadable`: its name is none of
    an 837, or it runs into the next one.
    """
    every: Numbers = np.arange(len(segments))
    names = _among(_codes(segments, *segments.bounds(every, 0)), map(_code, _NAMES))
    kinds = _among(names, (_NAMES.index(kind) if kind in _NAMES else -2 for kind in KINDS))
    unreadable = (names < 0) | _is_overfull(segments, names)
    for name, qualifiers in QUALIFIED.items():
        places = np.flatnonzero(names == _NAMES.index(name))
        begins, ends = segments.bounds(places, 1)
        qualified = _among(_codes(segments, begins, ends), map(_code, qualifiers))
        kinds[places] = np.where(qualified < 0, -1, qualified + KINDS.index(f"{name}*{qualifiers[0]}"))
        is_padded = (segments.text[begins] == SPACE) | (segments.text[ends - 1] == SPACE)
        unreadable[places] |= is_padded & (ends > begins)
    unreadable |= _is_run_together(segments, names)
    matters = np.flatnonzero((kinds >= 0) | unreadable)
    kind = pl.Series(kinds[matters])
    return pl.DataFrame({
        "segment": matters,
        "kind": kind.set(kind < 0, None).cast(pl.UInt8).cat.to(KIND),
        "unreadable": unreadable[matters],
    })  # fmt: skip


def _is_overfull(segments: Segments, names: Numbers) -> Flags:
    """Whether a segment has more elements than one of its name can have; empty ones at its end are none."""
    found: Flags = segments.count > _MOST[names]
    doubtful = np.flatnonzero(found)
    if doubtful.size:
        filled = segments.texts(segments.begins[doubtful], segments.ends[doubtful]).str.strip_chars_end(ELEMENT + " ")
        found[doubtful] = filled.str.count_matches(ELEMENT, literal=True).to_numpy() > _MOST[names[doubtful]]
    return found


def _is_run_together(segments: Segments, names: Numbers) -> Flags:
    """Whether another segment begins inside one: a terminator was lost, though there are not too many elements.

    REF03, which no 837 fills, is filled; one of CLM06 to CLM10 is longer than a code; or, among codes and numbers, a
    digit has the name of a segment behind it.
    """
    found = np.zeros(len(segments), dtype=np.bool_)
    references = np.flatnonzero(names == _NAMES.index("REF"))
    found[references] = np.greater(*segments.bounds(references, 3)[::-1])
    claims = np.flatnonzero(names == _NAMES.index("CLM"))
    for place in _CLM_CODES:
        begins, ends = segments.bounds(claims, place)
        found[claims] |= ends - begins > _LONGEST_CLM_CODE
    coded = np.flatnonzero(np.isin(names, [_NAMES.index(name) for name in CODES_ONLY]))
    owners, places = segments.places(coded)
    begins, ends = segments.bounds(coded[owners], places)
    is_letter = (segments.text[ends - 2] >= ord("A")) & (places < segments.count[coded][owners])
    owners, begins, ends = owners[is_letter], begins[is_letter], ends[is_letter]
    for length in {len(name) for name in RUN_INTO}:
        run_into = [_code(name) for name in RUN_INTO if len(name) == length]
        before = segments.text[ends - length - 1]
        is_name = np.isin(_codes(segments, ends - length, ends), run_into)
        is_number = (before >= ord("0")) & (before <= ord("9")) & (ends - begins > length)
        found[coded[owners[is_name & is_number]]] = True
    return found


def without_other_transactions(rows: pl.DataFrame, segments: Segments) -> tuple[pl.DataFrame, pl.Series]:
    """The rows without what transactions that are no 837 hold, and the numbers of the ST that open these."""
    opened = rows.filter(pl.col("kind") == "ST")
    is_other = segments.elements(opened["segment"].to_numpy(), 1).ne_missing("837")
    others = opened["number"].filter(is_other)
    if others.is_empty():
        return rows, others
    is_envelope = pl.col("kind").is_in(ENVELOPE).fill_null(value=False)
    opens_other = pl.col("number").is_in(others.implode())
    is_inside = pl.when(is_envelope).then(opens_other).forward_fill().fill_null(value=False)
    return rows.filter(is_envelope | ~is_inside), others
