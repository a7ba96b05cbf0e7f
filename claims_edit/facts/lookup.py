"""The two ways to look up a line's rule: by key, and by key as of a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl


def by_key(lines: pl.DataFrame, table: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Add the columns of the one row of `table` with the same keys; null where there is none or a key is null."""
    return lines.join(table, on=keys, how="left", validate="m:1", maintain_order="left")


def latest_begun(lines: pl.DataFrame, table: pl.DataFrame, by: Sequence[str], day: str, since: str) -> pl.DataFrame:
    """Add the columns of the row of `table` with the same keys that began last on or before the line's `day`.

    Distinct keys and days are looked up, not lines, so the cost does not grow with the policies or the batch.
    """
    wanted = lines.select(*by, day).unique().drop_nulls().sort(day)
    found = wanted.join_asof(
        table.sort(since), left_on=day, right_on=since, by=list(by), coalesce=False, check_sortedness=False
    )
    return by_key(lines, found, *by, day)
