"""The values of a mapping's keys, read from their YAML text: names, positions, words that are empty, rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

EVERY_COLUMN = "*"
VARIES = "varies"
MOST_LINES = 63  # of a row: their numbers fit the low bits of an ordinal
RANGE = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")
POSITION_KEYS = ({"start", "end"}, {"start", "length"})
YES_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True)
class Position:
    """The place of a field in a fixed-width line: its first and last character, counted from 1."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many characters it has."""
        return self.end - self.start + 1


def _position(given: Any) -> Position:  # noqa: ANN401 -- whatever YAML holds
    if isinstance(given, str) and (found := RANGE.fullmatch(given)):
        place = Position(int(found[1]), int(found[2] or found[1]))
    elif (
        isinstance(given, dict)
        and set(given) in POSITION_KEYS
        and all(isinstance(number, str) and number.isdecimal() for number in given.values())
    ):
        start = int(given["start"])
        place = Position(start, int(given["end"]) if "end" in given else start + int(given["length"]) - 1)
    else:
        raise ValueError("is not a position such as 1-13, {start: 1, length: 13} or {start: 1, end: 13}")
    if not 1 <= place.start <= place.end:
        raise ValueError("is not a position: the first character is 1, and the end is not before the start")
    return place


def _yes_or_no(given: Any) -> Any:  # noqa: ANN401 -- whatever YAML holds
    if isinstance(given, str) and given.lower() in YES_NO:
        return YES_NO[given.lower()]
    raise ValueError("is not true or false")


def _words_by_column(given: Any) -> Any:  # noqa: ANN401 -- whatever YAML holds
    return given if isinstance(given, dict) else {EVERY_COLUMN: given}


def _listed(given: Any) -> Any:  # noqa: ANN401 -- whatever YAML holds
    return [given] if isinstance(given, str) else given


def _length(given: Any) -> Any:  # noqa: ANN401 -- whatever YAML holds
    if given == VARIES or (isinstance(given, str) and given.isdecimal() and int(given) > 0):
        return given if given == VARIES else int(given)
    raise ValueError(f"must be a number of characters or `{VARIES}`")


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed)]
Value = Annotated[str | None, BeforeValidator(lambda given: None if given == "" else given)]
Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
Positions = dict[Name, Annotated[Position, BeforeValidator(_position)]]
WordsByColumn = Annotated[dict[str, Words], BeforeValidator(_words_by_column)]
RecordLength = Annotated[int | Literal["varies"] | None, BeforeValidator(_length)]
WordsByName = dict[Name, Words]
Count = Annotated[int, Field(ge=0, le=1000)]
LineCount = Annotated[int | None, Field(ge=2, le=MOST_LINES)]
