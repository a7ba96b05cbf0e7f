"""Zip archives: each member is an extract of its own, copied out of the archive before it is read."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from claims_edit.errors import InputError
from claims_edit.resources import DISK, lack_of, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
PIECE = 8 * 1024 * 1024
ENCRYPTED = 0x1
OFFICE, BOOK, BINARY_BOOK = "[Content_Types].xml", "xl/workbook.xml", "xl/workbook.bin"
READ_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
AGAIN = "Ask the sender to resend it."


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive of files, and no Office file; one that cannot be opened is none."""
    try:
        with path.open("rb") as file:
            if not file.read(4).startswith(MAGICS):
                return False
    except OSError:
        return False
    return not _names(path) & {OFFICE, BOOK, BINARY_BOOK}


def is_workbook(path: Path) -> bool:
    """Whether a zip archive is an Excel workbook of XML parts (.xlsx, .xlsm)."""
    return BOOK in _names(path)


def _names(path: Path) -> set[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    except READ_FAULTS:
        return set()


def fault_of(path: Path) -> str:
    """Why a zip archive, or a file that begins like one, is not read."""
    names = _names(path)
    if BINARY_BOOK in names:
        return "is a binary Excel workbook (.xlsb), which is not supported. Save it as .xlsx or CSV, and give that."
    if names & {OFFICE, BOOK}:
        return "is an Office file but no workbook, which is not supported. Ask the sender for the extract itself."
    try:
        for _ in _members(path, None):
            pass
    except InputError as error:
        return str(error).removeprefix(f"{path}: ")
    return "is a zip archive inside another one. Unpack it, and give the files inside."


def unpacked(path: Path, folder: Path) -> list[tuple[Path, str]]:
    """Copy the members of an archive below a folder: each copy, and the name of the member; in the archive's order.

    Raises:
        InputError: the archive is damaged, encrypted or has no file, or a member has a name that is not below it.
        ResultsError: the disk is too small for the copies.
    """
    return list(_members(path, folder))


def _members(path: Path, folder: Path | None) -> Iterator[tuple[Path, str]]:
    """The members, each read to its end (its checksum is then known to be right), and copied if a folder is given."""
    with _readable(path), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _check_names(path, members)
        if folder is not None and sum(member.file_size for member in members) > shutil.disk_usage(folder).free:
            raise lacking(DISK, folder)
        for member in members:
            with archive.open(member) as source:
                if folder is None:
                    while source.read(PIECE):
                        pass
                    continue
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as copy:
                    shutil.copyfileobj(source, copy, PIECE)
            yield target, member.filename


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except READ_FAULTS as error:
        if lack_of(error) is not None:
            raise
        if isinstance(error, NotImplementedError):
            raise InputError(
                f"{path}: is packed with a method that is not supported. Pack it with deflate, or use gzip."
            ) from None
        kind = type(error).__name__
        raise InputError(f"{path}: the zip archive is cut off or damaged ({kind}). {AGAIN}") from None


def _check_names(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if not members:
        raise InputError(f"{path}: the zip archive has no file. {AGAIN}")
    if any(member.flag_bits & ENCRYPTED for member in members):
        raise InputError(f"{path}: the zip archive is encrypted. Decrypt it first, and give the plain files.")
    names = [member.filename for member in members]
    for member in members:
        name = PurePosixPath(member.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in member.filename or not member.filename.isprintable():
            raise InputError(
                f"{path}: a member's name leads out of the archive, or has characters of no file name. Unpack it by"
                " hand, look at it, and give the files."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InputError(f"{path}: member {member.filename} is a link. Ask the sender for the file itself.")
    if len(set(names)) < len(names):
        raise InputError(f"{path}: two members have the same name. {AGAIN}")
