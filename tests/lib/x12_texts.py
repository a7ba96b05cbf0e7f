"""X12 837 texts from bytes: sound ones, and ones with a few oddities that the specification decides.

One byte makes one choice, and the first of the choices is the plainest one, so that a shrunken text is plain but for
what makes it fail. The first bytes name the oddities that a text may have; all else in it is sound.
"""

from __future__ import annotations

from typing import Any

from tests.lib.x12_loops import Choices, Line, billing

# element separator, component separator, segment terminator
DELIMITERS = (
    ("*", ":", "~"), ("*", ":", "\n"), ("|", ">", "~"), ("~", "^", "_"), ("\x1d", "\x1f", "\x1c"), ("*", ">", "\r"),
    ("+", ":", "'"), ("^", "|", "\n"),
)  # fmt: skip
LINE_ENDS = ("", "\n", "\r\n", "\r", "\n\n", " \n")
UNKNOWN = ("ZZZ", "Nd4", "", "NM31", "sv1", "C LM", "S", "SV", "H L", "X" * 40, "LX1", "837")

# Segments of one loop or another, to be put where they are in none.
ELSEWHERE: tuple[Line, ...] = (
    ["HI", ("ABF", "Z006")], ["REF", "P4", "00000017"], ["REF", "F8", "ORIGINAL1"], ["REF", "G1", "AUTH1"],
    ["DTP", "472", "D8", "20240305"], ["DTP", "434", "D8", "20240305"], ["DTP", "435", "D8", "20240305"],
    ["CL1", "1", "2", "01"], ["NM1", "IL", "1", "DOE", "", "", "", "", "MI", "M1001"], ["PAT", "19"],
    ["DMG", "D8", "19430501"], ["SBR", "P", "18"], ["NM1", "PR", "2", "REGENCE"], ["N3", "1 MAIN ST"],
    ["OI", "", "", "Y"], ["SVD", "OTHER", "12"], ["NM1", "82", "1", "KEMP"], ["NM1", "QC", "1", "DOE"],
    ["REF", "p4", "1"], ["DTP", "999", "D8"], ["LIN", "", "N4", "1"], ["REF", "XZ", "1"],
    ["AMT", "D", "1"], ["AMT", "ZZ", "1"], ["CR7", "AI"], ["HSD", "VS"],
    ["NM1", "XX", "1"], ["NM1", "85", "2", "OTHER"], ["NM1", "DN", "1"], ["LQ", "UT"],
    ["CAS", "CO", "45", "1"], ["BHT", "0019"], ["REF", "6R", "1"], ["REF", "0B", "1"], ["PER", "IC"],
    ["K3", "NCT01234567"],
)  # fmt: skip

ONCE = {
    ("SBR",), ("NM1", "IL"), ("NM1", "PR"), ("REF", "F8"), ("REF", "P4"), ("DTP", "472"), ("DTP", "434"),
    ("NM1", "82"), ("NM1", "77"), ("REF", "LX"), ("REF", "6R"),
}  # fmt: skip


def text_of(blob: bytes) -> bytes:
    """A file of one or two interchanges."""
    draw = Choices(blob)
    parts = [_interchange(draw, str(number)) for number in range(1, draw.pick((1, 1, 2)) + 1)]
    if draw.seldom("run-together"):
        parts = [part.rstrip()[:-1] + draw.pick((b"\n", b"\r\n  ")) for part in parts]
    content = b"".join(parts)
    if draw.seldom("cut"):
        first = content.index(b"GS") + 60
        content = content[: max(first, len(content) - 7 * draw.number())]
    elif draw.seldom("no-last-terminator"):
        content = content.rstrip()[:-1]
    if draw.seldom("trailing-lines"):
        content = b"".join((content, draw.pick((b"\n", b"\r\n\r\n  \r\n", b"\t\n \n"))))
    return b"\xef\xbb\xbf" + content if draw.seldom("bom") else content


# --- envelopes --------------------------------------------------------------------------------------------------------


def _interchange(draw: Choices, number: str) -> bytes:
    delimiters = draw.pick(DELIMITERS)
    line_end = draw.pick(LINE_ENDS)
    padded = number.zfill(9)
    groups = [_group(draw, f"{number}{place}") for place in range(1, draw.pick((1, 1, 1, 2)) + 1)]
    body = [line for group in groups for line in group]
    if not draw.seldom("iea-missing"):
        count = str(len(groups) + draw.seldom("iea-count"))
        body.append(["IEA", count, "77" if draw.seldom("iea-number") else padded])
    short = draw.seldom("short-isa")
    wide = [10, 10, 15, 15]
    names = ["", "", "SENDER", "RECEIVER"]
    fields = names if short else [name.ljust(width) for name, width in zip(names, wide, strict=True)]
    isa = [
        "ISA", "00", fields[0], "00", fields[1], "ZZ", fields[2], "ZZ", fields[3], "240305", "1253", "U", "00501",
        padded, "0", draw.pick(("T", "", "p", "I")) if draw.seldom("usage") else "P",
    ]  # fmt: skip
    element, component, terminator = delimiters
    content = element.join([*isa, component]) + terminator + line_end
    return content.encode() + b"".join(_rendered(draw, line, delimiters, line_end) for line in body)


def _rendered(draw: Choices, line: Line, delimiters: tuple[str, str, str], line_end: str) -> bytes:
    element, component, terminator = delimiters
    without = str.maketrans("", "", "".join(delimiters))
    parts = [
        component.join(part.translate(without) for part in ((given,) if isinstance(given, str) else given))
        for given in line
    ]
    before = draw.pick(("", "  ", "\t")) if draw.seldom("indent") else ""
    after = draw.pick((terminator, f" {terminator}", "\n" + terminator * 2)) if draw.seldom("blank-segments") else ""
    content = (before + element.join(parts) + terminator).encode()
    if draw.seldom("latin-1") and len(parts) > 3:
        content = content.replace(element.encode(), element.encode() + b"\xc9", 3)
    return content + after.encode() + line_end.encode()


def _group(draw: Choices, number: str) -> list[Line]:
    version = draw.pick(("005010X222A1", "005010X223A2", "004010X098A1", "005010X224A2", "005010"))
    body: list[Line] = [["GS", "HC", "SENDER", "RECEIVER", "20240305", "0802", number, "X", version]]
    sets = [_transaction(draw, f"{number}{place}", version) for place in range(1, draw.pick((1, 1, 1, 2)) + 1)]
    if draw.seldom("other-transaction"):
        sets.append([["ST", "835", "9"], ["BPR", "I"], ["CLP", "1"], ["SE", "4", "9"]])
    for place, lines in enumerate(sets):
        if place == 0 and draw.seldom("unknown-outside"):
            body.append([draw.pick((*UNKNOWN, "HL", "CLM", "TA1", "SE")), "1"])
            body += [["LX", "1"], ["SV1", ("HC", "0600T"), "1", "UN", "1", "", "", ("1",)]] if draw.often() else []
        body += lines
    if not draw.seldom("ge-missing"):
        count = str(len(sets) + draw.seldom("ge-count"))
        body.append(["GE", count, "78" if draw.seldom("ge-number") else number])
    return body


def _transaction(draw: Choices, number: str, version: str) -> list[Line]:
    purpose = draw.pick(("RP", "31", "", "XX")) if draw.seldom("purpose") else "CH"
    body: list[Line] = [
        ["BHT", "0019", "00", "1", "20240305", "0932", purpose],
        ["NM1", "41", "2", "SUBMITTER", "", "", "", "", "46", "1"],
        ["PER", "IC", "JANE", "TE", "9005555555"],
        ["NM1", "40", "2", "RECEIVER", "", "", "", "", "46", "2"],
    ]
    hl = 0
    for _ in range(draw.pick((1, 1, 1, 2))):
        hl = billing(draw, body, hl)
    body = _spoiled(draw, body)
    if draw.seldom("no-st"):
        return [*body, ["SE", str(len(body) + 2), number]]
    named = draw.pick(("005010X223A2", "", "005010X222A1")) if draw.seldom("guide") else version
    lines: list[Line] = [["ST", "837", number, named], *body]
    if not draw.seldom("se-missing"):
        count = str(len(lines) + 1 + draw.seldom("se-count"))
        lines.append(["SE", count, "79" if draw.seldom("se-number") else number])
    return lines


def _spoiled(draw: Choices, body: list[Line]) -> list[Line]:
    """The body with a segment lost, garbled, doubled, in another's place or not known, now and then."""
    steps: dict[str, Any] = {
        "lost": lambda place: body[:place] + body[place + 1 :],
        "garbled": lambda place: [*body[:place], [draw.pick(UNKNOWN), *body[place][1:]], *body[place + 1 :]],
        "unknown": lambda place: [*body[:place], [draw.pick(UNKNOWN), "1"], *body[place:]],
        "misplaced": lambda place: [*body[:place], draw.pick(ELSEWHERE), *body[place:]],
        "renumbered": lambda place: _renumbered(draw, body, place),
        "swapped": lambda place: [*body[:place], *body[place : place + 2][::-1], *body[place + 2 :]],
        "joined": lambda place: [*body[:place], *_joined(body[place : place + 2]), *body[place + 2 :]],
        "twice": lambda place: _doubled(body, place, other=False),
        "twice-different": lambda place: _doubled(body, place, other=True),
    }
    for oddity, spoil in steps.items():
        if draw.seldom(oddity):
            body = spoil((draw.number() * 256 + draw.number()) % len(body))
    return body


def _renumbered(draw: Choices, body: list[Line], near: int) -> list[Line]:
    """The HL nearest behind a place with another number."""
    place = next((place for place, line in enumerate(body) if place >= near and line[0] == "HL"), None)
    if place is None:
        return body
    hl = body[place]
    return [*body[:place], ["HL", draw.pick(("9", "1", "", "x")), *hl[2:]], *body[place + 1 :]]


def _joined(pair: list[Line]) -> list[Line]:
    """Two segments as they run together where the terminator between them is lost."""
    if len(pair) == 1:
        return pair
    before, behind = pair
    last = before[-1]
    torn = f"{last}{behind[0]}" if isinstance(last, str) else (*last[:-1], "".join((*last[-1:], str(behind[0]))))
    return [[*before[:-1], torn, *behind[1:]]]


def _doubled(body: list[Line], near: int, *, other: bool) -> list[Line]:
    """One of the segments that appear once in their loops, twice: the one nearest behind a place."""
    once = [place for place, line in enumerate(body) if {tuple(line[:1]), tuple(line[:2])} & ONCE]
    place = next((place for place in once if place >= near), None)
    if place is None:
        return body
    again: Line = [*body[place][:-1], f"{body[place][-1]}1"] if other else body[place]
    return [*body[: place + 1], again, *body[place + 1 :]]
