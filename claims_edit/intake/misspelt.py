"""Columns of an extract whose names are probably misspellings of a claim line's column.

If ignored, its facts would be lost: a modifier, a trial number, the procedure code itself.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 8  # letters and digits of a name; in a shorter one, one letter makes another word
_MARKS = re.compile(r"[^a-z0-9]")
_DIGITS = re.compile(r"[0-9]+")
_LETTERS = re.compile(r"[^0-9]")


def misspelt(unread: Iterable[str], absent: Iterable[str]) -> dict[str, str]:
    """The unused columns that are misspelled, with the canonical column that each one means.

    A name is misspelled if only case, blanks, dashes or underscores differ, or one letter: lost, added, replaced, or
    swapped with the next. Numbers distinguish columns, so no digit may differ.
    """
    wanted = {_key(name): name for name in absent}
    found = {}
    for name in unread:
        key = _key(name)
        meant = wanted.get(key) or next((wanted[other] for other in wanted if is_slip(key, other)), None)
        if meant is not None:
            found[name] = meant
    return found


def doubtful(unread: Iterable[str], absent: Iterable[str]) -> tuple[str, ...]:
    """The unused columns whose names are at most two letters from a missing canonical one.

    Each is a warning: two letters, and one in a short name, may make another word. Names that differ only in their
    numbers are different columns.
    """
    wanted = {_key(name) for name in absent}
    return tuple(name for name in unread if any(_is_near(_key(name), other) for other in wanted))


def _is_near(one: str, other: str) -> bool:
    most = 2 if len(other) >= SHORTEST else 1
    if not one or abs(len(one) - len(other)) > most or _is_numbered_otherwise(one, other):
        return False
    differing = Counter(one)
    differing.subtract(other)
    return sum(map(abs, differing.values())) <= 2 * most and _distance(one, other) <= most


def _is_numbered_otherwise(one: str, other: str) -> bool:
    return _DIGITS.sub("0", one) == _DIGITS.sub("0", other)


def _distance(one: str, other: str) -> int:
    """How many letters are lost, added, replaced or changed round with the next (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        this = [row]
        for place, wanted in enumerate(other, 1):
            best = min(last[place] + 1, this[place - 1] + 1, last[place - 1] + (letter != wanted))
            if row > 1 and place > 1 and letter == other[place - 2] and one[row - 2] == wanted:
                best = min(best, before[place - 2] + 1)
            this.append(best)
        before, last = last, this
    return last[-1]


def _key(name: str) -> str:
    return _MARKS.sub("", name.lower())


def is_slip(one: str, other: str, shortest: int = SHORTEST) -> bool:
    """Whether two names, neither shorter than `shortest`, differ in one letter."""
    if min(len(one), len(other)) < shortest or abs(len(one) - len(other)) > 1:
        return False
    if _LETTERS.sub("", one) != _LETTERS.sub("", other):
        return False
    first = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest = one[first:], other[first:]
    turned = rest[0][:2] == rest[1][:2][::-1] and rest[0][2:] == rest[1][2:]
    return rest[0][1:] == rest[1][1:] or rest[0][1:] == rest[1] or rest[0] == rest[1][1:] or turned
