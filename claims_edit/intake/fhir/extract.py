"""FHIR extracts: newline-delimited JSON as Bulk FHIR has it, single resources, Bundles and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import polars as pl

from claims_edit.errors import InputError
from claims_edit.intake.extract import REJECTS_SCHEMA, Extract
from claims_edit.intake.fhir.documents import (
    MALFORMED,
    Text,
    alone,
    elements,
    is_array,
    is_document,
    lines,
    type_of,
    whole,
)
from claims_edit.intake.fhir.reader import LINE_BITS, Reader, failed_check
from claims_edit.intake.fhir.references import Surroundings
from claims_edit.intake.fhir.resources import BUNDLE
from claims_edit.intake.fhir.table import SOURCES
from claims_edit.intake.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgspec import Raw

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

STEP = 256  # resources
TABLE_ROWS = 20000  # lines that are held as Python objects before they become a frame


class FhirExtract(Extract):
    """ExplanationOfBenefit and Claim resources (R4 and STU3), a claim line an item.

    A row of the file is a line of newline-delimited JSON, an entry of a Bundle or an element of an array.
    """

    LINE_BITS: ClassVar[int] = LINE_BITS

    def __init__(self, file: SourceFile, mapping: Mapping) -> None:
        """The columns are the same for every file; a mapping's constants stand in their stead."""
        sources = {name: source for name, source in SOURCES.items() if name not in mapping.constants}
        super().__init__(file, Layout(sources, dict(mapping.constants)))
        self._rejected: list[tuple[int, str, str]] = []

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract.

        Raises:
            InputError: the file is damaged, is a document that is no FHIR, or holds no claim.
        """
        reader = Reader(tuple(self.layout.sources))
        self._rejected = reader.rejected
        self.warnings.clear()
        for _ in self._steps(reader):
            if reader.table.height >= min(rows, TABLE_ROWS):
                yield reader.frame()
                self.warnings.update(reader.findings())
        if reader.table.height:
            yield reader.frame()
        self.warnings.update(reader.findings())
        if not reader.claims_read and not reader.rejected:
            raise InputError(
                f"{self.file.path}: holds no ExplanationOfBenefit and no Claim resource. Give the file of the claims."
            )

    def rejects(self) -> pl.DataFrame:
        """See Extract."""
        return pl.DataFrame(self._rejected, schema=REJECTS_SCHEMA, orient="row")

    def _steps(self, reader: Reader) -> Iterator[None]:
        """Read the file, a bounded number of resources at a step."""
        if is_document(self.file):
            return self._read_document(reader, whole(self.file))
        only, found = alone(lines(self.file))
        return self._read_document(reader, only) if only is not None else _read_lines(reader, found)

    def _read_document(self, reader: Reader, content: Text) -> Iterator[None]:
        found: list[tuple[str | None, Raw]] = [(None, element) for element in elements(content, self.file)]
        if not is_array(content) and type_of(content) == BUNDLE:
            try:
                found = reader.entries(content)
            except MALFORMED as error:
                raise InputError(
                    f"{self.file.path}: the Bundle is malformed ({failed_check(error)}). Ask the sender for it again."
                ) from None
        yield from reader.read_together((place, *entry) for place, entry in enumerate(found, 1))


def _read_lines(reader: Reader, found: Iterator[bytes]) -> Iterator[None]:
    nowhere = Surroundings()
    for row, line in enumerate(found, 1):
        reader.read(row, line, nowhere)
        if row % STEP == 0:
            yield
    yield
