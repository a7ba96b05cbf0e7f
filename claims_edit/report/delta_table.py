"""The decisions of a run in a Delta Lake table, which may have those of other runs: replaced in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from claims_edit.errors import UsageError
from claims_edit.store import ask
from claims_edit.store.private import OWNER, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from claims_edit.report.run_view import RunView

PARTITION = "run_id"
_DECISIONS = "SELECT * FROM decisions WHERE run_id = $run_id ORDER BY source_file, source_row, claim_line_number"


def write_delta(view: RunView, path: Path) -> None:
    """Write the run's rows of `decisions` to the table in a folder; a new table is made for its owner only.

    Rows of the same run that are there are replaced; those of other runs stay, in their own files (one folder a run).

    Raises:
        UsageError: the library is not installed, the run is a shadow run, or the folder has something else, or a table
            of other columns.
        OSError: it cannot be written.
    """
    try:
        from deltalake import DeltaTable, write_deltalake  # noqa: PLC0415 -- an extra
        from deltalake.exceptions import DeltaError  # noqa: PLC0415
    except ImportError:
        raise UsageError("--format delta: needs a library. Install it: `pip install 'claims-edit[lake]'`.") from None
    if view.is_shadow:
        raise UsageError(f"run {view.run_id}: is a shadow run, which does not count. Use another run, or --format csv.")
    is_table = DeltaTable.is_deltatable(str(path.absolute()))
    if not is_table and (path.is_file() or (path.is_dir() and any(path.iterdir()))):
        raise UsageError(f"{path}: is not a Delta Lake table, and not an empty folder. Use another --to.")
    if not path.exists():
        make_folder(path)
    try:
        write_deltalake(
            str(path.absolute()), _rows(view), mode="overwrite", partition_by=[PARTITION],
            predicate=f"{PARTITION} = '{view.run_id}'" if is_table else None,
        )  # fmt: skip
    except (DeltaError, ValueError) as error:
        kind = type(error).__name__
        raise UsageError(
            f"{path}: the table was not changed ({kind}): it has other columns, is damaged, or was changed meanwhile."
            " Run this again, or use another --to."
        ) from None
    if not is_table:
        OWNER.admit(path)


def _rows(view: RunView) -> pa.RecordBatchReader:
    """The run's decisions as a stream of Arrow batches."""
    answer = ask(view.connection, _DECISIONS, {"run_id": view.run_id}).batches()
    first = _plain(next(answer))

    def batches() -> Iterator[pa.RecordBatch]:
        yield from first.to_batches()
        for frame in answer:
            yield from _plain(frame).cast(first.schema).to_batches()

    return pa.RecordBatchReader.from_batches(first.schema, batches())


def _plain(frame: pl.DataFrame) -> pa.Table:
    """A batch with the types of a Delta table: words as text."""
    words = pl.selectors.categorical() | pl.selectors.enum()
    return frame.with_columns(words.cast(pl.String)).to_arrow(compat_level=pl.CompatLevel.oldest())
