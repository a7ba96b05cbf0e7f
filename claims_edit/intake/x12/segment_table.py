"""Which segment may appear in which loop: the 837 guides as one table.

Sources, as facts in our own words: the segment tables of 005010X222A1 and A2 (837P), 005010X223A2 and A3 (837I),
005010X224A2 (837D), and of 004010X098A1, X096A1 and X097A1, whose own additions are under FORMERLY. Guides of one
version are read together: a loop holds what any of the three gives it. Loops under one parent begin with a segment of
their own and may come in any order, so a loop is named by its parent and that segment.
"""

from __future__ import annotations

# Beyond the guides: PER, PRV and N2 beside a name do no harm; of references to a provider, member or payer any is read.
_PARTY = "N2 N3 N4 PER REF* PRV"
_PROVIDER = "N2 N3 N4 PER REF*0B,1G,G2,LU PRV"
_OTHER_PROVIDER = "REF*0B,1G,G2,LU"
_FORMER_NUMBERS = "REF*0B,1A,1B,1C,1D,1E,1G,1H,1J,EI,FH,G2,G5,LU,N5,SY,TJ,U3,X4,X5"

# By parent: its own segments (""), then for the segments that begin a loop below it, that loop's segments.
LOOPS: dict[str, dict[str, str]] = {
    "1000": {
        "": "BHT REF*87",
        "NM1*41,40": "PER N2",
    },
    "2000A": {
        "": "PRV CUR",
        "NM1*85,87,PE": _PARTY,
    },
    "2000B": {
        "": "SBR PAT",
        "NM1*IL": f"{_PARTY} DMG",
        "NM1*PR": _PARTY,
    },
    "2000C": {
        "": "PAT",
        "NM1*QC": f"{_PARTY} DMG",
    },
    "2300": {
        "": "DTP*050,090,091,096,296,297,304,314,360,361,431,434,435,439,444,452,453,454,455,471,472,484"
        " CL1 DN1 DN2 PWK CN1 AMT*F3,F5 K3 NTE CR1 CR2 CRC HI HCP"
        " REF*1J,4N,9A,9C,9F,D9,EA,EW,F5,F8,G1,G3,G4,LU,LX,P4,X4",
        "NM1*DN,P3,82,77,DQ,PW,45,71,72,ZZ,DD": _PROVIDER,
    },
    "2320": {
        "": "CAS AMT*D,A8,EAF OI MIA MOA",
        "NM1*IL": "N2 N3 N4 REF*SY",
        "NM1*PR": "N2 N3 N4 PER DTP*573 REF*2U,9F,EI,F8,FY,G1,G3,NF,T4",
        "NM1*DN,P3,82,77,DQ,71,72,ZZ,85,DD": _OTHER_PROVIDER,
    },
    "2400": {
        "": "SV4 SV5 TOO PWK CR1 CR3 CRC CN1 MEA K3 NTE PS1 HCP QTY AMT*F4,GT,N8,T"
        " DTP*011,196,198,304,441,446,452,454,455,461,463,471,472,607,738,739"
        " REF*6R,9B,9D,9F,BT,EW,F4,G1,G3,X4",
        "LIN": "CTP REF*VY,XZ",
        "NM1*82,QB,77,DQ,DK,DN,P3,PW,45,72,ZZ,DD": _PROVIDER,
        "SVD": "CAS DTP*573 AMT*EAF",
        "LQ": "FRM",
    },
}  # fmt: skip
FORMERLY: dict[str, dict[str, str]] = {
    "2000B": {"NM1*AO,QD": _PARTY},
    "2300": {
        "": "DTP*330,438 AMT*C5,MA,NE REF*1S,DD CR6 QTY",
        "CR7": "HSD",
        "NM1*73,QB,FA,LI,TL": f"{_PROVIDER} {_FORMER_NUMBERS}",
        "NM1*DN,P3,82,77,DQ,71,72,DD": _FORMER_NUMBERS,
    },
    "2320": {
        "": "DMG AMT*A8,AA,AAE,AU,B1,B6,C4,D8,DY,F2,F5,KF,N1,PG,T,T2,T3,YT,ZZ",
        "NM1*IL,QC": "REF*1W,23,IG,SY",
        "NM1*PR": "REF*D8,TJ",
        "NM1*73,QB,FA,LI,TL": _FORMER_NUMBERS,
        "NM1*DN,P3,82,77,DQ,71,72": _FORMER_NUMBERS,
    },
    "2400": {
        "": "DTP*119,431,438,453,480,481,866 CR2 CR5 HSD AMT*AAE REF*1S,OZ,TP,VP",
        "NM1*71,73,FA,LI,TL": f"{_PROVIDER} {_FORMER_NUMBERS}",
        "NM1*82,QB,77,DQ,DK,DN,P3,PW,45,72,DD": _FORMER_NUMBERS,
        "NM1*PR": "REF*9F,G1",
    },
}
OPENED_BY = {"ST*837": "1000", "HL*20": "2000A", "HL*22": "2000B", "HL*23": "2000C", "CLM": "2300"}  # and LX, SV: 2400


def segments_of(text: str) -> tuple[str, ...]:
    """The segments that a text of the table lists, one for each qualifier: `REF*G1,P4` is `REF*G1` and `REF*P4`."""
    listed = (entry.partition("*") for entry in text.split())
    return tuple(
        f"{name}*{qualifier}" if star else name
        for name, star, qualifiers in listed
        for qualifier in qualifiers.split(",")
    )
