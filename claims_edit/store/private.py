"""Results are private data: who may read them, and where only runs may write."""

from __future__ import annotations

import grp
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims_edit.errors import ResultsError, UsageError
from claims_edit.resources import lack_of, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN_FOLDER, OWN_FILE = 0o700, 0o600
GROUP_FOLDER, GROUP_FILE = 0o750, 0o640


@dataclass(frozen=True)
class Readers:
    """Who may read published results: their owner, and the group with that id if there is one."""

    group: int | None = None

    @classmethod
    def named(cls, group: str | None) -> Readers:
        """The owner, and the group with that name.

        Raises:
            UsageError: there is no such group.
        """
        try:
            return cls(None if group is None else grp.getgrnam(group).gr_gid)
        except KeyError:
            raise UsageError("--group: no group of this system has that name. `getent group` lists them.") from None

    @classmethod
    def admitted_to(cls, folder: Path) -> Readers:
        """Those to whom a folder was opened by `admit`."""
        state = folder.stat()
        return cls(state.st_gid if stat.S_IMODE(state.st_mode) == GROUP_FOLDER else None)

    def admit(self, path: Path, *, deep: bool = True) -> None:
        """Set the mode and group of a folder or file, and (`deep`) of everything in a folder.

        Raises:
            ResultsError: this user has no permission.
        """
        try:
            self._admit_one(path)
            for place, folders, files in os.walk(path) if deep else ():
                for name in (*folders, *files):
                    self._admit_one(os.path.join(place, name))  # noqa: PTH118 -- of many files: a Path costs more
        except PermissionError:
            raise ResultsError(
                f"{path}: its owner and group cannot be set by this user. Run as its owner, and as a member of --group."
            ) from None

    def _admit_one(self, path: Path | str) -> None:
        state = os.lstat(path)
        if stat.S_ISLNK(state.st_mode):
            return
        own, shared = (OWN_FOLDER, GROUP_FOLDER) if stat.S_ISDIR(state.st_mode) else (OWN_FILE, GROUP_FILE)
        if self.group is not None and state.st_gid != self.group:
            os.chown(path, -1, self.group)
        mode = own if self.group is None else shared
        if stat.S_IMODE(state.st_mode) != mode:
            os.chmod(path, mode)  # noqa: PTH101


OWNER = Readers()


def has_same_readers(one: Path, other: Path) -> bool:
    """Whether two files or folders have the same mode and group."""
    return _access(one) == _access(other)


def _access(path: Path) -> tuple[int, int]:
    state = path.stat()
    return stat.S_IMODE(state.st_mode), state.st_gid


def make_folder(path: Path) -> None:
    """Create a folder and its parents, open only to the owner, whatever the umask; an existing one is unchanged.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(OWN_FOLDER)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    path.chmod(OWN_FOLDER)


def make_private(path: Path) -> None:
    """Create an empty file that only its owner may read, whatever the umask; an existing one keeps its mode.

    Raises:
        OSError: it cannot be made.
    """
    try:
        handle = os.open(path.resolve(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN_FILE)
    except FileExistsError:
        return
    try:
        os.fchmod(handle, OWN_FILE)
    finally:
        os.close(handle)


@contextmanager
def private_file(path: Path) -> Iterator[None]:
    """A file for the block to write (see make_private); a new one is removed if the block fails.

    Raises:
        OSError: it cannot be made.
    """
    is_new = not path.exists()
    make_private(path)
    try:
        yield
    except BaseException:
        if is_new:
            path.unlink(missing_ok=True)
        raise


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn errors of the system in the block, which writes to the target of `--to`, into one fault with a remedy.

    Raises:
        UsageError: it cannot be written.
        ResultsError: the disk is full, or there is too little memory.
    """
    try:
        yield
    except OSError as error:
        if (lack := lack_of(error)) is not None:
            raise lacking(lack, path) from None
        # Arrow and Polars replace the system's text with their own, or with none.
        fault = os.strerror(error.errno) if error.errno else "the disk may be full"
        raise UsageError(f"{path}: cannot be written ({fault}). Use another --to.") from None


def refuse_inside(out: Path, target: Path) -> None:
    """Check that a file or folder to be written is not in the results folder, under any name.

    Raises:
        UsageError: it is inside, or is another name (a hard link) of a file inside.
    """
    real = target.resolve()
    is_inside = any(place.exists() and place.samefile(out) for place in (real, *real.parents))
    if is_inside or _is_linked_from(out, real):
        raise UsageError(f"{target}: is in the results folder, which only runs write to. Use another --to.")


def _is_linked_from(out: Path, target: Path) -> bool:
    if not target.is_file() or target.stat().st_nlink == 1:
        return False
    return any(path.is_file() and path.samefile(target) for path in out.rglob("*"))
