"""The outputs of a validated batch: control totals, candidate lines, replacements and voids, and refused rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.columns import COLUMNS, ValueKind
from claims_edit.core.candidate_codes import CODE_COLUMN, candidate_code
from claims_edit.core.control_totals import ControlTotals, total
from claims_edit.core.schema import (
    CANDIDATE_SCHEMA,
    DTYPES,
    FIRST,
    KEPT_REVISION_SCHEMA,
    MONEY,
    QUARANTINE_SCHEMA,
    SENDER,
    WARNED_SCHEMA,
)
from claims_edit.core.validate import DUPLICATE
from claims_edit.facts.revision import REVISES_NOTHING
from claims_edit.intake.extract import FIRST_WARNED, FREQUENCY_MISSING, ORDINAL, TEST_DATA_FAULT
from claims_edit.model import LINE_CODE, REPLACEMENT
from claims_edit.value_rules import MONEY as AMOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claims_edit.core.candidate_codes import CandidateCodes
    from claims_edit.core.validate import ValidationResult
    from claims_edit.intake import CanonicalLines
    from claims_edit.intake.layout import Layout

ESCAPED = r'[\x00-\x1f"\\]'  # characters that need escapes in JSON text


@dataclass(frozen=True)
class RoutedBatch:
    """The stored rows of one batch, and its totals."""

    totals: ControlTotals
    candidates: pl.DataFrame
    revisions: pl.DataFrame
    quarantine: pl.DataFrame
    warned: pl.DataFrame


def refusals(result: ValidationResult, height: int, *, but: str | None = None) -> pl.Series:
    """The rows of a batch that fail any check except `but` (Boolean, never null)."""
    refused = pl.repeat(value=False, n=height, dtype=pl.Boolean, eager=True)
    for check, failing in result.errors.items():
        if check != but:
            refused |= failing
    return refused


def route(
    lines: CanonicalLines,
    result: ValidationResult,
    rows: pl.Series | None,
    codes: CandidateCodes,
    layout: Layout,
    firsts: pl.DataFrame | None = None,
    places: pl.Series | None = None,
) -> RoutedBatch:
    """Split the batch's `rows` (Boolean; None for all) by the result.

    Args:
        lines: the batch.
        result: its validation result, including repeated keys.
        rows: which rows to route now, all refused ones among them; accepted ones that may be repeats wait.
        codes: the candidate codes.
        layout: has the extract's own column names.
        firsts: for each row `first_source_file`, `first_source_row`: the first row of the line that it repeats.
        places: for each row its position in the run, where a refused row may still turn out to be a repeat.
    """
    height = lines.frame.height
    routed = pl.repeat(value=True, n=height, dtype=pl.Boolean, eager=True) if rows is None else rows
    refused = refusals(result, height)
    accepted = routed & ~refused
    charge = _charge(lines.frame, result)
    is_candidate = candidate_code(lines.frame, codes)[LINE_CODE].is_not_null()
    totals = ControlTotals(
        rows_read=int(routed.sum()),
        rows_accepted=int(accepted.sum()),
        read=total(charge.filter(routed)),
        accepted=total(charge.filter(accepted)),
    )
    for check, failing in result.warnings.items():
        if warned := int((failing & accepted).sum()):
            totals.warnings_by_check[check] += warned
    candidates = as_candidates(lines.frame.filter(accepted & is_candidate), codes)
    totals.candidates, totals.candidate_charges = candidates.height, total(candidates["charge_amount"])
    if firsts is None:
        firsts = pl.DataFrame(
            {name: pl.repeat(None, height, dtype=QUARANTINE_SCHEMA[name], eager=True) for name in FIRST}
        )
    has_code = is_candidate | _holds_code(lines.raw, refused, codes)
    beside = firsts.with_columns(candidate_code=has_code, charge_amount=charge)
    quarantine = _quarantine(lines, result, refused, beside, layout)
    totals.add(_refusals(quarantine))
    if (bad := result.errors.get("charge_amount-unparseable")) is not None:
        totals.unparseable = int(bad.sum())
    first = warned_rows(lines.frame, result.warnings, accepted)
    revisions = _revisions(lines.frame, result, routed, refused, places)
    return RoutedBatch(totals, candidates, revisions, quarantine, first)


def plain_totals(charge: pl.Series, rows: pl.Series) -> ControlTotals:
    """The totals of plain rows (Boolean `rows` of a batch): all are accepted, and none is stored."""
    count, amount = int(rows.sum()), total(charge.filter(rows))
    return ControlTotals(rows_read=count, rows_accepted=count, read=amount, accepted=amount)


def _charge(frame: pl.DataFrame, result: ValidationResult) -> pl.Series:
    """Charges as decimals, null if there is none or it is not a number."""
    if "charge_amount" not in frame.columns:
        return pl.repeat(None, frame.height, dtype=MONEY, eager=True)
    given = frame["charge_amount"]
    if (bad := result.errors.get("charge_amount-unparseable")) is not None:
        given = given.set(bad, None)
    return given.cast(MONEY)


def _typed(frame: pl.DataFrame, name: str) -> pl.Expr:
    """A canonical column with its type; null if the extract does not have it."""
    dtype = DTYPES.get(COLUMNS[name].kind, pl.String())
    if name not in frame.columns:
        return pl.lit(None, dtype).alias(name)
    if dtype == pl.Date and frame.schema[name] == pl.String:
        return pl.col(name).str.to_date("%Y-%m-%d")
    if (
        COLUMNS[name].kind is ValueKind.MONEY and frame.schema[name] == pl.String
    ):  # one that decides nothing may not be a number
        return pl.when(pl.col(name).str.contains(AMOUNT)).then(pl.col(name)).cast(dtype)
    if COLUMNS[name].kind is ValueKind.DIAGNOSIS:
        return pl.col(name).str.replace(".", "", literal=True)  # ICD-9 E codes have the dot after the fourth character
    return pl.col(name).cast(dtype)


def as_candidates(frame: pl.DataFrame, codes: CandidateCodes) -> pl.DataFrame:
    """Accepted lines, typed (CANDIDATE_SCHEMA): the effective dates, `member_id` else `person_id`.

    `hcpcs_code` is the candidate code, of the line or its claim; the line's own where it has none.
    """
    if frame.is_empty():
        return pl.DataFrame(schema=CANDIDATE_SCHEMA)
    code = candidate_code(frame, codes)
    own, own_end = _typed(frame, "claim_line_start_date"), _typed(frame, "claim_line_end_date")
    claim, claim_end = _typed(frame, "claim_start_date"), _typed(frame, "claim_end_date")
    end = pl.when(own.is_not_null()).then(pl.coalesce(own_end, own)).otherwise(pl.coalesce(claim_end, claim))
    replaced = {
        ORDINAL: pl.col(ORDINAL),
        "service_start_date": pl.coalesce(own, claim),
        "service_end_date": end,
        "service_date_column": pl.when(own.is_not_null())
        .then(pl.lit("claim_line_start_date"))
        .otherwise(pl.lit("claim_start_date")),
        "member_id": pl.coalesce(_typed(frame, "member_id"), _typed(frame, "person_id")),
        "diagnosis_code_type": _typed(frame, "diagnosis_code_type").fill_null("icd-10-cm"),
        LINE_CODE: pl.coalesce(code[LINE_CODE], _typed(frame, LINE_CODE)),
        CODE_COLUMN: pl.lit(code[CODE_COLUMN]),
    }
    return frame.select(
        (replaced[name] if name in replaced else _typed(frame, name)).alias(name) for name in CANDIDATE_SCHEMA
    )


def _revisions(
    frame: pl.DataFrame, result: ValidationResult, routed: pl.Series, refused: pl.Series, places: pl.Series | None
) -> pl.DataFrame:
    """Replacements, voids and other claims that may revise a claim (KEPT_REVISION_SCHEMA), including refused ones.

    All refused rows count except test data and repeats, which the repeated row covers.
    """
    revises = ~frame["claim_frequency_code"].is_in(REVISES_NOTHING)
    if FREQUENCY_MISSING in result.errors:  # the lost frequency may have been that of a replacement or a void
        revises |= result.errors[FREQUENCY_MISSING]
    revises &= routed & frame["claim_id"].is_not_null()
    for check in (DUPLICATE, TEST_DATA_FAULT):
        if check in result.errors:
            revises &= ~result.errors[check]
    if not revises.any():
        return pl.DataFrame(schema=KEPT_REVISION_SCHEMA)
    of_member = pl.coalesce(_typed(frame, "member_id"), _typed(frame, "person_id")).alias("member_id")
    row = pl.lit(None if places is None else places, pl.Int64)
    replaces = pl.col("claim_frequency_code") == REPLACEMENT
    given = frame.with_columns(
        of_member,
        pl.lit(refused).alias("refused"),
        pl.lit(None, pl.String).alias("revised_claim_id"),
        pl.when(pl.lit(refused)).then(row).alias("row"),
        pl.when(replaces).then(pl.col("claim_line_number").cast(pl.Int64, strict=False)),
    )
    return given.filter(revises).select(
        pl.col(name) if name in given.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in KEPT_REVISION_SCHEMA.items()
    ).unique(maintain_order=True)  # fmt: skip


def _quarantine(
    lines: CanonicalLines,
    result: ValidationResult,
    refused: pl.Series,
    beside: pl.DataFrame,
    layout: Layout,
) -> pl.DataFrame:
    """Refused rows with every failed check and their values as read, under the extract's own column names.

    `beside` has the other columns of each row of the batch.
    """
    if not refused.any():
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    failed = [
        pl.when(pl.lit(failing.filter(refused))).then(pl.lit(check)) for check, failing in sorted(result.errors.items())
    ]  # sorted here: sorting a list of text in each row costs a hundred times as much
    checks = pl.select(failed_checks=pl.concat_str(failed, separator=" ", ignore_nulls=True).str.split(" "))
    given = lines.raw.filter(refused)
    members = [part for name, source in _unique(layout) for part in _as_json(given, name, source)]
    raw = given.select(pl.concat_str(members, ignore_nulls=True)).select("{" + pl.first().str.slice(1) + "}")
    sender = (_typed(lines.frame, "payer").alias("payer_raw"), _typed(lines.frame, "billing_npi"))
    placed = lines.frame.select(ORDINAL, _typed(lines.frame, "data_source"), "claim_id", *sender).filter(refused)
    rows = placed.with_columns(checks["failed_checks"], raw.to_series().alias("raw_values"))
    return rows.hstack(beside.filter(refused)).select(*QUARANTINE_SCHEMA)


def _as_json(raw: pl.DataFrame, name: str, source: str) -> list[pl.Expr]:
    """A column as a member of a JSON object after a comma, under the extract's name, in parts of text.

    The parts of a row without a value are null, or the one part with all of them is.
    """
    dtype, column = raw.schema[name], raw[name].cast(pl.String)
    text, has_value = pl.lit(column.alias(source)), column.null_count() == 0
    if not (dtype.is_numeric() or dtype.is_temporal()) and column.str.contains(ESCAPED).any():
        whole = pl.struct(text).struct.json_encode()
        return [pl.when(text.is_not_null()).then("," + whole.str.slice(1, whole.str.len_chars() - 2))]
    empty = pl.select(pl.struct(pl.lit("").alias(source)).struct.json_encode()).item()
    parts = [pl.lit("," + empty[1:-2]), text, pl.lit('"')]
    return parts if has_value else [pl.concat_str(parts)]


def _holds_code(raw: pl.DataFrame, rows: pl.Series, codes: CandidateCodes) -> pl.Series:
    """Whether the raw text of the codes holds a candidate code in any form, of these rows."""
    held = pl.repeat(value=False, n=raw.height, dtype=pl.Boolean, eager=True)
    given = raw.filter(rows)
    if given.is_empty():
        return held
    found = given.with_columns(codes.in_values(given).alias(CODE_COLUMN))[CODE_COLUMN]
    return held.scatter(rows.arg_true(), found)


def _refusals(quarantine: pl.DataFrame) -> ControlTotals:
    """The totals of refused rows, from the rows themselves."""
    checks = quarantine["failed_checks"].explode(empty_as_null=False).value_counts()
    return ControlTotals(
        rows_quarantined=quarantine.height,
        quarantined=total(quarantine["charge_amount"]),
        quarantined_by_check=Counter(dict(zip(*checks.get_columns(), strict=True))),
    )


def _unique(layout: Layout) -> list[tuple[str, str]]:
    """Canonical and own name of each column that was read; a column used twice is shown once."""
    first: dict[str, str] = {}
    for name, source in layout.sources.items():
        first.setdefault(source, name)
    return [(name, source) for source, name in first.items()]


def warned_rows(frame: pl.DataFrame, warnings: Mapping[str, pl.Series], accepted: pl.Series) -> pl.DataFrame:
    """The first accepted rows with each warning of a batch (WARNED_SCHEMA), in the order of the rows."""
    found = []
    for check, failing in warnings.items():
        rows = (failing & accepted).arg_true().head(FIRST_WARNED)
        if len(rows):
            found.append(frame[rows].select(ORDINAL, "claim_id", check=pl.lit(check)))
    return pl.concat(found).sort(ORDINAL, "check") if found else pl.DataFrame(schema=WARNED_SCHEMA)


def rejected(rejects: pl.DataFrame, codes: CandidateCodes) -> tuple[ControlTotals, pl.DataFrame]:
    """Rows that could not be split, as quarantine (with `source_row` in place of ORDINAL), and their totals."""
    frame = rejects.select(
        "source_row",
        *(pl.lit(None, QUARANTINE_SCHEMA[name]).alias(name) for name in ("data_source", "claim_id", *FIRST, *SENDER)),
        pl.concat_list("check").alias("failed_checks"),
        codes.in_row(pl.col("text")).alias("candidate_code"),
        pl.lit(None, MONEY).alias("charge_amount"),
        pl.col("text").alias("raw_values"),
    )
    totals = ControlTotals(rows_read=frame.height, unparseable=frame.height)
    totals.add(_refusals(frame))
    return totals, frame


def mark_repeats(result: ValidationResult, repeated: pl.Series) -> None:
    """Add `duplicate-line` to the result for the rows that repeat another."""
    if repeated.any():
        result.errors[DUPLICATE] = repeated
