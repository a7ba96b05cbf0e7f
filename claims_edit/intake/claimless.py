"""FHIR files without a claim, as a Bulk export has them beside its claims: Patient, Coverage, Condition and others."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from claims_edit.errors import InputError
from claims_edit.intake.files import LOOK_BYTES, READ_ERRORS, opens_as_json, sniff
from claims_edit.intake.readers import AUTO, FHIR

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.files import SourceFile

PIECE = 4 * 1024 * 1024
OVERLAP = 256  # bytes; the key and the type of a resource lie closer together
RESOURCE = re.compile(rb'"resourceType"\s*:\s*"([^"]*)"')
CLAIM = re.compile(rb'"resourceType"\s*:\s*"(?!ClaimResponse")[^"]*(claim|benefit|eob)[^"]*"', re.IGNORECASE)


def consulted(paths: list[Path], fmt: str) -> tuple[SourceFile, ...]:
    """The FHIR files of a run, in order: what a claim refers to may be in any of them, beside claims too.

    One that cannot be read is left out: its own reader reports the fault.
    """
    found = []
    for path in paths if fmt in {AUTO, FHIR} else ():
        try:
            file = sniff(path, fmt) if opens_as_json(path) else None
        except (InputError, *READ_ERRORS):
            continue
        if file is not None and file.format == FHIR:
            found.append(replace(file, head=file.head[:LOOK_BYTES]))
    return tuple(found)


def is_claimless(path: Path, fmt: str) -> bool:
    """Whether a file has FHIR resources and none of them is, or is meant to be, a claim.

    All of the file is searched: a claim at its end counts as one at its beginning. What cannot be read counts as an
    extract, so that the run reports the fault.
    """
    if fmt not in {AUTO, FHIR}:
        return False
    try:
        if not opens_as_json(path):
            return False
        file = sniff(path, fmt)
        if file.format != FHIR:
            return False
        seen = False
        with file.open() as stream:
            held = b""
            while piece := stream.read(PIECE):
                text = held + piece
                if CLAIM.search(text):
                    return False
                seen = seen or RESOURCE.search(text) is not None
                held = text[-OVERLAP:]
    except (InputError, *READ_ERRORS):
        return False
    return seen
