"""Edits on the member's contract: what it says of the service goes before the policy."""

from __future__ import annotations

import polars as pl

from claims_edit.edits.registry import edit
from claims_edit.model import Coverage


def _says(coverage: Coverage) -> pl.Expr:
    return pl.col("in_force") & pl.col(f"contract_{coverage}")


@edit
def contract_covers() -> pl.Expr:
    """The member's contract covers the service.

    A contract of the payer and group, in force on the start date, covers the service: the policy does not stand in
    its way. Needs a group and a policy version in force. Source: the contract file.
    """
    return _says(Coverage.COVERED)


@edit
def contract_review() -> pl.Expr:
    """The member's contract asks for review.

    A contract of the payer and group, in force on the start date, asks for a person. Needs a group and a policy
    version in force. Source: the contract file.
    """
    return _says(Coverage.REVIEW)


@edit
def contract_excludes() -> pl.Expr:
    """The member's contract excludes the service.

    A contract of the payer and group, in force on the start date, excludes the service (CARC 96); its own group code
    says who is billed. A prior authorization, a doubt, an unlisted code and a trial go to a person first. Needs a group
    and a policy version in force. Source: the contract file.
    """
    return _says(Coverage.EXCLUDED)
