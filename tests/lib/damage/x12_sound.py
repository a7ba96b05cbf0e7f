"""Sound 837 interchanges: a claim of interest between claims of other members, payers and providers.

Every person, clinic and number is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from tests.lib.damage.variant import DENY, PASS, REFER, REFUSED, REVIEW, TOKEN, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDES = {"837P": "005010X222A1", "837I": "005010X223A2", "837D": "005010X224A2"}
ISA = "ISA*00*          *00*          *ZZ*CLINICHUB      *ZZ*PAYERHUB       *261101*0901*^*00501*000000001*0*P*:"
PROVIDERS = (("1902000227", "LAKESIDE TEST CLINIC"), ("1902000334", "HILLTOP TEST CLINIC"))
FLORIDA, PREMERA, REGENCE = "FLORIDA BLUE", "PREMERA BLUE CROSS", "REGENCE BLUESHIELD"
CHARGES = (9400, 9425, 9450, 9475, 9500, 9525, 9550, 9575)


class Piece(NamedTuple):
    """A segment, the loop in which it is, and the claim and line (places among the file's) that it is part of."""

    text: str
    loop: str
    claim: int | None = None
    line: int | None = None


@dataclass(frozen=True)
class Sent:
    """A claim to be built; `outcome` is what its lines come to."""

    outcome: str = DENY
    payer: str = FLORIDA
    filing: str = "CI"
    rank: str = "P"
    group: str = ""
    plan: str = ""
    member: str = "M"
    provider: int = 0
    day: str = "20240304"
    procedures: tuple[str, ...] = ("0600T",)
    diagnoses: str = "HI*ABK:C251"
    health: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    line_facts: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    frequency: str = "1"
    pointers: str = "1"
    is_dependent: bool = False
    extra_payer: str = ""


@dataclass(frozen=True)
class Sound:
    """An interchange as it was sent."""

    name: str
    format: str
    mapping: str
    pieces: tuple[Piece, ...]
    lines: tuple[Line, ...]


NEIGHBORS = {
    "commercial": (Sent(), Sent(payer=PREMERA, provider=1, day="20220307"), Sent(payer=REGENCE, day="20260203")),
    "none": (Sent(filing="MC"), Sent(filing="MC", provider=1), Sent(filing="MC")),
}
TRIAL_DIAGNOSES = "HI*ABK:C251*ABF:Z006"
COB = (
    ("SBR*P*18*OTHERGRP******CI", "2320"), ("CAS*PR*2*100", "2320"), ("AMT*D*8000", "2320"), ("OI***Y***Y", "2320"),
    ("NM1*IL*1*TESTER*KIM****MI*OTHER77", "2330"), ("NM1*PR*2*OTHER PAYER*****PI*OP1", "2330"),
)  # fmt: skip
COMMERCIAL = {  # with a mapping's constant `line_of_business: commercial`
    "denied": Sent(),
    "denied-two-lines": Sent(procedures=("0600T", "0601T")),
    "trial-modifier-q0": Sent(REVIEW, procedures=("0600T:Q0",)),
    "trial-modifier-q1": Sent(REVIEW, procedures=("0600T:26:Q1",)),
    "trial-diagnosis": Sent(REVIEW, diagnoses=TRIAL_DIAGNOSES, pointers="1:2"),
    "trial-diagnosis-second-hi": Sent(REVIEW, health=("HI*ABF:K8590*ABF:Z006",), pointers="1:3"),
    "trial-number": Sent(REVIEW, facts=("REF*P4*00000017",)),
    "trial-device": Sent(REVIEW, facts=("REF*LX*G190123",)),
    "trial-condition": Sent(REVIEW, health=("HI*BG:A6*BG:30",)),
    "authorized-claim": Sent(REVIEW, facts=("REF*G1*AUTH0001",)),
    "authorized-line": Sent(REVIEW, line_facts=("REF*G1*AUTH0002",)),
    "tricare": Sent(REVIEW, filing="CH"),
    "veterans": Sent(REVIEW, filing="VA"),
    "fep-conflict": Sent(REVIEW, filing="FI"),
    "state-account-plan": Sent(REVIEW, plan="STATE ACCOUNT ORGANIZATION"),
    "contract-covers": Sent(PASS, group="G-COVERED"),
    "contract-asks": Sent(REVIEW, payer=REGENCE, day="20260203", group="G-ASK"),
    "contract-excludes": Sent(group="G-EXCLUDED"),
    "contract-excludes-trial": Sent(REVIEW, group="G-EXCLUDED", procedures=("0600T:Q0",)),
    "not-in-force": Sent(PASS, payer=REGENCE, day="20240304"),
    "unlisted": Sent(REVIEW, payer=PREMERA, day="20200302", procedures=("48999",)),
    "spans-boundary": Sent(REVIEW, payer=PREMERA, day="20200630-20200701", procedures=("48999",)),
    "payer-unknown": Sent(REVIEW, payer="SOME OTHER HEALTH PLAN"),
    "not-a-tumor": Sent(REVIEW, payer=REGENCE, day="20260203", diagnoses="HI*ABK:K8590"),
    "secondary": Sent(rank="S", others=COB),
    "secondary-trial": Sent(REVIEW, rank="S", others=COB, facts=("REF*P4*00000017",)),
    "void": Sent(PASS, frequency="8", facts=("REF*F8*PAYERS0001",)),
    "dependent-trial": Sent(REVIEW, is_dependent=True, procedures=("0600T:Q0",)),
    "two-payers": Sent(REFUSED, extra_payer=PREMERA),
    "no-date": Sent(REFUSED, day=""),
}  # fmt: skip
NONE = {  # no mapping: SBR09 and the member's number say the program
    "medicaid": Sent(filing="MC"),
    "fep-filing": Sent(REFER, filing="FI"),
    "fep-member": Sent(REFER, filing="BL", member="R"),
    "fep-dependent": Sent(REFER, filing="BL", member="R", is_dependent=True),
    "medicare-advantage": Sent(REVIEW, filing="16"),
    "medicare-advantage-premera": Sent(REFER, payer=PREMERA, filing="16"),
    "program-unknown": Sent(REVIEW, filing="BL"),
    "nhs": Sent(REVIEW, payer="NHS ENGLAND", filing="ZZ"),
}
INSTITUTIONAL = {
    "trial-value-code": Sent(REVIEW, health=("HI*BE:D4:::5",)),
    "admitting-only": Sent(REVIEW, payer=REGENCE, day="20260203", diagnoses="HI*ABK:K8590", health=("HI*ABJ:C251",)),
    "present-on-admission": Sent(REVIEW, diagnoses="HI*ABK:C251:::::::Y", health=("HI*ABF:Z006:::::::Y",)),
}


@dataclass
class _Builder:
    """An interchange in the making."""

    format: str
    pieces: list[Piece] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    levels: int = 0
    claims: int = 0

    def add(self, loop: str, *segments: str, claim: int | None = None, line: int | None = None) -> None:
        self.pieces += [Piece(segment, loop, claim, line) for segment in segments]

    def level(self, loop: str, parent: int | None, level: str, *, has_child: bool) -> int:
        """Open a hierarchical level; its number."""
        self.levels += 1
        self.add(loop, f"HL*{self.levels}*{parent or ''}*{level}*{int(has_child)}")
        return self.levels

    def provider(self, place: int) -> int:
        """Loops 2000A and 2010AA."""
        npi, name = PROVIDERS[place]
        number = self.level("2000A", None, "20", has_child=True)
        street = ("N3*9 PIER RD", "N4*HARBOR*FL*320010000", f"REF*EI*59111222{place}")
        self.add("2010AA", f"NM1*85*2*{name}*****XX*{npi}", *street)
        return number

    def claim(self, sent: Sent, parent: int) -> None:
        """Loops 2000B to 2400 of one claim."""
        self.claims += 1
        number = f"{sent.member}{TOKEN}{self.claims:02}"
        level = self.level("2000B", parent, "22", has_child=sent.is_dependent)
        relation = "" if sent.is_dependent else "18"
        self.add("2000B", f"SBR*{sent.rank}*{relation}*{sent.group}*{sent.plan}*****{sent.filing}")
        self.add("2010BA", f"NM1*IL*1*TESTER*PAT****MI*{number}", "DMG*D8*19600101*F")
        payers = [name for name in (sent.payer, sent.extra_payer) if name]
        self.add("2010BB", *(f"NM1*PR*2*{name}*****PI*SMP01" for name in payers))
        if sent.is_dependent:
            self.level("2000C", level, "23", has_child=False)
            self.add("2000C", "PAT*19")
            self.add("2010CA", "NM1*QC*1*TESTER*ALEX", "DMG*D8*20010704*U")
        self._claim_loops(sent, number)

    def _claim_loops(self, sent: Sent, member: str) -> None:
        claim = self.claims - 1
        claim_id = f"C{TOKEN}{'ABCDEFGH'[claim]}"
        first = len(self.lines)
        charges = [f"{CHARGES[first + place]}" for place in range(len(sent.procedures))]
        kind = "A" if self.format == "837I" else "B"
        facility = f"{'13' if kind == 'A' else '22'}:{kind}:{sent.frequency}"
        self.add("2300", f"CLM*{claim_id}*{sum(map(int, charges))}***{facility}*Y*A*Y*Y", claim=claim)
        self.add("2300", *self._claim_days(sent), *sent.facts, sent.diagnoses, *sent.health, claim=claim)
        for segment, loop in sent.others:
            self.add(loop, segment, claim=claim)
        for place, (procedure, charge) in enumerate(zip(sent.procedures, charges, strict=True)):
            segments = self._line(place + 1, procedure, charge, sent)
            self.add("2400", *segments, claim=claim, line=first + place)
            whose = (claim_id, member, sent.payer, PROVIDERS[sent.provider][0])
            day = f"{sent.day[:4]}-{sent.day[4:6]}-{sent.day[6:8]}"
            self.lines.append(Line(*whose, charge, sent.outcome, day))

    def _claim_days(self, sent: Sent) -> tuple[str, ...]:
        if self.format == "837I" and sent.day:
            first, _, last = sent.day.partition("-")
            return (f"DTP*434*RD8*{first}-{last or first}", "CL1*3*1*01")
        return ()

    def _line(self, number: int, procedure: str, charge: str, sent: Sent) -> list[str]:
        service = {
            "837P": f"SV1*HC:{procedure}*{charge}*UN*1***{sent.pointers}",
            "837I": f"SV2*0360*HC:{procedure}*{charge}*UN*1",
            "837D": f"SV3*AD:{procedure}*{charge}",
        }[self.format]
        form = "RD8" if "-" in sent.day else "D8"
        day = [f"DTP*472*{form}*{sent.day}"] if sent.day else []
        return [f"LX*{number}", service, *day, *sent.line_facts]


def interchange(fmt: str, claims: tuple[Sent, ...]) -> tuple[tuple[Piece, ...], tuple[Line, ...]]:
    """The segments and the lines of one interchange with one transaction."""
    built = _Builder(fmt)
    provider, parent = -1, 0
    for sent in claims:
        if sent.provider != provider:
            provider, parent = sent.provider, built.provider(sent.provider)
        built.claim(sent, parent)
    guide = GUIDES[fmt]
    head = [
        Piece(ISA, "ISA"), Piece(f"GS*HC*CLINICHUB*PAYERHUB*20261101*0901*1*X*{guide}", "GS"),
        Piece(f"ST*837*0001*{guide}", "ST"), Piece("BHT*0019*00*77*20261101*0901*CH", "ST"),
        Piece("NM1*41*2*HARBOR TEST CLINIC*****46*S1", "1000A"), Piece("PER*IC*BILLING*TE*5555550100", "1000A"),
        Piece("NM1*40*2*PAYERHUB*****46*R1", "1000B"),
    ]  # fmt: skip
    count = len(built.pieces) + len(head) - 2 + 1
    tail = [Piece(f"SE*{count}*0001", "SE"), Piece("GE*1*1", "GE"), Piece("IEA*1*000000001", "IEA")]
    return (*head, *built.pieces, *tail), tuple(built.lines)


def sound_interchanges() -> Iterator[Sound]:
    """All of them: each claim of interest between two neighbors, in each kind of 837 that can carry it."""
    for mapping, cases in (("commercial", COMMERCIAL), ("none", NONE)):
        before, after, beside = NEIGHBORS[mapping]
        for name, sent in cases.items():
            for fmt in GUIDES:
                focus = _fitted(sent, fmt)
                if focus is not None:
                    yield _sound(name, fmt, mapping, (before, focus, after))
            if name in {"trial-number", "contract-covers", "fep-filing"}:
                last = replace(sent, provider=1)
                yield _sound(f"{name}-last", "837P", mapping, (before, after, last, replace(beside, provider=1)))
    for name, sent in INSTITUTIONAL.items():
        yield _sound(name, "837I", "commercial", (NEIGHBORS["commercial"][0], sent, NEIGHBORS["commercial"][1]))
    replacement = Sent(REVIEW, frequency="7", facts=(f"REF*F8*C{TOKEN}A",), procedures=("0600T:Q0",))
    yield _sound("replaced", "837P", "commercial", (Sent(PASS), replacement), same_member=True)


def _fitted(sent: Sent, fmt: str) -> Sent | None:
    """The claim as that kind of 837 carries it; None where it cannot."""
    if fmt == "837D" and (sent.health or "-" in sent.day):
        return None
    return sent


def _sound(name: str, fmt: str, mapping: str, claims: tuple[Sent, ...], *, same_member: bool = False) -> Sound:
    pieces, lines = interchange(fmt, claims)
    if same_member:
        first = lines[0].member_id
        pieces = tuple(
            piece._replace(text=piece.text.replace(lines[-1].member_id, first)) for piece in pieces
        )  # fmt: skip
        lines = tuple(replace(line, member_id=first) for line in lines)
    return Sound(name, fmt, mapping, pieces, lines)
