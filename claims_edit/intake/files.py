"""Which files a run reads, and what each of them is, told by content and never by name."""

from __future__ import annotations

import glob
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyarrow as pa

from claims_edit.errors import InputError

SNIFF_BYTES = 256 * 1024
PARQUET, ZSTD, GZIP = b"PAR1", b"\x28\xb5\x2f\xfd", b"\x1f\x8b"
GLOB_CHARACTERS = set("*?[")
INTERCHANGE = re.compile(r"ISA([^A-Za-z0-9 \t\r\n]).{0,2}\1")  # ISA01 has two characters at most
RESOURCE = re.compile(r'"resourceType"\s*:')
READ_ERRORS = (OSError, EOFError, UnicodeError, pa.ArrowException)


class Format(StrEnum):
    """The formats that an extract can have."""

    PARQUET = "parquet"
    NDJSON = "ndjson"
    DELIMITED = "delimited"
    X12 = "x12"
    FHIR = "fhir"


class Compression(StrEnum):
    """How a text extract is compressed; the values are DuckDB's names."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


@dataclass(frozen=True)
class SourceFile:
    """One readable file of a run: its path, what it holds, and the beginning of its text."""

    path: Path
    format: Format
    compression: Compression = Compression.NONE
    encoding: str = "utf-8"
    head: str = ""

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
        """What to raise when reading fails: the error's own words may quote the file, so only its kind is told."""
        reason = type(error).__name__
        if self.compression is not Compression.NONE:
            reason = "the compressed stream is cut off or damaged"
        return InputError(f"{self.path}: cannot be read to its end ({reason}). Ask the sender for it again.")


def discover(extracts: tuple[str, ...]) -> list[Path]:
    """Every file that the arguments (files, folders, globs) name, once each, sorted by path.

    A folder gives all files below it but hidden ones and those that start with an underscore (`_SUCCESS`).

    Raises:
        InputError: an argument names nothing.
    """
    found: dict[Path, Path] = {}
    faults = []
    for extract in extracts:
        paths = _expand(extract)
        if not paths:
            faults.append(f"{extract}: no such file, or nothing in it. Check the path, or quote the glob.")
        for path in paths:
            found.setdefault(path.resolve(), path)
    if faults:
        raise InputError(*sorted(faults))
    return sorted(found.values(), key=lambda path: path.as_posix())


def _expand(extract: str) -> list[Path]:
    path = Path(extract)
    if path.is_dir():
        inside = (file for file in path.rglob("*") if file.is_file())
        return [file for file in inside if not any(part[0] in "._" for part in file.relative_to(path).parts)]
    if path.exists():
        return [path]
    if GLOB_CHARACTERS & set(extract):
        return [Path(match) for match in glob.glob(extract, recursive=True) if Path(match).is_file()]  # noqa: PTH207 -- a glob may be absolute
    return []


def text_bytes(path: Path) -> int:
    """About how much text a file holds: its size, or eight times that where it is packed; 0 where it cannot be read."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        packed = magic[:2] == GZIP or magic in {ZSTD, PARQUET}
        return path.stat().st_size * (8 if packed else 1)
    except OSError:
        return 0


def sniff(path: Path, fmt: str = "auto") -> SourceFile:
    """What the file holds, from its first bytes; `fmt` is what `--format` says: auto, table, x12 or fhir.

    Raises:
        InputError: it cannot be opened, is empty, is no text, or holds a format that is not read here.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0, 2)
            size = file.tell()
            file.seek(max(0, size - 4))
            tail = file.read(4)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}). Check the path and its permissions.") from None
    if size == 0:
        raise InputError(f"{path}: the file is empty. Ask the sender for the extract again.")
    if magic == PARQUET:
        if tail != PARQUET or size < 12:  # noqa: PLR2004 -- two magic words and a footer length
            raise InputError(f"{path}: the Parquet file is cut off (no footer). Ask the sender for it again.")
        if fmt in {Format.X12, Format.FHIR}:
            raise InputError(f"{path}: is Parquet, not what --format {fmt} says. Leave --format out.")
        return SourceFile(path, Format.PARQUET)
    if path.suffix.lower() in {".parquet", ".pq"}:
        raise InputError(f"{path}: is named Parquet and is not one. Rename it, or ask the sender for it again.")
    return _sniff_text(path, magic, fmt)


def _sniff_text(path: Path, magic: bytes, fmt: str) -> SourceFile:
    compression = Compression.NONE
    if magic.startswith(GZIP):
        compression = Compression.GZIP
    elif magic == ZSTD:
        compression = Compression.ZSTD
    content = _first_bytes(path, compression)
    if not content.strip():
        raise InputError(f"{path}: the file is empty. Ask the sender for the extract again.")
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    head = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    return SourceFile(path, _text_format(path, head, fmt), compression, encoding, head)


def _text_format(path: Path, head: str, fmt: str) -> Format:
    """The format of a text from its beginning, or what `--format` says it is."""
    start = head.lstrip()
    if fmt == Format.X12 or (fmt == "auto" and INTERCHANGE.match(start)):
        return Format.X12
    if fmt == Format.FHIR or (fmt == "auto" and start.startswith(("{", "[")) and RESOURCE.search(start)):
        return Format.FHIR
    if "\x00" in head:
        raise InputError(f"{path}: is binary, neither text nor Parquet. Give a table, X12 837 or FHIR.")
    if start.startswith("[") or (start.startswith("{") and _is_document(start)):
        raise InputError(f"{path}: is one JSON document. Give newline-delimited JSON: one claim line a line.")
    return Format.NDJSON if start.startswith("{") else Format.DELIMITED


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


def _first_bytes(path: Path, compression: Compression) -> bytes:
    codec = None if compression is Compression.NONE else compression.value
    try:
        with pa.OSFile(str(path)) as file, pa.input_stream(file, compression=codec) as stream:
            return bytes(stream.read(SNIFF_BYTES))
    except (OSError, EOFError, pa.ArrowException):
        raise InputError(
            f"{path}: cannot be decompressed ({compression}); it is cut off or damaged. Ask the sender for it again."
        ) from None
