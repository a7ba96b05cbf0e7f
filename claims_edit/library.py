"""claims-edit as a library: rules, validation, one batch and its decisions, on data frames (docs/library.md).

Frames are Polars; any object with an Arrow stream (pyarrow, pandas with pyarrow, DuckDB) works as well. Columns have
the canonical names of a claim line, or those that a mapping gives; missing ones count as empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from claims_edit import engine
from claims_edit.columns import COLUMNS
from claims_edit.core.candidate_codes import CandidateCodes
from claims_edit.core.plain_values import ScreenRules
from claims_edit.core.process import Processing
from claims_edit.core.route import as_candidates, plain_totals, route
from claims_edit.core.schema import CANDIDATE_SCHEMA, DTYPES
from claims_edit.errors import InputError, UsageError
from claims_edit.facts.revision import REVISION_SCHEMA, revised_claim, revisions_among
from claims_edit.frames import Frame, as_frame, lines_of, refuse_values, with_types
from claims_edit.intake import Mapping, canonicalize
from claims_edit.intake.extract import ORDINAL
from claims_edit.model import StalePolicy
from claims_edit.policy import Catalog, load_catalog
from claims_edit.runner.contracts import checked_contracts, no_contracts
from claims_edit.runner.revisions import PayerIdentities, with_named_claims
from claims_edit.value_rules import value_rules

if TYPE_CHECKING:
    from claims_edit.core.control_totals import ControlTotals
    from claims_edit.core.validate import ValidationResult

ROW = "source_row"
WHERE = {"source_file": pl.String(), ROW: pl.Int64()}


@dataclass(frozen=True)
class BatchResult:
    """The result of one batch; repeated lines are not looked for.

    Attributes:
        candidates: accepted lines with a code that a policy lists (CANDIDATE_SCHEMA), for `decide`, with `source_row`:
            the row of the frame, from 1.
        quarantine: refused rows: `source_row`, `claim_id`, `failed_checks`, `candidate_code`, `charge_amount`,
            `raw_values`.
        keys: `high`, `low` (UInt64) of every row: equal `low` means the same line of the same claim, equal `high` the
            same claim. Null where a row has no valid key. Comparable between batches of one release of Polars.
        revisions: replacements and voids, and other claims that may revise a claim, once for each claim that each may
            name (REVISION_SCHEMA).
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
        mapping: of the frame: its column names, constants, words, date formats and null values. Without one, each
            column has the canonical name.

    Raises:
        UsageError: a column is not one of a claim line, or the mapping does not fit.
    """
    raw, processing = _processing(lines, rules, as_of, mapping)
    return processing.close_look(raw)[1]


def process_batch(lines: Frame, rules: Catalog, *, as_of: date, mapping: Mapping | None = None) -> BatchResult:
    """Screen, validate and route one batch of claim lines; arguments and errors as of `validate`."""
    raw, processing = _processing(lines, rules, as_of, mapping)
    batch = processing.process_batch(raw)
    held = ~batch.plain
    checked = processing.check(raw.filter(held), batch.keys.with_columns(row=raw[ORDINAL]).filter(held))
    routed = route(checked.lines, checked.result, None, processing.rules.codes, processing.layout)
    totals = plain_totals(batch.charge, batch.plain)
    totals.add(routed.totals)
    revisions = with_named_claims(
        routed.revisions.drop("row", "claim_line_number").unique(maintain_order=True),
        processing.payer_identity,
        lambda asked: asked.filter(asked.is_in(batch.keys["high"].drop_nulls().implode())),
    )
    return BatchResult(
        routed.candidates.rename({ORDINAL: ROW}),
        routed.quarantine.rename({ORDINAL: ROW}).select(
            ROW, "claim_id", "failed_checks", "candidate_code", "charge_amount", "raw_values"
        ),
        batch.keys,
        revisions.select(*REVISION_SCHEMA),
        totals,
    )


def decide(
    lines: Frame | BatchResult,
    rules: Catalog,
    *,
    revisions: Frame | None = None,
    contracts: Frame | None = None,
    stale_policy: StalePolicy | str = StalePolicy.WARN,
) -> pl.DataFrame:
    """One decision per line, in order: the columns of `decisions` without `run_id` and `mode`.

    Args:
        lines: the result of `process_batch`, its candidates, or claim lines with any columns; they count as accepted.
            `source_file` and `source_row` are kept; without them, the lines are numbered from 1.
        rules: of `load_rules`.
        revisions: of `process_batch`, of all batches; None for those of the result, or else those among the lines.
        contracts: the benefit terms of groups on the service, with the columns of a contracts file; None for none.
        stale_policy: what to do with a denial under a policy whose review is overdue.

    Raises:
        UsageError: a column is not one of a claim line or has values that are not of its kind, a line has no service
            date, its code is in no policy, or the contracts have faults.
    """
    _check_rules(rules)
    if isinstance(lines, BatchResult):
        revisions = lines.revisions if revisions is None else revisions
        lines = lines.candidates
    frame = as_frame(lines, "lines")
    where = [name for name in WHERE if name in frame.columns]
    given = frame.drop(where)
    candidates = _of_candidates(given) if "service_start_date" in given.columns else _as_candidates(given, rules)
    _check_decidable(candidates, rules)
    place = {"source_file": pl.lit(None), ROW: pl.int_range(1, pl.len() + 1)}
    placed = candidates.with_columns(
        (frame[name] if name in where else place[name]).cast(dtype).alias(name) for name, dtype in WHERE.items()
    )
    return engine.decide(
        placed,
        rules,
        revisions=revisions_among(candidates, rules) if revisions is None else _revisions(revisions),
        contracts=_contracts(contracts, rules),
        stale_policy=_stale_policy(stale_policy),
    )


def _check_decidable(candidates: pl.DataFrame, rules: Catalog) -> None:
    listed = candidates["hcpcs_code"].is_in(rules.codes["hcpcs_code"].implode()).fill_null(value=False)
    if unlisted := int((~listed).sum()):
        raise UsageError(f"{unlisted} lines have a code that no policy lists. Pass the candidates of process_batch.")
    if dateless := candidates["service_start_date"].null_count():
        raise UsageError(f"{dateless} lines have no service date: no policy can be chosen. Fill it, or leave them out.")


def _of_candidates(frame: pl.DataFrame) -> pl.DataFrame:
    """Candidates with every column; a line without an end ends on its first day."""
    typed = with_types(frame, {name: dtype for name, dtype in CANDIDATE_SCHEMA.items() if name != ORDINAL}, "lines")
    return typed.with_columns(service_end_date=pl.coalesce("service_end_date", "service_start_date"))


def _as_candidates(frame: pl.DataFrame, rules: Catalog) -> pl.DataFrame:
    raw, layout = lines_of(frame, None)
    canonical = canonicalize(raw, layout, Mapping()).frame
    typed = [name for name in canonical.columns if name in COLUMNS and COLUMNS[name].kind in DTYPES]
    refuse_values({name: _unlike(canonical[name]) for name in typed if canonical.schema[name] == pl.String})
    return as_candidates(canonical, CandidateCodes.of(rules)).drop(ORDINAL)


def _unlike(values: pl.Series) -> int:
    """How many values of a column break a rule of its kind."""
    rules = value_rules(COLUMNS[values.name]).values()
    given = values.drop_nulls().to_frame()
    return int(given.select(pl.any_horizontal(~rule(pl.col(values.name)) for rule in rules).sum()).item())


def _revisions(given: Frame) -> pl.LazyFrame:
    """Revisions with every column; one that names no claim names its original, or else its own."""
    whole = with_types(as_frame(given, "revisions"), REVISION_SCHEMA, "revisions")
    named = pl.coalesce("revised_claim_id", revised_claim(pl.lit(value=True)))
    return whole.with_columns(revised_claim_id=named, refused=pl.col("refused").fill_null(value=False)).lazy()


def _contracts(given: Frame | None, rules: Catalog) -> pl.DataFrame:
    frame = no_contracts() if given is None else as_frame(given, "contracts")
    if frame.is_empty():
        return no_contracts()
    try:
        return checked_contracts(frame.cast(pl.String), rules, "contracts", "Correct it")
    except InputError as error:
        raise UsageError(*error.faults) from None


def _stale_policy(given: StalePolicy | str) -> StalePolicy:
    try:
        return StalePolicy(given)
    except ValueError:
        raise UsageError(f"stale_policy: must be one of {', '.join(StalePolicy)}.") from None


def _processing(lines: Frame, rules: Catalog, as_of: date, mapping: Mapping | None) -> tuple[pl.DataFrame, Processing]:
    _check_rules(rules)
    if not isinstance(as_of, date):
        raise UsageError("as_of: is not a date. Pass a datetime.date.")
    day = as_of.date() if isinstance(as_of, datetime) else as_of
    raw, layout = lines_of(as_frame(lines, "lines"), mapping)
    given = mapping if mapping is not None else Mapping()
    return raw, Processing(layout, given, ScreenRules.of(rules, day), PayerIdentities(rules).of)


def _check_rules(rules: Catalog) -> None:
    if not isinstance(rules, Catalog):
        raise UsageError("rules: are not loaded. Pass what load_rules returns.")
