"""The values that the options of a run take: each check converts one, or names its fault and the remedy."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from claims_edit.errors import UsageError
from claims_edit.local_path import REMEDY, is_url

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

AnyPath = str | os.PathLike[str]
Kept = TypeVar("Kept")
Word = TypeVar("Word", bound=StrEnum)
_CHECK = "check"


class _Fault(Exception):  # noqa: N818 -- becomes a line of a UsageError
    """What is wrong with a value, and the remedy."""


def by(check: Callable[[object], object]) -> dict[str, Callable[[object], object]]:
    """The metadata of a field that keeps what a check makes of the value given for it."""
    return {_CHECK: check}


def keep_checked(options: DataclassInstance, given: Mapping[str, object]) -> None:
    """Set every field to what its check makes of the given value.

    Raises:
        UsageError: values that are of no use, a line each.
    """
    faults = []
    for each in fields(options):
        try:
            object.__setattr__(options, each.name, each.metadata[_CHECK](given[each.name]))
        except _Fault as fault:
            faults.append(f"{each.name}: {fault}")
    if faults:
        raise UsageError(*sorted(faults))


def _is_a(value: object) -> str:
    return "is None" if value is None else f"is of type {type(value).__name__}"


def path_text(value: object) -> str:
    """A path as text, as it was given."""
    given = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(given, str):
        raise _Fault(f"{_is_a(given)}. Give a path, as text or pathlib.Path.")
    if not given:
        raise _Fault(
            "an empty path, which would be the current folder. Name a file or a folder (. is the current one)."
        )
    return _without_nul(given)


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise _Fault("has a NUL character. Remove it.")
    return text


def path(value: object) -> Path:
    """A path."""
    return Path(path_text(value))


def local(value: object) -> Path:
    """A path of this machine: a URL is refused, because `Path` would make a folder of its scheme."""
    if is_url(given := path_text(value)):
        raise _Fault(f"{given} {REMEDY}")
    return Path(given)


def paths(value: object) -> tuple[str, ...]:
    """One path, or several."""
    if isinstance(value, str | bytes | os.PathLike) or not isinstance(value, Iterable):
        return (path_text(value),)
    if found := tuple(map(path_text, value)):
        return found
    raise _Fault("no path is given. Name the files or folders of the claims.")


def day(value: object) -> date:
    """A calendar day: a date, the date of a moment, or an ISO date as text."""
    try:
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        raise _Fault("not a date. Write it as 2026-11-20.") from None
    if isinstance(value, date):
        return value
    raise _Fault(f"{_is_a(value)}. Give a date, or text such as 2026-11-20.")


def share(value: object) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise _Fault(f"{_is_a(value)}. Give a number from 0 to 1.")
    number = float(value)
    if not 0 <= number <= 1:
        raise _Fault("is not between 0 and 1. Give a share of the rows, such as 0.05.")
    return number


def flag(value: object) -> bool:
    """True or False: text such as "no" would count as true."""
    if not isinstance(value, bool):
        raise _Fault(f"{_is_a(value)}. Give True or False.")
    return value


def text(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise _Fault(f"{_is_a(value)}. Give text.")
    return _without_nul(value)


def optional(check: Callable[[object], Kept]) -> Callable[[object], Kept | None]:
    """None, or what a check takes."""
    return lambda value: None if value is None else check(value)


def one_of(words: Collection[str]) -> Callable[[object], str]:
    """One of these words."""

    def chosen(value: object) -> str:
        if not isinstance(value, str):
            raise _Fault(f"{_is_a(value)}. Use one of {', '.join(words)}.")
        if value not in words:
            raise _Fault(f"{value!r} is not available. Use one of {', '.join(words)}.")
        return value

    return chosen


def member_of(kind: type[Word]) -> Callable[[object], Word]:
    """A member of an enumeration, or its text."""
    chosen = one_of([member.value for member in kind])
    return lambda value: kind(chosen(value))


def some_of(words: Collection[str]) -> Callable[[object], tuple[str, ...]]:
    """One of these words, or several, or none; in their own order."""
    chosen = one_of(words)

    def found(value: object) -> tuple[str, ...]:
        several: Any = value if isinstance(value, Iterable) and not isinstance(value, str | bytes) else [value]
        named = set(map(chosen, several))
        return tuple(word for word in words if word in named)

    return found
