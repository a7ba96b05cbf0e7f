"""Tables whose Parquet files alone do not determine the valid rows: Delta Lake, Apache Iceberg, Apache Hudi."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOGS = {"_delta_log": "a Delta Lake table", ".hoodie": "an Apache Hudi table"}
METADATA = "metadata"
HUDI_LOG = ".hoodie"
HUDI = "Export the table's current rows to separate Parquet or CSV files, and use those."
TABLE = "Name the table itself."
METADATA_BYTES = 64 * 1024


class ManagedTables:
    """Finds the table that a file or folder is part of; each folder is checked once."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._signs: dict[Path, str | None] = {}

    def fault(self, path: Path) -> str | None:
        """Why a file or folder must not be read by itself: it is a managed table, or lies in one."""
        for place in dict.fromkeys((path.absolute(), path.resolve())):
            for folder in (place, *place.parents):
                if sign := self._sign(folder):
                    return (
                        f"{folder}: is {sign}: its Parquet files also have rows that were deleted or replaced. "
                        f"{HUDI if HUDI_LOG in sign else TABLE}"
                    )
        return None

    def _sign(self, folder: Path) -> str | None:
        if folder not in self._signs:
            self._signs[folder] = _sign_of(folder)
        return self._signs[folder]


def _sign_of(folder: Path) -> str | None:
    """The kind of table of a folder and its evidence; None if it is not one."""
    for log, kind in LOGS.items():
        if (folder / log).is_dir():
            return f"{kind} (it has {log})"
    if any(map(_is_iceberg, (folder / METADATA).glob("*.metadata.json*"))):
        return f"an Apache Iceberg table (it has {METADATA}/*.metadata.json)"
    return None


def _is_iceberg(metadata: Path) -> bool:
    """Whether a file is the metadata of an Iceberg table, or cannot be read, so that it may be."""
    try:
        with metadata.open("rb") as file:
            content = file.read(METADATA_BYTES)
        if content.startswith(b"\x1f\x8b"):
            content = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(content, METADATA_BYTES)
    except (OSError, zlib.error):
        return True
    return b'"format-version"' in content or b'"table-uuid"' in content or (metadata.parents[1] / "data").is_dir()
