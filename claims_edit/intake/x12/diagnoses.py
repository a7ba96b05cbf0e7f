"""The diagnoses of lines, and the condition and value codes of claims, from the HI segments.

A line's pointers count the positions of its claim's diagnosis HI segments, whatever their content: an element that
cannot be read keeps its place, so that no pointer moves on to another diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.delimiters import COMPONENT
from claims_edit.intake.x12.digits import small_numbers
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.runs import ranges
from claims_edit.intake.x12.segments import IS_BLANK, word
from claims_edit.intake.x12.strings import nothing
from claims_edit.model import DIAGNOSIS_COLUMNS, PROCEDURE_COLUMNS, TRIAL_DIAGNOSIS

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.runs import Composites
    from claims_edit.intake.x12.segments import Flags, Numbers, Segments

PRINCIPAL = ("ABK", "BK")
# Principal and other diagnoses. An admitting diagnosis (ABJ), a reason for the visit (APR) and an external cause (ABN)
# are none that a service is for.
ICD_10 = ("ABK", "ABF")
ICD_9 = ("BK", "BF")
MOST_POINTERS, MOST_POINTED = 4, 12
_GAP = f"^ *{COMPONENT}|{COMPONENT} *{COMPONENT}[{COMPONENT} ]*[^{COMPONENT} ]"  # a pointer that is empty
CONDITION, VALUE = "BG", "BE"  # NUBC codes
# Principal and other procedures of the claim, ICD-10-PCS and ICD-9-CM.
PROCEDURES = ("BBR", "BBQ", "BR", "BQ")
# As an 837 may write the diagnosis of a trial, and how that begins.
_DOTTED = f"{TRIAL_DIAGNOSIS[:3]}.{TRIAL_DIAGNOSIS[3:]}"
_SPELLINGS = [code for each in (TRIAL_DIAGNOSIS, _DOTTED) for code in (each, each.lower())]
_OPENINGS = [word(code) for code in (TRIAL_DIAGNOSIS[:3], TRIAL_DIAGNOSIS[:3].lower())]


@dataclass(frozen=True)
class HealthCodes:
    """The elements of the claims' HI segments, in file order; all go by element.

    Attributes:
        claim: the claim (a row) of each.
        segment: its HI segment.
        place: which element of it.
        qualifier: its first component (as Segments.words gives it).
        code: its second component.
        of_trial: that is the diagnosis of a trial.
        size: how many components it has.
    """

    claim: Numbers
    segment: Numbers
    place: Numbers
    qualifier: Numbers
    code: pl.Series
    of_trial: Flags
    size: Numbers

    def where(self, which: Flags) -> HealthCodes:
        """Some of the elements."""
        return HealthCodes(
            self.claim[which],
            self.segment[which],
            self.place[which],
            self.qualifier[which],
            self.code.filter(which),
            self.of_trial[which],
            self.size[which],
        )

    def are(self, qualifiers: tuple[str, ...]) -> Flags:
        """Which elements have one of these qualifiers."""
        return np.isin(self.qualifier, [word(qualifier) for qualifier in qualifiers])


@dataclass(frozen=True)
class Diagnoses:
    """The diagnoses of lines: DIAGNOSIS_COLUMNS and the type, and their faults, by line.

    Attributes:
        columns: one row for each line.
        both_types: codes of ICD-9 and of ICD-10 are on one line.
        too_many: there are more different ones than columns.
        dangling: a pointer names nothing.
        misread: the pointers are not one to four numbers from 1 to 12.
        unpointed: there are no pointers, and more than one diagnosis that they might name.
        of_trial: the diagnosis of a trial is among them.
    """

    columns: pl.DataFrame
    both_types: Flags
    too_many: Flags
    dangling: Flags
    misread: Flags
    unpointed: Flags
    of_trial: Flags


def health_codes(chunk: Chunk) -> HealthCodes:
    """The codes of a chunk's HI segments, except those of other payers."""
    rows = np.flatnonzero(chunk.rows.are("HI") & (chunk.owner == chunk.claim))
    segments = chunk.rows.segment[rows]
    owners, places = chunk.segments.filled_elements(segments)
    composites = chunk.segments.composites(segments[owners], places)
    qualifiers, _ = chunk.segments.trimmed_words(*chunk.segments.component(composites, 1))
    begins, ends = chunk.segments.component(composites, 2)
    code = chunk.segments.trimmed(begins, ends)
    opening = chunk.segments.words(begins, begins + len(TRIAL_DIAGNOSIS[:3]))
    of_trial = np.isin(opening, _OPENINGS) | IS_BLANK[chunk.segments.text[begins]]  # it may be
    of_trial[of_trial] = code.filter(of_trial).is_in(_SPELLINGS).fill_null(value=False).to_numpy()
    size = chunk.segments.sizes(composites)
    return HealthCodes(chunk.claim[rows][owners], segments[owners], places, qualifiers, code, of_trial, size)


def nubc_codes(codes: HealthCodes, claims: Numbers, qualifier: str) -> pl.Series:
    """The NUBC codes of one kind (CONDITION, VALUE) of each claim, joined by spaces."""
    is_wanted = codes.are((qualifier,))
    if not is_wanted.any():
        return nothing(claims.size)
    wanted = codes.where(is_wanted & codes.code.is_not_null().to_numpy())
    codes_of_claims = pl.DataFrame({"claim": wanted.claim, "code": wanted.code})
    joined = codes_of_claims.group_by("claim", maintain_order=True).agg(pl.col("code").str.join(" "))
    return pl.DataFrame({"claim": claims}).join(joined, on="claim", how="left", maintain_order="left")["code"]


def claim_procedures(codes: HealthCodes, claims: Numbers) -> tuple[pl.DataFrame, Flags]:
    """The procedures of each claim (PROCEDURE_COLUMNS), in file order; and which claims have too many of them."""
    wanted = codes.where(codes.are(PROCEDURES) & codes.code.is_not_null().to_numpy())
    at = np.searchsorted(claims, wanted.claim)
    is_finished = np.append(claims, NONE)[at] == wanted.claim
    return in_columns(at[is_finished], wanted.code.filter(is_finished), claims.size, PROCEDURE_COLUMNS)


def line_diagnoses(segments: Segments, claims: Numbers, pointers: Composites, codes: HealthCodes) -> Diagnoses:
    """The diagnoses that lines point to, or all of the claim's for a line without pointers.

    `claims` (rows) and `pointers` go by line; equal codes count once.
    """
    is_diagnosis = codes.are(ICD_10 + ICD_9)
    places = codes.where(np.isin(codes.segment, codes.segment[is_diagnosis]))
    has_code = places.are(ICD_10 + ICD_9) & places.code.is_not_null().to_numpy()
    first = np.searchsorted(places.claim, claims, "left")
    count = np.searchsorted(places.claim, claims, "right") - first
    size = segments.sizes(pointers)
    lines, found, misread = _pointed(segments, pointers, first, count)
    names_none = found < 0
    if has_code.size:
        names_none |= ~has_code[found]
    dangling = np.zeros(claims.size, dtype=np.bool_)
    dangling[lines[names_none]] = True
    unpointed = np.flatnonzero(size == 0)
    owners, nth = ranges(count[unpointed])
    others = first[unpointed][owners] + nth
    line = np.concatenate((lines[~names_none], unpointed[owners][has_code[others]]))
    place = np.concatenate((found[~names_none], others[has_code[others]]))
    order = np.argsort(line, kind="stable")
    of_trial = np.zeros(claims.size, dtype=np.bool_)
    of_trial[line[places.of_trial[place]]] = True
    types = _types(line, places.are(ICD_9)[place], claims.size)
    line, code = _once(line[order], places.code.gather(place[order]))
    columns, too_many = in_columns(line, code, claims.size)
    is_unpointed = (size == 0) & columns[DIAGNOSIS_COLUMNS[1]].is_not_null().to_numpy()
    return Diagnoses(columns.with_columns(types[0]), types[1], too_many, dangling, misread, is_unpointed, of_trial)


def _once(lines: Numbers, codes: pl.Series) -> tuple[Numbers, pl.Series]:
    """The codes of lines (rising) without those that a line has already."""
    hashes = codes.hash().to_numpy()
    for distance in range(1, MOST_POINTED):
        is_same_line = lines[distance:] == lines[:-distance]
        if not is_same_line.any():
            return lines, codes
        if (is_same_line & (hashes[distance:] == hashes[:-distance])).any():
            break
    distinct = pl.DataFrame({"line": lines, "code": codes}).unique(["line", "code"], keep="first", maintain_order=True)
    return distinct["line"].to_numpy(), distinct["code"]


def _pointed(
    segments: Segments, pointers: Composites, first: Numbers, count: Numbers
) -> tuple[Numbers, Numbers, Flags]:
    """Of each pointer the line, and the place that it names, -1 where it names none; and which lines are misread."""
    lines, places = ranges(segments.sizes(pointers))
    begins, ends = segments.component(pointers.where(lines), places + 1)
    nth, is_number = small_numbers(segments, begins, ends)
    is_gap = np.zeros(lines.size, dtype=np.bool_)
    if not is_number.all():
        lines, nth, is_gap = _odd_pointers(segments.whole_composites(pointers))
    exists = (nth >= 1) & (nth <= count[lines])
    is_misread = np.bincount(lines, minlength=first.size) > MOST_POINTERS
    is_misread[lines[(nth < 1) | (nth > MOST_POINTED) | is_gap]] = True
    return lines, np.where(exists, first[lines] + nth - 1, -1), is_misread


def _odd_pointers(pointers: pl.Series) -> tuple[Numbers, Numbers, Flags]:
    """Of each pointer the line, its number (0 if invalid), and whether there is an empty one next to it."""
    pointer = pl.col("pointer")
    listed = pl.DataFrame({"line": np.arange(pointers.len()), "pointer": pointers}).drop_nulls()
    each = (
        listed.select("line", pointer.str.split(COMPONENT), gap=pointer.str.contains(_GAP))
        .explode("pointer")
        .with_columns(pointer.str.strip_chars())
        .filter(pointer != "")
        .select("line", "gap", nth=pl.when(pointer.str.contains(r"^[0-9]{1,9}$")).then(pointer).otherwise(pl.lit("0")))
        .with_columns(pl.col("nth").cast(pl.Int64))
    )
    return each["line"].to_numpy(), each["nth"].to_numpy(), each["gap"].to_numpy()


def _types(lines: Numbers, is_icd_9: Flags, size: int) -> tuple[pl.Series, Flags]:
    """The `diagnosis_code_type` of each of `size` lines, and whether it has codes of both."""
    has = {name: np.zeros(size, dtype=np.bool_) for name in ("icd-9-cm", "icd-10-cm")}
    has["icd-9-cm"][lines[is_icd_9]] = True
    has["icd-10-cm"][lines[~is_icd_9]] = True
    codes_of_claims = pl.coalesce(pl.when(name).then(pl.lit(name)) for name in has)
    return pl.DataFrame(has).select(diagnosis_code_type=codes_of_claims).to_series(), has["icd-9-cm"] & has["icd-10-cm"]


def in_columns(
    lines: Numbers, codes: pl.Series, size: int, names: tuple[str, ...] = DIAGNOSIS_COLUMNS
) -> tuple[pl.DataFrame, Flags]:
    """One row for each of `size` lines (or claims), from its codes in their order; and which have too many of them."""
    nth = np.arange(lines.size) - np.searchsorted(lines, np.arange(size))[lines]
    places = {}
    for order, name in enumerate(names[: nth.max(initial=NONE) + 1]):
        place = np.full(size, codes.len(), dtype=np.int64)  # there is no such place
        place[lines[nth == order]] = np.flatnonzero(nth == order)
        places[name] = pl.lit(pl.Series(place))
    code = pl.lit(codes)
    found = pl.select(code.gather(place, null_on_oob=True).alias(name) for name, place in places.items())
    columns = dict.fromkeys(names, nothing(size)) | found.to_dict()
    too_many = np.zeros(size, dtype=np.bool_)
    too_many[lines[nth >= len(names)]] = True
    return pl.DataFrame(columns), too_many
