"""The service lines of a chunk: one row for each SV1, SV2 and SV3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.delimiters import COMPONENT
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.segments import components, nothing

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Numbers

EVALUABLE = ("HC", "AD")  # HCPCS with CPT, and the ADA's dental codes, which are HCPCS level II
OTHER_SYSTEMS = ("ER", "HP", "IV", "WK", "ZZ")  # of the guides; no code of theirs is a HCPCS code
HCPCS = "(?i)^([0-9]{4}[0-9A-Z]|[A-V][0-9]{4})$"  # what is not, may be a code of another system
MODIFIERS = {f"hcpcs_modifier_{n}": n + 2 for n in range(1, 5)}  # and their components
DESCRIPTION = 7  # the last component that a guide fills
_SECOND_CODE = (
    f"(?i)^([^{COMPONENT}]*{COMPONENT}){{2}}(.*{COMPONENT})? *([0-9]{{4}}[0-9A-Z]|[A-V][0-9]{{4}}) *({COMPONENT}|$)"
)
_LEFTOVER = f"^([^{COMPONENT}]*{COMPONENT}){{{DESCRIPTION}}}.*[^{COMPONENT} ]"


_IS_EVALUABLE = pl.col("system").is_in(EVALUABLE).fill_null(value=False)
_IS_OTHER = pl.col("system").is_in(OTHER_SYSTEMS).fill_null(value=False)
_IS_GIVEN, _HAS_CODE = pl.col("composite").is_not_null(), pl.col("hcpcs_code").is_not_null()


@dataclass(frozen=True)
class Service:
    """Which element of a service segment holds what (0 is none), and what its guide demands."""

    claim_type: str
    procedure: int
    charge: int
    units: int
    facility: int = 0
    revenue: int = 0
    pointers: int = 0
    may_have_no_code: bool = False
    needs_diagnosis: bool = True
    must_point: bool = False


SERVICES = {
    "SV1": Service("professional", procedure=1, charge=2, units=4, facility=5, pointers=7, must_point=True),
    "SV2": Service("institutional", procedure=2, charge=3, units=5, revenue=1, may_have_no_code=True),
    "SV3": Service("undetermined", procedure=1, charge=2, units=6, facility=3, pointers=11, needs_diagnosis=False),
}


def services(chunk: Chunk, facts: Facts) -> pl.DataFrame:
    """One row for each finished service segment: `row`, and what it and the other segments of its line say."""
    rows = {kind: chunk.finished(kind) for kind in SERVICES}
    there = [kind for kind in SERVICES if rows[kind].size] or ["SV1"]
    found = pl.concat([_services(chunk, rows[kind], SERVICES[kind]) for kind in there])
    found = found if found["row"].is_sorted() else found.sort("row")
    line = chunk.line[found["row"].to_numpy()]
    start, end = facts.days(line, "DTP*472")
    return found.with_columns(
        facts.told(line, "LX", 1).alias("claim_line_number"),
        start.alias("claim_line_start_date"),
        end.alias("claim_line_end_date"),
        pl.Series("is_renumbered", facts.contradicted(line, "REF*6R")),
        facts.told(line, "REF*6R", 2).alias("line_item_control_number"),
        facts.told(line, "REF*P4", 2).alias("line_trial"),
        facts.told(line, "REF*LX", 2).alias("line_exemption"),
        facts.told(line, "REF*G1", 2).alias("line_authorization"),
        facts.npi(line, "NM1*82").alias("line_rendering_npi"),
        facts.npi(line, "NM1*77").alias("line_facility_npi"),
        pl.Series("has_line_rendering", facts.has(line, "NM1*82")),
        pl.Series("has_line_facility", facts.has(line, "NM1*77")),
        pl.Series("is_contradicted", facts.contradicted(line, "DTP*472", "NM1*82", "NM1*77")),
    )


def _services(chunk: Chunk, rows: Numbers, service: Service) -> pl.DataFrame:
    segments = chunk.rows.segment[rows]

    def told(place: int) -> pl.Series:
        return chunk.segments.elements(segments, place) if place else nothing(rows.size)

    procedure = _procedures(chunk.segments.composites(segments, service.procedure), service)
    return pl.DataFrame({
        "row": rows,
        "claim_type": pl.Series([service.claim_type]).new_from_index(0, rows.size),
        "charge_amount": told(service.charge),
        "service_unit_quantity": told(service.units),
        "revenue_center_code": told(service.revenue),
        "line_facility_code": told(service.facility),
        "pointers": chunk.segments.composites(segments, service.pointers) if service.pointers else told(0),
        "needs_diagnosis": pl.Series([service.needs_diagnosis]).new_from_index(0, rows.size),
        "must_point": pl.Series([service.must_point]).new_from_index(0, rows.size),
    }).hstack(procedure)  # fmt: skip


def _procedures(composites: pl.Series, service: Service) -> pl.DataFrame:
    """The procedure codes of composite elements, their modifiers, and why they are not taken for what they seem to be.

    What is refused is shown whole in place of the code, so that a candidate code is seen there in any form.
    """
    parts = components(composites, system=1, hcpcs_code=2, **MODIFIERS)
    found = parts.select("system", "hcpcs_code", composite=composites).select(
        is_evaluable=_IS_EVALUABLE,
        is_not_evaluable=~_IS_EVALUABLE & _IS_GIVEN,
        is_missing=~_HAS_CODE & (_IS_EVALUABLE | pl.lit(not service.may_have_no_code) & ~_IS_GIVEN),
        is_unqualified=_IS_GIVEN & ~_IS_EVALUABLE & ~_IS_OTHER,
        is_of_other_system=_IS_OTHER & pl.col("hcpcs_code").str.contains(HCPCS).fill_null(value=False),
        is_leftover=pl.col("composite").str.count_matches(COMPONENT, literal=True).fill_null(0) >= DESCRIPTION,
        is_several=False,
    )
    if found["is_leftover"].any():
        left = found["is_leftover"] & composites.str.contains(_LEFTOVER)
        found = found.with_columns(is_leftover=left, is_several=left & composites.str.contains(_SECOND_CODE))
    if not found["is_evaluable"].all() or found["is_several"].any():
        is_refused = pl.any_horizontal("is_unqualified", "is_of_other_system", "is_several")
        whole = composites.str.replace_all(COMPONENT, ":", literal=True)
        parts = parts.hstack(found.select("is_evaluable", is_refused=is_refused, whole=whole)).select(
            pl.when(pl.col("is_evaluable") & ~pl.col("is_refused")).then(pl.col(*MODIFIERS)),
            pl.when("is_refused").then("whole").when("is_evaluable").then("hcpcs_code").alias("hcpcs_code"),
        )
    return parts.select("hcpcs_code", *MODIFIERS).hstack(found.drop("is_evaluable"))


def transaction_numbers(chunk: Chunk, rows: Numbers) -> pl.Series:
    """ST02 of the transactions in which rows stand."""
    starts = chunk.transaction[rows]
    return chunk.segments.elements(np.where(starts == NONE, NONE, chunk.rows.segment[starts]), 2)
