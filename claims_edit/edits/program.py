"""Edits on who pays under which program: payer, program signals, and the version's program exceptions."""

from __future__ import annotations

import polars as pl

from claims_edit.edits.registry import edit
from claims_edit.model import ProgramRule

KNOWN = pl.col("funding") & pl.col("program").is_not_null()
RULE = pl.col("program_rule")


@edit
def payer_not_on_file() -> pl.Expr:
    """The payer is not in the rule pack.

    The payer's name or identifier resolves to no payer, so no policy can be chosen. Source: rules/payers.yaml.
    """
    return pl.col("payer").is_null()


@edit
def program_conflict() -> pl.Expr:
    """Two program signals disagree.

    Line of business, SBR09, member-id shape and the name of the plan name two different programs, so neither is used.
    Needs a version in force. Source: rules/programs.yaml.
    """
    return pl.col("in_force") & pl.col("program_signals_differ")


@edit
def program_unknown() -> pl.Expr:
    """Nothing on the line names the program.

    No signal gives a program, and the policy's exceptions go by program. Needs a version in force. Source:
    rules/programs.yaml.
    """
    return pl.col("in_force") & pl.col("program_basis").is_null()


@edit
def program_exception_refer() -> pl.Expr:
    """The policy leaves the program to other rules.

    The version says that this program follows other rules, or that the policy does not apply to it. Needs a funding
    policy in force and one program. Source: the version's program exceptions.
    """
    return KNOWN & RULE.eq_missing(pl.lit(ProgramRule.REFER))


@edit
def program_exception_review() -> pl.Expr:
    """The policy leaves the program to a person.

    The version excepts this program without saying what holds instead. Needs a funding policy in force and one
    program. Source: the version's program exceptions.
    """
    return KNOWN & RULE.eq_missing(pl.lit(ProgramRule.REVIEW))


@edit
def program_silent() -> pl.Expr:
    """The policy does not name the program.

    The version neither applies to this program nor excepts it, and silence is no ground for a denial. Needs a
    funding policy in force and one program. Source: the version's program list.
    """
    return KNOWN & RULE.is_null()
