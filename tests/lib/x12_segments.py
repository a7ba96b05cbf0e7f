"""An X12 file distinguished naively: its segments, and its transactions."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

SPACE = b" \t\r\n\x0b\x0c"
BLANK_BYTES = {0x00, 0x1A, 0x1C, 0x1D, 0x1F}  # read as blanks: padding, an old end of file, other files' delimiters
BLANKS = " \t\r\n\x0b\x0c"  # not \x1c to \x1f, which may be delimiters
LONGEST_INDICATOR = 2
# Segments in whose elements the name of another one can only be where a terminator was lost.
CODED = {"HI", "CL1", "CR1", "CR2", "CRC", "HCP", "SV1", "SV2", "SV3"}
RUN_TOGETHER = re.compile(r"[0-9](NM1|REF|DTP|HI|LX|CLM|SBR|HL|SV1|SV2|SV3)\Z")
MOST_ELEMENT_BYTES = 100  # of a header
MOST_SPACE = 8  # behind a header
LINE_ENDS = {b"\r", b"\n"}
ENVELOPE = {"ISA", "GS", "ST", "SE", "GE", "IEA", "TA1"}
SERVICES = {"SV1": "professional", "SV2": "institutional", "SV3": "undetermined"}
# The segments of an 837, and the number of elements that the standard gives each of them.
MOST_ELEMENTS = {
    "AMT": 3, "BHT": 6, "CAS": 19, "CL1": 4, "CLM": 20, "CN1": 6, "CR1": 10, "CR2": 12, "CR3": 5, "CR4": 29,
    "CR5": 18, "CR6": 21, "CR7": 3, "CR8": 9, "CRC": 7, "CTP": 11, "CUR": 21, "DMG": 11, "DN1": 4, "DN2": 6, "DSB": 8,
    "DTP": 3, "FRM": 5, "GE": 2, "GS": 8, "HCP": 15, "HI": 12, "HL": 4, "HSD": 8, "IEA": 2, "IMM": 5, "ISA": 16,
    "K3": 3, "LIN": 31, "LQ": 2, "LX": 1, "MEA": 12, "MIA": 24, "MOA": 9, "N2": 2, "N3": 2, "N4": 7, "NM1": 12,
    "NTE": 2, "OI": 6, "PAT": 9, "PER": 9, "PRV": 6, "PS1": 3, "PWK": 9, "QTY": 4, "REF": 4, "SBR": 9, "SE": 2,
    "ST": 3, "SV1": 21, "SV2": 10, "SV3": 11, "SV4": 18, "SV5": 7, "SV6": 7, "SV7": 11, "SVD": 6, "TA1": 5, "TOO": 3,
    "UR": 5,
}  # fmt: skip


class NoInterchangeError(Exception):
    """An ISA from which no delimiters can be reported."""


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
        return self.elements[place].strip(BLANKS) if place < len(self.elements) else ""

    @property
    def is_readable(self) -> bool:
        """Whether it is a segment of an 837, with nothing in it that shows that its elements are others'."""
        filled = [place for place, element in enumerate(self.elements) if element.strip(BLANKS)]
        if self.id not in MOST_ELEMENTS or max(filled) > MOST_ELEMENTS[self.id]:
            return False
        if self.id in CODED and any(RUN_TOGETHER.search(element) for element in self.elements[1:-1]):
            return False
        match self.id:
            case "CLM":  # indicators of a letter or two; what is longer has moved here
                return all(len(self.at(place).encode()) <= LONGEST_INDICATOR for place in range(6, 11))
            case "REF" if self.at(3):
                return False
        return True

    def part(self, place: int, component: int) -> str:
        """A component (from 1) of the element at a place, empty where there is none."""
        parts = self.at(place).split(self.component)
        return parts[component - 1].strip(BLANKS) if component <= len(parts) else ""


# --- segments and envelopes -------------------------------------------------------------------------------------------


def segments(data: bytes) -> Iterator[Segment]:
    """Every segment that is not empty; each ISA says by which delimiters it and what follows is split.

    An ISA with what must follow it begins an interchange even where the segment before lacks its terminator.
    """
    place, number = 0, 0
    marks = Marks()
    while place < len(data):
        if data.startswith(codecs.BOM_UTF8, place):
            place += len(codecs.BOM_UTF8)
            continue
        if data[place : place + 1] == marks.terminator or data[place] in BLANK_BYTES | set(SPACE):
            place += 1
            continue
        marks = _header(data, place) or marks
        if not marks.terminator:
            raise NoInterchangeError
        end = data.find(marks.terminator, place)
        end = _cut_by_interchange(data, place, len(data) if end < 0 else end)
        number += 1
        yield _segment(number, data[place:end], marks)
        place = end


@dataclass(frozen=True)
class Marks:
    """The delimiters of an interchange."""

    element: bytes = b""
    component: bytes = b""
    terminator: bytes = b""


def _header(data: bytes, place: int) -> Marks | None:
    """What a header at the beginning of a segment says; None where it is none, or where the file ends within it.

    Raises:
        NoInterchangeError: no delimiters can be reported from it.
    """
    if not re.match(rb"ISA[^A-Za-z0-9\s\x80-\xff]", data[place : place + 4]):
        return None
    last = _last_mark(data, place)
    if last < 0 or last + 2 >= len(data):
        return None
    found = marks_at(data, place)
    if found is None:
        raise NoInterchangeError
    return found


def _last_mark(data: bytes, place: int) -> int:
    """Where the last of the sixteen element separators of a header is, -1 if there are fewer."""
    element = data[place + 3 : place + 4]
    end = place
    for _ in range(16):
        end = data.find(element, end + 1) if element and end >= 0 else -1
    return end


def marks_at(data: bytes, place: int) -> Marks | None:
    """What the header at a place says, None where it is none."""
    last = _last_mark(data, place)
    if last < 0 or max(map(len, data[place:last].split(data[last : last + 1]))) > MOST_ELEMENT_BYTES:
        return None
    found = Marks(data[last : last + 1], data[last + 1 : last + 2], data[last + 2 : last + 3])
    used = {found.element, found.component, found.terminator}
    unusable = any(mark.isalnum() or mark in {b"", b" ", b"\t"} or not mark.isascii() for mark in used)
    return None if unusable or len(used) < len("*:~") or {found.element, found.component} & LINE_ENDS else found


def _cut_by_interchange(data: bytes, place: int, end: int) -> int:
    """Where a segment really ends: before an ISA inside it that is followed by a functional group."""
    inside = data.find(b"ISA", place + 1, end)
    while inside >= 0:
        if marks := marks_at(data, inside):
            behind = data[_last_mark(data, inside) + 3 :]
            following = behind[:MOST_SPACE].lstrip(SPACE) + behind[MOST_SPACE:]
            if following.startswith((b"GS" + marks.element, b"TA1" + marks.element)):
                return inside
        inside = data.find(b"ISA", inside + 1, end)
    return end


def _segment(number: int, content: bytes, marks: Marks) -> Segment:
    content = content.translate(None, b"\r\n")
    for byte in BLANK_BYTES - {marks.element[0], marks.component[0]}:
        content = content.replace(bytes([byte]), b" ")
    content = content.strip(SPACE)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    elements = text.split(marks.element.decode("latin-1"))
    return Segment(number, text, tuple(elements), marks.component.decode("latin-1"))


@dataclass
class Transaction:
    """From ST (which is not in `body`) to SE, or to where SE should have been; with the ISA and GS around it."""

    st: Segment
    isa: Segment | None
    gs: Segment | None
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
        if segment.id in ENVELOPE:
            self.warnings["segment-unreadable"] += not segment.is_readable
        match segment.id:
            case "ISA":
                self.close_interchange(None)
                self.isa, self.groups = segment, 0
            case "GS":
                self.close_group(None)
                self.gs, self.sets, self.groups = segment, 0, self.groups + 1
            case "ST":
                self.st, self.sets = Transaction(segment, self.isa, self.gs), self.sets + 1
                self.found.append(self.st)
            case "GE":
                self.close_group(segment)
            case "IEA":
                self.close_interchange(segment)
            case "SE" if self.st:
                self.st.se, self.st = segment, None
            case _ if self.st:
                self.st.body.append(segment)
            case name:
                self.stand_outside(name, segment)

    def stand_outside(self, name: str, segment: Segment) -> None:
        """Take what is of no transaction."""
        if name in SERVICES:
            self.outside.append(segment)
        elif name == "SE":
            self.warnings["se02-control-number"] += 1
        elif name != "TA1":
            self.warnings["segment-unreadable"] += 1

    def close_group(self, ge: Segment | None) -> None:
        """End the functional group, by a GE or for want of one."""
        self.st = None
        if ge and not self.gs:
            self.warnings["ge02-control-number"] += 1
        elif self.gs and ge:
            self.warnings["ge01-transaction-count"] += not says(ge.at(1), self.sets)
            self.warnings["ge02-control-number"] += ge.at(2) != self.gs.at(6)
        self.warnings["ge-missing"] += self.gs is not None and ge is None
        self.gs = None

    def close_interchange(self, iea: Segment | None) -> None:
        """End the interchange, by an IEA or for want of one."""
        self.close_group(None)
        if iea and not self.isa:
            self.warnings["iea02-control-number"] += 1
        elif self.isa and iea:
            self.warnings["iea01-group-count"] += not says(iea.at(1), self.groups)
            self.warnings["iea02-control-number"] += iea.at(2) != self.isa.at(13)
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
