"""Which Parquet files of a generation are as they were when it was published: they need not be checked again.

Every file is checked against its manifest when it is published, and again when anything about it has changed since.
What a lost power supply or a damaged disk may have taken without a trace in the times (a name, or the end of a file) is
looked at each time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from claims_edit.store.generation import PARTS_NOTED, PUBLISHED
from claims_edit.store.manifest import MANIFEST_NAME

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"PAR1"  # a Parquet file ends with it


def note_parts(generation: Path, parts: dict[tuple[str, str], list[str]]) -> None:
    """Write how many files each table of each run has; `parts` are by table and run."""
    lines = (f"{table} {run_id} {len(files)}\n" for (table, run_id), files in parts.items())
    (generation / PARTS_NOTED).write_text("".join(lines), encoding="utf-8")


class AsPublished:
    """What is as it was published in a generation; nothing is, where it was not published or is not known."""

    def __init__(self, generation: Path) -> None:
        """Read the note, and the moment of publishing: the marker was made after all else."""
        self._generation = generation
        self._noted: dict[tuple[str, ...], str] = {}
        with suppress(OSError, UnicodeDecodeError):
            self._moment = (generation / PUBLISHED).stat().st_mtime_ns
            noted = (generation / PARTS_NOTED).read_text(encoding="utf-8").splitlines()
            self._noted = {tuple(words[:-1]): words[-1] for line in noted if (words := line.split())}

    def others(self, parts: dict[tuple[str, str], list[str]]) -> dict[tuple[str, str], list[str]]:
        """Of the Parquet files, by table and run, those of the tables that are not all as they were published."""
        return {key: files for key, files in parts.items() if not self._has(*key, files)}

    def _has(self, table: str, run_id: str, files: list[str]) -> bool:
        """Whether these files are all that the table had, and neither they, their folder nor the manifest changed."""
        if self._noted.get((table, run_id)) != str(len(files)):
            return False
        beside = (f"{table}/run_id={run_id}", f"runs/{run_id}/{MANIFEST_NAME}")
        try:
            return all(self._is_older((self._generation / name).stat()) for name in beside) and all(
                map(self._is_intact, files)
            )
        except OSError:
            return False

    def _is_older(self, state: os.stat_result) -> bool:
        return state.st_ctime_ns < self._moment

    def _is_intact(self, path: str) -> bool:
        handle = os.open(path, os.O_RDONLY)
        try:
            state = os.fstat(handle)
            return (
                self._is_older(state) and os.pread(handle, len(_MAGIC), max(state.st_size - len(_MAGIC), 0)) == _MAGIC
            )
        finally:
            os.close(handle)
