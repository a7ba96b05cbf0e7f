"""Copies of extracts that are no files of their own: of a pipe or standard input, and of the members of an archive.

Readers need the beginning again, the size and a hash, which a pipe cannot give. A copy has the name of what it is of.
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
from claims_edit.intake.archives import unpacked
from claims_edit.resources import enough_room

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"
PIECE = 8 * 1024 * 1024


class SpooledPath(PosixPath):
    """The path of a copy, which is shown (in messages, manifests, results) under the name that the user gave."""

    shown: str | None = None  # a path that is made from this one has a name of its own
    is_member = False  # of an archive

    def as_posix(self) -> str:
        """The name that is shown."""
        return super().as_posix() if self.shown is None else self.shown

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the name in other processes."""
        return shown_as, (str(self), self.shown)

    def __format__(self, spec: str) -> str:
        """The name that is shown."""
        return format(self.as_posix(), spec)


class Spool:
    """A folder for copies, made when the first one needs it; only the user may look into it, and it is in TMPDIR."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._rooms = 0
        self._unpacked: dict[Path, dict[str, Path]] = {}

    def room(self, source: Path | None = None) -> Path:
        """A new folder for copies; below it are the folders of the source's path that give columns (`year=2026`)."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="claims-edit-")
        keys = () if source is None else [part for part in source.absolute().parent.parts if "=" in part]
        room = Path(self._folder.name, str(self._rooms), *keys)
        room.mkdir(parents=True)
        self._rooms += 1
        return room

    def unpack(self, archive: Path) -> list[SpooledPath]:
        """The members of a zip archive, as copies that are shown as files below it.

        Raises:
            InputError: it cannot be unpacked.
            ResultsError: there is no room for the copies.
        """
        with enough_room(Path(tempfile.gettempdir())):
            copies = unpacked(archive, self.room(archive))
        members = [shown_as(path, f"{archive}/{member}") for path, member in copies]
        for member in members:
            member.is_member = True
        return members

    def found(self, path: Path) -> Path:
        """The path of a run's extract, as its manifest has it; of a member of an archive, a copy.

        Raises:
            InputError: the archive cannot be unpacked.
            ResultsError: there is no room for the copy.
        """
        archive = next((folder for folder in path.parents if folder.is_file()), None)
        if path.exists() or archive is None:
            return path
        if archive not in self._unpacked:
            self._unpacked[archive] = {member.as_posix(): member for member in self.unpack(archive)}
        return self._unpacked[archive].get(path.as_posix(), path)

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is not None:
            self._folder.cleanup()


def is_member(path: Path) -> bool:
    """Whether a path is that of a copy of a member of an archive."""
    return isinstance(path, SpooledPath) and path.is_member


def shown_as(path: str | Path, name: str | None) -> SpooledPath:
    """The path of a copy, under the name of what it is of."""
    found = SpooledPath(path)
    found.shown = name
    return found


@contextmanager
def spooled(extracts: tuple[str, ...]) -> Iterator[tuple[tuple[str | Path, ...], Spool]]:
    """The arguments of a run, each pipe (and `-`, standard input) replaced by a copy that lasts while the block does.

    Beside them, where the members of archives are copied to.

    Raises:
        InputError: a pipe cannot be read, or standard input is a terminal.
        ResultsError: there is no room for a copy.
    """
    pipes = [extract for extract in dict.fromkeys(extracts) if _is_pipe(extract)]
    spool = Spool()
    try:
        copies: dict[str, str | Path] = {}
        for place, pipe in enumerate(pipes):
            with enough_room(Path(tempfile.gettempdir())):
                copies[pipe] = _copy_of(pipe, spool.room() / f"pipe-{place}")
        yield tuple(copies.get(extract, extract) for extract in extracts), spool
    finally:
        spool.close()


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
    return shown_as(target, pipe)
