"""Claim lines: the services of a chunk with the facts of their claims, in canonical columns, and refused ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.extract import FAULT, ORDINAL
from claims_edit.intake.x12.composites import doubt_composites, doubt_missing_principal, doubt_pointers
from claims_edit.intake.x12.diagnoses import health_codes, line_diagnoses
from claims_edit.intake.x12.doubts import Doubts, doubt_placements
from claims_edit.intake.x12.evidence import (
    doubt_references,
    doubt_registered_trials,
    doubt_subscribers,
    doubt_unpointed_trials,
)
from claims_edit.intake.x12.facts import Facts
from claims_edit.intake.x12.finished_claims import claims
from claims_edit.intake.x12.layout import CLAIM_DATES, TRANSACTION
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.segments import word
from claims_edit.intake.x12.service_lines import services, transaction_numbers
from claims_edit.intake.x12.strings import nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers


_VERSION = len("005010")  # in GS08 and ST03, before X and the number of the guide: 005010X222A1
# The claim type of the claims of each guide.
GUIDES = {
    "098": "professional", "096": "institutional", "097": "undetermined",
    "222": "professional", "223": "institutional", "224": "undetermined",
    "298": "professional", "299": "institutional", "300": "undetermined",
}  # fmt: skip
_AMOUNT = pl.Decimal(38, 10)
_SHORT_AMOUNT = r"^[0-9]{1,7}(?:\.[0-9]{1,2})?$"


def claim_days(chunk: Chunk, claims: Numbers, claim_types: pl.Series, facts: Facts) -> tuple[pl.Series, pl.Series]:
    """The first and the last day of the claim that each line may fall back on, null where its guide gives it none.

    `claims` (rows, NONE for none) and `claim_types` go by line; neither GS08 nor ST03 may name another guide than the
    line's service segment does.
    """
    found = np.full(claims.size, NONE, dtype=np.int64)
    days: list[tuple[pl.Series, pl.Series]] = []
    for claim_type, kind in CLAIM_DATES.items():
        which = np.flatnonzero(facts.has(claims, kind) & (claim_types == claim_type).to_numpy())
        for opened, place in ((chunk.group, 8), (chunk.transaction, 3)):
            which = which[_agrees(chunk, opened[claims[which]], place, claim_type)]
        if which.size:
            found[which] = np.arange(which.size) + sum(start.len() for start, _ in days)
            days.append(facts.days(claims[which], kind))
    if not days:
        return nothing(claims.size), nothing(claims.size)
    at = pl.Series(found).set(pl.Series(found == NONE), None)
    start, end = (pl.concat(each).gather(at) for each in zip(*days, strict=True))
    return start, end


def _agrees(chunk: Chunk, opened: Numbers, place: int, claim_type: str) -> Flags:
    """Whether the guide that an element of each opening segment names is of a claim type, or is not known."""
    begins, ends = chunk.segments.bounds(chunk.opening_of(opened), place)
    number = np.minimum(begins + _VERSION, ends)
    names_guide = chunk.segments.words(number, np.minimum(number + 1, ends)) == word("X")
    words = chunk.segments.words(np.minimum(number + 1, ends), np.minimum(number + 4, ends))
    agrees: Flags = ~(names_guide & np.isin(words, [word(of) for of, kind in GUIDES.items() if kind != claim_type]))
    return agrees


@dataclass(frozen=True)
class ClaimLines:
    """The finished lines of a chunk.

    Attributes:
        frame: the lines.
        found: by warning, the rows that show it.
        rejected: by check, the rows that are not lines.
    """

    frame: pl.DataFrame
    found: dict[str, Numbers]
    rejected: dict[str, Numbers]


def claim_lines(chunk: Chunk) -> ClaimLines:
    """The finished lines of a chunk."""
    facts, codes = Facts(chunk), health_codes(chunk)
    found = claims(chunk, facts, codes)
    lines = services(chunk, facts)
    rows, flags = lines.rows, lines.flags
    claim, line = chunk.claim[rows], chunk.line[rows]
    diagnoses = line_diagnoses(chunk.segments, claim, lines.pointers, codes)
    at = np.searchsorted(found.rows, claim)  # its claim, or behind the last one
    at = np.where(claim == NONE, found.rows.size, at)
    grounds = _of_lines(found.grounds, at) | {
        "row-no-claim": claim == NONE,
        "hcpcs_code-missing": flags["is_missing"],
        "hcpcs_code-unqualified": flags["is_unqualified"],
        "hcpcs_code-other-system": flags["is_of_other_system"],
        "hcpcs_code-several": flags["is_several"],
        "diagnosis_code_type-conflict": diagnoses.both_types,
        "diagnosis_code-too-many": diagnoses.too_many,
    }
    conflicting = "row-conflicting-segments"
    grounds[conflicting] = grounds.get(conflicting, False) | flags["is_contradicted"]
    held = _of_lines(found.holds, at) | {"line-control-number-conflict": flags["is_renumbered"]}
    uneven = found.rows[_uneven(found.frame["claim_charge"], at, lines.frame["charge_amount"])]
    doubts = Doubts(chunk)
    doubt_references(doubts, facts, found.rows)
    doubt_references(doubts, facts, line)
    doubt_subscribers(doubts, chunk, facts, found.rows)
    doubt_registered_trials(doubts, chunk)
    doubt_unpointed_trials(doubts, codes, claim, line, diagnoses)
    doubt_placements(doubts, chunk)
    doubt_composites(doubts, chunk, codes)
    doubt_missing_principal(doubts, chunk, codes, claim[flags["needs_diagnosis"] & (claim != NONE)])
    doubt_pointers(doubts, chunk, rows, diagnoses, must_point=flags["must_point"])
    leftover = rows[flags["is_leftover"]]
    doubts.add("hcpcs_code-leftover", chunk.line[leftover], chunk.rows.segment[leftover])
    doubts.add("claim-charge-mismatch", uneven, chunk.rows.segment[uneven])
    frame = lines.frame.hstack(_repeated(found.frame, at)).hstack(diagnoses.columns)
    number = pl.Series(chunk.rows.number[rows])
    claim_start, claim_end = claim_days(chunk, claim, lines.frame["claim_type"], facts)
    frame = _completed(frame).with_columns(
        claim_start.alias("claim_start_date"),
        claim_end.alias("claim_end_date"),
        doubts.of(claim, line).alias("doubts"),
        _names(held, rows.size).alias("posting_holds"),
        number.alias(ORDINAL),
        _names(grounds, rows.size).alias(FAULT),
        transaction_numbers(chunk, rows).alias(TRANSACTION),
    )
    return ClaimLines(
        frame,
        {
            "diagnosis_pointer-dangling": rows[diagnoses.dangling],
            "hcpcs_code-not-evaluable": rows[flags["is_not_evaluable"]],
            "clm02-line-charges": uneven,
        },
        {
            "row-claim-without-lines": _without(found.rows, claim, chunk.claim.size),
            "row-line-without-service": _without(chunk.finished("LX"), line, chunk.claim.size),
        },
    )


def _of_lines(claims: Mapping[str, Flags], at: Numbers) -> dict[str, Flags]:
    """What holds for claims, for each line whose claim is `at` a place; without what holds for none."""
    return {name: np.append(holds, np.False_)[at] for name, holds in claims.items() if holds.any()}


def _repeated(claims: pl.DataFrame, at: Numbers) -> list[pl.Series]:
    """The facts of claims, for each line whose claim is `at` an index; null for one after the last."""
    given = [column for column in claims if column.null_count() < claims.height]
    found = pl.DataFrame(given).select(pl.all().gather(pl.lit(pl.Series(at)), null_on_oob=True)) if given else None
    return [
        nothing(at.size).alias(name) if found is None or name not in found.columns else found[name]
        for name in claims.columns
    ]


def claim_ids(chunk: Chunk, rows: Numbers) -> pl.Series:
    """The id of each row's claim; null if it is in none."""
    return chunk.segments.elements(chunk.opening_of(chunk.claim[rows]), 1)


def _without(rows: Numbers, others: Numbers, size: int) -> Numbers:
    """The rows (of `size`) that are not among the others."""
    is_other = np.zeros(size + 1, dtype=np.bool_)  # NONE is the last
    is_other[others] = True
    return rows[~is_other[rows]]


def _completed(lines: pl.DataFrame) -> pl.DataFrame:
    """Lines with the columns that come from both the line and the claim."""
    qualifier, facility = pl.col("facility_qualifier"), pl.col("facility_code")
    is_institutional = pl.col("claim_type") == "institutional"
    of_place = (qualifier == "B") | (qualifier.is_null() & ~is_institutional)
    of_bill = (qualifier == "A") | (qualifier.is_null() & is_institutional)
    return lines.with_columns(
        place_of_service_code=pl.coalesce("line_facility_code", pl.when(of_place).then(facility)),
        bill_type_code=pl.when(of_bill).then(facility + pl.col("claim_frequency_code").fill_null("")),
        rendering_npi=pl.when("has_line_rendering").then("line_rendering_npi").otherwise("claim_rendering_npi"),
        facility_npi=pl.when("has_line_facility").then("line_facility_npi").otherwise("claim_facility_npi"),
        prior_authorization_number=pl.coalesce("line_authorization", "claim_authorization"),
        clinical_trial_number=pl.coalesce("line_trial", "clinical_trial_number"),
        investigational_device_exemption_number=pl.coalesce(
            "line_exemption", "investigational_device_exemption_number"
        ),
    )


def _names(grounds: Mapping[str, Flags], size: int) -> pl.Series:
    """The names of the checks that each of `size` lines fails, split by spaces; null where none."""
    failed = {check: holds for check, holds in grounds.items() if holds.any()}
    if not failed:
        return nothing(size)
    checks = pl.concat_str((pl.when(check).then(pl.lit(check)) for check in failed), separator=" ", ignore_nulls=True)
    return pl.DataFrame(failed).select(pl.when(checks != "").then(checks)).to_series()


def _cents(amounts: pl.Series) -> Numbers | None:
    """Amounts as whole cents; None where one is missing, or longer than most are."""
    if amounts.null_count() or not amounts.str.contains(_SHORT_AMOUNT).all():
        return None
    cents: Numbers = np.rint(amounts.cast(pl.Float64).to_numpy() * 100).astype(np.int64)
    return cents


def _uneven(charged: pl.Series, claims: Numbers, charges: pl.Series) -> Numbers:
    """The claims with lines that do not charge what their lines do, as decimals; `claims` is the claim of each line."""
    given, of_lines = _cents(charged), _cents(charges)
    if given is not None and of_lines is not None:
        has_lines, sums = np.zeros(charged.len() + 1, dtype=np.bool_), np.zeros(charged.len() + 1, dtype=np.int64)
        has_lines[claims] = True
        np.add.at(sums, claims, of_lines)
        return np.flatnonzero(has_lines[:-1] & (sums[:-1] != given))
    charge = pl.col("charge").cast(_AMOUNT, strict=False)
    claim = pl.col("claim")
    total = pl.lit(charged).cast(_AMOUNT, strict=False).gather(claim)
    lines = pl.LazyFrame({"claim": claims, "charge": charges}).filter(claim < charged.len())
    charged_lines = lines.group_by(claim).agg(charge=charge.sum(), is_unknown=charge.is_null().any()).sort(claim)
    uneven = charged_lines.filter(total.ne_missing(pl.col("charge")) | pl.col("is_unknown")).select(claim)
    return uneven.collect().to_series().to_numpy()
