"""Hive folders: `payer=Regence/year=2024/part-0.parquet` gives the file's rows the columns `payer` and `year`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from claims_edit.errors import InputError
from claims_edit.intake.mapping import column_key

if TYPE_CHECKING:
    from pathlib import Path

NO_VALUE = {"", "__HIVE_DEFAULT_PARTITION__"}


def partition_of(path: Path) -> dict[str, str | None]:
    """The columns that the folders of a file's path give, in their order; a default partition's is null.

    Raises:
        InputError: two folders give one column different values.
    """
    found: dict[str, str | None] = {}
    keys: dict[str, str] = {}
    for folder in path.absolute().parent.parts:
        name, equals, text = folder.partition("=")
        if not equals or not name:
            continue
        column = unquote(name)
        value = None if text in NO_VALUE else unquote(text)
        first = keys.setdefault(column_key(column), column)
        if found.setdefault(first, value) != value:
            raise InputError(f"{path}: two folders give {column} different values. Rename one of them.")
    return found
