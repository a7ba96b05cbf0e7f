"""Text made of fixed and drawn parts, a whole column at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

Part = str | pl.Expr


def joined(parts: Iterable[Part]) -> pl.Expr:
    """The parts as one text, or null where one of them is null; adjacent fixed parts are joined first."""
    pieces: list[pl.Expr] = []
    fixed = ""
    for part in parts:
        if isinstance(part, str):
            fixed += part
        else:
            pieces += [pl.lit(fixed), part] if fixed else [part]
            fixed = ""
    return pl.concat_str([*pieces, pl.lit(fixed)] if fixed else pieces)


def where(condition: pl.Expr, parts: Iterable[Part]) -> pl.Expr:
    """The parts as one text where the condition is true, else an empty text."""
    return pl.when(condition).then(joined(parts)).otherwise(pl.lit(""))


def filled(value: pl.Expr, before: str = "") -> pl.Expr:
    """`before` and the value where there is one, else an empty text."""
    return where(value.is_not_null(), [before, value])


def text_bytes(column: pl.Series) -> bytes:
    """All texts of a column, one after the other, as UTF-8: the data buffer of its Arrow form."""
    data: bytes = column.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2].to_pybytes()
    return data
