"""The segments of the 837 guides (004010 and 005010; professional, institutional, dental), and what of them is read."""

from __future__ import annotations

from typing import NamedTuple

from claims_edit.intake.x12.segment_table import FORMERLY, LOOPS, segments_of

# Every segment that an 837 may hold, with the most elements that either version gives it.
MOST_ELEMENTS = {
    "ISA": 16, "IEA": 2, "GS": 8, "GE": 2, "TA1": 5, "ST": 3, "SE": 2, "BHT": 6,
    "HL": 4, "NM1": 12, "N2": 2, "N3": 2, "N4": 7, "PER": 9, "REF": 4, "PRV": 6, "CUR": 21,
    "SBR": 9, "PAT": 9, "DMG": 11, "CLM": 20, "DTP": 3, "CL1": 4, "DN1": 4, "DN2": 6, "DSB": 8, "UR": 5,
    "PWK": 9, "CN1": 6, "AMT": 3, "K3": 3, "NTE": 2, "CR1": 10, "CR2": 12, "CR3": 5, "CR4": 29, "CR5": 18,
    "CR6": 21, "CR7": 3, "CR8": 9, "CRC": 7, "HI": 12, "HCP": 15, "HSD": 8, "QTY": 4, "CAS": 19, "OI": 6,
    "MIA": 24, "MOA": 9, "LX": 1, "SV1": 21, "SV2": 10, "SV3": 11, "SV4": 18, "SV5": 7, "SV6": 7, "SV7": 11,
    "TOO": 3, "MEA": 12, "PS1": 3, "IMM": 5, "LIN": 31, "CTP": 11, "SVD": 6, "LQ": 2, "FRM": 5,
}  # fmt: skip
NAMES = tuple(MOST_ELEMENTS)


class Qualifiers(NamedTuple):
    """The element that identifies a segment, and the elements that are read."""

    place: int
    read: tuple[str, ...]


QUALIFIED = {
    "ST": Qualifiers(1, ("837",)),
    "HL": Qualifiers(3, ("20", "22", "23")),
    "NM1": Qualifiers(1, ("85", "IL", "PR", "82", "77")),
    "REF": Qualifiers(1, ("F8", "P4", "LX", "G1", "6R", "EI", "SY")),
    "DTP": Qualifiers(1, ("472", "434", "435", "573")),
    "AMT": Qualifiers(1, ("D",)),
}
CONTROL = ("ISA", "IEA", "GS", "GE", "ST", "SE", "TA1")
ENVELOPE = ("ISA", "IEA", "GS", "GE", "ST", "ST*837", "SE")  # "ST" alone opens another transaction
SERVICES = ("SV1", "SV2", "SV3")
# The segments of a claim line: a segment, or a segment with its qualifier. "HL" alone is one of another level.
READ = (
    "ISA", "IEA", "GS", "GE", "ST", "SE", "BHT", "HL", "SBR", "CLM", "CL1", "HI", "LX", *SERVICES,
    "CAS", "MIA", "MOA", "SVD",
    *(f"{segment}*{qualifier}" for segment, qualifiers in QUALIFIED.items() for qualifier in qualifiers.read),
)  # fmt: skip

# Every kind of segment that is distinguished: READ, and the others in the table of segments; a bare name is one with
# another qualifier than those.
_LISTED = {
    segment
    for table in (LOOPS, FORMERLY)
    for parent in table.values()
    for first, held in parent.items()
    for segment in segments_of(f"{first} {held}")
}
KINDS = (*NAMES, *dict.fromkeys(kind for kind in (*READ, *sorted(_LISTED)) if kind.partition("*")[2]))

PAYER_ORDERS = tuple("PSTABCDEFGHU")  # SBR01; U is unknown
# SBR09, the claim filing indicator, in any of the guides.
FILING_INDICATORS = (
    "09", "10", "11", "12", "13", "14", "15", "16", "17", "AM", "BL", "CH", "CI", "DS", "FI", "HM", "LI", "LM", "MA",
    "MB", "MC", "MH", "OF", "SA", "TV", "VA", "WC", "ZZ",
)  # fmt: skip

# Segments of codes and numbers: a digit with the name of one of these segments behind it is two segments in one.
CODES_ONLY = ("HI", "CL1", "CR1", "CR2", "CRC", "HCP", *SERVICES)
RUN_INTO = ("NM1", "REF", "DTP", "HI", "LX", "CLM", "SBR", "HL", *SERVICES)
