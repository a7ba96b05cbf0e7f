"""Edits on what the payer's policy version says of the code and of the indication."""

from __future__ import annotations

import polars as pl

from claims_edit.edits.registry import edit
from claims_edit.model import CodeKind, IndicationScope

UNLISTED = pl.col("code_kind") == CodeKind.UNLISTED
SOLID_TUMORS_ONLY = pl.col("funding") & pl.col("indication_scope").eq_missing(pl.lit(IndicationScope.SOLID_TUMORS))


@edit
def unlisted_code_out_of_scope() -> pl.Expr:
    """An unlisted code that no policy version lists on a service day.

    A catch-all code concerns this editor only where the payer's policy lists it on a day from start to end; any
    other service may stand behind it. An unresolved payer lists nothing. Source: the versions' code lists.
    """
    return UNLISTED & ~pl.col("listed_on_service_day")


@edit
def policy_not_in_force() -> pl.Expr:
    """The payer has no policy in force on the start date.

    The payer is known, and no version of its policy on this service is in force on the first service day: nothing
    supports a denial. Of a payer that follows guidance by tumor site, none on the site has been published yet. Source:
    the versions' periods.
    """
    return pl.col("payer").is_not_null() & ~pl.col("in_force")


@edit
def guidance_research_only() -> pl.Expr:
    """The payer's document is guidance, not a funding policy.

    Clinical guidance decides no payment, so a person does. Needs a version in force: where guidance goes by tumor site,
    from the first day of that on the site. Source: the version's kind.
    """
    return pl.col("in_force") & ~pl.col("funding")


@edit
def unlisted_code() -> pl.Expr:
    """The policy lists this unlisted code, and only the record shows what was done.

    The version lists a catch-all code for the service; the claim cannot tell whether that service was given, so neither
    the policy nor a contract's exclusion of the service denies it. Needs a version in force that lists the code.
    Source: the version's code list.
    """
    return UNLISTED & pl.col("in_force") & pl.col("listed")


@edit
def code_not_listed() -> pl.Expr:
    """The policy addresses the service but does not list this code of it.

    The code names the service itself, yet the version's list lacks it though its statement covers the service.
    Needs a funding policy in force. Source: the version's code list.
    """
    return ~UNLISTED & pl.col("funding") & ~pl.col("listed")


@edit
def indication_unknown() -> pl.Expr:
    """The policy is limited to solid tumors and the line has no usable diagnosis.

    The statement applies to solid tumors only, and the line has no ICD-10-CM diagnosis to compare with it. Needs a
    funding policy in force with that scope. Source: the version's statement.
    """
    return SOLID_TUMORS_ONLY & pl.col("site_class").is_null()


@edit
def indication_not_addressed() -> pl.Expr:
    """The policy is limited to solid tumors and no diagnosis is one.

    The statement applies to solid tumors only, and none of the line's diagnoses is a malignant one: the policy is
    silent. Needs a funding policy in force with that scope. Source: the version's statement.
    """
    return SOLID_TUMORS_ONLY & pl.col("site_class").is_not_null() & ~pl.col("solid_tumor")


@edit
def investigational() -> pl.Expr:
    """The policy lists the code as investigational.

    Payer, program, version, code and indication are all established, and the version lists the code as
    investigational (CARC 55). Needs a funding policy in force. Source: the version's statement and code list.
    """
    return pl.col("funding") & pl.col("listed")
