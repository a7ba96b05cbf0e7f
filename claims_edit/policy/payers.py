"""The location of a payer's entry: `payers.yaml`, or one of the payer's own policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from claims_edit.policy.pack import Payer, PayersFile, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.policy.parse import Parsed


class PayerEntry(NamedTuple):
    """A payer, its key, and the location of its entry."""

    place: str
    key: str
    payer: Payer


def payer_entries(parsed: Parsed) -> Iterator[PayerEntry]:
    """Every entry of every file, those of `payers.yaml` first."""
    for path, file in parsed.of(PayersFile).items():
        for key, payer in file.payers.items():
            yield PayerEntry(f"{path}: payers.{key}", key, payer)
    for path, policy in parsed.of(Policy).items():
        if policy.payer_entry is not None:
            yield PayerEntry(f"{path}: payer_entry", policy.payer, policy.payer_entry)
        for key, payer in policy.payer_entries.items():
            yield PayerEntry(f"{path}: payer_entries.{key}", key, payer)


def every_payer(parsed: Parsed) -> dict[str, Payer]:
    """The payers of a checked pack by key."""
    return {entry.key: entry.payer for entry in payer_entries(parsed)}
