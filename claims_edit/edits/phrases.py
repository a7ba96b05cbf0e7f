"""Small phrases that the texts share, independent of any payer, code or date."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from claims_edit.rule_files.policies import Version


def listed(words: Iterable[object], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    texts = [str(word) for word in words]
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def period(version: Version) -> str:
    """The days on which a policy version is in force."""
    first, last = version.from_.date, version.until
    return f"from {first} to {last.date}" if last else f"from {first} on"


def bounds(first: object, last: object) -> str:
    """A first and a last day, either of which may be open."""
    return " ".join(filter(None, (f"from {first}" if first else "", f"until {last}" if last else "")))


def days(start: dt.date | None, end: dt.date | None) -> str:
    """The service days."""
    if start is None:
        return "on an unknown day"
    return f"on {start}" if end is None or start == end else f"from {start} to {end}"


def lower(text: str) -> str:
    """The text with a lower-case first letter."""
    return text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]
