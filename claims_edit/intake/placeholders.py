"""Words that mean an empty value in extracts: `NULL`, `N/A`, a number of zeros.

A word counts in any case and with blanks inside. Where a mapping translates such a word in a column, the mapping wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.columns import COUNTED, Column

if TYPE_CHECKING:
    import polars as pl

WORDS = frozenset({
    "NULL", "(NULL)", "[NULL]", "<NULL>", r"\N", "NIL", "NONE", "<NONE>", "NA", "N/A", "N.A.", "<NA>", "#N/A", "#NULL!",
    "NAN", "NAT", "UNKNOWN", "UNK", "UNSPECIFIED", "MISSING", "BLANK", "(BLANK)", "EMPTY", "NOTAPPLICABLE",
    "NOTAVAILABLE", "NOTPROVIDED", "NOTREPORTED", "~", "-", "--", "---", ".", "?",
})  # fmt: skip
ZEROS = r"^0+(\.0*)?$"


def is_placeholder(text: pl.Expr, column: Column) -> pl.Expr:
    """Whether trimmed text of a column means an empty value; zeros only in columns that are not numbers."""
    word = text.str.replace_all(r"\s", "").str.to_uppercase()
    is_placeholder = word.is_in(sorted(WORDS))
    return is_placeholder if column.kind in COUNTED else is_placeholder | word.str.contains(ZEROS)
