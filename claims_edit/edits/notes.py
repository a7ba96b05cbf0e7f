"""Informational edits: they stand in `edits` for the reader and never set the disposition."""

from __future__ import annotations

import polars as pl

from claims_edit.edits.registry import edit


@edit
def code_site_mismatch() -> pl.Expr:
    """The code is meant for another site than the diagnoses name.

    The code is confined to some tumor sites (or to all but some) from a date on, and no malignant solid diagnosis
    of the line fits. Needs at least one such diagnosis. Source: the sites of the codes in rules/codes.
    """
    return pl.col("site_mismatch")


@edit
def policy_stale() -> pl.Expr:
    """The policy version is past its review date.

    The start date is past the version's next review, or past twelve months from its last where the document gives
    none. Needs a version in force. Source: the version's review dates.
    """
    stale_after = pl.col("stale_after")
    return pl.col("in_force") & stale_after.is_not_null() & (pl.col("service_start_date") > stale_after)


@edit
def guidance_note() -> pl.Expr:
    """Clinical guidance on this site was out on the start date.

    Guidance on the service at the line's tumor site had been published by the start date; it helps a reviewer and
    is never a ground for denial. Source: rules/guidance.
    """
    return pl.col("guidance_id").is_not_null()
