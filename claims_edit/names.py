"""How names are compared: without regard to case, spaces or punctuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable


def name_key(text: pl.Expr) -> pl.Expr:
    """The letters and digits of the text in lower case (String); null where there are none."""
    key = text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")
    return pl.when(key != "").then(key)


def name_keys(names: Iterable[str]) -> list[str | None]:
    """The key of each name, by the same expression that claim lines are matched with."""
    frame = pl.DataFrame({"name": pl.Series(list(names), dtype=pl.String)})
    return frame.select(name_key(pl.col("name"))).to_series().to_list()
