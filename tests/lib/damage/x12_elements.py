"""Damage inside one segment of an 837: its elements and components, their qualifiers and separators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lib.damage.x12_guide import QUALIFIERS, REQUIRED_ELEMENTS, key, valid_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lib.damage.x12_sound import Piece, Sound

Change = tuple[str, str, str]  # the kind of damage, where, and the segment as it is then
ELEMENT_MARKS = ("|", "^", ":", " ", ";", "")
COMPONENT_MARKS = (">", ";", "^", "|", " ", "-", ",", "", "::", "*")
HEALTH_CODES = ("{}.", ".{}", "-{}", "{}-", " {}", "{} ", "{},", "'{}'")
POINTERS = {
    "1": ("0", "13", "9", "A", "-1", "1.0", "1;1", "1,1", "11", "1 1", "111", "1>1", "*1"),
    "1:2": ("12", "1;2", "1,2", "1 2", "1>2", "1^2", "1-2", "1|2", "1:13", "1:A", "1:0", "1:9", "1::2", "1*2", "1:2x"),
    "1:3": ("13", "1;3", "1,3", "1 3", "1>3", "1^3", "1-3", "1:33", "1:A", "1:0", "1:9", "1*3"),
}


def element_damages(piece: Piece, sound: Sound) -> Iterator[Change]:
    """Everything that is done to one segment."""
    elements = piece.text.split("*")
    yield from _emptied(elements)
    yield from _qualifiers(elements)
    yield from _separators(elements, piece)
    yield from _components(elements)
    if elements[0] == "HL":
        yield from _hierarchy(elements)
    if elements[0] == "HI":
        yield from _health(elements)
    if elements[0] == "SV1":
        yield from _pointers(elements)
    if elements[0] == "DTP":
        yield from _dates(elements)
    if elements[0] in {"SE", "GE", "IEA"}:
        yield from _counts(elements)
    if elements[0] == "CLM":
        total = elements[2]
        yield "claim-total", "CLM02", joined(elements, 2, f"{int(total) + 100}")
    if elements[0] == "LX":
        for number in ("0", "7", "A", "1.5", "-1", ""):
            yield "line-number", "LX01", joined(elements, 1, number)
    assert sound


def joined(elements: list[str], place: int, text: str) -> str:
    """The segment with another text at one place."""
    return "*".join([*elements[:place], text, *elements[place + 1 :]])


def _emptied(elements: list[str]) -> Iterator[Change]:
    name = key("*".join(elements))
    required = REQUIRED_ELEMENTS.get(name) or REQUIRED_ELEMENTS.get(elements[0]) or ()
    for place in required:
        if place < len(elements) and elements[place]:
            where = f"{elements[0]}{place:02}"
            yield "element-emptied", where, joined(elements, place, "")
            yield "element-cut-off", where, "*".join(elements[:place])
    for place in range(1, len(elements)):
        is_text = elements[0] in {"N3", "N4", "PER"} or (elements[0], place) == ("SBR", 3)  # another group's number
        if elements[place] and elements[place].lower() != elements[place] and not is_text:
            yield "element-lower-case", f"{elements[0]}{place:02}", joined(elements, place, elements[place].lower())


def _qualifiers(elements: list[str]) -> Iterator[Change]:
    places = QUALIFIERS.get(elements[0], ())
    if elements[0] == "HI":
        places = tuple((place, 1) for place in range(1, len(elements)))
    for place, component in places:
        if place >= len(elements):
            continue
        parts = elements[place].split(":")
        nth = component - 1 if component else 0
        if nth >= len(parts) or not parts[nth]:
            continue
        value = parts[nth]
        where = f"{elements[0]}{place:02}" + (f"-{component}" if component else "")
        for damage, text in _garbled(value):
            if text not in valid_values(elements[0], place, component) | {value}:
                changed = ":".join([*parts[:nth], text, *parts[nth + 1 :]])
                yield f"qualifier-{damage}", where, joined(elements, place, changed)


def _garbled(value: str) -> Iterator[tuple[str, str]]:
    yield "case", value.lower()
    yield "cut", value[:-1]
    yield "unknown", "Q?"
    yield "unknown", "QQ" if len(value) > 1 else "@"
    yield "doubled", value + value
    yield "longer", value + value[-1]
    yield "spaced", f"{value} "
    yield "spaced", f" {value}"
    yield "split", f"{value[0]} {value[1:]}"
    yield "turned", value[::-1]
    yield "quoted", f'"{value}"'


def _separators(elements: list[str], piece: Piece) -> Iterator[Change]:
    if piece.loop == "ISA":
        return
    for place in range(len(elements) - 1):
        before, after = "*".join(elements[: place + 1]), "*".join(elements[place + 1 :])
        where = f"{elements[0]}{place:02}"
        filled = bool(elements[place] and elements[place + 1])
        for mark in ELEMENT_MARKS:
            if filled or place == 0:
                damage = "element-glued" if not mark else "element-separator"
                yield damage, where, f"{before}{mark}{after}"
        yield "element-inserted", where, f"{before}**{after}" if filled else f"{before}*QX*{after}"
        if filled and place and elements[place] != elements[place + 1]:
            swapped = [*elements[:place], elements[place + 1], elements[place], *elements[place + 2 :]]
            yield "elements-swapped", where, "*".join(swapped)


def _components(elements: list[str]) -> Iterator[Change]:
    for place, element in enumerate(elements):
        parts = element.split(":")
        if len(parts) == 1 or elements[0] == "ISA":
            continue
        where = f"{elements[0]}{place:02}"
        for at in range(1, len(parts)):
            before, after = ":".join(parts[:at]), ":".join(parts[at:])
            for mark in COMPONENT_MARKS:
                damage = "component-glued" if not mark else "component-separator"
                if mark not in {"", "::"} or (parts[at - 1] and parts[at]):
                    yield damage, where, joined(elements, place, f"{before}{mark}{after}")
        if place + 1 < len(elements) and ":" in elements[place + 1]:
            glued = [*elements[:place], f"{element}:{elements[place + 1]}", *elements[place + 2 :]]
            yield "composites-glued", where, "*".join(glued)
        yield "components-turned", where, joined(elements, place, ":".join(reversed(parts)))
        yield "component-emptied", where, joined(elements, place, ":".join(["", *parts[1:]]))
        if elements[0] in {"HI", "SV1", "SV2", "SV3"}:
            yield "component-emptied", where, joined(elements, place, ":".join([parts[0], "", *parts[2:]]))


def _hierarchy(elements: list[str]) -> Iterator[Change]:
    own, parent, level, _ = elements[1:5]
    for place, values in (
        (1, (own, parent, "1", "2", "3", "4", "9", "A", "0")),
        (2, (own, "1", "2", "3", "4", "9", "A")),
    ):
        for value in dict.fromkeys(values):
            if value != elements[place] and value:
                yield "hierarchy-number", f"HL*{level} HL{place:02}", joined(elements, place, value)
    for value in ("20", "22", "23", "19", "24", "2", ""):
        if value != level:
            yield "hierarchy-level", f"HL*{level} HL03", joined(elements, 3, value)


def _health(elements: list[str]) -> Iterator[Change]:
    for place in range(1, len(elements)):
        qualifier, code, *more = elements[place].split(":")
        where = f"HI*{qualifier} HI{place:02}-2"
        for form in HEALTH_CODES:
            changed = ":".join([qualifier, form.format(code), *more])
            yield "health-code-form", where, joined(elements, place, changed)
        for extra in (":X", ":X:Y:Z", ":::::::Q", "::", ":ABF:Z006"):
            yield "health-code-leftover", where, joined(elements, place, f"{qualifier}:{code}" + extra)


def _pointers(elements: list[str]) -> Iterator[Change]:
    for pointers in POINTERS.get(elements[7], ()):
        yield "pointer", "SV107", joined(elements, 7, pointers)


def _dates(elements: list[str]) -> Iterator[Change]:
    day = elements[3]
    texts = (day[:-1], day[2:], day + "0", f"{day[:4]}-{day[4:]}", "00000000", "99999999", day.replace("0", "O"),
             f" {day[1:]}", f"{day[4:]}{day[:4]}", f"{day}-", f"-{day}", "20241399")  # fmt: skip
    for text in texts:
        yield "date-form", f"DTP*{elements[1]} DTP03", joined(elements, 3, text)


def _counts(elements: list[str]) -> Iterator[Change]:
    count, control = elements[1], elements[2]
    for value in (str(int(count) + 1), str(int(count) - 1), "0", "A", "", f"{count}{count}"):
        yield "count", f"{elements[0]}01", joined(elements, 1, value)
    yield "control-number", f"{elements[0]}02", joined(elements, 2, control[:-1] + "9")
