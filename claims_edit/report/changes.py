"""Lines that change under other rules, summed in money by payer, by billing provider and by single edit."""

from __future__ import annotations

import polars as pl

from claims_edit.model import Disposition

MONEY = pl.Decimal(38, 2)
MEASURES: dict[str, pl.DataType] = {
    "lines": pl.Int64(), "charges": MONEY, "denied_before": MONEY, "denied_after": MONEY, "denied_change": MONEY,
}  # fmt: skip
"""Lines that change; their charges; the charges denied before and after, and the difference."""
BY_EDIT: dict[str, pl.DataType] = {"edit_before": pl.String(), "edit_after": pl.String(), **MEASURES}
BY_PAYER: dict[str, pl.DataType] = {"payer": pl.String(), **MEASURES}
BY_PROVIDER: dict[str, pl.DataType] = {"billing_npi": pl.String(), **MEASURES}


def change_sums(
    lines: pl.DataFrame, disposition: tuple[str, str], edit: tuple[str, str], *further: str
) -> pl.DataFrame:
    """Lines that change, summed by billing provider and by the edits that decide them before and after.

    Args:
        lines: the lines that change, each with `billing_npi`, `charge_amount` (null counts as zero), and:
        disposition: the columns of the disposition before and after.
        edit: the columns of the deciding edit before and after; null where the line is not decided.
        further: more columns to sum by.

    Returns:
        The further columns, billing_npi and BY_EDIT, for `by_provider`, `by_edit` and (with `payer`) `by_payer`; the
        frames of several batches may be concatenated.
    """
    money = pl.col("charge_amount").fill_null(0).cast(MONEY)
    before, after = (pl.when(pl.col(each) == Disposition.DENY).then(money).sum().cast(MONEY) for each in disposition)
    return lines.group_by(*further, "billing_npi", edit_before=edit[0], edit_after=edit[1]).agg(
        lines=pl.len().cast(pl.Int64),
        charges=money.sum().cast(MONEY),
        denied_before=before,
        denied_after=after,
        denied_change=(after - before).cast(MONEY),
    )


def by_payer(sums: pl.DataFrame) -> pl.DataFrame:
    """BY_PAYER: the largest change of denied charges first."""
    return _by(sums, ["payer"])


def by_provider(sums: pl.DataFrame) -> pl.DataFrame:
    """BY_PROVIDER: the largest change of denied charges first."""
    return _by(sums, ["billing_npi"])


def by_edit(sums: pl.DataFrame) -> pl.DataFrame:
    """BY_EDIT: the largest change of denied charges first."""
    return _by(sums, ["edit_before", "edit_after"])


def _by(sums: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    summed = sums.group_by(keys).agg(pl.col(name).sum().cast(kind) for name, kind in MEASURES.items())
    size = [pl.col("denied_change").abs(), pl.col("charges"), pl.col("lines")]
    return summed.sort(*size, *keys, descending=[*[True] * len(size), *[False] * len(keys)], nulls_last=True)
