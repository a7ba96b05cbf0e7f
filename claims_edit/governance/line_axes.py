"""The axes of the decision space that are the same under every pack: facts on the line, benefit terms, claim."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.edits import TABLE_EDITS
from claims_edit.edits.safeguards import trial_context
from claims_edit.model import REPLACEMENT, VOID, Coverage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from claims_edit.edits import Edit

LONG_AGO = dt.date(1900, 1, 1)
NONE = "none"
HELD_BY = tuple(edit for edit in TABLE_EDITS if edit.shown_by and edit is not trial_context)
"""The edits triggered by facts on the line alone, whatever its policy; trial evidence is an axis of its own."""


def trial_frame() -> pl.DataFrame:
    """No trial evidence, and each kind of it; the first two rows separate the two."""
    return _shown("at_trial", trial_context)


def hold_frame() -> pl.DataFrame:
    """Nothing, and each way to trigger an edit of HELD_BY: at_hold, and the columns with the fact."""
    return _shown("at_hold", *HELD_BY)


def _shown(axis: str, *edits: Edit) -> pl.DataFrame:
    ways = {label: shown for edit in edits for label, shown in edit.shown_by.items()}
    rows = [{axis: NONE}, *({axis: label, column: value} for label, (column, value) in ways.items())]
    return pl.DataFrame(rows, schema=dict.fromkeys((axis, *(column for column, _ in ways.values())), pl.String))


def contract_frame() -> pl.DataFrame:
    """No benefit terms, each coverage, and an exclusion with each group code: at_contract, group_id."""
    labels = [NONE, *(coverage.value for coverage in Coverage), *(f"excluded, {code}" for code in EXCLUDED_BY)]
    return pl.DataFrame({"at_contract": labels, "group_id": [None, *labels[1:]]})


EXCLUDED_BY = ("CO", "PR", "OA", "PI")


def contracts_for(keys: Iterable[str | None]) -> pl.DataFrame:
    """The benefit terms of the groups of `contract_frame`, with each payer."""
    terms: list[tuple[str, str, str | None]] = [(coverage.value, coverage.value, None) for coverage in Coverage]
    terms += [(f"excluded, {code}", Coverage.EXCLUDED.value, code) for code in EXCLUDED_BY]
    rows = [
        (key, group, LONG_AGO, None, coverage, code, None)
        for key in sorted({key for key in keys if key})
        for group, coverage, code in terms
    ]
    names = ("payer", "group_id", "effective_date", "end_date", "coverage", "group_code", "citation")
    schema = {name: pl.Date if name.endswith("_date") else pl.String for name in names}
    return pl.DataFrame(rows, schema=schema, orient="row")


def claim_frame() -> pl.DataFrame:
    """A current claim, a void, and a claim that another replaces: at_claim, claim_frequency_code, claim_id."""
    rows = [("current", "1", "current"), ("void", VOID, "void"), ("replaced", "1", "replaced")]
    schema = dict.fromkeys(("at_claim", "claim_frequency_code", "claim_id"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def revisions_of(*payer_names: str) -> pl.LazyFrame:
    """What replaces the replaced claim of each payer."""
    return pl.LazyFrame({
        "payer": pl.Series(payer_names, dtype=pl.String), "claim_id": "replacement",
        "claim_frequency_code": REPLACEMENT, "original_claim_id": "replaced",
    })  # fmt: skip
