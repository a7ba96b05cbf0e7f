"""The claims of an 837 distinguished naively: hierarchical loops, their claims, and the claims' lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.lib.x12_placement import DISPLACED, DOUBTFUL, out_of_place
from tests.lib.x12_segments import BLANKS, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lib.x12_segments import Segment

CHARGE = {"SV1": 2, "SV2": 3, "SV3": 2}  # the element of a service that has its charge
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


@dataclass
class Claim:
    """A claim, or (`clm` is None) lines without one; each line begins with LX, or with an SV that has none."""

    clm: Segment | None
    head: list[Segment] = field(default_factory=list)
    all: list[Segment] = field(default_factory=list)  # other payers' segments, too
    lines: list[list[Segment]] = field(default_factory=list)
    unreadable: bool = False
    lost_loop: bool = False
    places: dict[int, str] = field(default_factory=dict)

    @property
    def misplaced(self) -> list[Segment]:
        """Its segments before its lines, other payers' too, that are out of place."""
        lines = {id(segment) for line in self.lines for segment in line}
        return [part for part in self.all if id(part) not in lines and self.places.get(part.number) == DOUBTFUL]

    @property
    def before(self) -> list[Segment]:
        """All that is before the first line."""
        first = self.lines[0][0].number if self.lines else float("inf")
        return [part for part in self.all if part.number < first]

    @property
    def services(self) -> list[tuple[Segment, list[Segment]]]:
        """Each SV with the line that it is in."""
        return [(segment, line) for line in self.lines for segment in line if segment.id in SERVICES]


@dataclass
class Loop:
    """An HL (None before the first one), what is before its claims, and its claims."""

    hl: Segment | None
    head: list[Segment] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    unreadable: bool = False
    displaced: bool = False

    @property
    def level(self) -> str:
        """HL03: 20 billing provider, 22 subscriber, 23 patient."""
        return self.hl.at(3) if self.hl else ""


def loops(body: Sequence[Segment], *, former: bool) -> list[Loop]:
    """A transaction's hierarchical loops; `former`: it is of 004010."""
    found = [Loop(None)]
    for segment in body:
        if segment.id == "HL":
            found.append(Loop(segment, unreadable=not segment.is_readable))
        else:
            found[-1].head.append(segment)
    places = out_of_place(body, former=former)
    for loop in found:
        _split_claims(loop, places)
    return found


@dataclass
class Above:
    """What is above the claims of a hierarchical loop: the billing provider's and the subscriber's loops."""

    billing: Loop | None = None
    subscriber: Loop | None = None
    hierarchy_broken: bool = False
    subscriber_broken: bool = False

    def enter(self, loop: Loop) -> None:
        """Go on to the next loop."""
        if loop.level == "20":
            self.billing, self.subscriber, self.hierarchy_broken = loop, None, False
            self.subscriber_broken = False
        elif loop.level == "22":
            self.subscriber = loop
            self.subscriber_broken = self.hierarchy_broken = not _is_under(loop, self.billing)
        elif loop.level == "23":
            self.hierarchy_broken = self.subscriber_broken or not _is_under(loop, self.subscriber)
        elif loop.hl is not None:
            self.hierarchy_broken = True

    @property
    def displaced(self) -> bool:
        """Whether something in the heads above says that a level was lost."""
        heads = [loop for loop in (self.billing, self.subscriber) if loop is not None]
        without_claim = [claim for loop in heads for claim in loop.claims[:1] if claim.clm is None]
        return any(loop.displaced for loop in heads) or any(claim.lost_loop for claim in without_claim)


def _is_under(loop: Loop, above: Loop | None) -> bool:
    assert loop.hl is not None
    parent = above.hl.at(1) if above and above.hl else ""
    return bool(parent) and loop.hl.at(2) == parent


def _split_claims(loop: Loop, places: dict[int, str]) -> None:
    content, loop.head = loop.head, []
    for segment in content:
        if segment.id == "CLM":
            loop.claims.append(Claim(segment, unreadable=not segment.is_readable))
        elif loop.claims:
            loop.claims[-1].head.append(segment)
        elif segment.id in {"LX", *SERVICES}:
            loop.claims.append(Claim(None, [segment]))
        else:
            loop.head.append(segment)
            loop.unreadable |= not segment.is_readable
            loop.displaced |= places.get(segment.number) == DISPLACED
    doubt, lost = loop.unreadable, loop.displaced
    for claim in loop.claims:
        _split_lines(claim, places)
        claim.unreadable = doubt = doubt or claim.unreadable
        claim.lost_loop = lost = lost or claim.lost_loop


def _split_lines(claim: Claim, places: dict[int, str]) -> None:
    content, claim.head = claim.head, []
    claim.all = content
    claim.places = places
    inside = claim.head
    for segment in content:
        claim.unreadable |= not segment.is_readable
        claim.lost_loop |= places.get(segment.number) == DISPLACED
        if segment.id == "LX":
            claim.lines.append([segment])
            inside = claim.lines[-1]
        elif segment.id in SERVICES:
            if not claim.lines or any(other.id in SERVICES for other in claim.lines[-1]):
                claim.lines.append([])
            claim.lines[-1].append(segment)
            inside = claim.lines[-1]
        elif segment.id == "SBR":
            inside = []  # coordination of benefits: another payer's
        else:
            inside.append(segment)


def unserved(claim: Claim) -> Iterator[tuple[Segment, str]]:
    """What a claim has without a service, and the check that it fails."""
    if claim.clm and not claim.services:
        yield claim.clm, "row-claim-without-lines"
    for line in claim.lines:
        if not any(segment.id in SERVICES for segment in line):
            yield line[0], "row-line-without-service"


def adds_up(claim: Claim) -> bool:
    """Whether CLM02 is the sum of the lines' charges."""
    assert claim.clm is not None
    amounts = [claim.clm.at(2), *(service.at(CHARGE[service.id]) for service, _ in claim.services)]
    if not all(NUMBER.fullmatch(amount.strip(BLANKS)) for amount in amounts):
        return False
    return Decimal(amounts[0].strip(BLANKS)) == sum(Decimal(amount.strip(BLANKS)) for amount in amounts[1:])
