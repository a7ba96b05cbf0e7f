# ruff: noqa: INP001 -- beside the files that it writes, not a package
"""The claims of `claims.837`: the segments as a clearinghouse would send them, and the facts that a reader must find.

The facts are written down by hand, beside the segments and not from them: where the two disagree, the test of the deck
fails. Every person, clinic, claim and number is invented.
"""

from __future__ import annotations

ISA = "ISA*00*          *00*          *ZZ*SAMPLEHOUSE    *ZZ*SAMPLEPAYER    *261120*0300*^*00501*000000001*0*P*:"
GUIDES = {"1": "005010X222A1", "2": "005010X223A2"}  # professional, institutional
PARENTS = {"22": "20", "23": "22"}  # of the levels of HL: a clinic has members, a member dependents
NUMBERED = "HL*"  # such segments are numbered, and refer to their parents, when the file is put together


def clinic(npi: str, name: str) -> list[str]:
    """2000A and 2010AA: a billing provider."""
    return [f"{NUMBERED}20*1", f"NM1*85*2*{name}*****XX*{npi}", "N3*1 SAMPLE STREET", "N4*SAMPLETON*FL*320010000"]


def member(number: str, payer: str, sbr09: str, group: str = "", relationship: str = "18") -> list[str]:
    """2000B, 2010BA and 2010BB: a subscriber, who is the patient unless `relationship` is empty, and the payer."""
    return [
        f"{NUMBERED}22*{int(not relationship)}", f"SBR*P*{relationship}*{group}******{sbr09}",
        f"NM1*IL*1*SAMPLE*ROBIN****MI*{number}", "DMG*D8*19640229*U", f"NM1*PR*2*{payer}*****PI*SMP01",
    ]  # fmt: skip


def claim(claim_id: str, charge: str, place: str = "22:B:1") -> str:
    """CLM."""
    return f"CLM*{claim_id}*{charge}***{place}*Y*A*Y*Y"


def line(number: int, procedure: str, charge: str, day: str, pointers: str = "1") -> list[str]:
    """A line of a professional claim."""
    form = "RD8" if "-" in day else "D8"
    service = f"SV1*{procedure}*{charge}*UN*1***{pointers}".rstrip("*")
    return [f"LX*{number}", service, f"DTP*472*{form}*{day}"]


def hospital_line(number: int, procedure: str, charge: str, *day: str) -> list[str]:
    """A line of an institutional claim."""
    return [f"LX*{number}", f"SV2*0360*{procedure}*{charge}*UN*1", *(f"DTP*472*D8*{one}" for one in day)]


PANCREAS, PANCREAS_IN_A_TRIAL = "HI*ABK:C251", "HI*ABK:C251*ABF:Z006"
PANCREAS_AND_LIVER = "HI*ABK:C251*ABF:C787"
PROFESSIONAL = [
    *clinic("1902000227", "LAKESIDE SAMPLE CLINIC"),
    *member("M10030000", "FLORIDA BLUE", "MC"),
    claim("X-DENIED", "9400.00"), PANCREAS, *line(1, "HC:0600T", "9400.00", "20240304"),
    *member("M10030001", "FLORIDA BLUE", "FI"),
    claim("X-FEP-BY-SBR09", "9425.00"), PANCREAS, *line(1, "HC:0600T", "9425.00", "20240304"),
    *member("R10030002", "FLORIDA BLUE", "BL"),
    claim("X-FEP-BY-MEMBER-ID", "9450.00"), PANCREAS, *line(1, "HC:0600T", "9450.00", "20240304"),
    *member("M10030003", "PREMERA BLUE CROSS", "16"),
    claim("X-MA-BY-SBR09", "9475.00"), PANCREAS, *line(1, "HC:0600T", "9475.00", "20220307"),
    *member("M10030004", "FLORIDA BLUE", "BL"),
    claim("X-NO-PROGRAM", "9500.00"), PANCREAS, *line(1, "HC:0600T", "9500.00", "20240304"),
    *member("M10030005", "FLORIDA BLUE", "MC"),
    claim("X-COB-IS-NOT-THE-PAYER", "9525.00"), PANCREAS,
    "SBR*S*01*G-EXCLUDED******FI", "OI***Y***Y",  # 2320, 2330: what another payer insures
    "NM1*IL*1*SAMPLE*KIM****MI*R10030905", "NM1*PR*2*PREMERA BLUE CROSS*****PI*SMP02",
    *line(1, "HC:0600T", "9525.00", "20240304"),
    *member("M10030006", "FLORIDA BLUE", "MC"),
    claim("X-POINTED-DIAGNOSIS", "19125.00"), PANCREAS_AND_LIVER,
    *line(1, "HC:0600T", "9550.00", "20240304", "1"), *line(2, "HC:0601T", "9575.00", "20240304", "2:1"),
    *member("M10030008", "FLORIDA BLUE", "MC"),
    claim("X-NO-POINTERS", "9600.00"), PANCREAS, *line(1, "HC:0600T", "9600.00", "20240304", ""),
    *member("M10030009", "FLORIDA BLUE", "MC"),
    claim("X-TRIAL-NUMBER", "9625.00"), "REF*P4*00000017", PANCREAS, *line(1, "HC:0600T", "9625.00", "20240304"),
    *member("M10030010", "FLORIDA BLUE", "MC"),
    claim("X-REPLACED", "9650.00"), PANCREAS, *line(1, "HC:0600T", "9650.00", "20240304"),
    claim("X-REPLACEMENT", "9675.00", "22:B:7"), "REF*F8*X-REPLACED", PANCREAS,
    *line(1, "HC:0600T", "9675.00", "20240304"),
    *member("R10030012", "FLORIDA BLUE", "BL", relationship=""),
    f"{NUMBERED}23*0", "PAT*19", "NM1*QC*1*SAMPLE*ALEX", "DMG*D8*20010704*U",
    claim("X-DEPENDENT", "9700.00"), PANCREAS, *line(1, "HC:0600T", "9700.00", "20240304"),
    *member("M10030013", "PREMERA BLUE CROSS", "MC"),
    claim("X-FROM-TO", "9725.00"), PANCREAS, *line(1, "HC:48999", "9725.00", "20200630-20200701"),
    *member("M10030014", "FLORIDA BLUE", "MC"),
    claim("X-OTHER-CODE-SYSTEM", "19525.00"), PANCREAS,
    *line(1, "ER:LOCAL", "9750.00", "20240304"), *line(2, "HC:0600T:26:Q0", "9775.00", "20240304"),
    *member("M10030016", "FLORIDA BLUE", "MC", group="G-EXCLUDED"),
    claim("X-GROUP-EXCLUDES", "9800.00"), PANCREAS, *line(1, "HC:0600T", "9800.00", "20240304"),
    *member("M10030017", "FLORIDA BLUE", "MC"),
    claim("X-SHARED-ID", "9825.00"), PANCREAS, *line(1, "HC:0600T", "9825.00", "20240304"),
    *member("M10030900", "FLORIDA BLUE", "MC"), "NM1*PR*2*PREMERA BLUE CROSS*****PI*SMP02",
    claim("X-BAD-TWO-PAYERS", "9400.00"), PANCREAS, *line(1, "HC:0600T", "9400.00", "20240304"),
    *member("M10030901", "FLORIDA BLUE", "MC"),
    claim("X-BAD-NO-LINES", "9400.00"), PANCREAS,
    *clinic("1902000334", "HILLTOP SAMPLE CLINIC"),
    *member("M10030018", "FLORIDA BLUE", "FI"),
    claim("X-SHARED-ID", "9850.00"), PANCREAS, *line(1, "HC:0600T", "9850.00", "20240304"),
]  # fmt: skip
INSTITUTIONAL = [
    *clinic("1902000441", "SAMPLE HOSPITAL"),
    *member("M10030019", "FLORIDA BLUE", "MC"),
    claim("X-TRIAL-CONDITION", "9875.00", "13:A:1"), PANCREAS, "HI*BG:A6*BG:30",
    *hospital_line(1, "HC:0600T", "9875.00", "20240304"),
    *member("M10030020", "FLORIDA BLUE", "MC"),
    claim("X-STATEMENT-DATES", "9900.00", "13:A:1"), "DTP*434*RD8*20240304-20240306", PANCREAS,
    *hospital_line(1, "HC:0600T", "9900.00"),
    *member("M10030021", "PREMERA BLUE CROSS", "MC"),
    claim("X-CODE-NOT-VALID-YET", "9925.00", "13:A:1"), PANCREAS,
    *hospital_line(1, "HC:0600T", "9925.00", "20200630"),
]  # fmt: skip

# The lines in the order of the file, without the refused ones, whose ids begin with X-BAD:
# claim id | payer | line of business | start | code | first diagnosis | the rest
FACTS = """
X-DENIED                | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC
X-FEP-BY-SBR09          | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=FI
X-FEP-BY-MEMBER-ID      | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=BL member=R10030002
X-MA-BY-SBR09           | Premera Blue Cross |  | 2022-03-07 | 0600T | C25.1 | sbr09=16
X-NO-PROGRAM            | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=BL
X-COB-IS-NOT-THE-PAYER  | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC
X-POINTED-DIAGNOSIS     | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC
X-POINTED-DIAGNOSIS     | Florida Blue       |  | 2024-03-04 | 0601T | C78.7 | sbr09=MC line=2 dx2=C25.1
X-NO-POINTERS           | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC
X-TRIAL-NUMBER          | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC trial=00000017
X-REPLACED              | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC
X-REPLACEMENT           | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC frequency=7 original=X-REPLACED
X-DEPENDENT             | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=BL member=R10030012
X-FROM-TO               | Premera Blue Cross |  | 2020-06-30 | 48999 | C25.1 | sbr09=MC end=2020-07-01
X-OTHER-CODE-SYSTEM     | Florida Blue       |  | 2024-03-04 |       | C25.1 | sbr09=MC
X-OTHER-CODE-SYSTEM     | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC line=2 mod1=26 mod2=Q0
X-GROUP-EXCLUDES        | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC group=G-EXCLUDED
X-SHARED-ID             | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC
X-SHARED-ID             | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=FI member=M10030011
X-TRIAL-CONDITION       | Florida Blue       |  | 2024-03-04 | 0600T | C25.1 | sbr09=MC type=institutional conditions=A6;30
X-STATEMENT-DATES       | Florida Blue       |  |            | 0600T | C25.1 | sbr09=MC type=institutional claim_start=2024-03-04 claim_end=2024-03-06
X-CODE-NOT-VALID-YET    | Premera Blue Cross |  | 2020-06-30 | 0600T | C25.1 | sbr09=MC type=institutional
"""  # noqa: E501 -- a table
REFUSED = {  # claim id -> the segment of its row, whether the row has an id, and the checks
    "X-BAD-TWO-PAYERS": ("SV1", True, "row-conflicting-segments"),
    "X-BAD-NO-LINES": ("CLM", False, "row-claim-without-lines"),
}


def transaction(number: str, segments: list[str]) -> list[str]:
    """A functional group with one transaction, its HL segments numbered."""
    numbered: list[str] = []
    above: dict[str, int] = {}  # level -> the last HL of it
    for segment in segments:
        if segment.startswith(NUMBERED):
            level, children = segment.removeprefix(NUMBERED).split("*")
            above[level] = sum(one.startswith(NUMBERED) for one in numbered) + 1
            parent = above.get(PARENTS.get(level, ""), "")
            numbered.append(f"HL*{above[level]}*{parent}*{level}*{children}")
        else:
            numbered.append(segment)
    guide = GUIDES[number]
    body = [f"ST*837*{number:>04}*{guide}", f"BHT*0019*00*{number}*20261120*0300*CH", *numbered]
    return [
        f"GS*HC*SAMPLEHOUSE*SAMPLEPAYER*20261120*0300*{number}*X*{guide}",
        *body,
        f"SE*{len(body) + 1}*{number:>04}",
        f"GE*1*{number}",
    ]


def segments_of_file() -> list[str]:
    """Every segment of the file."""
    return [ISA, *transaction("1", PROFESSIONAL), *transaction("2", INSTITUTIONAL), "IEA*2*000000001"]


def text() -> str:
    """The file: one interchange, a segment a line."""
    return "".join(f"{segment}~\n" for segment in segments_of_file())


def places() -> list[dict[str, str]]:
    """Of each accepted line, in file order, the number of its service segment."""
    found: list[dict[str, str]] = []
    claim_id = ""
    for number, segment in enumerate(segments_of_file(), start=1):
        name, first = segment.split("*")[:2]
        if name == "CLM":
            claim_id = first
        elif name in {"SV1", "SV2"} and claim_id not in REFUSED:
            found.append({"source_row": str(number)})
    return found


def refused() -> list[dict[str, str]]:
    """The refused rows, in file order."""
    found = []
    claim_id = ""
    for number, segment in enumerate(segments_of_file(), start=1):
        name, first = segment.split("*")[:2]
        claim_id = first if name == "CLM" else claim_id
        at, has_id, checks = REFUSED.get(claim_id, ("", False, ""))
        if name == at:
            shown = claim_id if has_id else ""
            found.append({"source_row": str(number), "claim_id": shown, "failed_checks": checks})
    return found
