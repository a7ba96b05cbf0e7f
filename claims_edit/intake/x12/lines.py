"""The service lines of a chunk: one row for each SV1, SV2 and SV3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.segments import components, nothing

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Numbers

EVALUABLE = ("HC", "AD")  # HCPCS with CPT, and the ADA's dental codes, which are HCPCS level II
QUALIFIER = "^[A-Za-z0-9]{2}$"  # what is not: another character than the ISA says splits it, or the qualifier is lost
MODIFIERS = {f"hcpcs_modifier_{n}": n + 2 for n in range(1, 5)}  # and their components


@dataclass(frozen=True)
class Service:
    """Which element of a service segment holds what; 0 is none."""

    claim_type: str
    procedure: int
    charge: int
    units: int
    facility: int = 0
    revenue: int = 0
    pointers: int = 0


SERVICES = {
    "SV1": Service("professional", procedure=1, charge=2, units=4, facility=5, pointers=7),
    "SV2": Service("institutional", procedure=2, charge=3, units=5, revenue=1),
    "SV3": Service("undetermined", procedure=1, charge=2, units=6, facility=3, pointers=11),
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

    composite = chunk.segments.composites(segments, service.procedure)
    procedure = components(composite, system=1, hcpcs_code=2, **MODIFIERS)
    is_evaluable = procedure["system"].is_in(EVALUABLE).fill_null(value=False)
    is_unqualified = pl.Series([False]).new_from_index(0, rows.size)
    if not is_evaluable.all():
        is_unqualified = composite.is_not_null() & ~procedure["system"].str.contains(QUALIFIER).fill_null(value=False)
        procedure = procedure.select(pl.when(is_evaluable).then(pl.all()))
    return pl.DataFrame({
        "row": rows,
        "claim_type": pl.Series([service.claim_type]).new_from_index(0, rows.size),
        "charge_amount": told(service.charge),
        "service_unit_quantity": told(service.units),
        "revenue_center_code": told(service.revenue),
        "line_facility_code": told(service.facility),
        "pointers": chunk.segments.composites(segments, service.pointers) if service.pointers else told(0),
        "is_not_evaluable": ~is_evaluable & composite.is_not_null(),
        "is_unqualified": is_unqualified,
    }).hstack(procedure.drop("system"))  # fmt: skip


def transaction_numbers(chunk: Chunk, rows: Numbers) -> pl.Series:
    """ST02 of the transactions in which rows stand."""
    starts = chunk.transaction[rows]
    return chunk.segments.elements(np.where(starts == NONE, NONE, chunk.rows.segment[starts]), 2)
