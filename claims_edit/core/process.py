"""What is found out of a batch by itself: whatever does not depend on the batches before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.core.route import refusals
from claims_edit.core.screen import Screened, ScreenRules, screen
from claims_edit.core.validate import validate
from claims_edit.intake import canonicalise, explained_hashes, faults, key_hashes, place_in_run, test_data
from claims_edit.intake.extract import TEST_DATA_FAULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.core.validate import ValidationResult
    from claims_edit.intake import Lines, Mapping
    from claims_edit.intake.layout import Layout

    PayerIdentity = Callable[[pl.Series], pl.DataFrame]


@dataclass(frozen=True)
class ProcessedBatch:
    """A batch, screened.

    Attributes:
        raw: all rows, as `Extract.batches` gives them.
        plain: which of them are plain (Boolean, never null): accepted, and neither decided nor kept.
        charge: the charges of plain rows (Decimal(18, 2)), null for all others.
        lines: the other rows, canonical.
        result: what the contract says of `lines`.
        keys: `high`, `low`, `row` of all rows.
        explained: of FHIR the same of the claims that are explained; None where there are none.
    """

    raw: pl.DataFrame
    plain: pl.Series
    charge: pl.Series
    lines: Lines
    result: ValidationResult
    keys: pl.DataFrame
    explained: pl.DataFrame | None


@dataclass(frozen=True)
class Processing:
    """How batches of one extract are processed: plain data, but for the look-up of payers."""

    layout: Layout
    mapping: Mapping
    rules: ScreenRules
    payer_identity: PayerIdentity
    accept_test_data: bool = False

    def screen(self, raw: pl.DataFrame) -> Screened:
        """Find the plain rows of a batch."""
        return screen(raw, self.layout, self.mapping, self.rules)

    def close_look(self, raw: pl.DataFrame) -> tuple[Lines, ValidationResult]:
        """Rows as canonical lines, and what the contract says of them."""
        lines = canonicalise(raw, self.layout, self.mapping)
        result = validate(
            lines.frame, as_of=self.rules.as_of, known_programs=self.rules.known_programs
        )  # fmt: skip
        result.refuse(faults(lines.raw))
        if not self.accept_test_data:
            result.refuse(test_data(lines.frame))
        return lines, result

    def process_batch(self, raw: pl.DataFrame, file_place: int) -> ProcessedBatch:
        """All of a batch that does not depend on the batches before; `file_place` is the file's place in the run."""
        screened = self.screen(raw)
        lines, result = self.close_look(raw.filter(~screened.plain))
        names = pl.concat([screened.values["payer"].unique(), lines.distinct["payer"]]).unique()
        payers = self.payer_identity(names)
        close = screened.plain.not_().arg_true()
        row = place_in_run(raw, file_place, close.filter(refusals(result, close.len())))
        keys = _known(key_hashes(lines.frame, payers), result)
        whole = key_hashes(screened.values, payers)
        if close.len():
            whole = pl.DataFrame([whole[name].scatter(close, keys[name]) for name in keys.columns])
        explained = explained_hashes(lines, payers)
        if explained is not None:
            explained = _known(explained, result).with_columns(row.gather(close)).drop_nulls()
        return ProcessedBatch(
            raw, screened.plain, screened.charge, lines, result, whole.with_columns(row), explained
        )  # fmt: skip


def _known(keys: pl.DataFrame, result: ValidationResult) -> pl.DataFrame:
    """The keys without those of test data, which no line of a real claim repeats."""
    if TEST_DATA_FAULT not in result.errors:
        return keys
    counts = pl.lit(~result.errors[TEST_DATA_FAULT])
    return keys.with_columns(pl.when(counts).then("high").alias("high"), pl.when(counts).then("low").alias("low"))
