"""The rows of a file that a run keeps in parts come in file order, whatever fits in memory at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from claims_edit.core.schema import WARNED_SCHEMA
from claims_edit.intake import Extract, sniff
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.layout import Layout
from claims_edit.runner import kept
from claims_edit.runner.kept import FileRead, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS = {"warned": [[1], [3], [4, 5, 8], [9]], "late-plain-warned": [[2], [6, 7]]}


class ReadToItsEnd(Extract):
    """An extract whose rows are kept already."""

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        assert rows
        yield from ()


@pytest.mark.parametrize(("size", "windows"), [(1, 6), (1 << 20, 1)])
def test_every_row_comes_once_in_order(
    size: int, windows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a row that is the first of a part, and the last of a window."""
    (tmp_path / "a.csv").write_text("claim_id\n", encoding="utf-8")
    for name, parts in PARTS.items():
        for number, ordinals in enumerate(parts):
            rows = [{ORDINAL: ordinal, "claim_id": f"C{ordinal}", "check": "odd"} for ordinal in ordinals]
            pl.DataFrame(rows, schema=WARNED_SCHEMA).write_parquet(tmp_path / f"{name}-{number:06}.parquet")
    monkeypatch.setattr(kept, "WINDOW_BYTES", size)
    extract = ReadToItsEnd(sniff(tmp_path / "a.csv"), Layout({}, {}))
    frames = list(in_order(FileRead(extract.file, 0, tmp_path), extract, "warned", WARNED_SCHEMA))
    assert len(frames) == windows
    assert pl.concat(frames).select("source_row", "claim_id").rows() == [(row, f"C{row}") for row in range(1, 10)]
