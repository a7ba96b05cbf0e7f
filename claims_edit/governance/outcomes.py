"""An outcome as people read it, for comparing what two rule packs decide."""

from __future__ import annotations

import polars as pl

NOT_DECIDED = "not decided: the pack does not have the code"


def outcome() -> list[pl.Expr]:
    """The outcome of a decided line (`what`), and the policy, version and reference it is decided `under`.

    `what` is `deny: investigational (PR 55)`; it has all that a remittance shows. `under` is empty where no
    version was in force.
    """
    codes = pl.concat_str(
        "group_code", "carc", pl.col("rarcs").list.join(" ").replace("", None), separator=" ", ignore_nulls=True
    )
    what = pl.concat_str(
        "disposition",
        pl.lit(": "),
        "reason_code",
        pl.when(codes != "").then(pl.lit(" (") + codes + pl.lit(")")).otherwise(pl.lit("")),
    )
    under = pl.concat_str("policy_id", "policy_version", pl.concat_str(pl.lit("("), "policy_reference", pl.lit(")")),
                          separator=" ", ignore_nulls=True)  # fmt: skip
    return [what.alias("what"), under.alias("under")]


def changed(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with different outcomes: `change`, `old`, `new`.

    A `change` of the outcome, or only of the reference: the policy, its version, or the value of REF*0K; these are
    in `old` and `new` where they differ.
    """
    other_outcome = pl.col("old_what").ne_missing(pl.col("new_what"))
    other_reference = pl.col("old_under").ne_missing(pl.col("new_under"))
    columns = {
        side: pl.concat_str(
            pl.col(f"{side}_what").fill_null(NOT_DECIDED),
            pl.when(other_reference, pl.col(f"{side}_under") != "")
            .then(pl.lit("; ") + pl.col(f"{side}_under"))
            .otherwise(pl.lit("")),
        )
        for side in ("old", "new")
    }
    return lines.filter(other_outcome | other_reference).with_columns(
        pl.when(other_outcome).then(pl.lit("outcome")).otherwise(pl.lit("reference")).alias("change"),
        **columns,
    )
