"""The comments on tables, views and columns of the DuckDB file, from the data dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.store.dictionary import COLUMNS, OWN, PREFIXES, TABLES
from claims_edit.store.reviews import text_sql

if TYPE_CHECKING:
    from collections.abc import Container, Iterable


def meaning(table: str, column: str) -> str:
    """The meaning of a column of a table or view.

    Raises:
        KeyError: the dictionary lacks it.
    """
    own = OWN.get(table, {})
    if column in own:
        return own[column]
    if column in COLUMNS:
        return COLUMNS[column]
    prefix, _, name = column.partition("_")
    return f"{PREFIXES[prefix]}: {COLUMNS[name]}"


def comments_sql(tables: Container[str], columns: Iterable[tuple[str, str]]) -> str:
    """The statements that comment on tables and views, and on `columns`: of each table or view, by name of both."""
    named = (
        f"COMMENT ON {'TABLE' if name in tables else 'VIEW'} {name} IS {text_sql(text)};"
        for name, text in TABLES.items()
    )
    each = (f'COMMENT ON COLUMN {table}."{name}" IS {text_sql(meaning(table, name))};' for table, name in columns)
    return " ".join((*named, *each))


def dictionary_text() -> str:
    """The whole dictionary as text: another one makes other comments."""
    return repr((TABLES, COLUMNS, OWN, PREFIXES))
