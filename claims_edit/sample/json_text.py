"""JSON texts of a whole column, from one structure whose leaves may be expressions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import polars as pl

from claims_edit.sample.text_columns import Part, where


@dataclass(frozen=True)
class Number:
    """A number of each row."""

    value: pl.Expr


@dataclass(frozen=True)
class Where:
    """A member or element (never the first) of only the rows that meet the condition."""

    condition: pl.Expr
    value: Json


Json = str | int | bool | pl.Expr | Number | Where | Sequence["Json"] | Mapping[str, "Json"]


def filled(value: pl.Expr) -> Where:
    """A member that is left out where it is null."""
    return Where(value.is_not_null(), value)


def json_parts(value: Json) -> list[Part]:
    """The structure as JSON text without spaces; an expression is a string, escaped.

    Raises:
        ValueError: the first member or element of a structure may be left out.
    """
    match value:
        case str() | int():
            return [json.dumps(value)]
        case pl.Expr():
            return ['"', _escaped(value), '"']
        case Number():
            return [value.value.cast(pl.String)]
        case Mapping():
            return ["{", *_inside([(f"{json.dumps(name)}:", member) for name, member in value.items()]), "}"]
        case Sequence():
            return ["[", *_inside([("", element) for element in value]), "]"]
        case Where():
            raise ValueError("an optional part must be inside a structure, and not first")
        case _:
            assert_never(value)


def _inside(members: list[tuple[str, Json]]) -> list[Part]:
    parts: list[Part] = []
    for place, (name, value) in enumerate(members):
        if isinstance(value, Where) and place:
            parts.append(where(value.condition, [f",{name}", *json_parts(value.value)]))
        else:
            parts += ["," if place else "", name, *json_parts(value)]
    return parts


def _escaped(text: pl.Expr) -> pl.Expr:
    """Backslashes and quotes; the sample's texts have no control characters."""
    return text.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
