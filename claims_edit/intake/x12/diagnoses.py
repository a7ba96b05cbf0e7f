"""The diagnoses of lines, and the condition and value codes of claims, from the HI segments.

A line's pointers count the places of its claim's diagnosis HI segments, whatever stands there: an element that cannot
be read keeps its place, so that no pointer moves on to another diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.delimiters import COMPONENT
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.segments import components, nothing, ranges
from claims_edit.model import DIAGNOSIS_COLUMNS

if TYPE_CHECKING:
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers

PRINCIPAL = ("ABK", "BK")
# Principal and other diagnoses. An admitting diagnosis (ABJ), a reason for the visit (APR) and an external cause (ABN)
# are none that a service is for.
ICD_10 = ("ABK", "ABF")
ICD_9 = ("BK", "BF")
MOST_POINTERS, MOST_POINTED = 4, 12
_GAP = f"^ *{COMPONENT}|{COMPONENT} *{COMPONENT}[{COMPONENT} ]*[^{COMPONENT} ]"  # a pointer that is empty
CONDITION, VALUE = "BG", "BE"  # NUBC codes


@dataclass(frozen=True)
class HealthCodes:
    """The elements of the claims' HI segments, in file order; all go by element.

    Attributes:
        claim: the claim (a row) of each.
        segment: the HI segment in which it stands.
        place: which element of it.
        frame: its first component (`qualifier`), its second one (`code`), and how many it has (`size`).
    """

    claim: Numbers
    segment: Numbers
    place: Numbers
    frame: pl.DataFrame

    @property
    def code(self) -> pl.Series:
        """The second component of each."""
        return self.frame["code"]

    def where(self, which: Flags) -> HealthCodes:
        """Some of the elements."""
        return HealthCodes(self.claim[which], self.segment[which], self.place[which], self.frame.filter(which))

    def are(self, qualifiers: tuple[str, ...]) -> Flags:
        """Which elements have one of these qualifiers."""
        return self.frame["qualifier"].is_in(qualifiers).fill_null(value=False).to_numpy()


@dataclass(frozen=True)
class Diagnoses:
    """The diagnoses of lines: DIAGNOSIS_COLUMNS and the type, and what is wrong with them, by line.

    Attributes:
        columns: one row for each line.
        both_types: codes of ICD-9 and of ICD-10 stand on one line.
        too_many: there are more different ones than columns.
        dangling: a pointer names nothing.
        misread: the pointers are not one to four numbers from 1 to 12.
        unpointed: there are no pointers, and more than one diagnosis that they might name.
    """

    columns: pl.DataFrame
    both_types: Flags
    too_many: Flags
    dangling: Flags
    misread: Flags
    unpointed: Flags


def health_codes(chunk: Chunk) -> HealthCodes:
    """What the HI segments of a chunk say, but for those of other payers."""
    rows = np.flatnonzero(chunk.rows.are("HI") & (chunk.owner == chunk.claim))
    segments = chunk.rows.segment[rows]
    owners, places = chunk.segments.places(segments)
    composites = chunk.segments.composites(segments[owners], places)
    size = (pl.col("").str.count_matches(COMPONENT, literal=True) + 1).fill_null(0).alias("size")
    told = components(composites, qualifier=1, code=2).hstack(composites.to_frame("").select(size))
    return HealthCodes(chunk.claim[rows][owners], segments[owners], places, told)


def nubc_codes(codes: HealthCodes, claims: Numbers, qualifier: str) -> pl.Series:
    """The NUBC codes of one kind (CONDITION, VALUE) of each claim, joined by spaces."""
    is_wanted = codes.are((qualifier,))
    if not is_wanted.any():
        return nothing(claims.size)
    wanted = codes.where(is_wanted & codes.code.is_not_null().to_numpy())
    told = pl.DataFrame({"claim": wanted.claim, "code": wanted.code})
    joined = told.group_by("claim", maintain_order=True).agg(pl.col("code").str.join(" "))
    return pl.DataFrame({"claim": claims}).join(joined, on="claim", how="left", maintain_order="left")["code"]


def line_diagnoses(claims: Numbers, pointers: pl.Series, codes: HealthCodes) -> Diagnoses:
    """The diagnoses that lines point to, or all of the claim's for a line without pointers.

    `claims` (rows) and `pointers` (composite elements) go by line; equal codes are told once.
    """
    is_diagnosis = codes.are(ICD_10 + ICD_9)
    places = codes.where(np.isin(codes.segment, codes.segment[is_diagnosis]))
    code = places.code.set(pl.Series(~places.are(ICD_10 + ICD_9)), None)
    first = np.searchsorted(places.claim, claims, "left")
    count = np.searchsorted(places.claim, claims, "right") - first
    lines, found, misread = _pointed(pointers, first, count)
    names_none = (found < 0) | code.is_null().to_numpy()[found] if code.len() else np.ones(found.size, dtype=np.bool_)
    dangling = np.zeros(claims.size, dtype=np.bool_)
    dangling[lines[names_none]] = True
    unpointed = np.flatnonzero(pointers.is_null().to_numpy())
    owners, nth = ranges(count[unpointed])
    told = pl.DataFrame({
        "line": np.concatenate((lines[~names_none], unpointed[owners])),
        "place": np.concatenate((found[~names_none], first[unpointed][owners] + nth)),
    })  # fmt: skip
    told = told.with_columns(code=code.gather(told["place"])).drop_nulls("code").sort("line", maintain_order=True)
    types = _types(told["line"].to_numpy(), places.are(ICD_9)[told["place"].to_numpy()], claims.size)
    told = told.unique(["line", "code"], keep="first", maintain_order=True)
    columns, too_many = _in_columns(told["line"].to_numpy(), told["code"], claims.size)
    is_unpointed = pointers.is_null() & columns[DIAGNOSIS_COLUMNS[1]].is_not_null()
    return Diagnoses(columns.with_columns(types[0]), types[1], too_many, dangling, misread, is_unpointed.to_numpy())


def _pointed(pointers: pl.Series, first: Numbers, count: Numbers) -> tuple[Numbers, Numbers, Flags]:
    """Of each pointer the line, and the place that it names, -1 where it names none; and which lines are misread."""
    pointer = pl.col("pointer")
    listed = pl.DataFrame({"line": np.arange(first.size), "pointer": pointers}).drop_nulls()
    each = (
        listed.select("line", pointer.str.split(COMPONENT), gap=pointer.str.contains(_GAP))
        .explode("pointer")
        .with_columns(pointer.str.strip_chars())
        .filter(pointer != "")
        .select("line", "gap", nth=pl.when(pointer.str.contains(r"^[0-9]{1,9}$")).then(pointer).otherwise(pl.lit("0")))
        .with_columns(pl.col("nth").cast(pl.Int64))
    )
    lines, nth = each["line"].to_numpy(), each["nth"].to_numpy()
    exists = (nth >= 1) & (nth <= count[lines])
    is_misread = np.bincount(lines, minlength=first.size) > MOST_POINTERS
    is_misread[lines[(nth < 1) | (nth > MOST_POINTED) | each["gap"].to_numpy()]] = True
    return lines, np.where(exists, first[lines] + nth - 1, -1), is_misread


def _types(lines: Numbers, is_icd_9: Flags, size: int) -> tuple[pl.Series, Flags]:
    """The `diagnosis_code_type` of each of `size` lines, and whether it has codes of both."""
    has = {name: np.zeros(size, dtype=np.bool_) for name in ("icd-9-cm", "icd-10-cm")}
    has["icd-9-cm"][lines[is_icd_9]] = True
    has["icd-10-cm"][lines[~is_icd_9]] = True
    told = pl.coalesce(pl.when(name).then(pl.lit(name)) for name in has)
    return pl.DataFrame(has).select(diagnosis_code_type=told).to_series(), has["icd-9-cm"] & has["icd-10-cm"]


def _in_columns(lines: Numbers, codes: pl.Series, size: int) -> tuple[pl.DataFrame, Flags]:
    """One row for each of `size` lines, from its codes in their order; and which have too many of them."""
    nth = np.arange(lines.size) - np.searchsorted(lines, np.arange(size))[lines]
    none = codes.len()
    codes = codes.extend_constant(None, 1)  # what a place that is `none` names
    columns = dict.fromkeys(DIAGNOSIS_COLUMNS, nothing(size))
    for order, name in enumerate(DIAGNOSIS_COLUMNS[: nth.max(initial=NONE) + 1]):
        place = np.full(size, none, dtype=np.int64)
        place[lines[nth == order]] = np.flatnonzero(nth == order)
        columns[name] = codes.gather(place)
    too_many = np.zeros(size, dtype=np.bool_)
    too_many[lines[nth >= len(DIAGNOSIS_COLUMNS)]] = True
    return pl.DataFrame(columns), too_many
