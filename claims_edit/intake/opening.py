"""The reader for each format of extract."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from claims_edit.intake.body import body_of, check_skipped
from claims_edit.intake.delimited import DelimitedExtract
from claims_edit.intake.files import Format, SourceFile
from claims_edit.intake.fixed_width import FixedWidthExtract, split_line
from claims_edit.intake.header import names_fixed_width, read_header, split_row
from claims_edit.intake.layout import resolve
from claims_edit.intake.ndjson import JsonLinesExtract
from claims_edit.intake.parquet import ParquetExtract
from claims_edit.intake.row_rules import with_row_rules
from claims_edit.intake.wide import one_line_a_row

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
        case Format.X12:
            from claims_edit.intake.x12.extract import X12Extract  # noqa: PLC0415 -- only the reader that a file needs loads

            return X12Extract(file, mapping)
        case Format.FHIR:
            from claims_edit.intake.fhir.extract import FhirExtract  # noqa: PLC0415 -- likewise

            return FhirExtract(file, mapping, scratch)
        case _:
            return one_line_a_row(with_row_rules(_open_table(file, mapping, scratch), mapping))


def _open_table(file: SourceFile, mapping: Mapping, scratch: Path) -> Extract:
    match file.format:
        case Format.PARQUET:
            return ParquetExtract(file, mapping)
        case Format.NDJSON:
            return JsonLinesExtract(file, mapping, scratch)
        case _:
            return _open_text(file, mapping, scratch)


def _open_text(file: SourceFile, mapping: Mapping, scratch: Path) -> Extract:
    """The reader of a text that is delimited, or of fixed width where the mapping gives positions."""
    text, body = body_of(file, mapping, scratch)
    if mapping.fixed_width and not names_fixed_width(text.head, mapping):
        layout = resolve(file.path, list(mapping.fixed_width), mapping)
        if body is not None:
            check_skipped(file, body, layout, partial(split_line, positions=mapping.fixed_width))
        fixed = replace(text, format=Format.FIXED_WIDTH)
        return FixedWidthExtract(fixed, layout, mapping, scratch, body)
    header = read_header(file.path, text.head, mapping)
    layout = resolve(file.path, header.names, mapping)
    if body is not None:
        check_skipped(file, body, layout, partial(split_row, header=header))
    return DelimitedExtract(text, layout, scratch, header, body)
