"""The comments on tables, views and columns of the DuckDB file, from the data dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.model import DECISION_COLUMNS
from claims_edit.store.dictionary import COLUMNS, OWN, PREFIXES, TABLES, WHOLE_DECISIONS
from claims_edit.store.reviews import text_sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


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


def comments_sql(stored: Collection[str], columns: Iterable[tuple[str, str]]) -> str:
    """The statements that comment on each table (`stored`), view and column (table, column).

    A column of `decisions` has no comment of its own where all of them are (WHOLE_DECISIONS): each costs a first run
    some CPU.
    """
    tables = (
        f"COMMENT ON {'TABLE' if name in stored else 'VIEW'} {name} IS {text_sql(text)};"
        for name, text in TABLES.items()
    )
    each = (
        f'COMMENT ON COLUMN {table}."{name}" IS {text_sql(meaning(table, name))};'
        for table, name in columns
        if not is_of_decisions(table, name)
    )
    return " ".join((*tables, *each))


def is_of_decisions(table: str, column: str) -> bool:
    """Whether a column of a table or view is that of `decisions`, and is commented on there."""
    return table in WHOLE_DECISIONS and column in DECISION_COLUMNS and column not in OWN.get(table, {})
