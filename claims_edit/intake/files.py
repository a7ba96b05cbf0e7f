"""The format of a file, from its content and never its name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa

from claims_edit.errors import InputError
from claims_edit.intake.archives import MAGICS, fault_of, is_workbook
from claims_edit.intake.readers import AUTO, READERS, TABLE, Reader
from claims_edit.intake.signatures import unread

SNIFF_BYTES = 256 * 1024
LOOK_BYTES = 1024
MAGIC_BYTES = 8
LONGEST_HEADER = SNIFF_BYTES // 4  # what is read of a file's beginning may be text of up to four bytes a character
LINE_END = re.compile(r"[\r\n]")
ZSTD, GZIP = b"\x28\xb5\x2f\xfd", b"\x1f\x8b"
READ_ERRORS = (OSError, EOFError, UnicodeError, pa.ArrowException)

if TYPE_CHECKING:
    from pathlib import Path


class Compression(StrEnum):
    """How a text extract is compressed; the values are DuckDB's names."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


@dataclass(frozen=True)
class SourceFile:
    """One readable file of a run: its path, its format (of READERS), and the beginning of its text.

    `context` are the FHIR files that were given with it: what its claims refer to may be in any of them.
    """

    path: Path
    format: str
    compression: Compression = Compression.NONE
    encoding: str = "utf-8"
    head: str = ""
    context: tuple[SourceFile, ...] = ()

    @property
    def name(self) -> str:
        """The extract's name: the file's, without its endings."""
        return self.path.name.split(".")[0] or self.path.name

    def open(self) -> pa.NativeFile:
        """The file's text as a stream of UTF-8 bytes, decompressed.

        Raises:
            InputError: it cannot be opened; what goes wrong later, while it is read, is one of READ_ERRORS.
        """
        codec = None if self.compression is Compression.NONE else self.compression.value
        try:
            stream = pa.input_stream(str(self.path), compression=codec)
        except READ_ERRORS as error:
            raise self.unreadable(error) from None
        if self.encoding != "utf-8":
            stream = pa.transcoding_input_stream(stream, self.encoding, "utf-8")
        return stream

    def unreadable(self, error: Exception) -> InputError:
        """The error when reading fails: the library's message may quote the file, so only its kind is shown."""
        reason = type(error).__name__
        if self.compression is not Compression.NONE:
            reason = "the compressed stream is cut off or damaged"
        return InputError(f"{self.path}: cannot be read to its end ({reason}). Ask the sender to resend it.")


def text_bytes(path: Path) -> int:
    """About how much text a file holds: its size, or eight times that where it is packed; 0 where it cannot be read."""
    try:
        with path.open("rb") as file:
            magic = file.read(MAGIC_BYTES)
        packed = magic[:2] == GZIP or magic.startswith(ZSTD) or _binary(magic) is not None
        return path.stat().st_size * (8 if packed else 1)
    except OSError:
        return 0


def sniff(path: Path, fmt: str = "auto") -> SourceFile:
    """The format of the file, from its first bytes; `fmt` is the value of `--format`: auto, table, x12 or fhir.

    Raises:
        InputError: it cannot be opened, is empty, is not text, or has an unsupported format.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(MAGIC_BYTES)
            size = file.seek(0, 2)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}). Check the path and its permissions.") from None
    if size == 0:
        raise InputError(f"{path}: the file is empty. Ask the sender to resend the extract.")
    if magic.startswith(MAGICS) and not is_workbook(path):
        raise InputError(f"{path}: {fault_of(path)}")
    if (binary := _binary(magic)) is not None:
        if fmt not in {AUTO, binary.option}:
            named = binary.format.replace("-", " ").capitalize()
            raise InputError(f"{path}: is {named}, but --format is {fmt}. Remove --format.")
        return SourceFile(path, binary.format)
    for reader in READERS:
        if path.suffix.lower() in reader.endings:
            other = unread(_first_bytes(path, _compression(magic)))
            named = f"is named {reader.format.capitalize()} but is not one. Rename it, or ask the sender to resend it."
            raise InputError(f"{path}: {other or named}")
    return _sniff_text(path, magic, fmt)


def opens_as_json(path: Path) -> bool:
    """Whether a file's text begins like JSON; cheap, for files that are only sampled.

    Raises:
        InputError: it is compressed and cannot be decompressed.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        magic = file.read(MAGIC_BYTES)
    if _binary(magic) is not None:
        return False
    begin = _first_bytes(path, _compression(magic), LOOK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    return begin.startswith((b"{", b"["))


def _binary(magic: bytes) -> Reader | None:
    """The binary format of a file that begins so; None of text."""
    return next((reader for reader in READERS if reader.magic and magic.startswith(reader.magic)), None)


def _compression(magic: bytes) -> Compression:
    if magic.startswith(GZIP):
        return Compression.GZIP
    return Compression.ZSTD if magic.startswith(ZSTD) else Compression.NONE


def _sniff_text(path: Path, magic: bytes, fmt: str) -> SourceFile:
    compression = _compression(magic)
    content = _first_bytes(path, compression)
    if not content.strip():
        raise InputError(f"{path}: the file is empty. Ask the sender to resend the extract.")
    if (fault := unread(content)) is not None:
        raise InputError(f"{path}: {fault}")
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    head = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    return SourceFile(path, _text_format(path, head, fmt), compression, encoding, head)


def _text_format(path: Path, head: str, fmt: str) -> str:
    """The format of a text, from its beginning or from `--format`."""
    start = head.lstrip()
    fitting = [reader for reader in READERS if not reader.magic and fmt in {AUTO, reader.option}]
    if len(fitting) == 1:  # the user's choice, whatever the content
        return fitting[0].format
    found = next(reader for reader in fitting if reader.begins(start))
    if found.option != TABLE:
        return found.format
    if "\x00" in head:
        raise InputError(f"{path}: is binary, neither text nor Parquet. Use a table, X12 837 or FHIR.")
    if start.startswith("[") or (start.startswith("{") and _is_document(start)):
        raise InputError(f"{path}: is one JSON document. Use newline-delimited JSON: one claim line per line.")
    if len(head) > LONGEST_HEADER and not LINE_END.search(start):
        raise InputError(f"{path}: its first line is longer than {LONGEST_HEADER} bytes. Check quotes and line ends.")
    return found.format


def _is_document(start: str) -> bool:
    """Whether a text that starts with a brace is one object over several lines, not one object a line."""
    first, _, rest = start.partition("\n")
    try:
        json.loads(first)
    except RecursionError:
        return False
    except ValueError:
        return bool(rest) and not rest.lstrip(" \t").startswith("{")
    return False


def _first_bytes(path: Path, compression: Compression, size: int = SNIFF_BYTES) -> bytes:
    codec = None if compression is Compression.NONE else compression.value
    try:
        with pa.OSFile(str(path)) as file, pa.input_stream(file, compression=codec) as stream:
            return bytes(stream.read(size))
    except (OSError, EOFError, pa.ArrowException):
        raise InputError(
            f"{path}: cannot be decompressed ({compression}); it is cut off or damaged. Ask the sender to resend it."
        ) from None
