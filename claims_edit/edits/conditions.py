"""Conditions that several edits share, with the text for when they are not met."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits.edit import Condition
from claims_edit.edits.phrases import capital, listed
from claims_edit.model import CodeKind, Coverage, Criteria, PolicyKind, Position

if TYPE_CHECKING:
    from claims_edit.edits.edit import Decidable
    from claims_edit.edits.line import Line


def _no_version(line: Line) -> str:
    if line.facts["payer"] is None:
        return "Needs a policy version in force, and the payer is not recognized."
    return f"Needs a policy version in force, and none of {line.facts['payer']} was on {line.start}."


def _guidance(line: Line) -> str:
    return f"Needs a funding policy, and {line.facts['policy_id']} is guidance."


def _names_the_service(line: Line) -> str:
    return f"{line.code} names the service itself; it is not a catch-all code."


def _catch_all(line: Line) -> str:
    return f"{line.code} is a catch-all code; the edit is about codes that name the service."


def _not_listed(line: Line) -> str:
    return f"{capital(line.version_name)} does not list {line.code}."


def _listed(line: Line) -> str:
    return f"{capital(line.version_name)} lists {line.code}."


def _of_claim(line: Line) -> str:
    return f"{line.code} is a procedure of the claim as a whole, which does not show whether it is for this line."


IN_FORCE = Condition("a version of the payer's policy is in force on the start date", pl.col("in_force"), _no_version)
FUNDING = Condition("the policy is a funding policy", pl.col("funding"), _guidance)
UNLISTED = Condition("the code is an unlisted one", pl.col("code_kind") == CodeKind.UNLISTED, _names_the_service)
SPECIFIC = Condition("the code names the service", pl.col("code_kind") != CodeKind.UNLISTED, _catch_all)
LISTED = Condition("the version lists the code", pl.col("listed"), _not_listed)
NOT_LISTED = Condition("the version does not list the code", ~pl.col("listed"), _listed)
OWN_CODE = Condition("the code is the line's own", ~pl.col("of_claim"), _of_claim)
UNDER_FUNDING = (IN_FORCE, FUNDING)


def position_is(position: Position) -> Condition:
    """The version's position on the line, by its statement and by what the claim shows of its criteria."""
    name = f"the position on the line is {words(position)}"
    return Condition(name, pl.col("position").list.contains(pl.lit(position.value)).fill_null(value=False), _position)


def _position(line: Line) -> str:
    is_settled = line.facts["criteria"] in (Criteria.MET, Criteria.UNMET)
    because = " by its criteria" if is_settled else ""
    return f"{capital(line.version_name)} says of the line{because}: {listed(map(words, line.facts['position']))}."


def words(position: str) -> str:
    """A position as people say it: `not medically necessary`."""
    return position.replace("_", " ")


def contract_says(coverage: Coverage) -> Condition:
    """Benefit terms of payer and group, in force on the start date, have this coverage of the service."""
    return Condition(f"the group's contract says {coverage}", pl.col(f"contract_{coverage}"), _contract)


def _contract(line: Line) -> str:
    if not line.had_contracts:
        return "The run had no contracts file."
    if line.facts["group_id"] is None:
        return "Needs a group, and the line has no group_id."
    found = [coverage.value for coverage in Coverage if line.facts[f"contract_{coverage}"]]
    if not found:
        return f"No contract of the group that addresses the service was in force on {line.start}."
    return f"The contract of the group in force on {line.start} says: {listed(found)}."


def any_code(pack: Decidable) -> bool:
    """Whether a line can be a candidate."""
    return bool(pack.codes)


def any_version(pack: Decidable) -> bool:
    """Whether a line can be decided under a version."""
    return bool(pack.versions)


def any_program(pack: Decidable) -> bool:
    """Whether a line can be decided in a program to which a funding policy applies."""
    return any(version.applies_to.programs for policy, version in pack.versions if policy.kind is PolicyKind.FUNDING)
