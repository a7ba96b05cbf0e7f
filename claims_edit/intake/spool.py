"""Copies of extracts that are no files here: of a pipe or standard input, of objects, and of members of an archive.

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
from claims_edit.intake.object_store import ObjectStore
from claims_edit.local_path import is_object_url
from claims_edit.resources import enough_room

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"
PIECE = 8 * 1024 * 1024


class SpooledPath(PosixPath):
    """The path of a copy, which is shown (in messages, manifests, results) under the name that the user gave."""

    shown: str | None = None  # a path that is made from this one has a name of its own
    is_member = False  # of an archive
    below: str | None = None  # of an object: its name below what was asked for; None if it was named itself

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
        self._fetched: dict[str, SpooledPath] = {}

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
            ResultsError: the disk is too small for the copies.
        """
        with enough_room(Path(tempfile.gettempdir())):
            copies = unpacked(archive, self.room(archive))
        members = [shown_as(path, f"{archive}/{member}") for path, member in copies]
        for member in members:
            member.is_member = True
        return members

    def fetch(self, url: str) -> list[SpooledPath]:
        """The objects that a URL names, as copies that are shown as their URLs; a hidden one is an empty file.

        Raises:
            InputError: there is none, or one cannot be read.
            ResultsError: the disk is too small for the copies.
        """
        store = ObjectStore(url)
        copies = []
        for each in store.objects():
            copy = self._fetched.get(each.url)
            if copy is None:
                copy = shown_as(self.room() / store.bucket / each.key, each.url)
                copy.below = each.below
                if each.is_hidden:
                    copy.parent.mkdir(parents=True)
                    copy.touch()
                else:
                    with enough_room(Path(tempfile.gettempdir())):
                        store.copy(each, copy)
                    self._fetched[each.url] = copy
            elif each.below is None:
                copy.below = None
            copies.append(copy)
        return copies

    def found(self, name: str) -> Path:
        """The path of a run's extract, as its manifest names it; a copy of an object or of a member of an archive.

        Raises:
            InputError: the object cannot be read, or the archive cannot be unpacked.
            ResultsError: the disk is too small for the copy.
        """
        path = Path(name)
        if path.exists():
            return path
        if is_object_url(name):
            whole, ending, member = name.partition(".zip/")
            path = self.fetch(whole + ending.rstrip("/"))[0]
            archive: Path | None = path if member else None
        else:
            archive = next((folder for folder in path.parents if folder.is_file()), None)
        if archive is None:
            return path
        if archive not in self._unpacked:
            self._unpacked[archive] = {member.as_posix(): member for member in self.unpack(archive)}
        return self._unpacked[archive].get(name, path)

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is not None:
            self._folder.cleanup()


def is_member(path: Path) -> bool:
    """Whether a path is that of a copy of a member of an archive."""
    return isinstance(path, SpooledPath) and path.is_member


def below(path: Path) -> str | None:
    """The name of an object below the prefix or glob that it was found by; None of any other path."""
    return path.below if isinstance(path, SpooledPath) else None


def shown_as(path: str | Path, name: str | None) -> SpooledPath:
    """The path of a copy, under the name of what it is of."""
    found = SpooledPath(path)
    found.shown = name
    return found


@contextmanager
def spooled(extracts: tuple[str | Path, ...]) -> Iterator[tuple[tuple[str | Path, ...], Spool]]:
    """The arguments of a run, each pipe (and `-`, standard input) and object replaced by a copy while the block lasts.

    Beside them, where the members of archives are copied to.

    Raises:
        InputError: a pipe or an object cannot be read, or standard input is a terminal.
        ResultsError: the disk is too small for a copy.
    """
    pipes = [extract for extract in dict.fromkeys(extracts) if isinstance(extract, str) and _is_pipe(extract)]
    spool = Spool()
    try:
        copies: dict[str, str | Path] = {}
        for place, pipe in enumerate(pipes):
            with enough_room(Path(tempfile.gettempdir())):
                copies[pipe] = _copy_of(pipe, spool.room() / f"pipe-{place}")
        yield tuple(given for extract in extracts for given in _given(extract, copies, spool)), spool
    finally:
        spool.close()


def _given(extract: str | Path, pipes: dict[str, str | Path], spool: Spool) -> list[str | Path]:
    """What is read for an argument: the copies of a pipe or of objects, or else the argument."""
    if isinstance(extract, Path):
        return [extract]
    if is_object_url(extract) and not Path(extract).exists():
        return list(spool.fetch(extract))
    return [pipes.get(extract, extract)]


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
