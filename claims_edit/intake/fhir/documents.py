"""A file's resources: one a line (Bulk FHIR), or one document that is a resource, a Bundle or an array of them."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, cast

import msgspec
from msgspec import Raw

from claims_edit.errors import InputError
from claims_edit.intake.fhir.fragments import NO_RESOURCE, fragment
from claims_edit.intake.fhir.resources import Bundle, Entry, Identified, Typed
from claims_edit.intake.files import READ_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.intake.files import SourceFile

BUFFER = 1024 * 1024
LARGEST = 512 * 1024 * 1024  # bytes of a document, or of a line
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Text = bytes | bytearray  # msgspec.Raw counts as bytes

_kind = msgspec.json.Decoder(Identified).decode
_typed = msgspec.json.Decoder(Typed).decode
_bundle = msgspec.json.Decoder(Bundle).decode
_entry = msgspec.json.Decoder(Entry).decode
_array = msgspec.json.Decoder(list[Raw]).decode


def kind_of(resource: Text) -> Identified:
    """What a resource is.

    Raises:
        msgspec.DecodeError: it is not JSON, or (ValidationError) not a resource.
    """
    return _kind(resource)


def type_of(resource: Text) -> str:
    """The `resourceType` of a resource, whatever else of it is malformed.

    Raises:
        msgspec.DecodeError: it is not JSON, or (ValidationError) not a resource.
    """
    return _typed(resource).resource_type


def bundle_of(text: Text) -> Bundle:
    """A Bundle.

    Raises:
        msgspec.DecodeError: it is malformed.
    """
    return _bundle(text)


def entries(bundle: Bundle) -> list[tuple[str | None, Raw]]:
    """The resources of a Bundle, and their URLs; a malformed entry represents its resource."""
    found: list[tuple[str | None, Raw]] = []
    for raw in bundle.entry or ():
        try:
            entry = _entry(raw)
        except MALFORMED:
            found.append((None, raw))
        else:
            found.append((entry.full_url, entry.resource))
    return found


def is_resource(text: bytes) -> bool:
    """Whether a text is one whole resource."""
    try:
        type_of(text)
    except MALFORMED:
        return False
    return True


@contextmanager
def _opened(file: SourceFile) -> Iterator[io.BufferedReader]:
    with file.open() as stream:
        try:
            yield io.BufferedReader(cast("io.RawIOBase", stream), BUFFER)
        except READ_ERRORS as error:
            raise file.unreadable(error) from None


def lines(file: SourceFile) -> Iterator[bytes]:
    """The lines of a file, with their ends, without a byte order mark.

    Raises:
        InputError: the file cannot be read to its end, or a line has no end.
    """
    with _opened(file) as text:
        mark = BYTE_ORDER_MARK
        while line := text.readline(LARGEST):
            if len(line) == LARGEST:
                raise too_large(file, "has a line")
            yield line.removeprefix(mark) if mark else line
            mark = b""


def too_large(file: SourceFile, what: str) -> InputError:
    """What to raise where one piece of JSON does not fit in memory."""
    return InputError(
        f"{file.path}: {what} of more than {LARGEST // 1024**2} MB. "
        "Ask the sender for newline-delimited JSON (one resource a line)."
    )


def is_document(file: SourceFile) -> bool:
    """Whether a file is one document over several lines; none of its first lines is a whole resource then."""
    start = file.head.lstrip()
    if start.startswith("["):
        return True
    first = start.encode().split(b"\n")
    return len(first) > 1 and not any(is_resource(line) for line in first)


def whole(file: SourceFile) -> bytearray:
    """All of a document.

    Raises:
        InputError: it cannot be read to its end, or is too large to be held in memory.
    """
    content = bytearray()
    with _opened(file) as text:
        while piece := text.read(BUFFER):
            content += piece
            if len(content) > LARGEST:
                raise too_large(file, "is one JSON document")
    return content.removeprefix(BYTE_ORDER_MARK) if content.startswith(BYTE_ORDER_MARK) else content


def alone(found: Iterator[bytes]) -> tuple[bytes | None, Iterator[bytes]]:
    """The only line that is not empty, if it is the only one; and all lines, as before."""
    seen: list[bytes] = []
    filled: list[bytes] = []
    for line in found:
        seen.append(line)
        if line.strip():
            filled.append(line)
        if len(filled) > 1:
            break
    return filled[0] if len(filled) == 1 else None, chain(seen, found)


def is_array(content: Text) -> bool:
    """Whether a document is an array of resources."""
    return content[:BUFFER].lstrip().startswith(b"[")


def elements(content: Text, file: SourceFile) -> list[Raw]:
    """The resources of a document: those of an array, else the document itself.

    Raises:
        InputError: it is not JSON, or is incomplete.
    """
    try:
        if is_array(content):
            found = _array(content)
            if not any(is_resource(one) for one in found) and (what := fragment(content)) is not None:
                raise InputError(f"{file.path}: {what}")
            return found
        type_of(content)
    except MALFORMED as error:
        first, _, _ = bytes(content).lstrip().partition(b"\n")
        raise _unreadable(file, error, fragment(content) or fragment(first)) from None
    return [Raw(content)]


def _unreadable(file: SourceFile, error: Exception, what: str | None) -> InputError:
    """The fault of a document; from the decoder's message only the byte position is used."""
    if what is not None or isinstance(error, msgspec.ValidationError):
        return InputError(f"{file.path}: {what or NO_RESOURCE}")
    if not isinstance(error, msgspec.DecodeError):
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "is nested too deeply"
    elif "truncated" in str(error):
        reason = "ends before it is complete"
    else:
        place = re.search(r"\(byte (\d+)\)", str(error))
        reason = f"is not JSON (at byte {int(place[1]) + 1})" if place else "is not JSON"
    return InputError(
        f"{file.path}: the JSON document {reason}. "
        "Ask the sender to resend it, or for newline-delimited JSON (one resource a line)."
    )
