"""The results of a batch that do not depend on earlier batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.route import refusals
from claims_edit.core.screen import Screened, screen
from claims_edit.core.validate import validate
from claims_edit.intake import canonicalize, explained_hashes, faults, key_hashes, test_data
from claims_edit.intake.extract import ORDINAL, TEST_DATA_FAULT
from claims_edit.intake.keys import LINE_KEY, as_refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.core.plain_values import ScreenRules
    from claims_edit.core.screen import ValueTests
    from claims_edit.core.validate import ValidationResult
    from claims_edit.intake import CanonicalLines, Mapping
    from claims_edit.intake.layout import Layout

    PayerIdentity = Callable[[pl.Series], pl.DataFrame]


@dataclass(frozen=True)
class ProcessedBatch:
    """A batch, screened.

    Attributes:
        raw: all rows, from `Extract.batches`.
        plain: which of them are plain (Boolean, never null): accepted, but neither decided nor stored.
        charge: the charges of plain rows (Decimal(18, 2)), null for all others.
        keys: `high`, `low` of all rows (`key_hashes`).
    """

    raw: pl.DataFrame
    plain: pl.Series
    charge: pl.Series
    keys: pl.DataFrame


@dataclass(frozen=True)
class CheckedRows:
    """Rows that were validated.

    Attributes:
        lines: the rows, canonical.
        result: the validation result.
        refused: which of them fail any check (Boolean, never null).
        keys: `high`, `low`, `row` of the rows: null keys for test data, which no line of a real claim can repeat.
        explained: for FHIR, the same for the claims that are explained; None if there are none.
    """

    lines: CanonicalLines
    result: ValidationResult
    refused: pl.Series
    keys: pl.DataFrame
    explained: pl.DataFrame | None


@dataclass(frozen=True)
class Processing:
    """How batches of one extract are processed: plain data, except the look-up of payers."""

    layout: Layout
    mapping: Mapping
    rules: ScreenRules
    payer_identity: PayerIdentity
    accept_test_data: bool = False
    tests: ValueTests = field(default_factory=dict, compare=False, repr=False)

    def screen(self, raw: pl.DataFrame) -> Screened:
        """Find the plain rows of a batch."""
        return screen(raw, self.layout, self.mapping, self.rules, self.tests)

    def close_look(self, raw: pl.DataFrame) -> tuple[CanonicalLines, ValidationResult]:
        """Rows as canonical lines, and their validation result."""
        lines = canonicalize(raw, self.layout, self.mapping)
        doubtful = self.screen(raw).doubtful()
        result = validate(
            lines.frame, as_of=self.rules.as_of, known_programs=self.rules.known_programs, doubtful=doubtful
        )
        result.refuse(faults(lines.raw))
        if not self.accept_test_data:
            result.refuse(test_data(lines.frame))
        return lines, result

    def process_batch(self, raw: pl.DataFrame) -> ProcessedBatch:
        """The results of a batch that do not depend on earlier ones."""
        screened = self.screen(raw)
        keys = key_hashes(screened.values, self.payer_identity(screened.values["payer"].unique()))
        if (others := screened.keyed.not_().arg_true()).len():
            key_columns = raw.select(ORDINAL, *(name for name in (*LINE_KEY, "person_id") if name in raw.columns))
            lines = canonicalize(key_columns[others], self.layout, self.mapping)
            found = key_hashes(lines.frame, self.payer_identity(lines.distinct["payer"]))
            keys = pl.DataFrame([keys[name].scatter(others, found[name]) for name in keys.columns])
        return ProcessedBatch(raw, screened.plain, screened.charge, keys)

    def check(self, rows: pl.DataFrame, keys: pl.DataFrame) -> CheckedRows:
        """Validate the rows that a screen did not clear, from one batch or several; `keys` are theirs."""
        lines, result = self.close_look(rows)
        refused = refusals(result, rows.height)
        known = keys.with_columns(as_refused(keys["row"], refused)).pipe(_of_real_claims, result)
        explained = explained_hashes(lines, self.payer_identity(lines.distinct["payer"]))
        if explained is not None:
            explained = explained.with_columns(known["row"]).pipe(_of_real_claims, result).drop_nulls()
        return CheckedRows(lines, result, refused, known, explained)


def _of_real_claims(keys: pl.DataFrame, result: ValidationResult) -> pl.DataFrame:
    """The keys without those of test data."""
    if TEST_DATA_FAULT not in result.errors:
        return keys
    counts = pl.lit(~result.errors[TEST_DATA_FAULT])
    return keys.with_columns(pl.when(counts).then("high").alias("high"), pl.when(counts).then("low").alias("low"))
