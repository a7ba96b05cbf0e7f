"""The checks that malformed JSON fails, by name and path, never by value."""

from __future__ import annotations

import re

import msgspec

BAD_JSON = "row-bad-json"
BAD_FIELD = "row-bad-field"
PLACE = re.compile(r" - at `(.+)`$")
MISSING = re.compile(r"missing required field `(\w+)`")
INDEX = re.compile(r"\[\d+\]")


def failed_check(error: Exception) -> str:
    """The check that malformed JSON fails: of a field, the path to it and never its value."""
    if not isinstance(error, msgspec.ValidationError):
        return BAD_JSON
    message = str(error)
    place, missing = PLACE.search(message), MISSING.search(message)
    path = place[1] if place is not None else "$"
    if missing is not None:
        path = f"{path}.{missing[1]}"
    return f"{BAD_FIELD}:{INDEX.sub('[...]', path)}"
