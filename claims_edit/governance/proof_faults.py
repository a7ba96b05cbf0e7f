"""The faults of cells: where in the files each is, what it is, and its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from claims_edit.edits import HOLDING_FACTS
from claims_edit.edits.claim_line import line_superseded, unlisted_code_out_of_scope
from claims_edit.edits.program import policy_not_in_force
from claims_edit.edits.safeguards import contract_covers
from claims_edit.governance import rule_locations
from claims_edit.policy.check_policies import MEDICARE_ADVANTAGE

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

WHATEVER_THE_CODE = (
    line_superseded.id, unlisted_code_out_of_scope.id, policy_not_in_force.id, contract_covers.id,
)  # fmt: skip
"""Passes that do not depend on whether a procedure of the claim is for the line."""
Fault = tuple[str, str]
"""The location and the fault, up to the number of cells; the remedy."""


def no_primary(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.version_location(catalog, row)
    return f"{place}: no edit is triggered", "Report this as a bug, with the rules."


def other_edit(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.reason_location(catalog.pack, row["expected"])
    faults = f"the first edit triggered is `{row['expected']}`, but the engine decides by `{row['reason_code']}`"
    return f"{place}: {faults}", "Report this as a bug, with the rules."


def other_outcome(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.version_location(catalog, row)
    return f"{place}: lines that are alike have different outcomes", "Report this as a bug, with the rules."


def no_citation(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.version_location(catalog, row)
    return f"{place}.statement.cite: `{row['reason_code']}` denies without a citation", "Add it."


def no_group_code(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.reason_location(catalog.pack, row["reason_code"])
    return f"{place}.group_code: `{row['reason_code']}` denies without a group code", "Add it."


def no_carc(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.reason_location(catalog.pack, row["reason_code"])
    return f"{place}.carc: `{row['reason_code']}` denies without a CARC", "Add it."


def held_denied(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.reason_location(catalog.pack, row["reason_code"])
    held = ", ".join(fact for fact in HOLDING_FACTS if row[fact] is not None)
    return f"{place}: `{row['reason_code']}` denies a line with {held}", "Report this as a bug, with the rules."


def of_claim_settled(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.reason_location(catalog.pack, row["reason_code"])
    fault = f"{place}: `{row['reason_code']}` ends in {row['disposition']} because of a procedure of the claim"
    return fault, "Report this as a bug, with the rules."


def unsettled_denied(catalog: Catalog, row: dict[str, Any]) -> Fault:
    place = rule_locations.version_location(catalog, row)
    fault = f"{place}.criteria: `{row['reason_code']}` denies a line that is not known to miss a criterion"
    return fault, "Report this as a bug, with the rules."


def advantage_denied(catalog: Catalog, row: dict[str, Any], signals_of: dict[str, list[str]]) -> Fault:
    fault = f"Medicare Advantage ends in deny (`{row['reason_code']}`)"
    if row["program"] == MEDICARE_ADVANTAGE:
        version = rule_locations.version_location(catalog, row)
        return f"{version}.applies_to.programs: {fault}", "Except the program, with the rule refer or review."
    column = next((column for column, signals in signals_of.items() if row[column] in signals), None)
    if column is None:
        place = rule_locations.name_location(catalog.pack, row["payer"], row["advantage_name"])
        return f"{place}: {fault}, because of the payer's name", "Remove the name, so that its lines go to a person."
    listed = rule_locations.signal_location(catalog, column, row[column])
    if listed is None:
        own = f"rules/programs.yaml: programs.{MEDICARE_ADVANTAGE}"
        return f"{own}: the value `{row[column]}` is missing, so {fault}", "Add it there."
    return f"{listed}: {fault}", f"Move the value to {MEDICARE_ADVANTAGE}, or remove it."
