"""What damage of an 837 its guides recognize: which loss, which place and which value structure can tell.

Written apart from the reader's own tables. Only what the sound interchanges hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lib.damage.x12_sound import Piece


def _words(text: str) -> set[str]:
    return set(text.split())


BY_FIRST_ELEMENT = {"NM1", "REF", "DTP"}
SEGMENT_IDS = _words(
    "ISA GS ST BHT NM1 PER HL N3 N4 REF SBR DMG PAT CLM DTP CL1 HI CAS AMT OI LX SV1 SV2 SV3 SE GE "
    "IEA PRV CUR PWK CN1 K3 NTE CR1 CR2 CRC HCP MIA MOA SVD LIN CTP QTY MEA PS1 SV5 SV4 SV6 SV7 TOO "
    "DN1 DN2 LQ FRM TA1 N2 CR3 CR4 CR5 CR6 CR7 CR8 DSB UR IMM HSD"
)
# Whose loss the structure shows even where the counts are put right.
REQUIRED = {
    ("HL", "2000A"), ("HL", "2000B"), ("HL", "2000C"), ("NM1*85", "2010AA"), ("SBR", "2000B"), ("NM1*IL", "2010BA"),
    ("NM1*PR", "2010BB"), ("PAT", "2000C"), ("NM1*QC", "2010CA"), ("CLM", "2300"), ("LX", "2400"), ("SV1", "2400"),
    ("SV2", "2400"), ("SV3", "2400"), ("DTP*434", "2300"), ("CL1", "2300"), ("SBR", "2320"), ("OI", "2320"),
    ("NM1*IL", "2330"), ("NM1*PR", "2330"), ("ISA", "ISA"), ("GS", "GS"), ("ST", "ST"), ("BHT", "ST"), ("SE", "SE"),
    ("GE", "GE"), ("IEA", "IEA"), ("NM1*41", "1000A"), ("NM1*40", "1000B"),
}  # fmt: skip
REQUIRED_IN_FORMAT = {
    ("DTP*472", "2400"): {"837P", "837D"},  # 837D: of the claim or the line; the sound ones have the line's
    ("HI principal", "2300"): {"837P", "837I"},
}
# Where else a segment may be: there it says something valid, and nothing shows that it came from another place.
ALSO_ALLOWED = {
    "REF*P4": {"2300"}, "REF*LX": {"2300"}, "REF*G1": {"2300", "2400", "2330"}, "REF*F8": {"2300", "2330"},
    "HI": {"2300"},
    "DTP*434": {"2300"}, "CL1": {"2300"}, "DTP*472": {"2300", "2400"}, "DMG": {"2010BA", "2010CA"},
    "N3": {"2010AA", "2010BA", "2010BB", "2010CA", "2330"}, "N4": {"2010AA", "2010BA", "2010BB", "2010CA", "2330"},
    "REF*EI": {"2010AA", "2330"}, "CAS": {"2320"}, "AMT": {"2300", "2320"}, "OI": {"2320"},
}  # fmt: skip
REQUIRED_ELEMENTS = {
    "HL": (1, 2, 3), "NM1*85": (1, 2), "NM1*IL": (1, 9), "NM1*PR": (1,), "NM1*QC": (1,), "SBR": (1,), "CLM": (1, 2, 5),
    "REF": (1, 2), "DTP": (1, 2, 3), "HI": (1,), "LX": (1,), "SV1": (1, 2, 7), "SV2": (3,), "SV3": (1, 2), "ST": (1, 2),
    "GS": (1, 8), "SE": (1, 2), "GE": (1, 2), "IEA": (1, 2), "BHT": (1, 2, 6), "PAT": (), "CL1": (),
}  # fmt: skip
# Elements with a code list, as far as the sound interchanges use them; a composite's part is (element, component).
QUALIFIERS: dict[str, tuple[tuple[int, int], ...]] = {
    "NM1": ((1, 0), (2, 0), (8, 0)), "REF": ((1, 0),), "DTP": ((1, 0), (2, 0)), "SBR": ((1, 0), (2, 0), (9, 0)),
    "HL": ((3, 0), (4, 0)), "CLM": ((5, 2), (5, 3), (6, 0), (8, 0), (9, 0)), "SV1": ((1, 1), (3, 0)),
    "SV2": ((2, 1), (4, 0)), "SV3": ((1, 1),), "ST": ((1, 0),), "GS": ((1, 0),), "BHT": ((1, 0), (2, 0), (6, 0)),
    "OI": ((3, 0),), "CAS": ((1, 0),), "AMT": ((1, 0),), "DMG": ((1, 0), (3, 0)),
}  # fmt: skip
VALID = {
    "NM101": _words(
        "85 87 PE IL PR QC 41 40 71 72 77 82 DD DK DN DQ P3 QB GB ZZ PW 45 ZF"
    ),
    "REF01": _words(
        "F8 P4 LX G1 9F D9 EA EI SY 0B 1G G2 LU 6R 2U 4N F5 F4 X4 Y4 1J 1S T4 9A 9C 9B EW XZ BT NF FY G4 "
        "TJ 1W U3 IG G3 N5"
    ),
    "DTP01": _words(
        "472 434 435 439 431 454 304 453 471 090 091 314 360 361 297 296 455 096 444 050 573 463 607 011 "
        "119 738 739 461 452 441 196 197"
    ),
    "DTP02": {"D8", "RD8", "DT", "TM"},
    "SBR01": set("PSTABCDEFGHU"),
    "SBR09": _words(
        "09 10 11 12 13 14 15 16 17 AM BL CH CI DS FI HM LI LM MA MB MC MH OF SA TV VA WC ZZ"
    ),
    "HL03": {"20", "22", "23"}, "CLM05-2": {"A", "B"}, "CLM05-3": set("0123456789ABCDEFGHIJKMNOPQXYZ"),
    "SV101-1": {"HC", "ER", "IV", "WK"}, "SV202-1": {"HC", "HP", "IV", "WK", "ER"}, "SV301-1": {"AD"}, "ST01": {"837"},
    "HI-1": _words(
        "ABK ABF ABJ APR ABN BK BF BJ PR BN BG BE BH BI DR BBR BBQ BR BQ BP BO TC CAH"
    ),
    "BHT06": {"CH", "RP", "31"}, "GS01": {"HC"},
}  # fmt: skip


def key(text: str) -> str:
    """What a segment is: its id, with its first element where that says which of many it is."""
    elements = text.split("*")
    return "*".join(elements[:2]) if elements[0] in BY_FIRST_ELEMENT else elements[0]


def is_principal(text: str) -> bool:
    """Whether it is the HI of the principal diagnosis."""
    return text.startswith("HI*ABK:")


def loss_shows(piece: Piece, fmt: str) -> bool:
    """Whether the structure shows that a segment is gone."""
    name = "HI principal" if is_principal(piece.text) else key(piece.text)
    return (name, piece.loop) in REQUIRED or fmt in REQUIRED_IN_FORMAT.get((name, piece.loop), ())


def is_only_one(pieces: tuple[Piece, ...], at: int) -> bool:
    """Whether a segment is not one of two of a kind in its loop: without one of these, the file is as it should be."""
    own = (key(pieces[at].text), pieces[at].loop)
    return all((key(other.text), other.loop) != own for other in (*pieces[at - 1 : at], *pieces[at + 1 : at + 2]))


def valid_values(segment_id: str, element: int, component: int) -> set[str]:
    """The code list of an element or component, as far as it matters here."""
    name = "HI-1" if segment_id == "HI" else f"{segment_id}{element:02}" + (f"-{component}" if component else "")
    return VALID.get(name, set())
