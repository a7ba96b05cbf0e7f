"""The formats of extracts: how each is recognized, and which module reads it.

A new format is a module with a function `open_extract(file, mapping, scratch)` that gives an `Extract`, and an entry
in READERS (CONTRIBUTING.md walks through one). A module loads when a file needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from claims_edit.intake.extract import Extract
    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

AUTO, TABLE, X12, FHIR = "auto", "table", "x12", "fhir"
PARQUET, NDJSON, DELIMITED, FIXED_WIDTH = "parquet", "ndjson", "delimited", "fixed-width"
ARROW, ARROW_STREAM, EXCEL = "arrow", "arrow-stream", "excel"
_ARROW_IPC = "claims_edit.intake.arrow_ipc"
INTERCHANGE = re.compile(r"ISA([^A-Za-z0-9 \t\r\n]).{0,2}\1")  # ISA01 has two characters at most
# FHIR resources; and parts of them, and the manifest of an export, which their reader names as what they are.
RESOURCE = re.compile(
    r'"resourceType"\s*:|"(?:productOrService|adjudication|diagnosisCodeableConcept)"\s*:\s*[\[{]|"transactionTime"\s*:'
)


@dataclass(frozen=True)
class Reader:
    """One format.

    Attributes:
        format: what manifests call it.
        option: what `--format` calls it; all tables are `table`.
        module: reads it.
        begins: whether text that begins so (without white space before it) is of this format; never where `magic` says.
        magic: the first bytes of a binary format.
        endings: of the names of files that hold a binary format.
    """

    format: str
    option: str
    module: str
    begins: Callable[[str], bool] = lambda _: False
    magic: bytes = b""
    endings: tuple[str, ...] = ()

    def open(self, file: SourceFile, mapping: Mapping, scratch: Path) -> Extract:
        """The file's reader.

        Raises:
            InputError: it is damaged, or required columns are missing.
        """
        extract: Extract = import_module(self.module).open_extract(file, mapping, scratch)
        return extract


def _begins_interchange(start: str) -> bool:
    return INTERCHANGE.match(start) is not None


def _begins_resource(start: str) -> bool:
    return start.startswith(("{", "[")) and RESOURCE.search(start) is not None


READERS = (  # the first that recognizes a text reads it
    Reader(PARQUET, TABLE, "claims_edit.intake.parquet", magic=b"PAR1", endings=(".parquet", ".pq")),
    Reader(ARROW, TABLE, _ARROW_IPC, magic=b"ARROW1\x00\x00", endings=(".arrow", ".feather", ".ipc")),
    Reader(ARROW_STREAM, TABLE, _ARROW_IPC, magic=b"\xff\xff\xff\xff", endings=(".arrows",)),
    Reader(EXCEL, TABLE, "claims_edit.intake.excel", magic=b"PK\x03\x04", endings=(".xlsx", ".xlsm")),
    Reader(X12, X12, "claims_edit.intake.x12.extract", _begins_interchange),
    Reader(FHIR, FHIR, "claims_edit.intake.fhir.extract", _begins_resource),
    Reader(NDJSON, TABLE, "claims_edit.intake.ndjson", lambda start: start.startswith(("{", "["))),
    Reader(DELIMITED, TABLE, "claims_edit.intake.delimited", lambda _: True),
)
FORMAT_OPTIONS = (AUTO, *dict.fromkeys(reader.option for reader in READERS))


def reader_of(name: str) -> Reader:
    """The entry of a format."""
    return next(reader for reader in READERS if reader.format == name)
