"""FHIR extracts: newline-delimited JSON as Bulk FHIR has it, single resources, Bundles and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import polars as pl

from claims_edit.errors import InputError
from claims_edit.intake.extract import REJECTS_SCHEMA, Extract
from claims_edit.intake.fhir.context import Context
from claims_edit.intake.fhir.documents import (
    MALFORMED,
    Text,
    alone,
    bundle_of,
    elements,
    is_array,
    is_document,
    lines,
    type_of,
    whole,
)
from claims_edit.intake.fhir.failures import failed_check
from claims_edit.intake.fhir.fragments import without_claims
from claims_edit.intake.fhir.reader import LINE_BITS, Reader
from claims_edit.intake.fhir.resources import BUNDLE
from claims_edit.intake.fhir.surroundings import Surroundings
from claims_edit.intake.fhir.table import SOURCES
from claims_edit.intake.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

STEP = 256  # resources
TABLE_ROWS = 20000  # lines that are held as Python objects before they become a frame


class FhirExtract(Extract):
    """ExplanationOfBenefit and Claim resources (R4 and STU3), a claim line an item.

    A row of the file is a line of newline-delimited JSON, an entry of a Bundle or an element of an array.
    """

    LINE_BITS: ClassVar[int] = LINE_BITS

    def __init__(self, file: SourceFile, mapping: Mapping, scratch: Path) -> None:
        """The columns are the same for every file; a mapping's constants replace them.

        Resources that claims refer to are found in the file and its `context`, through an index in `scratch`.
        """
        sources = {name: source for name, source in SOURCES.items() if name not in mapping.constants}
        super().__init__(file, Layout(sources, dict(mapping.constants)))
        others = tuple(other for other in file.context if other.path != file.path)
        self._context = Context((*others, file), scratch)
        self._rejected: list[tuple[int, str, str]] = []

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract.

        Raises:
            InputError: the file is damaged, is not FHIR, or has no claim.
        """
        reader = Reader(tuple(self.layout.sources), self.decided)
        self._rejected = reader.rejected
        self.warnings.clear()
        self.first_warned = reader.first
        try:
            for _ in self._steps(reader):
                if reader.table.height >= min(rows, TABLE_ROWS):
                    yield reader.frame()
                    self.warnings.update(reader.findings())
            if reader.table.height:
                yield reader.frame()
        finally:
            self._context.close()
        self.warnings.update(reader.findings())
        if not reader.has_claims and not reader.rejected:
            raise InputError(f"{self.file.path}: {without_claims(self.warnings)}")

    def rejects(self) -> pl.DataFrame:
        """See Extract."""
        return pl.DataFrame(self._rejected, schema=REJECTS_SCHEMA, orient="row")

    def _steps(self, reader: Reader) -> Iterator[None]:
        """Read the file, a bounded number of resources at a step."""
        around = Surroundings(self._context)
        if is_document(self.file):
            return self._read_document(reader, whole(self.file), around)
        only, found = alone(lines(self.file))
        return self._read_document(reader, only, around) if only is not None else _read_lines(reader, found, around)

    def _read_document(self, reader: Reader, content: Text, around: Surroundings) -> Iterator[None]:
        resources = elements(content, self.file)
        if not is_array(content) and type_of(content) == BUNDLE:
            try:
                bundle = bundle_of(content)
                labeled = reader.is_test(bundle)
            except MALFORMED as error:
                raise InputError(
                    f"{self.file.path}: the Bundle is malformed ({failed_check(error)}). Ask the sender to resend it."
                ) from None
            yield from reader.read_together(reader.entries(bundle), around, is_test=labeled)
            return
        found = ((place, None, element) for place, element in enumerate(resources, 1))
        yield from reader.read_together(found, around)


def _read_lines(reader: Reader, found: Iterator[bytes], around: Surroundings) -> Iterator[None]:
    for row, line in enumerate(found, 1):
        reader.read(row, line, around)
        if row % STEP == 0:
            yield
    yield


def open_extract(file: SourceFile, mapping: Mapping, scratch: Path) -> FhirExtract:
    """See Reader."""
    return FhirExtract(file, mapping, scratch)
