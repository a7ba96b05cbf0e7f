"""What the program's reader makes of an 837, and where it and the naive reading differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from claims_edit.columns import COLUMNS
from claims_edit.intake import SourceFile, load_mapping, open_extract
from claims_edit.intake.extract import FAULT, ORDINAL
from claims_edit.runner.kept import with_late_doubts
from tests.lib.x12_oracle import OWN

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from tests.lib.x12_oracle import Reading, Row

ST = "__st"
UNORDERED = ("doubts", "posting_holds")
DATE = re.compile(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}")  # what validation may take for a date


@dataclass(frozen=True)
class AsRead:
    """Rows, rejects (source row, check, text) and warnings of one extract."""

    rows: pl.DataFrame
    rejects: list[tuple[int, str, str]]
    warnings: Counter[str]


class Drops:
    """A stream that gives some bytes at a time."""

    SIZE = 700

    def __init__(self, stream: Any) -> None:
        """`stream` is what is read."""
        self._stream = stream

    def read(self, wanted: int = -1) -> bytes:
        """At most some bytes; all that are left where no number is stated."""
        return bytes(self._stream.read(min(wanted, self.SIZE)) if wanted >= 0 else self._stream.read())

    def close(self) -> None:
        """Close what is read."""
        self._stream.close()

    def __enter__(self) -> Self:
        """The stream itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


class Dripping(SourceFile):
    """A file whose stream gives some bytes at a time, as a compressed or remote one may."""

    def open(self) -> Any:
        """The file's stream."""
        return Drops(super().open())


def as_read(file: SourceFile, scratch: Path, rows: int = 100_000) -> AsRead:
    """Read an extract in batches of about `rows` rows."""
    extract = open_extract(file, load_mapping(None), scratch)
    frames = list(extract.batches(rows))
    assert len({tuple(frame.schema.items()) for frame in frames}) <= 1, "frames of different columns"
    found = pl.concat(frames) if frames else pl.DataFrame(schema={ORDINAL: pl.Int64})
    assert found[ORDINAL].is_sorted(), "rows out of order"
    if frames:
        found = with_late_doubts(found.lazy(), extract.late_doubts()).collect()
    return AsRead(found, extract.rejects().rows(), +extract.warnings)


def differences(read: AsRead, naive: Reading) -> list[str]:
    """Where the reader and the naive reading differ, one a line."""
    found = []
    numbers = read.rows[ORDINAL].to_list()
    wanted = [row.source_row for row in naive.rows]
    if numbers != wanted:
        return [f"rows read {sorted(set(numbers) - set(wanted))}, naive {sorted(set(wanted) - set(numbers))} only"]
    for given, row in zip(read.rows.iter_rows(named=True), naive.rows, strict=True):
        found += [f"row {row.source_row}: {fault}" for fault in _row_differences(given, row)]
    if _without_separators(read.rejects) != _without_separators(naive.rejects):
        found.append(f"rejects {sorted(read.rejects)}, naive {naive.rejects}")
    if read.warnings != naive.warnings:
        names = sorted(set(read.warnings) | set(naive.warnings))
        counts = {name: (read.warnings[name], naive.warnings[name]) for name in names}
        found.append(f"warnings (read, naive) { ({name: two for name, two in counts.items() if two[0] != two[1]}) }")
    return found


def _row_differences(given: dict[str, Any], row: Row) -> list[str]:
    faults = set((given.get(FAULT) or "").split())
    has_claim = "row-no-claim" not in row.faults
    found = []
    if "row-hierarchy" in row.faults:  # whose the segments behind it are is anybody's guess
        faults -= {"row-conflicting-segments"} - row.faults
    if (faults != row.faults) if has_claim else ("row-no-claim" not in faults):
        found.append(f"faults {sorted(faults)}, naive {sorted(row.faults)}")
    if has_claim and given[ST] != row.st:
        found.append(f"ST {given[ST]}, naive {row.st}")
    for column in COLUMNS if has_claim else OWN:
        stated, naive = _bare(given.get(column)), _bare(row.values.get(column))
        if column in UNORDERED and stated:
            stated = " ".join(sorted(stated.split()))
        if column in row.refused:
            found += [] if stated and not DATE.fullmatch(stated) else [f"{column} {stated!r} is not refused"]
        elif stated != naive and column not in row.unspecified:
            found.append(f"{column} {stated!r}, naive {naive!r}")
    return found


def _without_separators(rejects: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Rejects whose text shows only what is between separators: those of the file, or else the usual ones."""
    return sorted((number, check, "".join(filter(str.isalnum, text))) for number, check, text in rejects)


def _bare(text: str | None) -> str | None:
    return (text or "").strip() or None
