"""One extract of any table format, read in order, in bounded batches, with what could not be split set apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.layout import Layout

ORDINAL = "__ordinal"  # 1-based position among the rows that could be split (Int64), in every batch
REJECTS_SCHEMA = {"source_row": pl.Int64, "check": pl.String, "text": pl.String}


class Extract(ABC):
    """A readable extract: `batches` gives its rows as they stand, `rejects` what could not be split."""

    def __init__(self, file: SourceFile, layout: Layout) -> None:
        """Keep the file and how its columns become canonical ones."""
        self.file = file
        self.layout = layout

    @abstractmethod
    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of about `rows` rows: the canonical columns that the extract has, untouched, and ORDINAL.

        Raises:
            InputError: the file is cut off or damaged.
        """

    def rejects(self) -> pl.DataFrame:
        """Rows that could not be split (REJECTS_SCHEMA); complete once `batches` is exhausted."""
        return pl.DataFrame(schema=REJECTS_SCHEMA)

    def mended(self) -> Extract | None:
        """The extract to read in this one's stead, from its beginning, where a fault swallowed rows; else None.

        Raises:
            InputError: it cannot be mended.
        """
        return None

    def source_row(self) -> pl.DataFrame:
        """How ORDINAL becomes the row number in the file: from ordinal `after` on, `shift` is added (both Int64)."""
        return pl.DataFrame({"after": [0], "shift": [0]}, schema={"after": pl.Int64, "shift": pl.Int64})
