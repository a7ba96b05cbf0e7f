"""The doubts of a line, each with its location in the extract and how to resolve it."""

from __future__ import annotations

from typing import Any, NamedTuple

from claims_edit.doubts import AT, DOUBTS, SEPARATOR


class PlacedDoubt(NamedTuple):
    """One doubt of a line; the location is empty if it is not available."""

    name: str
    label: str
    place: str
    remedy: str


def doubts_of(row: dict[str, Any], known: dict[str, Any] | None) -> list[PlacedDoubt]:
    """The doubts of a decision row, with their locations where the line's facts are `known`; sorted."""
    if known is not None and known.get("doubts"):
        tokens = sorted(set(known["doubts"].split(SEPARATOR)))
    else:
        tokens = [name for name in (row.get("doubts") or "").split(", ") if name]
    return [_placed(token) for token in tokens]


def _placed(token: str) -> PlacedDoubt:
    name, _, place = token.partition(AT)
    doubt = DOUBTS.get(name)
    label = doubt.label if doubt else f"{name}."
    remedy = doubt.remedy if doubt else "Compare the claim with the record."
    return PlacedDoubt(name, label, place.replace("-", " "), remedy)
