"""The reader for each format of extract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.intake.fhir import FhirExtract
from claims_edit.intake.files import Format, SourceFile
from claims_edit.intake.layout import read_header, resolve
from claims_edit.intake.ndjson import JsonLinesExtract
from claims_edit.intake.parquet import ParquetExtract
from claims_edit.intake.text import DelimitedExtract
from claims_edit.intake.wide import one_line_a_row
from claims_edit.intake.x12 import X12Extract

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.extract import Extract
    from claims_edit.intake.mapping import Mapping


def open_extract(file: SourceFile, mapping: Mapping, scratch: Path) -> Extract:
    """The reader for a file, its columns resolved; `scratch` is a folder for what does not fit in memory.

    Raises:
        InputError: the header is not readable, or required columns are missing.
    """
    match file.format:
        case Format.PARQUET:
            return one_line_a_row(ParquetExtract(file, mapping))
        case Format.NDJSON:
            return one_line_a_row(JsonLinesExtract(file, mapping, scratch))
        case Format.DELIMITED:
            delimiter, names = read_header(file.path, file.head, mapping)
            layout = resolve(file.path, names, mapping)
            return one_line_a_row(DelimitedExtract(file, layout, scratch, delimiter=delimiter, names=names))
        case Format.X12:
            return X12Extract(file, mapping)
        case Format.FHIR:
            return FhirExtract(file, mapping, scratch)
