"""What claims refer to in other lines and files of a run, as a Bulk export has it: found by name, in bounded memory.

An index on disk, made when a claim first refers to a resource that is neither contained in it nor next to it: a file of
claims that hold all they refer to is read once. Only what may be read of a resource is kept (`surroundings.KEPT`).
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import Raw

from claims_edit.intake.fhir.documents import (
    MALFORMED,
    Text,
    bundle_of,
    elements,
    entries,
    is_document,
    kind_of,
    lines,
    whole,
)
from claims_edit.intake.fhir.resources import BUNDLE, CLAIMS
from claims_edit.intake.fhir.surroundings import AMBIGUOUS, SHAPES, kept

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile

MOST_KNOWN = 16_384  # resources that are kept in memory
FIRST_TYPE = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')
INDEXED = frozenset(SHAPES) - CLAIMS
KEEP = """
INSERT INTO resources VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET kept = NULL WHERE kept IS NOT excluded.kept
"""

_building = Lock()


class Context:
    """The resources of some files that claims may refer to."""

    def __init__(self, files: tuple[SourceFile, ...], scratch: Path) -> None:
        """`scratch` is a folder of this run alone, in which all that read the same files share an index."""
        self._files = files
        named = "\n".join(sorted({file.path.as_posix() for file in files}))
        self._index = scratch / f"fhir-context-{sha256(named.encode()).hexdigest()[:16]}.sqlite"
        self._database: sqlite3.Connection | None = None
        self._known: dict[str, Raw | None] = {}

    def find(self, name: str) -> Raw | None:
        """The resource of a name (`Condition/123`), AMBIGUOUS where there are several.

        Raises:
            InputError: a file cannot be read to its end.
        """
        try:
            return self._known[name]
        except KeyError:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            found = self._known[name] = self._looked_up(name)
            return found

    def close(self) -> None:
        """Let go of the index."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _looked_up(self, name: str) -> Raw | None:
        if self._database is None:
            self._database = self._opened()
        row = self._database.execute("SELECT kept FROM resources WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        return AMBIGUOUS if row[0] is None else Raw(row[0])

    def _opened(self) -> sqlite3.Connection:
        with _building:
            if not self._index.exists():
                made = self._index.with_suffix(".part")
                made.unlink(missing_ok=True)
                _make(made, self._files)
                made.rename(self._index)
        # One extract is read by one thread at a time, though not always by the same.
        return sqlite3.connect(f"file:{self._index}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def _make(path: Path, files: tuple[SourceFile, ...]) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("CREATE TABLE resources (name TEXT PRIMARY KEY, kept BLOB) WITHOUT ROWID")
        for file in files:
            database.executemany(KEEP, _resources(file))
        database.commit()


def _resources(file: SourceFile) -> Iterator[tuple[str, bytes]]:
    """The name of each resource of a file that claims may refer to, and what may be read of it."""
    for text in _texts(file):
        first = FIRST_TYPE.match(text)
        if first is None or first[1].decode() in INDEXED:
            yield from _named(text)
        elif first[1].decode() == BUNDLE:
            for _, resource in _entries(text):
                yield from _named(resource)


def _named(text: Text) -> Iterator[tuple[str, bytes]]:
    """A resource under its name; a malformed one is refused by its own reader, and its references are in doubt."""
    try:
        kind = kind_of(text)
        if kind.resource_type in INDEXED and kind.id:
            yield f"{kind.resource_type}/{kind.id}", kept(Raw(text))
        elif kind.resource_type == BUNDLE:
            for _, resource in _entries(text):
                yield from _named(resource)
    except MALFORMED:
        return


def _entries(text: Text) -> list[tuple[str | None, Raw]]:
    try:
        return entries(bundle_of(text))
    except MALFORMED:
        return []


def _texts(file: SourceFile) -> Iterator[Text]:
    if is_document(file):
        yield from elements(whole(file), file)
    else:
        yield from lines(file)
