"""Extracts read as in a run, without a results folder, for commands that publish nothing."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from claims_edit.intake import discover, spooled, text_bytes
from claims_edit.resources import enough_room
from claims_edit.runner.kept import FileRead
from claims_edit.runner.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from claims_edit.intake import Mapping
    from claims_edit.policy import Catalog


@contextmanager
def read_apart(
    extracts: tuple[str, ...],
    catalog: Catalog,
    mapping: Mapping,
    *,
    as_of: date,
    fmt: str = "auto",
    on_rows: Callable[[int], None] = lambda _rows: None,
) -> Iterator[tuple[Reading, list[FileRead]]]:
    """The extracts, read to their end; their intermediate files exist until the block ends.

    Raises:
        InputError: one of them cannot be read.
        ResultsError: disk or memory is too small.
    """
    place = Path(tempfile.gettempdir())
    with (
        enough_room(place),
        spooled(extracts) as (given, spool),
        tempfile.TemporaryDirectory(prefix="claims-edit-", dir=place) as scratch,
    ):
        files = discover(given, fmt, spool)
        reading = Reading(
            catalog,
            mapping,
            as_of=as_of,
            scratch=Path(scratch),
            text_bytes=sum(map(text_bytes, files.extracts)),
            on_rows=on_rows,
        )
        found: list[FileRead] = []
        for file in reading.read(files, fmt):
            if not isinstance(file, FileRead):
                raise file
            found.append(file)
        reading.finish(found)
        yield reading, found
