"""What an edit is: a named Polars expression over the facts of a claim line, with its label and its paragraph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl


@dataclass(frozen=True, slots=True)
class Edit:
    """One named check; `hit` is Boolean and never null, whatever facts are missing."""

    id: str
    label: str
    meaning: str
    hit: pl.Expr = field(repr=False, compare=False)


def edit(build: Callable[[], pl.Expr]) -> Edit:
    """Make an edit of the function that builds its expression.

    `payer_not_on_file` becomes `payer-not-on-file`; the docstring's first line is the label, its paragraph the meaning.
    """
    label, _, meaning = (build.__doc__ or build.__name__).partition("\n")
    return Edit(build.__name__.replace("_", "-"), label.rstrip("."), " ".join(meaning.split()), build())
