"""Edits on the claim line itself: whether it still stands, its code's validity, its days, and trial evidence."""

from __future__ import annotations

import polars as pl

from claims_edit.edits.registry import edit

START, END = pl.col("service_start_date"), pl.col("service_end_date")
FIRST_VALID, LAST_VALID = pl.col("valid_from"), pl.col("valid_until")


def _falls_within(day: pl.Expr) -> pl.Expr:
    """True where `day` comes after the first service day and not after the last: the line straddles it."""
    return day.is_not_null() & (day > START) & (day <= END)


@edit
def line_superseded() -> pl.Expr:
    """The claim is a void, or the run holds a replacement or void of it.

    The line no longer stands, so nothing is decided on it. Needs the claim frequency codes of the whole run, 7
    (replacement) and 8 (void), as X12 CLM05-3 has them; the later claim names the earlier one by
    `original_claim_id`, or by its own `claim_id` where that is empty. Source: contract, edit 1.
    """
    return pl.col("superseded")


@edit
def code_not_valid_on_dos() -> pl.Expr:
    """The code is not valid on any service day.

    No service day, start to end, lies inside the period in which the code exists, so the provider must correct the
    line (CARC 181). Needs the code's first and last valid day; none means throughout. Source: rules/codes.
    """
    begins_later = FIRST_VALID.is_not_null() & (FIRST_VALID > END)
    ended_before = LAST_VALID.is_not_null() & (LAST_VALID < START)
    return begins_later | ended_before


@edit
def dos_spans_boundary() -> pl.Expr:
    """A policy version or the code's validity changes between the first and the last service day.

    Different rules hold on different days of the line, and one line cannot be split by program. Needs the first
    days of the payer's versions, the days after they end, and likewise for the code; a boundary on the first
    service day splits nothing. Source: contract, edit 5.
    """
    day_after_validity = LAST_VALID + pl.duration(days=1)
    return _falls_within(pl.col("policy_boundary")) | _falls_within(FIRST_VALID) | _falls_within(day_after_validity)


@edit
def prior_authorization() -> pl.Expr:
    """The line or claim carries a prior authorization number.

    What was authorized may be what was done, so a person compares the two before anything is denied. Needs a prior
    authorization number and a version in force. Source: decision table, edit 15.
    """
    return pl.col("in_force") & pl.col("prior_authorization_number").is_not_null()


@edit
def facts_in_doubt() -> pl.Expr:
    """The input holds something in the place of a fact that could not be understood.

    What is not understood is neither the fact nor its absence, so nothing is denied on the strength of what is missing.
    Needs a doubt and a version in force. Source: decision table, edit 16; the doubts by name in claims_edit/doubts.py.
    """
    return pl.col("in_force") & pl.col("doubts").is_not_null()


@edit
def trial_context() -> pl.Expr:
    """The line carries evidence of a clinical trial.

    A trial may be covered where the treatment alone is not, so a person looks before a contract's exclusion or the
    policy denies. Needs modifier Q0 or Q1, diagnosis Z00.6 (V70.7 in ICD-9-CM), a clinical trial number, an
    investigational device exemption number, NUBC condition code 30 or value code D4, and a version in force. Source:
    decision table, edit 18.
    """
    return pl.col("in_force") & pl.col("trial_evidence").is_not_null()
