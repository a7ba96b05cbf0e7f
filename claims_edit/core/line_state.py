"""What became of each claim line that was ever decided: the state across nights, updated by a run (ADR 0017).

Pure: frames in, frames out. A state row is keyed by `high`, `low` (hashes of its claim and of the line itself).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.schema import DECIDED, IDENTITY, KEY, STATE_SCHEMA
from claims_edit.model import REPLACEMENT, VOID, Effect, LineStatus

if TYPE_CHECKING:
    from datetime import date

_CURRENT, _SUPERSEDED = LineStatus.CURRENT, LineStatus.SUPERSEDED


@dataclass(frozen=True)
class Updated:
    """The lines that a run saw or changed.

    Attributes:
        lines: STATE_SCHEMA, `came` (whether the run has the line), `effect`, `own_…` of the run's own decision
            (`source_file`, `source_row`, `disposition`, `charge_amount`), and `was_disposition`, of the decision that
            was current before.
        withdrawn: KEY, IDENTITY, DECIDED of the decisions that are no longer current, `why`, and `by`, a claim id.
    """

    lines: pl.DataFrame
    withdrawn: pl.DataFrame


def updated(
    state: pl.DataFrame,
    came: pl.DataFrame,
    traces: pl.DataFrame,
    replacing_lines: pl.DataFrame,
    seen_that_night: pl.DataFrame,
    *,
    as_of: date,
    run_id: str,
) -> Updated:
    """Bring the lines that a run touches up to date.

    Args:
        state: STATE_SCHEMA, each line once: of the lines that came, and of the claims that the run's revisions name.
        came: CAME_SCHEMA, each line once: those in `state`, and those that the run decided.
        traces: TRACE_SCHEMA, of this run and of earlier ones: those of the claims in `state` and `came`.
        replacing_lines: `own_high`, `claim_line_number`: the lines of the run's replacements.
        seen_that_night: KEY of the lines that an earlier run of the same night saw.
        as_of: the night of the run.
        run_id: the run; its id is greater than those of earlier runs.
    """
    lines = _joined(state, came)
    lines = _seen(lines, seen_that_night, as_of, run_id)
    lines = _with_revisions(lines, traces)
    lines = _with_status(lines)
    lines = _with_effect(lines, replacing_lines)
    touched = lines.filter(pl.col("came") | pl.col("is_changed"))
    withdrawn = lines.filter(pl.col("why").is_not_null()).select(*KEY, *IDENTITY, *DECIDED, "why", "by")
    return Updated(_as_state(touched), withdrawn)


def _joined(state: pl.DataFrame, came: pl.DataFrame) -> pl.DataFrame:
    """The lines of both, each once; `came` is whether the run has the line."""
    seen = came.with_columns(came=pl.lit(value=True))
    joined = state.join(seen, on=list(KEY), how="full", coalesce=True, suffix="_came", maintain_order="left_right")
    return joined.with_columns(
        *(pl.coalesce(name, f"{name}_came").alias(name) for name in IDENTITY),
        pl.col("came").fill_null(value=False),
        pl.col("is_refused").fill_null(value=False),
        is_decided=pl.col("own_decided_run_id").is_not_null(),
        is_new=pl.col("status").is_null(),
        was_current=pl.col("status").eq_missing(pl.lit(_CURRENT)),
        was_status=pl.col("status"),
        was_superseded_by=pl.col("superseded_by"),
    ).drop([f"{name}_came" for name in IDENTITY])


def _seen(lines: pl.DataFrame, seen_that_night: pl.DataFrame, as_of: date, run_id: str) -> pl.DataFrame:
    """Count the night of the run for the lines that came, and whether they came in their latest form."""
    night = pl.lit(as_of, pl.Date)
    before = seen_that_night.select(*KEY).unique().with_columns(seen_before=pl.lit(value=True))
    between = night.is_between("first_seen", "last_seen", closed="none") & pl.col("seen_before").is_null()
    is_new_night = pl.col("is_new") | (night > pl.col("last_seen")) | (night < pl.col("first_seen")) | between
    newer = pl.col("came") & (pl.col("is_new") | (night >= pl.col("latest_as_of")))
    came = pl.col("came")
    return (
        lines.join(before, on=list(KEY), how="left", maintain_order="left")
        .with_columns(
            times_seen=pl.col("times_seen").fill_null(0) + (came & is_new_night).cast(pl.Int32),
            first_seen=pl.when(came).then(pl.min_horizontal("first_seen", night)).otherwise("first_seen"),
            last_seen=pl.when(came).then(pl.max_horizontal("last_seen", night)).otherwise("last_seen"),
            is_newer=newer,
            latest_as_of=pl.when(newer).then(night).otherwise("latest_as_of"),
            latest_run_id=pl.when(newer).then(pl.lit(run_id)).otherwise("latest_run_id"),
        )
        .drop("seen_before")
    )


def _with_revisions(lines: pl.DataFrame, traces: pl.DataFrame) -> pl.DataFrame:
    """Add what revises each line's claim: `by`, `by_frequency`, `by_high`; `unclear_…`; and `replaced`, a night.

    A void has precedence, then the revision that came on the latest night; nothing revises itself.
    """
    numbered = lines.with_row_index("__line")
    pairs = numbered.select("__line", "high", line_claim="claim_id", line_frequency="claim_frequency_code").join(
        traces, left_on="high", right_on="named_high", how="inner"
    )
    own = pl.col("claim_id") == pl.col("line_claim")
    others = pairs.filter(~(own & (pl.col("claim_frequency_code") == pl.col("line_frequency"))))
    order = ("claim_frequency_code", "first_as_of", ~own, "claim_id")
    certain = (
        others.filter("is_certain")
        .group_by("__line")
        .agg(
            by=pl.col("claim_id").sort_by(*order).last(),
            by_frequency=pl.col("claim_frequency_code").sort_by(*order).last(),
            by_high=pl.col("own_high").sort_by(*order).last(),
        )
    )
    last = ("last_as_of", "last_run_id", "claim_id")
    unclear = (
        others.filter(~pl.col("is_certain"))
        .group_by("__line")
        .agg(
            unclear_by=pl.col("claim_id").sort_by(*last).last(),
            unclear_as_of=pl.col("last_as_of").sort_by(*last).last(),
            unclear_run_id=pl.col("last_run_id").sort_by(*last).last(),
        )
    )
    replaced = traces.filter("is_certain", pl.col("claim_frequency_code") == REPLACEMENT)
    replaced = replaced.group_by(high="own_high").agg(replaced=pl.col("last_as_of").max())
    return (
        numbered.join(certain, on="__line", how="left", maintain_order="left")
        .join(unclear, on="__line", how="left", maintain_order="left")
        .join(replaced, on="high", how="left", maintain_order="left")
        .drop("__line")
    )


def _with_status(lines: pl.DataFrame) -> pl.DataFrame:
    """The status of each line after the run, in the order of the ADR's rules."""
    frequency = pl.col("claim_frequency_code")
    is_dropped = (frequency == REPLACEMENT) & (pl.col("last_seen") < pl.col("replaced")).fill_null(value=False)
    latest_is_later = (
        (pl.col("unclear_as_of") > pl.col("latest_as_of"))
        | ((pl.col("unclear_as_of") == pl.col("latest_as_of")) & (pl.col("unclear_run_id") > pl.col("latest_run_id")))
    ).fill_null(value=False)
    is_superseded = (frequency == VOID) | pl.col("by").is_not_null() | is_dropped
    formless = pl.when("is_refused").then(pl.lit(LineStatus.REFUSED)).otherwise(pl.lit(LineStatus.NO_CANDIDATE))
    came_with = pl.when(pl.col("is_decided")).then(pl.lit(_CURRENT)).otherwise(formless)
    status = (
        pl.when(is_superseded)
        .then(pl.lit(_SUPERSEDED))
        .when(latest_is_later)
        .then(pl.lit(LineStatus.REVISION_UNCLEAR))
        .when("is_newer")
        .then(came_with)
        .otherwise("was_status")
    )
    by = pl.when(pl.col("by").is_not_null()).then("by").when(is_dropped).then("claim_id")
    return lines.with_columns(
        status=status, superseded_by=pl.when(is_superseded & (frequency != VOID)).then(by), is_dropped=is_dropped
    )


def _with_effect(lines: pl.DataFrame, replacing_lines: pl.DataFrame) -> pl.DataFrame:
    """Add `effect` of the run on each line, and of each decision that it withdraws `why` and `by`."""
    status = pl.col("status")
    is_current, is_superseded = status == _CURRENT, status == _SUPERSEDED
    what = ("disposition", "charge_amount", "facts")
    same = pl.all_horizontal(pl.col(f"own_{name}").eq_missing(pl.col(name)) for name in what)
    became = is_current & pl.col("is_newer") & pl.col("is_decided") & ~(pl.col("was_current") & same)
    had_decision = pl.col("decided_run_id").is_not_null()
    withdrawn = (pl.col("was_current") & ~is_current) | (became & had_decision)
    same_number = replacing_lines.select(by_high="own_high", claim_line_number="claim_line_number").unique()
    known = lines.join(
        same_number.with_columns(has_line=pl.lit(value=True)),
        on=["by_high", "claim_line_number"],
        how="left",
        maintain_order="left",
    )
    superseded_why = (
        pl.when(pl.col("by_frequency") == VOID)
        .then(pl.lit(Effect.VOIDED))
        .when(pl.col("by").is_not_null() & pl.col("has_line"))
        .then(pl.lit(Effect.REPLACED))
        .otherwise(pl.lit(Effect.DROPPED))
    )
    why = (
        pl.when(became)
        .then(pl.lit(Effect.CHANGED))
        .when(is_superseded)
        .then(superseded_why)
        .otherwise(status)  # no-candidate, refused or revision-unclear
    )
    by = (
        pl.when(is_superseded)
        .then(pl.coalesce("superseded_by", "claim_id"))
        .when(status == LineStatus.REVISION_UNCLEAR)
        .then("unclear_by")
        .otherwise("claim_id")
    )
    is_first = ~(pl.col("was_status").eq_missing(pl.lit(_SUPERSEDED)) & had_decision)
    of_decision = (
        pl.when(became)
        .then(pl.when("was_current").then(pl.lit(Effect.CHANGED)).otherwise(pl.lit(Effect.DECIDED)))
        .when(is_superseded)
        .then(pl.when(is_first).then(pl.lit(Effect.SUPERSEDED)).otherwise(pl.lit(Effect.SEEN_AGAIN)))
        .when(is_current & same)
        .then(pl.lit(Effect.SEEN_AGAIN))
        .otherwise(pl.lit(Effect.LATE))
    )
    is_changed = (
        withdrawn
        | pl.col("was_status").ne_missing(status)
        | pl.col("was_superseded_by").ne_missing(pl.col("superseded_by"))
    )
    undecided = (
        pl.when(is_changed).then(why).when("is_newer").then(pl.lit(Effect.SEEN_AGAIN)).otherwise(pl.lit(Effect.LATE))
    )
    effect = pl.when("is_decided").then(of_decision).otherwise(undecided)
    return known.with_columns(
        effect=effect,
        is_changed=is_changed,
        why=pl.when(withdrawn).then(why),
        by=pl.when(withdrawn).then(by),
        became=became,
    ).drop("has_line")


def _as_state(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with the decision that is current now."""
    takes = pl.col("became") | (pl.col("effect") == Effect.SUPERSEDED)
    keeps = (pl.col("status") == _CURRENT) | ((pl.col("status") == _SUPERSEDED) & ~pl.col("was_current"))
    after = [pl.when(takes).then(f"own_{name}").when(keeps).then(name).otherwise(None).alias(name) for name in DECIDED]
    placed = lines.select(
        *(name for name in STATE_SCHEMA if name not in DECIDED),
        *after, "came", "effect", "own_decided_source_file", "own_decided_source_row", "own_disposition",
        "own_charge_amount", was_disposition=pl.when("was_current").then("disposition"),
    )  # fmt: skip
    return placed.select(
        *(pl.col(name).cast(dtype) for name, dtype in STATE_SCHEMA.items()),
        "came",
        "effect",
        "own_disposition",
        "own_charge_amount",
        "was_disposition",
        own_source_file="own_decided_source_file",
        own_source_row="own_decided_source_row",
    )
