"""The format of a sample, and its writing."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from claims_edit.errors import UsageError
from claims_edit.sample.fhir import write_fhir
from claims_edit.sample.tables import CHUNK_LINES, scan
from claims_edit.sample.x12 import write_x12

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = ("table", "x12", "fhir")
TABLE_ENDINGS = (".parquet", ".csv", ".tsv", ".ndjson", ".jsonl")
X12_ENDINGS = (".837", ".x12", ".edi")
FHIR_ENDINGS = (".ndjson", ".jsonl")
FASTEST = 1  # of gzip's levels


def write_sample(lines: int, path: Path, *, seed: int, fmt: str | None = None) -> None:
    """Write `lines` claim lines to `path`.

    `fmt` is one of FORMATS; without it, the ending decides: `.837`, `.x12`, `.edi` are X12, `.parquet`, `.csv`, `.tsv`
    and `.ndjson` tables. X12 may also have any other ending; X12 and FHIR may end in `.gz`.

    Raises:
        UsageError: the name and the format do not match.
    """
    match _format_of(path, fmt):
        case "x12":
            with _created(path) as stream:
                write_x12(stream, lines, seed)
        case "fhir":
            with _created(path) as stream:
                write_fhir(stream, lines, seed)
        case _:
            _write_table(lines, path, seed)


def _write_table(lines: int, path: Path, seed: int) -> None:
    frame = scan(lines, seed)
    match _ending(path):
        case ".parquet":
            frame.sink_parquet(path, row_group_size=CHUNK_LINES)
        case ".csv":
            frame.sink_csv(path)
        case ".tsv":
            frame.sink_csv(path, separator="\t")
        case _:
            frame.sink_ndjson(path)


def _ending(path: Path) -> str:
    """The ending that names the format, `.gz` left out."""
    name = path.name.lower().removesuffix(".gz")
    return name[name.rfind(".") :] if "." in name else ""


def _format_of(path: Path, fmt: str | None) -> str:
    """The format, given or from the ending."""
    ending = _ending(path)
    if fmt is None and ending not in TABLE_ENDINGS + X12_ENDINGS:
        raise UsageError(
            f"--out {path.name}: unknown format. Use the ending {_listed(TABLE_ENDINGS)} for a table, or "
            f"{_listed(X12_ENDINGS)} for X12, or add --format."
        )
    found = fmt or ("x12" if ending in X12_ENDINGS else "table")
    if found == "table" and path.name.lower().endswith(".gz"):
        raise UsageError(f"--out {path.name}: tables are written uncompressed. Remove .gz.")
    allowed = {"table": TABLE_ENDINGS, "fhir": FHIR_ENDINGS}.get(found)
    if allowed is not None and ending not in allowed:
        raise UsageError(f"--out {path.name}: wrong ending for --format {found}. Use {_listed(allowed)}.")
    if found == "x12" and ending == ".parquet":
        raise UsageError(f"--out {path.name}: wrong ending for --format x12. Use {_listed(X12_ENDINGS)}.")
    return found


def _listed(endings: tuple[str, ...]) -> str:
    return f"{', '.join(endings[:-1])} or {endings[-1]}"


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    """The new file, compressed where its name ends in `.gz`; the same content gives the same bytes."""
    with path.open("wb") as plain:
        if not path.name.lower().endswith(".gz"):
            yield plain
            return
        with gzip.GzipFile(filename="", mode="wb", compresslevel=FASTEST, fileobj=plain, mtime=0) as packed:
            yield cast("BinaryIO", packed)
