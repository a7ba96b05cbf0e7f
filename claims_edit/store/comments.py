"""The comments on tables, views and columns of the DuckDB file, from the data dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.model import DECISION_COLUMNS
from claims_edit.store.dictionary import COLUMNS, OWN, PREFIXES, TABLES, VIEW_COLUMNS
from claims_edit.store.reviews import text_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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


def comments_sql(tables: Mapping[str, Iterable[str]]) -> str:
    """The statements that comment on tables (with their columns), views, and columns.

    A column with the meaning that it has in `decisions` has no comment elsewhere: each costs a first run some CPU.
    """
    named = (
        f"COMMENT ON {'TABLE' if name in tables else 'VIEW'} {name} IS {text_sql(text)};"
        for name, text in TABLES.items()
    )
    each = (
        f'COMMENT ON COLUMN {table}."{name}" IS {text_sql(meaning(table, name))};'
        for table, columns in (*tables.items(), *VIEW_COLUMNS.items())
        for name in columns
        if not is_of_decisions(table, name)
    )
    return " ".join((*named, *each))


def is_of_decisions(table: str, column: str) -> bool:
    """Whether a column of a table or view is that of `decisions`, and is commented on there."""
    is_base = table in ("decisions", "current_decisions")
    return not is_base and column in DECISION_COLUMNS and column not in OWN.get(table, {})
