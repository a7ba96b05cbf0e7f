"""Why a line is refused by the reader: what it says may not be what the claim says (names in FAULT)."""

from __future__ import annotations

import polars as pl

_CUT_OFF_BY = ("ISA", "GS", "ST", "GE", "IEA")  # in place of an SE


def faults() -> pl.Expr:
    """The names of the checks that a line (joined with its claim) fails, split by spaces; null where none."""
    of = pl.col
    in_claim = of("claim") > 0
    grounds = {
        "row-no-claim": ~in_claim,
        "row-no-subscriber": in_claim & ~of("has_subscriber"),
        "row-unreadable-segment": of("unreadable_before") | of("subscriber_unreadable"),
        "row-hierarchy": of("displaced_before")
        | of("subscriber_displaced")
        | of("misplaced")
        | (of("has_own_sbr") & (of("level") == "23")),
        "row-conflicting-segments": of("line_contradicted") | of("claim_contradicted") | of("subscriber_contradicted"),
        "row-cut-off": in_claim & of("follower").is_in(_CUT_OFF_BY).fill_null(value=True),
        "claim_frequency_code-missing": in_claim & of("claim_frequency_code").is_null(),
        "diagnosis_code_type-conflict": of("both_types"),
        "diagnosis_code-too-many": of("too_many"),
    }
    names = pl.concat_str(
        (pl.when(holds).then(pl.lit(name)) for name, holds in grounds.items()), separator=" ", ignore_nulls=True
    )
    return pl.when(names != "").then(names)
