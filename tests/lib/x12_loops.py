"""The loops of random 837s: billing providers, subscribers, patients, claims and lines, some of them odd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TEXT_BYTES = 700
MOST_ODDITIES = 6

Element = str | tuple[str, ...]
Line = list[Element]

ENVELOPE_ODDITIES = (
    "se-missing", "se-count", "se-number", "ge-missing", "ge-count", "ge-number", "iea-missing", "iea-count",
    "iea-number", "other-transaction", "unknown-outside", "short-isa", "no-st", "usage", "purpose", "guide",
)  # fmt: skip
TEXT_ODDITIES = (
    "bom", "indent", "blank-segments", "no-last-terminator", "trailing-lines", "cut", "latin-1", "utf-8",
    "run-together",
)  # fmt: skip
LOOP_ODDITIES = (
    "lost", "garbled", "unknown", "twice", "twice-different", "parent", "level", "swapped", "joined", "order", "member",
    "biller", "misplaced", "renumbered",
)  # fmt: skip
CLAIM_ODDITIES = (
    "place", "frequency", "no-lines", "diagnoses", "code-sets", "many-diagnoses", "claim-dates", "roles", "total",
    "references",
)  # fmt: skip
LINE_ODDITIES = (
    "no-lx", "two-services", "no-service", "procedure", "pointers", "line-dates", "charge", "line-number", "other-kind",
)  # fmt: skip
ODDITIES = (*ENVELOPE_ODDITIES, *TEXT_ODDITIES, *LOOP_ODDITIES, *CLAIM_ODDITIES, *LINE_ODDITIES)

MEMBERS = ("M1001", "R12345678", "M 2002", "030005*074:A~|>^+_'", "")
PAYERS = (
    ("Florida Blue", "00590"), ("REGENCE BLUESHIELD", ""), ("", "00430"), ("Premera Blue Cross", "430"), ("", ""),
)  # fmt: skip
GROUPS = ("", "G1", "2222-SJ")
INDICATORS = ("CI", "BL", "MB", "16", "", "CI", "MC", "QX", "ci")
CLAIM_IDS = ("A37YH556", "756048Q", "R03996273 #01", "A*B:C~D|E>F^G+H_I'J", "26463774")
CODES = ("99213", "0600T", "0601T", "47384", "J3301", "A0427")
TEN = ("C220", "C787", "K7581", "Z006", "C61", "C220")
NINE = ("1550", "V707", "E8888", "1977")
NPIS = ("1912301953", "1999996666", "1234567890")
DATES = ("20240305", "20230110", "20260101")
CHARGES = ("100", "40.00", "12.25", "0", "-9400.5", ".5")
PLACES = (("11", "B", "1"), ("22", "B", "7"), ("13", "A", "1"), ("11", "", "1"), ("83", "A", "8"))


class Choices:
    """Bytes spent one by one; when they are spent, every choice is the plainest one."""

    def __init__(self, blob: bytes) -> None:
        """The first bytes say which oddities may come up."""
        self._bytes: Iterator[int] = iter(blob)
        count = next(self._bytes, 0) % (MOST_ODDITIES + 1)
        self.odd = {ODDITIES[next(self._bytes, 0) % len(ODDITIES)] for _ in range(count)}

    def pick(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return values[next(self._bytes, 0) % len(values)]

    def number(self) -> int:
        """A number below 256."""
        return next(self._bytes, 0)

    def often(self) -> bool:
        """Whether something common is there."""
        return bool(self.pick((False, True)))

    def seldom(self, oddity: str) -> bool:
        """Whether an oddity that the text may have comes up here."""
        return oddity in self.odd and bool(self.pick((False, True, True)))


def billing(draw: Choices, body: list[Line], hl: int) -> int:
    """Add a billing provider with its subscribers behind HL number `hl`; gives the last one's number."""
    hl += 1
    own = str(hl)
    body.append(["HL", own, "", "20", "1"])
    if draw.often():
        body.append(["PRV", "BI", "PXC", "203BA0200N"])
    identifier = (
        draw.pick((("24", "587654321"), ("", ""), ("XX", ""))) if draw.seldom("biller") else ("XX", draw.pick(NPIS))
    )
    body.append(["NM1", "85", "2", "Billing Clinic", "", "", "", "", *identifier])
    body += [["N3", "1 MAIN ST"], ["N4", "MIAMI", "FL", "33111"]]
    if not draw.seldom("biller"):
        body.append(["REF", draw.pick(("EI", "EI", "SY")), draw.pick(("587654321", "58 765-432a", ""))])
    if draw.often():
        body += [["NM1", "87", "2"], ["REF", "EI", "111111111"]]
    for _ in range(draw.pick((1, 1, 2, 3))):
        hl = _subscriber(draw, body, hl, own)
    return hl


def _subscriber(draw: Choices, body: list[Line], hl: int, parent: str) -> int:
    hl += 1
    own = str(hl)
    body.append(["HL", own, parent, "22", "1"])
    group, plan, indicator = draw.pick(GROUPS), draw.pick(("", "GOLD")), draw.pick(INDICATORS)
    order = draw.pick(("S", "T", "C", "U", "", "p")) if draw.seldom("order") else "P"
    body.append(["SBR", order, "18", group, plan, "", "", "", "", indicator])
    kind = draw.pick(("II", "ZZ", "", "SY", "mi")) if draw.seldom("member") else "MI"
    name = "JON" if "utf-8" not in draw.odd else "Zoë"
    body.append(["NM1", "IL", "1", "DOE", name, "", "", "", kind, draw.pick(MEMBERS)])
    body.append(["DMG", "D8", "19430501", "F"])
    name, number = draw.pick(PAYERS)
    body.append(["NM1", "PR", "2", name, "", "", "", "", "PI", number])
    patients = draw.pick((0, 0, 1, 2))
    for _ in range(draw.pick((1, 1, 2)) if patients == 0 or draw.often() else 0):
        _claim(draw, body)
    for _ in range(patients):
        hl += 1
        level = draw.pick(("PT", "", "24")) if draw.seldom("level") else "23"
        body.append(["HL", str(hl), "99" if draw.seldom("parent") else own, level, "0"])
        body += [["PAT", "19"], ["NM1", "QC", "1", "DOE", "TED"]]
        for _ in range(draw.pick((1, 1, 2))):
            _claim(draw, body)
    return hl


def _claim(draw: Choices, body: list[Line]) -> None:
    service = draw.pick(("SV1", "SV2", "SV3"))
    diagnoses = _diagnoses(draw)
    places = sum(len(line) - 1 for line in diagnoses)
    count = 0 if draw.seldom("no-lines") else draw.pick((1, 1, 2, 4))
    lines = [_line(draw, number, service, places) for number in range(1, count + 1)]
    charges = [part[3 if part[0] == "SV2" else 2] for line in lines for part in line if str(part[0]) in _CHARGED]
    total = _total(charges) if not draw.seldom("total") else draw.pick(("1.00", "", "many", "0", "100.0"))
    place = draw.pick(PLACES)
    if draw.seldom("place"):
        place = draw.pick(
            (("", "B", "1"), ("11", "X", "1"), ("", "A", "7"), ("11",), ("2", "B", "1"), ("11 B", "", "1"))
        )
    if draw.seldom("frequency"):
        place = place[:2]
    body.append(["CLM", draw.pick(CLAIM_IDS), total, "", "", place, "Y", "A", "Y", "Y"])
    body += _claim_dates(draw)
    if draw.often():
        body.append(["CL1", "1", "2", "01"])
    for qualifier, value in (
        ("F8", "ORIGINAL1"), ("P4", "00000017"), ("LX", "G190123"), ("G1", "AUTH1"), ("9F", "REF1"), ("D9", "1731"),
    ):  # fmt: skip
        if draw.pick((False, False, False, True)):
            body.append(["REF", qualifier, "" if draw.seldom("references") else value])
    body += diagnoses
    if draw.pick((False, False, True)):
        body.append(["HI", ("BG", "30"), ("BG", "A6"), ("BH", "A1", "D8", "19261111")][: draw.pick((2, 3, 4))])
    if draw.pick((False, False, True)):
        body.append(["HI", ("BE", "D4", "", "", "12345678"), ("BE", "80", "", "", "2")][: draw.pick((2, 3))])
    body += _notes(draw)
    body += _providers(draw, "roles")
    for _ in range(draw.pick((0, 0, 1, 2))):
        body += _other_payer(draw)
    for line in lines:
        body += line


def _notes(draw: Choices) -> list[Line]:
    if not draw.seldom("references"):
        return []
    return [draw.pick((["NTE", "ADD", "NCT01234567"], ["K3", "STUDY NCT 01234567"], ["K3", "NCT1"]))]


_CHARGED = ("SV1", "SV2", "SV3")


def _total(charges: Sequence[Element]) -> str:
    cents = 0
    for charge in charges:
        whole, _, part = str(charge).lstrip("-").partition(".")
        if not (whole + part).isdigit():
            return str(charge)
        amount = int(whole or 0) * 100 + int(part.ljust(2, "0") or 0)
        cents += -amount if str(charge).startswith("-") else amount
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _claim_dates(draw: Choices) -> list[Line]:
    lines: list[Line] = []
    for qualifier in draw.pick(((), ("434",), ("435",), ("434", "435"), ("472",), ("472", "434"), ("431", "454"))):
        day = draw.pick(DATES)
        form = draw.pick(("D8", "RD8", "DT" if qualifier == "435" else "D8"))
        text = {"D8": day, "RD8": f"{day}-{day[:6]}28", "DT": f"{day}0800"}[form]
        if draw.seldom("claim-dates"):
            form, text = draw.pick(_ODD_DATES)
        lines.append(["DTP", qualifier, form, text])
    return lines


_ODD_DATES = (
    ("D8", "2024035"), ("RD8", "20240305"), ("RD9", "20240305-20240306"), ("", "20240305"), ("D8", ""), ("TM", "0800"),
    ("RD8", "20240305-2024036"), ("DT", "2024030508"), ("D8", "20240305-20240306"), ("D8", "2024-03-05"),
)  # fmt: skip


HI_ELEMENTS = 12


def _diagnoses(draw: Choices) -> list[Line]:
    first, other, codes = ("ABK", "ABF", TEN) if draw.pick((True, True, False)) else ("BK", "BF", NINE)
    count = draw.pick((1, 2, 3, 4, 0, 12))
    if draw.seldom("many-diagnoses"):
        pairs = [(other if place else first, f"C{place:02}") for place in range(10, 10 + draw.pick((24, 25, 26, 30)))]
        return [["HI", *pairs[at : at + HI_ELEMENTS]] for at in range(0, len(pairs), HI_ELEMENTS)]
    pairs = [(other if place else first, draw.pick(codes)) for place in range(count)]
    if draw.seldom("code-sets"):
        pairs = [*pairs[:-1], ("BF" if first == "ABK" else "ABF", draw.pick(codes))]
    elements: Line = list(pairs)
    if draw.seldom("diagnoses") and elements:
        place = draw.number() % len(elements)
        odd = draw.pick(
            (
                ("ABF", ""),
                ("ABF",),
                "C220",
                ("XYZ", "C220"),
                "",
                ("", "C61"),
                ("ABF", "C220", "D8"),
                ("abf", "C220"),
                ("ABF", "C220", "ABF", "Z006"),
                ("ABF>C220",),
                ("ABF", "C22O.0x"),
                ("ABF", *("C220", *("",) * 6, "Y")),
                ("ABF", *("C220", *("",) * 6, "Q")),
                ("ABF", *("C220", *("",) * 6, "Y", "ABF", "Z006")),
                ("APR", "R100"),
                ("ABN", "W010"),
                ("BBR", "0FT40ZZ", "D8", "20240305"),
                ("BG", "30", "A6"),
                ("BG", "3"),
                ("BG",),
                ("DR", "470"),
                ("BE", "D4", "", "", "1", "2"),
                ("BE", ""),
                ("BBQ", "", "D8"),
                ("BI", "70", "RD8", "20240305-20240306", "1"),
            )
        )
        elements = [*elements[:place], odd, *elements[place:]][:HI_ELEMENTS]
    split = draw.pick((len(elements), 1))
    lines: list[Line] = [["HI", *elements[:split]], ["HI", *elements[split:]]]
    if draw.pick((False, False, True)):
        lines.append(["HI", ("ABJ" if first == "ABK" else "BJ", draw.pick(codes))])
    return [line for line in lines if len(line) > 1]


def _providers(draw: Choices, oddity: str) -> list[Line]:
    lines: list[Line] = []
    for role in ("82", "77"):
        if draw.pick((False, False, True)):
            kind = draw.pick(("24", "")) if draw.seldom(oddity) else "XX"
            lines.append(["NM1", role, "1", "KILDARE", "BEN", "", "", "", kind, draw.pick(NPIS)])
    return lines


def _other_payer(draw: Choices) -> list[Line]:
    order = draw.pick(("P", "T", "U", "")) if draw.seldom("order") else "S"
    lines: list[Line] = [
        ["SBR", order, "01", "OTHERGROUP", "", "", "", "", "", "CI"],
        *draw.pick(([], [["CAS", "PR", "1", "7.93"]], [["AMT", "D", "80"], ["AMT", "EAF", "7"]], [["MOA"]])),
        ["OI", "", "", "Y", "", "", "Y"],
        ["NM1", "IL", "1", "SMITH", "JACK", "", "", "", "MI", "OTHERMEMBER"],
        ["NM1", "PR", "2", "OTHER PAYER", "", "", "", "", "PI", "OTHER"],
        ["DTP", "573", "D8", "20240101"],
        ["REF", "F8", "OTHERCLAIM"],
        ["REF", "G1", "OTHERAUTH"],
        ["NM1", "82", "1", "OTHER", "", "", "", "", "XX", "1811111111"],
    ]
    return lines[: len(lines) - draw.pick((4, 3, 0))]


def _line(draw: Choices, number: int, service: str, places: int) -> list[Line]:
    lines: list[Line] = []
    if not draw.seldom("no-lx"):
        lines.append(["LX", draw.pick(("", "x", "0")) if draw.seldom("line-number") else str(number)])
    if not draw.seldom("no-service"):
        lines.append(_service(draw, service, places))
    if draw.pick((True, True, True, False)):
        day = draw.pick(DATES)
        form = draw.pick(("D8", "RD8"))
        text = day if form == "D8" else f"{day}-{day[:6]}28"
        if draw.seldom("line-dates"):
            form, text = draw.pick(_ODD_DATES)
        lines.append(["DTP", "472", form, text])
    if draw.pick((False, False, False, True)):
        number = "" if draw.seldom("references") else "LINEAUTH"
        lines += [["DTP", "607", "D8", "20240305"], ["REF", "G1", number], ["REF", "6R", "1"]]
    lines += _notes(draw)
    lines += _providers(draw, "roles")
    if draw.seldom("two-services"):
        lines += [_service(draw, service, places), ["DTP", "472", "D8", draw.pick(DATES)]]
    if draw.pick((False, False, False, True)):
        lines += [
            ["SVD", "OTHER", "12", ("HC", "99999"), "", "1"],
            ["CAS", "CO", "45", "1"],
            ["DTP", "573", "D8", "20240307"],
        ]
    return lines


def _service(draw: Choices, service: str, places: int) -> Line:
    if draw.seldom("other-kind"):
        service = draw.pick(("SV1", "SV2", "SV3"))
    modifiers = draw.pick(((), (), ("26",), ("59", "Q0"), ("", "RT"), ("26", "59", "Q1", "LT", "a description")))
    procedure: Element = ("AD" if service == "SV3" else "HC", draw.pick(CODES), *modifiers)
    if draw.seldom("procedure"):
        odd = (
            ("WK", "99213"),
            "99213",
            ("HC",),
            "",
            ("", "99213"),
            ("HC", "", "26"),
            "HC!99213",
            ("hc", "99213"),
            ("N4", "1", "26"),
            ("WK", "AB123"),
            ("ER", "x"),
            ("HC", "99213", "", "", "", "", "a description", "more"),
            ("HC", "99213", "", "", "", "", "", "HC", "0600T"),
            ("HC", "99213", "", "", "", "", "", " "),
        )
        procedure = draw.pick(odd)
    charge = draw.pick(("", "many", "1O0", "12,5", "+5")) if draw.seldom("charge") else draw.pick(CHARGES)
    units = draw.pick(("1", "3.00", "", "0"))
    place = draw.pick(("", "", "22", "2"))
    if service == "SV2":
        return [
            "SV2",
            draw.pick(("0305", "0730", "")),
            "" if draw.pick((0, 0, 0, 1)) else procedure,
            charge,
            "UN",
            units,
        ]
    reported = draw.pick(((), ("1",), ("1", "2"), ("2", "1"), ("1", "2", "3", "4")))
    pointers = tuple(pointer for pointer in reported if int(pointer) <= places)
    if draw.seldom("pointers"):
        pointers = draw.pick(
            (
                ("9",),
                ("0", "1"),
                ("1", "x"),
                ("x",),
                ("13",),
                ("1", "1"),
                ("01",),
                ("9" * 20,),
                ("1.0",),
                (),
                ("12",),
                ("1", "", "2"),
                ("", "1"),
                ("1", "2", "3", "4", "1"),
                ("1", "", ""),
                ("1>2",),
            )
        )
    if service == "SV1":
        return ["SV1", procedure, charge, "UN", units, place, "", pointers, "", "Y"]
    return ["SV3", procedure, charge, place, ("1",), "I", units, "", "", "", "", pointers]
