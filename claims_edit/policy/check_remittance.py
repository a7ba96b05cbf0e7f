"""Checks of the code combinations: the tables in remittance/, and every adjustment that the rules can make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.model import Disposition
from claims_edit.policy.check_tables import MAY_DENY
from claims_edit.policy.combinations import Adjustment, combinations_of, mismatches
from claims_edit.policy.pack import Policy, ReasonsFile, RemittanceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.pack import Combination, Reason
    from claims_edit.policy.parse import Parsed


def remittance_faults(parsed: Parsed) -> Iterator[str]:
    """Faults of the tables, and reasons and liabilities that make a code combination that no table approves.

    A pack without a table is not checked against one, so that older packs stay readable.
    """
    tables = parsed.of(RemittanceFile)
    for path, table in tables.items():
        yield from _table_faults(path, table)
    yield from _repeat_faults(tables)
    if tables and RemittanceFile not in parsed.broken:
        combinations = combinations_of(tables.values())
        yield from _reason_faults(parsed, combinations)
        yield from _liability_faults(parsed, combinations)


def _table_faults(path: str, table: RemittanceFile) -> Iterator[str]:
    scenarios = [scenario.id for scenario in table.scenarios]
    for index, scenario in enumerate(scenarios):
        if scenario in scenarios[:index]:
            yield f"{path}: scenarios[{index}].id: duplicate id `{scenario}`. Give each scenario its own id."
    for index, combination in enumerate(table.combinations):
        place = f"{path}: combinations[{index}]"
        if combination.scenario not in scenarios:
            ids = ", ".join(dict.fromkeys(scenarios))
            yield f"{place}.scenario: `{combination.scenario}` is not a scenario of the file. Use one of {ids}."
        if combination.needs_remark and not combination.rarcs:
            yield f"{place}.rarcs: is empty, but a remark code is required. Add the approved ones."


def _repeat_faults(tables: dict[str, RemittanceFile]) -> Iterator[str]:
    seen: dict[tuple[str, str], str] = {}
    for path, table in tables.items():
        for index, combination in enumerate(table.combinations):
            key = (combination.carc, combination.scenario)
            if key in seen:
                yield (
                    f"{path}: combinations[{index}].carc: `{combination.carc}`"
                    f" is already defined in {combination.scenario}"
                    f" ({seen[key]}). Merge the two."
                )
            seen.setdefault(key, path)


def _adjustment(reason: Reason, carc: str, group_code: str | None) -> Adjustment:
    return Adjustment(str(reason.disposition), group_code, carc, reason.rarcs)


def _reason_faults(parsed: Parsed, combinations: tuple[Combination, ...]) -> Iterator[str]:
    for path, file in parsed.of(ReasonsFile).items():
        for index, reason in enumerate(file.reasons):
            if reason.carc is not None:
                for wrong in mismatches(_adjustment(reason, reason.carc, reason.group_code), combinations):
                    yield f"{path}: reasons[{index}].{wrong.field}: {wrong.problem}. {wrong.remedy}."


def _liability_faults(parsed: Parsed, combinations: tuple[Combination, ...]) -> Iterator[str]:
    """A policy's own group code replaces the default on every denial, also under benefit terms without a code."""
    reasons = [reason for file in parsed.of(ReasonsFile).values() for reason in file.reasons]
    denials = [
        (reason, reason.carc)
        for reason in reasons
        if reason.edit in MAY_DENY and reason.disposition is Disposition.DENY and reason.carc is not None
    ]
    for path, policy in parsed.of(Policy).items():
        for index, version in enumerate(policy.versions):
            if version.liability is None:
                continue
            for reason, carc in denials:
                for wrong in mismatches(_adjustment(reason, carc, version.liability.group_code), combinations):
                    if wrong.field == "group_code":
                        place = f"{path}: versions[{index}].liability.group_code"
                        yield f"{place}: {wrong.problem} of `{reason.edit}`. {wrong.remedy}."
