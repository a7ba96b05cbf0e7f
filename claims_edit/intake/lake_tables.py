"""Delta Lake and Apache Iceberg tables as extracts: the Parquet files of their current state, and no others.

Each file of that state is an extract of its own, read as any other Parquet file. So whatever a table says beyond the
names of its files (deleted rows, renamed columns, values of partitions that are not in the path) is refused by name.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from claims_edit.errors import InputError
from claims_edit.intake.layout import partition_of

if TYPE_CHECKING:
    from collections.abc import Iterable

DELTA, ICEBERG = "delta", "iceberg"
KINDS = {DELTA: "a Delta Lake table", ICEBERG: "an Apache Iceberg table"}
NO_ROWS_DELETED = "Rewrite the table without them (Spark: `{}`), or export its current rows, and use that."
EXPORT = "Export the table's current rows to Parquet, and use that."
# What a table may declare and a reader of its current files need not know.
READER_FEATURES = {
    "deletionVectors", "columnMapping", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "typeWidening",
    "typeWidening-preview",
}  # fmt: skip
READ_FAULTS = (
    OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, AssertionError, NotImplementedError, zlib.error,
    pa.ArrowException,
)  # fmt: skip
HINT = "version-hint.text"


@dataclass(frozen=True)
class LakeTable:
    """A table that a run reads: its folder, its kind (KINDS), and which state of it: a version, or a snapshot's id."""

    path: Path
    kind: str
    version: str
    files: tuple[Path, ...] = ()

    def record(self) -> dict[str, str]:
        """As in a run's manifest."""
        return {"path": self.path.as_posix(), "kind": self.kind, "version": self.version}


def kind_of(folder: Path) -> str | None:
    """The kind of table that a folder is, if it is of one that is read."""
    if (folder / "_delta_log").is_dir():
        return DELTA
    return ICEBERG if any((folder / "metadata").glob("*.metadata.json")) else None


def metadata_file(path: Path) -> bool:
    """Whether a file's name is that of the metadata of an Iceberg table."""
    return path.parent.name == "metadata" and path.name.endswith(".metadata.json")


def current_table(path: Path) -> LakeTable:
    """The current state of the table in a folder, or that of a metadata file of an Iceberg table.

    Raises:
        InputError: the library that reads it is not installed, it is damaged or empty, or its files alone do not
            determine its rows.
    """
    is_delta = path.is_dir() and kind_of(path) == DELTA
    read, kind = (_delta, DELTA) if is_delta else (_iceberg, ICEBERG)
    try:
        table = read(path)
    except ImportError:
        raise InputError(
            f"{path}: is {KINDS[kind]}, which needs a library. Install it with `pip install 'claims-edit[lake]'`."
        ) from None
    except READ_FAULTS as error:
        name = type(error).__name__
        raise _fault(
            path, kind, f"its metadata cannot be read, or refers to missing files ({name}). {EXPORT}"
        ) from None
    if not table.files:
        raise _fault(path, kind, "it has no rows. Name the tables of the claims.")
    for file in table.files:
        if not file.is_file():
            raise _fault(path, kind, f"its file {file.name} is missing. Restore it, or export its current rows.")
    return table


def _fault(path: Path, kind: str, what: str) -> InputError:
    return InputError(f"{path}: is {KINDS[kind]}: {what}")


def _local(location: str) -> Path | None:
    """The path of a location of this machine; None for another one."""
    scheme, separator, rest = location.partition("://")
    if separator and scheme.lower() != "file":
        return None
    return Path(rest if separator else location.removeprefix("file:"))


# --- Delta Lake -------------------------------------------------------------------------------------------------------


def _delta(folder: Path) -> LakeTable:
    from deltalake import DeltaTable  # noqa: PLC0415 -- an extra
    from deltalake.exceptions import DeltaError  # noqa: PLC0415

    try:
        table = DeltaTable(str(folder.absolute()))
        actions: dict[str, list[Any]] = pa.table(table.get_add_actions(flatten=True)).to_pydict()
        deleted = pa.table(table.deletion_vectors()).num_rows
    except DeltaError as error:
        raise ValueError(type(error).__name__) from None
    features = set(table.protocol().reader_features or ())
    if unknown := sorted(features - READER_FEATURES):
        raise _fault(folder, DELTA, f"it uses {', '.join(unknown)}, which is not supported. {EXPORT}")
    if deleted:
        remedy = NO_ROWS_DELETED.format("REORG TABLE … APPLY (PURGE)")
        raise _fault(folder, DELTA, f"some of its rows are deleted by deletion vectors. {remedy}")
    metadata = table.metadata()
    if metadata.configuration.get("delta.columnMapping.mode", "none") != "none":
        raise _fault(folder, DELTA, f"its columns have other names in its files (column mapping). {EXPORT}")
    files = tuple(_delta_file(folder, path) for path in actions["path"])
    for name in metadata.partition_columns:
        _check_partitions(folder, name, zip(files, actions[f"partition.{name}"], strict=True))
    return LakeTable(folder, DELTA, str(table.version()), files)


def _delta_file(folder: Path, path: str) -> Path:
    """Where a file of the log is; the log may have it as a URL."""
    place = _local(path)
    if place is None:
        raise _fault(folder, DELTA, f"it has files in another place than this machine. {EXPORT}")
    plain, decoded = folder / place, folder / unquote(str(place))
    return plain if plain.is_file() else decoded


def _check_partitions(folder: Path, name: str, values: Iterable[tuple[Path, Any]]) -> None:
    """Check that the folders of each file tell the value that the log has for it."""
    for file, value in values:
        shown = partition_of(file).get(name, "")
        wanted = None if value is None or value == "" else str(value)
        if shown != wanted and not (isinstance(value, bool) and shown == str(value).lower()):
            raise _fault(folder, DELTA, f"its folders do not tell the values of {name}. {EXPORT}")


# --- Iceberg ----------------------------------------------------------------------------------------------------------


def _iceberg(path: Path) -> LakeTable:
    from pyiceberg.manifest import FileFormat  # noqa: PLC0415 -- an extra
    from pyiceberg.table import StaticTable  # noqa: PLC0415

    metadata = _current_metadata(path) if path.is_dir() else path
    if _local(str(json.loads(metadata.read_bytes())["location"])) is None:
        raise _fault(path, ICEBERG, f"its files are in another place than this machine. {EXPORT}")
    table = StaticTable.from_metadata(str(metadata.absolute()))
    snapshot = table.current_snapshot()
    if snapshot is None:
        return LakeTable(path, ICEBERG, "none")
    files = []
    for task in table.scan().plan_files():
        if task.delete_files:
            remedy = NO_ROWS_DELETED.format("CALL system.rewrite_data_files")
            raise _fault(path, ICEBERG, f"some of its rows are deleted by delete files. {remedy}")
        file = _local(task.file.file_path)
        if task.file.file_format != FileFormat.PARQUET or file is None:
            raise _fault(path, ICEBERG, f"not all of its files are Parquet on this machine. {EXPORT}")
        _check_columns(path, file, table.schema().fields)
        files.append(file)
    return LakeTable(path, ICEBERG, str(snapshot.snapshot_id), tuple(files))


def _current_metadata(folder: Path) -> Path:
    """The metadata file in force; only a hint, or there being no other one, tells which it is."""
    inside = folder / "metadata"
    found = sorted(inside.glob("*.metadata.json"))
    hint = inside / HINT
    if hint.is_file():
        return inside / f"v{int(hint.read_text(encoding='ascii'))}.metadata.json"
    if len(found) > 1:
        raise _fault(
            folder, ICEBERG,
            "only its catalog knows its current state. Name the metadata file that the catalog has for it:"
            f" {inside}/….metadata.json.",
        )  # fmt: skip
    return found[0]


def _check_columns(table: Path, file: Path, fields: Iterable[Any]) -> None:
    """Check that a file's columns have the table's names: Iceberg renames and drops columns without writing files."""
    import pyarrow.parquet as pq  # noqa: PLC0415 -- not for a plain run

    by_id = {field.field_id: field for field in fields}
    names = {field.name for field in by_id.values()}
    schema = pq.read_schema(file)
    for field in schema:
        number = (field.metadata or {}).get(b"PARQUET:field_id")
        wanted = by_id[int(number)].name if number is not None and int(number) in by_id else None
        if field.name != wanted if number is not None else field.name not in names:
            raise _fault(table, ICEBERG, f"column {field.name} of its older files was renamed or dropped. {EXPORT}")
    for field in by_id.values():
        if field.name not in schema.names and getattr(field, "initial_default", None) is not None:
            raise _fault(table, ICEBERG, f"its older files lack {field.name}, which has a default. {EXPORT}")
