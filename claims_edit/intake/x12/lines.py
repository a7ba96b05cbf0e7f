"""The service lines of a chunk: one row for each SV1, SV2 and SV3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from claims_edit.intake.x12.delimiters import COMPONENT
from claims_edit.intake.x12.loops import NONE
from claims_edit.intake.x12.segments import nothing, word

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Composites, Flags, Numbers, Segments

EVALUABLE = ("HC", "AD")  # HCPCS with CPT, and the ADA's dental codes, which are HCPCS level II
OTHER_SYSTEMS = ("ER", "HP", "IV", "WK", "ZZ")  # of the guides; no code of theirs is a HCPCS code
HCPCS = "(?i)^([0-9]{4}[0-9A-Z]|[A-V][0-9]{4})$"  # what is not, may be a code of another system
MODIFIERS = {f"hcpcs_modifier_{n}": n + 2 for n in range(1, 5)}  # and their components
DESCRIPTION = 7  # the last component that a guide fills
_SECOND_CODE = (
    f"(?i)^([^{COMPONENT}]*{COMPONENT}){{2}}(.*{COMPONENT})? *([0-9]{{4}}[0-9A-Z]|[A-V][0-9]{{4}}) *({COMPONENT}|$)"
)
_LEFTOVER = f"^([^{COMPONENT}]*{COMPONENT}){{{DESCRIPTION}}}.*[^{COMPONENT} ]"


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


@dataclass(frozen=True)
class Services:
    """The finished service segments of a chunk.

    Attributes:
        rows: of each its row.
        frame: what it and the other segments of its line say.
        pointers: to diagnoses.
        flags: what is found of each, by name.
    """

    rows: Numbers
    frame: pl.DataFrame
    pointers: Composites
    flags: dict[str, Flags]


def services(chunk: Chunk, facts: Facts) -> Services:
    """The finished service segments, in file order, and what the other segments of their lines say."""
    rows = {kind: chunk.finished(kind) for kind in SERVICES}
    there = [kind for kind in SERVICES if rows[kind].size] or ["SV1"]
    found = _in_order([_services(chunk, rows[kind], SERVICES[kind]) for kind in there])
    line = chunk.line[found.rows]
    start, end = facts.days(line, "DTP*472")
    frame = found.frame.with_columns(
        facts.told(line, "LX", 1).alias("claim_line_number"),
        start.alias("claim_line_start_date"),
        end.alias("claim_line_end_date"),
        facts.told(line, "REF*6R", 2).alias("line_item_control_number"),
        facts.told(line, "REF*P4", 2).alias("line_trial"),
        facts.told(line, "REF*LX", 2).alias("line_exemption"),
        facts.told(line, "REF*G1", 2).alias("line_authorization"),
        facts.npi(line, "NM1*82").alias("line_rendering_npi"),
        facts.npi(line, "NM1*77").alias("line_facility_npi"),
        pl.Series("has_line_rendering", facts.has(line, "NM1*82")),
        pl.Series("has_line_facility", facts.has(line, "NM1*77")),
    )
    flags = {
        "is_renumbered": facts.contradicted(line, "REF*6R"),
        "is_contradicted": facts.contradicted(line, "DTP*472", "NM1*82", "NM1*77"),
    }
    return Services(found.rows, frame, found.pointers, found.flags | flags)


def _in_order(found: list[Services]) -> Services:
    """The services of several kinds in file order."""
    if len(found) == 1:
        return found[0]
    rows = np.concatenate([each.rows for each in found])
    order = np.argsort(rows)
    pointers = found[0].pointers
    for each in found[1:]:
        pointers = pointers.then(each.pointers)
    flags = {name: np.concatenate([each.flags[name] for each in found])[order] for name in found[0].flags}
    return Services(rows[order], pl.concat([each.frame for each in found])[order], pointers.where(order), flags)


def _services(chunk: Chunk, rows: Numbers, service: Service) -> Services:
    segments, places = chunk.segments, chunk.rows.segment[rows]

    def told(place: int) -> pl.Series:
        return segments.elements(places, place) if place else nothing(rows.size)

    procedure, flags = _procedures(segments, segments.composites(places, service.procedure), service)
    frame = pl.DataFrame({
        "claim_type": pl.Series([service.claim_type]).new_from_index(0, rows.size),
        "charge_amount": told(service.charge),
        "service_unit_quantity": told(service.units),
        "revenue_center_code": told(service.revenue),
        "line_facility_code": told(service.facility),
        **procedure,
    })  # fmt: skip
    flags["needs_diagnosis"] = np.full(rows.size, service.needs_diagnosis)
    flags["must_point"] = np.full(rows.size, service.must_point)
    pointers = segments.composites(places if service.pointers else np.full(rows.size, NONE), service.pointers)
    return Services(rows, frame, pointers, flags)


def _procedures(
    segments: Segments, composites: Composites, service: Service
) -> tuple[dict[str, pl.Series], dict[str, Flags]]:
    """The procedure codes of composite elements and their modifiers; and why they are not taken for what they seem.

    What is refused is shown whole in place of the code, so that a candidate code is seen there in any form.
    """
    size = segments.sizes(composites)
    most, is_given = int(size.max(initial=0)), size > 0
    system, _ = segments.trimmed_words(*segments.component(composites, 1))
    is_evaluable, is_other = (np.isin(system, [word(code) for code in codes]) for codes in (EVALUABLE, OTHER_SYSTEMS))
    parts = {
        name: segments.trimmed(*segments.component(composites, place)) if place <= most else nothing(size.size)
        for name, place in {"hcpcs_code": 2, **MODIFIERS}.items()
    }
    code = parts["hcpcs_code"]
    flags = {
        "is_not_evaluable": ~is_evaluable & is_given,
        "is_missing": code.is_null().to_numpy() & (is_evaluable | (~is_given & (not service.may_have_no_code))),
        "is_unqualified": is_given & ~is_evaluable & ~is_other,
        "is_of_other_system": is_other,
        "is_leftover": size > DESCRIPTION,
        "is_several": np.zeros(size.size, dtype=np.bool_),
    }
    if is_other.any():
        flags["is_of_other_system"] = is_other & _contain(code, HCPCS)
    if flags["is_leftover"].any():
        whole = segments.whole_composites(composites)
        flags["is_leftover"] &= _contain(whole, _LEFTOVER)
        flags["is_several"] = flags["is_leftover"] & _contain(whole, _SECOND_CODE)
    is_refused = flags["is_unqualified"] | flags["is_of_other_system"] | flags["is_several"]
    if not (is_evaluable & ~is_refused).all():
        shown = segments.whole_composites(composites)
        if is_refused.any():
            shown = shown.str.replace_all(COMPONENT, ":", literal=True)
        keeps, is_whole = pl.lit(pl.Series(is_evaluable & ~is_refused)), pl.lit(pl.Series(is_refused))
        kept = pl.DataFrame(parts).select(pl.when(keeps).then(pl.all()))
        parts = kept.with_columns(hcpcs_code=pl.when(is_whole).then(pl.lit(shown)).otherwise("hcpcs_code")).to_dict()
    return parts, flags


def _contain(texts: pl.Series, pattern: str) -> Flags:
    return pl.select(pl.lit(texts).str.contains(pattern).fill_null(value=False)).to_series().to_numpy()


def transaction_numbers(chunk: Chunk, rows: Numbers) -> pl.Series:
    """ST02 of the transactions in which rows stand."""
    starts = chunk.transaction[rows]
    return chunk.segments.elements(np.where(starts == NONE, NONE, chunk.rows.segment[starts]), 2)
