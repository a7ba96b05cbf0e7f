"""Arrow IPC files (Feather version 2) and streams, read record batch by record batch; typed columns stay typed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from claims_edit.errors import InputError
from claims_edit.intake.extract import ORDINAL, Extract
from claims_edit.intake.layout import resolve
from claims_edit.intake.typed_values import no_odd_days, refuse_odd_types

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.mapping import Mapping

FILE_MAGIC = b"ARROW1"
STREAM_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
READ_FAULTS = (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)


class ArrowExtract(Extract):
    """An Arrow IPC file or stream; memory is bounded by its largest record batch."""

    def __init__(self, file: SourceFile, mapping: Mapping) -> None:
        """Read the schema, and resolve the columns."""
        self._is_file = _is_file(file.path)
        with self._opened(file.path) as reader:
            names = reader.schema.names
            layout = resolve(file.path, names, mapping)
            used = list(dict.fromkeys(layout.sources.values()))
            empty = pl.DataFrame(pa.table(reader.schema.empty_table().select(used)))
        super().__init__(file, layout)
        refuse_odd_types(file.path, empty.schema, layout, mapping)

    @contextmanager
    def _opened(self, path: Path) -> Iterator[pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader]:
        """The reader of the file; all that goes wrong below is its damage, and what Arrow says of it is not shown."""
        try:
            with pa.memory_map(str(path)) as source:
                yield pa.ipc.open_file(source) if self._is_file else pa.ipc.open_stream(source)
        except READ_FAULTS as error:
            kind = type(error).__name__
            raise InputError(f"{path}: the Arrow data is damaged ({kind}). Ask the sender to resend it.") from None

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """See Extract."""
        columns = [pl.col(source).alias(name) for name, source in self.layout.sources.items()]
        used = list(dict.fromkeys(self.layout.sources.values()))
        seen = 0
        with self._opened(self.file.path) as reader:
            whole = map(reader.get_batch, range(reader.num_record_batches)) if self._is_file else iter(reader)
            for record_batch in whole:
                record_batch.validate(full=True)  # offsets that point out of it would be followed
                for first in range(0, record_batch.num_rows, rows):
                    part = pl.DataFrame(pa.table(record_batch.select(used).slice(first, rows)))
                    numbers = pl.int_range(seen + 1, seen + part.height + 1, dtype=pl.Int64).alias(ORDINAL)
                    seen += part.height
                    yield no_odd_days(part.select(numbers, *columns))


def _is_file(path: Path) -> bool:
    """Whether it is a file and not a stream.

    Raises:
        InputError: it does not end as it must, so that its end is missing.
    """
    with path.open("rb") as file:
        is_file = file.read(len(FILE_MAGIC)) == FILE_MAGIC
        file.seek(max(0, file.seek(0, 2) - len(STREAM_END)))
        end = file.read()
    if not end.endswith(FILE_MAGIC if is_file else STREAM_END):
        raise InputError(f"{path}: the Arrow data is cut off (no end mark). Ask the sender to resend it.")
    return is_file


def open_extract(file: SourceFile, mapping: Mapping, _scratch: Path) -> ArrowExtract:
    """See Reader."""
    return ArrowExtract(file, mapping)
