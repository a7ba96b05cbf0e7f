"""Words that extracts write where there is no value (DESIGN §3): `NULL`, `N/A`, a number of zeros.

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
    """Whether trimmed text of a column says that there is no value; zeros do so only where nothing is counted."""
    word = text.str.replace_all(r"\s", "").str.to_uppercase()
    says_nothing = word.is_in(sorted(WORDS))
    return says_nothing if column.kind in COUNTED else says_nothing | word.str.contains(ZEROS)
