"""Extracts from a pipe or standard input: read once, to their end, into a separate file.

Readers need the beginning again, the size and a hash, which a pipe cannot give. The copy has the pipe's name.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING, Any

from claims_edit.errors import InputError
from claims_edit.resources import enough_room

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"
PIECE = 8 * 1024 * 1024


class SpooledPath(PosixPath):
    """The path of a copy, which is shown (in messages, manifests, results) under the name that the user gave."""

    shown: str | None = None  # a path that is made from this one has a name of its own

    def as_posix(self) -> str:
        """The name that is shown."""
        return super().as_posix() if self.shown is None else self.shown

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the name in other processes."""
        return _shown_as, (str(self), self.shown)

    def __format__(self, spec: str) -> str:
        """The name that is shown."""
        return format(self.as_posix(), spec)


def _shown_as(path: str, shown: str | None) -> SpooledPath:
    named = SpooledPath(path)
    named.shown = shown
    return named


@contextmanager
def spooled(extracts: tuple[str, ...]) -> Iterator[tuple[str | Path, ...]]:
    """The arguments of a run, each pipe (and `-`, standard input) replaced by a copy that lasts while the block does.

    Only the user may read the copies; they are in TMPDIR.

    Raises:
        InputError: a pipe cannot be read, or standard input is a terminal.
        ResultsError: there is no room for a copy.
    """
    pipes = [extract for extract in dict.fromkeys(extracts) if _is_pipe(extract)]
    if not pipes:
        yield extracts
        return
    with tempfile.TemporaryDirectory(prefix="claims-edit-") as folder:
        copies: dict[str, str | Path] = {}
        for place, pipe in enumerate(pipes):
            with enough_room(Path(tempfile.gettempdir())):
                copies[pipe] = _copy_of(pipe, Path(folder, f"pipe-{place}"))
        yield tuple(copies.get(extract, extract) for extract in extracts)


def _is_pipe(extract: str) -> bool:
    if extract == STANDARD_INPUT:
        return True
    try:
        return stat.S_ISFIFO(os.stat(extract).st_mode)  # noqa: PTH116 -- discovery says what is wrong with a path
    except (OSError, ValueError):
        return False


def _copy_of(pipe: str, target: Path) -> SpooledPath:
    source: str | int = pipe
    if pipe == STANDARD_INPUT:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError("-: standard input is a terminal. Pipe an extract into it, or name a file.")
        source = sys.stdin.fileno()
    try:
        with open(source, "rb", buffering=0, closefd=source == pipe) as stream, target.open("wb") as copy:
            shutil.copyfileobj(stream, copy, PIECE)
    except OSError as error:
        raise InputError(f"{pipe}: cannot be read ({error.strerror}). Check what writes into this pipe.") from None
    path = SpooledPath(target)
    path.shown = pipe
    return path
