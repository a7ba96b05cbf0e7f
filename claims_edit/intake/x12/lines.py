"""The service lines of a chunk: one row for each SV1, SV2 and SV3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.intake.extract import CLAIM, FAULT, ORDINAL
from claims_edit.intake.x12.doubts import faults
from claims_edit.intake.x12.facts import days, npi
from claims_edit.intake.x12.segments import components

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Segments

EVALUABLE = ("HC", "AD")  # HCPCS with CPT, and the ADA's dental codes, which are HCPCS level II
MODIFIERS = {f"hcpcs_modifier_{n}": n + 2 for n in range(1, 5)}  # and their components
AMOUNT = pl.Decimal(38, 10)


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


def lines(chunk: Chunk, facts: Facts) -> pl.DataFrame:
    """One row for each finished service segment: `number`, `loop`, `claim`, `line` (rows), and its own facts."""
    found = chunk.finished(*SERVICES)
    kinds = [_services(found.filter(pl.col("kind") == kind), chunk.segments, service) for kind, service in SERVICES.items()]
    services = pl.concat(kinds).sort("number")
    line = services["line"]
    told = facts.told(line, claim_line_number=("LX", 1), line_authorization=("REF*G1", 2))
    dates = days(facts, line, "DTP*472", moments=False)
    return services.hstack(told).with_columns(
        dates["start"].alias("claim_line_start_date"),
        dates["end"].alias("claim_line_end_date"),
        facts.has(line, "NM1*82").alias("has_line_rendering"),
        facts.has(line, "NM1*77").alias("has_line_facility"),
        npi(facts, line, "NM1*82").alias("line_rendering_npi"),
        npi(facts, line, "NM1*77").alias("line_facility_npi"),
        facts.contradicted(line, "DTP*472", "NM1*82", "NM1*77").alias("line_contradicted"),
    )


def _services(rows: pl.DataFrame, segments: Segments, service: Service) -> pl.DataFrame:
    wanted = {
        "procedure": service.procedure,
        "charge_amount": service.charge,
        "service_unit_quantity": service.units,
        "revenue_center_code": service.revenue,
        "line_facility_code": service.facility,
        "pointers": service.pointers,
    }
    places = rows["segment"].to_numpy()
    nothing = pl.repeat(None, rows.height, dtype=pl.String, eager=True)
    told = [(segments.elements(places, place) if place else nothing).alias(name) for name, place in wanted.items()]
    procedure = components(told[0], system=1, hcpcs_code=2, **MODIFIERS)
    is_evaluable = pl.col("system").is_in(EVALUABLE).fill_null(value=False)
    return rows.select("number", "loop", "claim", "line").hstack(told).hstack(procedure).select(
        pl.exclude("procedure", "system", "hcpcs_code", *MODIFIERS),
        pl.when(is_evaluable).then(pl.col("hcpcs_code", *MODIFIERS)),
        claim_type=pl.lit(service.claim_type),
        not_evaluable=~is_evaluable & pl.col("procedure").is_not_null(),
    )  # fmt: skip


def completed(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Lines joined with their claims, with the columns that both have a say in."""
    qualifier, facility = pl.col("facility_qualifier"), pl.col("facility_code")
    is_institutional = pl.col("claim_type") == "institutional"
    of_place = (qualifier == "B") | (qualifier.is_null() & ~is_institutional)
    of_bill = (qualifier == "A") | (qualifier.is_null() & is_institutional)
    return lines.with_columns(
        pl.col("number").alias(ORDINAL),
        faults().alias(FAULT),
        pl.coalesce("claim_number", "number").alias(CLAIM),
        place_of_service_code=pl.coalesce("line_facility_code", pl.when(of_place).then(facility)),
        bill_type_code=pl.when(of_bill).then(facility + pl.col("claim_frequency_code").fill_null("")),
        rendering_npi=pl.when("has_line_rendering").then("line_rendering_npi").otherwise("claim_rendering_npi"),
        facility_npi=pl.when("has_line_facility").then("line_facility_npi").otherwise("claim_facility_npi"),
        prior_authorization_number=pl.coalesce("line_authorization", "claim_authorization"),
    )


def count_uneven(claims: pl.DataFrame, services: pl.DataFrame) -> int:
    """How many claims with lines do not charge (`claim_charge`) what their lines do, as decimals."""
    charge = pl.col("charge_amount").cast(AMOUNT, strict=False)
    of_lines = services.lazy().group_by("claim").agg(charge=charge.sum(), is_unknown=charge.is_null().any())
    charged = claims.lazy().select("claim", told=pl.col("claim_charge").cast(AMOUNT, strict=False))
    is_uneven = pl.col("told").ne_missing(pl.col("charge")) | pl.col("is_unknown")
    return charged.join(of_lines, on="claim").filter(is_uneven).collect(engine="in-memory").height
