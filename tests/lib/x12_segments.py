"""An X12 file told apart naively: its segments, and its transactions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

SPACE = b" \t\r\n\x0b\x0c"
NEXT_INTERCHANGE = re.compile(rb"[\r\n](?=[ \t\r\n\x0b\x0c]*ISA[^A-Za-z0-9 \t\r\n\x0b\x0c])")
SERVICES = {"SV1": "professional", "SV2": "institutional", "SV3": "undetermined"}
VOCABULARY = frozenset((
    "ISA", "GS", "ST", "SE", "GE", "IEA", "TA1", "BHT", "NM1", "N1", "N2", "N3", "N4", "PER", "REF", "HL", "PRV",
    "CUR", "SBR", "PAT", "DMG", "CLM", "DTP", "CL1", "DN1", "DN2", "PWK", "CN1", "AMT", "K3", "NTE", "CR1", "CR2",
    "CR3", "CR4", "CR5", "CR6", "CR7", "CR8", "CRC", "HI", "HCP", "HSD", "CAS", "OI", "MIA", "MOA", "LX", "SV1",
    "SV2", "SV3", "SV4", "SV5", "SV6", "SV7", "TOO", "QTY", "MEA", "LIN", "CTP", "PS1", "LQ", "FRM", "SVD", "DSB",
    "UR", "IMM",
))  # fmt: skip


class NoInterchangeError(Exception):
    """An ISA from which no delimiters can be told."""


@dataclass(frozen=True)
class Segment:
    """One segment: its number in the file, its elements (the id is element 0), and how to split a composite."""

    number: int
    text: str
    elements: tuple[str, ...]
    component: str

    @property
    def id(self) -> str:
        """The segment's id."""
        return self.elements[0]

    def at(self, place: int) -> str:
        """The element at a place, empty where there is none."""
        return self.elements[place] if place < len(self.elements) else ""

    def part(self, place: int, component: int) -> str:
        """A component (from 1) of the element at a place, empty where there is none."""
        parts = self.at(place).split(self.component)
        return parts[component - 1] if component <= len(parts) else ""


# --- segments and envelopes -------------------------------------------------------------------------------------------


def segments(data: bytes) -> Iterator[Segment]:
    """Every segment that is not empty; each ISA says by which delimiters it and what follows is split.

    A line that begins with ISA begins an interchange, even where the segment before lacks its terminator.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    place, number = 0, 0
    element, component, terminator = b"", b"", b""
    while place < len(data):
        if data[place : place + 1] in {bytes([byte]) for byte in SPACE} | {terminator}:
            place += 1
            continue
        if _is_interchange(data, place):
            element, component, terminator, end = _delimiters(data, place)
        elif not terminator:
            raise NoInterchangeError
        else:
            end = data.find(terminator, place)
            end = len(data) if end < 0 else end
            if interchange := NEXT_INTERCHANGE.search(data, place, end):
                end = interchange.start()
        content = data[place:end].strip(SPACE)
        place = end + 1
        number += 1
        yield _segment(number, content, element, component)


def _is_interchange(data: bytes, place: int) -> bool:
    mark = data[place + 3 : place + 4]
    return data[place : place + 3] == b"ISA" and bool(mark) and not mark.isalnum() and mark not in SPACE


def _delimiters(data: bytes, place: int) -> tuple[bytes, bytes, bytes, int]:
    element = data[place + 3 : place + 4]
    end = place
    for _ in range(16):
        end = data.find(element, end + 1)
        if end < 0:
            raise NoInterchangeError
    component, terminator = data[end + 1 : end + 2], data[end + 2 : end + 3]
    if not terminator or len({element, component, terminator}) < len("*:~"):
        raise NoInterchangeError
    return element, component, terminator, end + 2


def _segment(number: int, content: bytes, element: bytes, component: bytes) -> Segment:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    elements = text.split(element.decode("latin-1"))
    return Segment(number, text, tuple(elements), component.decode("latin-1"))


@dataclass
class Transaction:
    """From ST (which is not in `body`) to SE, or to where SE should have stood."""

    st: Segment
    body: list[Segment] = field(default_factory=list)
    se: Segment | None = None


@dataclass
class Envelopes:
    """What is open at a place of the file; what envelopes say of themselves wrongly is counted in `warnings`."""

    warnings: Counter[str]
    found: list[Transaction] = field(default_factory=list)
    isa: Segment | None = None
    gs: Segment | None = None
    st: Transaction | None = None
    groups: int = 0  # of this ISA
    sets: int = 0  # of this GS
    outside: list[Segment] = field(default_factory=list)  # services of no transaction

    def take(self, segment: Segment) -> None:
        """Go over one segment."""
        match segment.id:
            case "ISA":
                self.close_interchange(None)
                self.isa, self.groups = segment, 0
            case "GS":
                self.close_group(None)
                self.gs, self.sets, self.groups = segment, 0, self.groups + 1
            case "ST":
                self.st, self.sets = Transaction(segment), self.sets + 1
                self.found.append(self.st)
            case "GE":
                self.close_group(segment)
            case "IEA":
                self.close_interchange(segment)
            case "SE" if self.st:
                self.st.se, self.st = segment, None
            case _ if self.st:
                self.st.body.append(segment)
            case name if name in SERVICES:
                self.outside.append(segment)
            case name if name not in {"SE", "TA1"}:
                self.warnings["segment-unreadable"] += 1

    def close_group(self, ge: Segment | None) -> None:
        """End the functional group, by a GE or for want of one."""
        self.st = None
        if self.gs and ge:
            self.warnings["ge01-transaction-count"] += not says(ge.at(1), self.sets)
            self.warnings["ge02-control-number"] += ge.at(2) != self.gs.at(6)
        self.warnings["ge-missing"] += self.gs is not None and ge is None
        self.gs = None

    def close_interchange(self, iea: Segment | None) -> None:
        """End the interchange, by an IEA or for want of one."""
        self.close_group(None)
        if self.isa and iea:
            self.warnings["iea01-group-count"] += not says(iea.at(1), self.groups)
            self.warnings["iea02-control-number"] += iea.at(2).strip() != self.isa.at(13).strip()
        self.warnings["iea-missing"] += self.isa is not None and iea is None
        self.isa = None


def transactions(data: bytes, warnings: Counter[str]) -> tuple[list[Transaction], list[Segment]]:
    """The file's transactions, and the services outside of any."""
    envelopes = Envelopes(warnings)
    for segment in segments(data):
        envelopes.take(segment)
    envelopes.close_interchange(None)
    return envelopes.found, envelopes.outside


def says(text: str, count: int) -> bool:
    """Whether a count of an envelope is right."""
    return bool(re.fullmatch(r"\d{1,15}", text)) and int(text) == count
