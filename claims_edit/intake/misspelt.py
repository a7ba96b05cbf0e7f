"""Columns of an extract whose names are a slip of the pen away from a column that a claim line has.

Passed over, such a column would take what it says with it: a modifier, a trial number, the procedure code itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 8  # letters and digits of a name; in a shorter one, one letter makes another word
_MARKS = re.compile(r"[^a-z0-9]")
_LETTERS = re.compile(r"[^0-9]")


def misspelt(unread: Iterable[str], absent: Iterable[str]) -> dict[str, str]:
    """Of the columns that nothing reads, those that are misspelt, with the canonical column that each one means.

    A name is misspelt where only case, blanks, dashes or underscores differ, or one letter: lost, added, replaced, or
    changed round with the next. Numbers tell columns apart, so that no digit may differ.
    """
    wanted = {_key(name): name for name in absent}
    found = {}
    for name in unread:
        key = _key(name)
        meant = wanted.get(key) or next((wanted[other] for other in wanted if is_slip(key, other)), None)
        if meant is not None:
            found[name] = meant
    return found


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
