"""The facts of decided lines, resolved again from the candidate lines in the run's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.edits import EDITS
from claims_edit.engine import facts as resolved
from claims_edit.errors import ResultsError
from claims_edit.facts.payer import payer_identity
from claims_edit.facts.revision import CLAIM, revising
from claims_edit.model import DECISION_LOCATION

if TYPE_CHECKING:
    from claims_edit.policy import Catalog
    from claims_edit.store import Replay


def facts_of(
    replay: Replay, rows: list[dict[str, Any]], catalog: Catalog, *, required: bool
) -> list[dict[str, Any] | None]:
    """For each decision row of a run its row of `engine.facts`, with `revised_by` and `unmet`.

    `revised_by` are the claims that replace or void it, `unmet` is by edit the position of its first unmet condition.

    A line that is not in the run's folder gives None.

    Raises:
        ResultsError: the run's candidate lines are damaged, or one is missing though the facts are `required`.
    """
    wanted = pl.DataFrame([{name: row[name] for name in DECISION_LOCATION} for row in rows])
    try:
        lines = replay.candidates.join(wanted.lazy(), on=DECISION_LOCATION, how="semi", maintain_order="left").collect()
        facts = resolved(lines, catalog, revisions=replay.revisions, contracts=replay.contracts)
        known = facts.with_columns(unmet=pl.struct(edit.first_unmet.alias(edit.id) for edit in EDITS)).to_dicts()
        revised = _revised_by(lines, replay.revisions, catalog)
    except (OSError, pl.exceptions.PolarsError):
        raise _damaged(replay) from None
    by_place = {
        tuple(line[name] for name in DECISION_LOCATION): line | {"revised_by": by}
        for line, by in zip(known, revised, strict=True)
    }  # fmt: skip
    found = [by_place.get(tuple(row[name] for name in DECISION_LOCATION)) for row in rows]
    if required and None in found:
        raise _damaged(replay)
    return found


def _damaged(replay: Replay) -> ResultsError:
    return ResultsError(
        f"{replay.rules.parent}: is damaged or lacks lines that the run decided (`prune` removes those that are not"
        " current), so the reasons for edits not triggered are not available. Restore it from a backup, or run the"
        " extracts again with --force."
    )


def _revised_by(lines: pl.DataFrame, revisions: pl.LazyFrame, catalog: Catalog) -> list[list[str]]:
    """For each line the claims that replace or void its claim, with their frequency code."""
    claims = lines.with_columns(payer_raw="payer").join(
        payer_identity(lines.select(payer_raw="payer"), catalog), on="payer_raw", how="left", maintain_order="left"
    )
    found = revising(claims, revisions, catalog).filter("is_certain")
    itself = (pl.col("revising_claim") == pl.col("claim_id")) & (
        pl.col("revising_frequency") == pl.col("claim_frequency_code")
    )
    named = pl.format("{} (claim_frequency_code {})", "revising_claim", "revising_frequency")
    revised = (
        claims.select(*CLAIM, "claim_frequency_code")
        .with_row_index("line")
        .join(found, on=CLAIM, how="left", nulls_equal=True)
        .group_by("line")
        .agg(by=named.filter(~itself.fill_null(value=True)).sort())
        .sort("line")
    )
    return list(revised["by"].to_list())
