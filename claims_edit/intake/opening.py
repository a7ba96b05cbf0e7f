"""The reader of an extract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.intake.readers import TABLE, reader_of
from claims_edit.intake.row_rules import with_row_rules
from claims_edit.intake.wide import one_line_a_row

if TYPE_CHECKING:
    from pathlib import Path

    from claims_edit.intake.extract import Extract
    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

MISSPELT = "column-misspelt"  # with the column's name: it is near that of a column that the extract lacks


def open_extract(file: SourceFile, mapping: Mapping, scratch: Path) -> Extract:
    """The reader for a file, its columns resolved; `scratch` is a folder for what does not fit in memory.

    Raises:
        InputError: the header is not readable, or required columns are missing.
    """
    reader = reader_of(file.format)
    extract = reader.open(file, mapping, scratch)
    for name in extract.layout.doubtful:
        extract.warn(f"{MISSPELT}:{name.strip()}", [], 1)
    return one_line_a_row(with_row_rules(extract, mapping)) if reader.option == TABLE else extract
