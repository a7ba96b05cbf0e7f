"""How one extract's columns become the canonical ones: names, constants, and what must be there."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.columns import COLUMNS, REQUIRED
from claims_edit.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.mapping import Mapping

DELIMITERS = (",", "\t", "|", ";", "^", "~")


@dataclass(frozen=True)
class Layout:
    """Where each canonical column comes from: a column of the extract, or a constant."""

    sources: dict[str, str]
    constants: dict[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The canonical columns that the extract has, in the registry's order."""
        return tuple(name for name in COLUMNS if name in self.sources or name in self.constants)


def resolve(path: Path, found: list[str], mapping: Mapping) -> Layout:
    """The layout of an extract whose columns are `found` (names match without regard to case).

    Raises:
        InputError: column names repeat, a mapped column is not there, or a required one is missing.
    """
    by_key = _by_key(path, found)
    sources: dict[str, str] = {}
    faults = []
    for name in COLUMNS:
        if name in mapping.constants:
            continue
        wanted = mapping.columns.get(name, name)
        if wanted.strip().lower() in by_key:
            sources[name] = by_key[wanted.strip().lower()]
        elif name in mapping.columns:
            faults.append(f"the mapping takes {name} from {wanted}, which the extract lacks")
    layout = Layout(sources, dict(mapping.constants))
    faults += [f"no column {' or '.join(group)}" for group in REQUIRED if not set(group) & set(layout.columns)]
    if faults:
        shown = ", ".join(found[:60]) + (f" and {len(found) - 60} more" if len(found) > 60 else "")  # noqa: PLR2004
        raise InputError(f"{path}: {'; '.join(faults)}. Found: {shown}. Name the columns in a --mapping file.")
    return layout


def _by_key(path: Path, found: list[str]) -> dict[str, str]:
    by_key: dict[str, str] = {}
    twice = set()
    for name in found:
        key = name.strip().lower()
        if key and key in by_key:
            twice.add(name)
        by_key.setdefault(key, name)
    if twice:
        raise InputError(f"{path}: column names stand twice: {', '.join(sorted(twice))}. Rename or drop one of each.")
    return by_key


def read_header(path: Path, head: str, mapping: Mapping) -> tuple[str, list[str]]:
    """The delimiter and the column names of a delimited extract, from the beginning of its text.

    Raises:
        InputError: there is only a header, or no delimiter splits it.
    """
    wanted = {mapping.columns.get(name, name).strip().lower() for name in COLUMNS}
    tried = (mapping.delimiter,) if mapping.delimiter else DELIMITERS
    best: tuple[int, int, str, list[str]] = (-1, 0, ",", [])
    for delimiter in tried:
        try:
            names = next(csv.reader(head.splitlines(keepends=True), delimiter=delimiter))
        except (csv.Error, StopIteration):
            continue
        known = len({name.strip().lower() for name in names} & wanted)
        if (known, len(names)) > best[:2]:
            best = (known, len(names), delimiter, names)
    if len(best[3]) < 2:  # noqa: PLR2004 -- a table has at least two columns
        raise InputError(
            f"{path}: no delimiter of comma, tab, bar, semicolon, caret or tilde splits the first line. "
            "Name the delimiter in a --mapping file, or check that the file is a table."
        )
    return best[2], best[3]
