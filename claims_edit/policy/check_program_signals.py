"""Checks of the payers and programs: a name, spelling or program signal has one meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.names import name_keys
from claims_edit.policy.check_policies import MEDICARE_ADVANTAGE
from claims_edit.policy.pack import PayersFile, ProgramsFile
from claims_edit.policy.payers import payer_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from claims_edit.policy.parse import Parsed

_Signal = tuple[str, str, str]
"""The location of a signal, its meaning, and the signal."""


def program_signal_faults(parsed: Parsed) -> Iterator[str]:
    """Names that two payers share, and spellings or signals that two programs share."""
    yield from _entry_faults(parsed)
    names = [
        (f"{entry.place}{place}", entry.key, name)
        for entry in payer_entries(parsed)
        for place, name in _numbered(entry.key, names=entry.payer.names, identifiers=entry.payer.identifiers)
    ]
    yield from _shared_name_faults(names)
    yield from _ambiguous_faults(parsed, names)
    for path, programs in parsed.of(ProgramsFile).items():
        spellings = [
            (f"{path}: programs.{key}{place}", key, name)
            for key, program in programs.programs.items()
            for place, name in _numbered(key, spellings=program.spellings)
        ]
        yield from _shared_name_faults(spellings)
        yield from _medicare_advantage_faults(spellings)
        yield from _shared_name_faults([
            (f"{path}: programs.{key}.plan_words[{index}]", key, word)
            for key, program in programs.programs.items()
            for index, word in enumerate(program.plan_words)
        ])  # fmt: skip
        for signals in ("filing_indicators", "member_id_shapes"):
            yield from _shared_faults([
                (f"{path}: programs.{key}.{signals}[{index}]", key, signal)
                for key, program in programs.programs.items()
                for index, signal in enumerate(getattr(program, signals))
            ])  # fmt: skip


def _ambiguous_faults(parsed: Parsed, names: list[_Signal]) -> Iterator[str]:
    """A payer's name that is listed as one of several payers: lines of the others would be decided by its policy."""
    listed = [name for file in parsed.of(PayersFile).values() for name in file.ambiguous]
    shared = {key: name for key, name in zip(name_keys(listed), listed, strict=True) if key}
    for (place, _, name), key in zip(names, name_keys(name for _, _, name in names), strict=True):
        if key in shared:
            yield (
                f"{place}: `{name}` is a name of several payers (ambiguous in payers.yaml), so other payers' claims "
                "would be taken for this one's. Remove it, or write the payer's full name."
            )


def _entry_faults(parsed: Parsed) -> Iterator[str]:
    homes: dict[str, str] = {}
    for entry in payer_entries(parsed):
        if entry.key in homes:
            yield f"{entry.place}: `{entry.key}` already has an entry in {homes[entry.key]}. Keep one."
        homes.setdefault(entry.key, entry.place.partition(":")[0])


def program_faults(parsed: Parsed) -> Iterator[str]:
    """Medicare Advantage must be defined, with a claim filing indicator, or its lines could be read as another's."""
    for path, file in parsed.of(ProgramsFile).items():
        program = file.programs.get(MEDICARE_ADVANTAGE)
        if program is None:
            yield f"{path}: programs.{MEDICARE_ADVANTAGE}: is missing, so its lines could be denied. Add it."
        elif not program.filing_indicators:
            yield (
                f"{path}: programs.{MEDICARE_ADVANTAGE}.filing_indicators: is missing, so its lines could be denied. "
                "Add its SBR09 code."
            )


def _numbered(key: str, **lists: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "", key
    for field, values in lists.items():
        yield from ((f".{field}[{index}]", value) for index, value in enumerate(values))


def _shared_name_faults(signals: list[_Signal]) -> Iterator[str]:
    keys = name_keys(name for _, _, name in signals)
    keyed: list[_Signal] = []
    for (place, owner, name), key in zip(signals, keys, strict=True):
        if key is None:
            yield f"{place}: `{name}` has no letter or digit. Correct it, or remove it."
        else:
            keyed.append((place, owner, key))
    yield from _shared_faults(keyed)


def _shared_faults(signals: list[_Signal]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for place, owner, signal in signals:
        if owners.setdefault(signal, owner) != owner:
            yield f"{place}: `{signal}` is already assigned to {owners[signal]}. Remove it from one of them."


def _medicare_advantage_faults(spellings: list[_Signal]) -> Iterator[str]:
    keys = name_keys(name for _, _, name in spellings)
    plain = MEDICARE_ADVANTAGE.replace("_", "")
    for (place, owner, name), key in zip(spellings, keys, strict=True):
        if key is not None and plain in key and owner != MEDICARE_ADVANTAGE:
            yield (
                f"{place}: `{name}` names Medicare Advantage, which is never denied automatically. "
                f"Move it to {MEDICARE_ADVANTAGE}."
            )
