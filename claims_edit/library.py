"""claims-edit as a library: rules, validation, one batch and its decisions, on data frames (docs/library.md).

Frames are Polars; any object with an Arrow stream (pyarrow, pandas with pyarrow, DuckDB) works as well. Columns have
the canonical names of a claim line; missing ones count as empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from claims_edit import engine
from claims_edit.columns import COLUMNS, REQUIRED
from claims_edit.core.candidate_codes import CandidateCodes
from claims_edit.core.plain_values import ScreenRules
from claims_edit.core.process import Processing
from claims_edit.core.route import as_candidates, plain_totals, route
from claims_edit.core.schema import CANDIDATE_SCHEMA
from claims_edit.errors import UsageError
from claims_edit.facts.revision import revisions_among
from claims_edit.intake import Mapping, canonicalize
from claims_edit.intake.extract import ORDINAL
from claims_edit.intake.layout import Layout
from claims_edit.model import StalePolicy
from claims_edit.policy import load_catalog
from claims_edit.runner.contracts import no_contracts
from claims_edit.runner.revisions import PayerIdentities

if TYPE_CHECKING:
    from datetime import date

    from claims_edit.core.control_totals import ControlTotals
    from claims_edit.core.validate import ValidationResult
    from claims_edit.policy import Catalog


class ArrowStream(Protocol):
    """An object that exports its columns through Arrow's C stream interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The stream."""
        ...


Frame = pl.DataFrame | ArrowStream


@dataclass(frozen=True)
class BatchResult:
    """The result of one batch, before repeated lines of other batches are removed.

    Attributes:
        candidates: accepted lines with a code that a policy lists (CANDIDATE_SCHEMA), for `decide`.
        quarantine: refused rows: `failed_checks`, `candidate_code`, `charge_amount`, `raw_values`.
        keys: `high`, `low` (UInt64) of every row: equal `low` means the same line of the same claim, equal `high` the
            same claim. Null where a row has no valid key. Comparable between batches of one release of Polars.
        revisions: replacements and voids, and other claims that may revise a claim.
        totals: rows and charges read, accepted and quarantined, and warnings by check.
    """

    candidates: pl.DataFrame
    quarantine: pl.DataFrame
    keys: pl.DataFrame
    revisions: pl.DataFrame
    totals: ControlTotals


def load_rules(path: str | Path | None = None) -> Catalog:
    """The rules of a folder; for None, the shipped rules.

    Raises:
        RulesError: with every fault of every file.
    """
    return load_catalog(None if path is None else Path(path))


def validate(lines: Frame, rules: Catalog, *, as_of: date, mapping: Mapping | None = None) -> ValidationResult:
    """Validate claim lines: for each failed check, the rows.

    Args:
        lines: a frame of claim lines.
        rules: their lines of business are the valid ones.
        as_of: service dates after this day are refused.
        mapping: words, date formats and null values of the frame; its column names are canonical already.

    Raises:
        UsageError: a column is not one of a claim line.
    """
    raw, processing = _processing(lines, rules, as_of, mapping)
    return processing.close_look(raw)[1]


def process_batch(lines: Frame, rules: Catalog, *, as_of: date, mapping: Mapping | None = None) -> BatchResult:
    """Screen, validate and route one batch of claim lines; arguments and errors as of `validate`."""
    raw, processing = _processing(lines, rules, as_of, mapping)
    batch = processing.process_batch(raw, 0)
    held = raw.filter(~batch.plain)
    checked = processing.check(held, batch.keys.filter(~batch.plain))
    routed = route(checked.lines, checked.result, None, processing.rules.codes, processing.layout)
    totals = plain_totals(batch.charge, batch.plain)
    totals.add(routed.totals)
    return BatchResult(
        routed.candidates.drop(ORDINAL),
        routed.quarantine.select("claim_id", "failed_checks", "candidate_code", "charge_amount", "raw_values"),
        batch.keys.drop("row"),
        routed.revisions.drop("row"),
        totals,
    )


def decide(
    lines: Frame,
    rules: Catalog,
    *,
    revisions: pl.DataFrame | None = None,
    contracts: pl.DataFrame | None = None,
    stale_policy: StalePolicy = StalePolicy.WARN,
) -> pl.DataFrame:
    """One decision per line, in order: the columns of `decisions` without `run_id` and `mode`.

    Args:
        lines: candidates of `process_batch`, or claim lines with any columns; they count as accepted.
        rules: of `load_rules`.
        revisions: of `process_batch`; None for those among the lines.
        contracts: the benefit terms of groups on the service; None for none.
        stale_policy: what to do with a denial under a policy whose review is overdue.

    Raises:
        UsageError: a column is not one of a claim line, or a line's code is in no policy.
    """
    frame = pl.DataFrame(lines)
    candidates = frame if "service_start_date" in frame.columns else _as_candidates(frame, rules)
    candidates = candidates.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in CANDIDATE_SCHEMA.items() if name not in candidates.columns
    )
    if unlisted := (~candidates["hcpcs_code"].is_in(rules.codes["hcpcs_code"].implode()).fill_null(value=False)).sum():
        raise UsageError(f"{unlisted} lines have a code that no policy lists. Pass the candidates of process_batch.")
    placed = candidates.with_columns(
        pl.lit(None, pl.String).alias("source_file"), pl.int_range(1, pl.len() + 1).alias("source_row")
    )
    known = revisions_among(candidates, rules) if revisions is None else revisions.lazy()
    return engine.decide(
        placed,
        rules,
        revisions=known,
        contracts=no_contracts() if contracts is None else contracts,
        stale_policy=stale_policy,
    )


def _as_candidates(frame: pl.DataFrame, rules: Catalog) -> pl.DataFrame:
    raw = _numbered(frame)
    lines = canonicalize(raw, _layout(raw), Mapping())
    return as_candidates(lines.frame, CandidateCodes.of(rules)).drop(ORDINAL)


def _processing(lines: Frame, rules: Catalog, as_of: date, mapping: Mapping | None) -> tuple[pl.DataFrame, Processing]:
    raw = _numbered(pl.DataFrame(lines))
    given = mapping if mapping is not None else Mapping()
    return raw, Processing(_layout(raw), given, ScreenRules.of(rules, as_of), PayerIdentities(rules).of)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with ORDINAL and every required column."""
    if unknown := sorted(set(frame.columns) - set(COLUMNS)):
        raise UsageError(f"no such column of a claim line: {', '.join(unknown)}. Rename or drop it.")
    absent = [group[0] for group in REQUIRED if not set(group) & set(frame.columns)]
    return frame.with_columns(
        pl.int_range(1, pl.len() + 1).alias(ORDINAL), *(pl.lit(None, pl.String).alias(name) for name in absent)
    )


def _layout(raw: pl.DataFrame) -> Layout:
    return Layout({name: name for name in raw.columns if name != ORDINAL}, {})
