"""Where the guides have each segment, one segment at a time: what is out of place, and what follows for its claim.

The table of segments is data, which another test compares with the maps of another project; its use is independent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.intake.x12.segment_table import FORMERLY, LOOPS
from tests.lib.x12_segments import MOST_ELEMENTS, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.lib.x12_segments import Segment

QUALIFIED = {"NM1", "REF", "DTP", "AMT"}
LEVELS = {"20": "2000A", "22": "2000B", "23": "2000C"}
HEADS = set(LEVELS.values())
ORDER = ["1000", "2000A", "2000B", "2000C", "2300", "2320", "2400"]
WHOLE_CLAIM = {"DTP*472", "DTP*434", "REF*F8"}  # where one of these is out of place, the claim is refused
DISPLACED, DOUBTFUL = "displaced", "doubtful"

Table = dict[str, list[tuple[set[str], set[str]]]]


def _kinds(text: str) -> Iterator[str]:
    for entry in text.split():
        name, star, qualifiers = entry.partition("*")
        yield from (f"{name}*{qualifier}" for qualifier in qualifiers.split(",")) if star else (name,)


def table(*, former: bool) -> Table:
    """By parent the loops: the segments that begin each (none for the parent's own), and those that it holds."""
    found: Table = {}
    for source in (LOOPS, FORMERLY) if former else (LOOPS,):
        for parent, loops in source.items():
            found.setdefault(parent, []).extend(
                (set(_kinds(first)), set(_kinds(held))) for first, held in loops.items()
            )
    return found


EITHER = table(former=True)
LISTED = {kind for loops in EITHER.values() for first, held in loops for kind in first | held}


def kind_of(segment: Segment) -> str:
    """The segment with its qualifier, where the table has that qualifier anywhere; else its name."""
    kind = f"{segment.id}*{segment.at(1)}"
    return kind if segment.id in QUALIFIED and kind in LISTED else segment.id


def out_of_place(body: Iterable[Segment], *, former: bool) -> dict[int, str]:
    """By number of the segment, what follows from where it appears."""
    known = table(former=former)
    found: dict[int, str] = {}
    parent, loop = "", ""
    for segment in body:
        kind = kind_of(segment)
        if segment.id == "HL":
            parent, loop = LEVELS.get(segment.at(3), ""), ""
        elif segment.id == "CLM":
            parent, loop = "2300", ""
        elif segment.id in {"LX", *SERVICES}:
            parent, loop = "2400", ""
        elif segment.id == "SBR" and parent in {"2300", "2320"}:
            parent, loop = "2320", ""
        elif parent in ORDER[1:]:
            if consequence := _consequence(known, parent, loop, kind):
                found[segment.number] = consequence
            if segment.id in {"NM1", "LIN", "SVD", "LQ", "CR7"}:
                begins = any(kind in first for first, _ in EITHER[parent])
                loop = kind if begins else "any" if segment.id == "NM1" else ""
    return found


def _consequence(known: Table, parent: str, loop: str, kind: str) -> str | None:
    loops = known[parent]
    own = [held for first, held in loops if loop == "any" or (loop in first if loop else not first)]
    begins = any(kind in first for first, _ in loops)
    if begins or any(kind in held or f"{kind.partition('*')[0]}*" in held for held in own) or not _is_known(kind):
        return None
    if parent in HEADS:
        return DISPLACED
    beside = begins or any(kind in held for _, held in loops)
    earlier = any(kind in first | held for above in ORDER[: ORDER.index(parent)] for first, held in known[above])
    if kind in WHOLE_CLAIM or (parent == "2400" and kind == "DTP"):
        return DISPLACED
    is_reference = parent == "2400" and kind.startswith("REF*")
    return DISPLACED if earlier and not beside and not is_reference else DOUBTFUL


def _is_known(kind: str) -> bool:
    return kind.partition("*")[0] in MOST_ELEMENTS
