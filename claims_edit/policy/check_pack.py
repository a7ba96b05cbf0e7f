"""Checks of pack.yaml: its version is the newest of its changelog, and each change names policies of the pack."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from claims_edit.policy.pack import PackFile, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.declared_ids import DeclaredIds
    from claims_edit.policy.pack import RuleChange
    from claims_edit.policy.parse import Parsed


def pack_faults(parsed: Parsed, declared: DeclaredIds) -> Iterator[str]:
    """Faults of the version and the changelog; unknown policies only where every policy could be parsed."""
    payers = {policy.id: policy.every_payer for policy in parsed.of(Policy).values()}
    for path, file in parsed.of(PackFile).items():
        yield from _version_faults(path, file)
        unknown: set[str] = set()
        for index, entry in enumerate(file.changelog):
            for position, change in enumerate(entry.changes):
                place = f"{path}: changelog[{index}].changes[{position}]"
                if change.payer is not None:
                    yield from declared.payer_faults(f"{place}.payer", change.payer)
                if Policy not in parsed.broken and change.policy not in unknown:
                    yield from _policy_faults(place, change, payers)
                    unknown |= {change.policy} - payers.keys() if change.policy else set()
                dates = change.service_dates
                if dates.until is not None and dates.until < dates.from_:
                    yield f"{place}.service_dates.until: {dates.until} is before from ({dates.from_}). Correct one."


def _version_faults(path: str, file: PackFile) -> Iterator[str]:
    newest = file.changelog[0].version
    if file.version != newest:
        yield (
            f"{path}: version: {file.version} is not the newest of the changelog ({newest}). "
            "Correct it, or add the changes of this version at the top of the changelog."
        )
    for index, (newer, older) in enumerate(pairwise(file.changelog)):
        if _ordered(newer.version) <= _ordered(older.version):
            yield (
                f"{path}: changelog[{index + 1}].version: {older.version} is not older than {newer.version} above it. "
                "Order the changelog newest first, each version once."
            )
        elif newer.date < older.date:
            yield (
                f"{path}: changelog[{index + 1}].date: {older.date} is after that of {newer.version} ({newer.date}). "
                "Correct one of the two."
            )


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _policy_faults(place: str, change: RuleChange, payers: dict[str, tuple[str, ...]]) -> Iterator[str]:
    if change.policy is None:
        return
    if change.policy not in payers:
        yield f"{place}.policy: `{change.policy}` is not a valid policy id. Use one of {', '.join(sorted(payers))}."
    elif change.payer not in payers[change.policy]:
        yield f"{place}.payer: must be {' or '.join(payers[change.policy])}, the payer of {change.policy}. Correct it."
