"""The service lines of a chunk: one row for each SV1, SV2 and SV3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from claims_edit.intake.x12.delimiters import COMPONENT
from claims_edit.intake.x12.segments import NOWHERE, word

if TYPE_CHECKING:
    from claims_edit.intake.x12.facts import Facts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.runs import Composites
    from claims_edit.intake.x12.segments import Flags, Numbers, Segments

EVALUABLE = ("HC", "AD")  # HCPCS with CPT, and the ADA's dental codes, which are HCPCS level II
OTHER_SYSTEMS = ("ER", "HP", "IV", "WK", "ZZ")  # of the guides; no code of theirs is a HCPCS code
HCPCS = "(?i)^([0-9]{4}[0-9A-Z]|[A-V][0-9]{4})$"  # others may be codes of another system
MODIFIERS = {f"hcpcs_modifier_{n}": n + 2 for n in range(1, 5)}  # and their components
DESCRIPTION = 7  # the last component that a guide fills
_SECOND_CODE = (
    f"(?i)^([^{COMPONENT}]*{COMPONENT}){{2}}(.*{COMPONENT})? *([0-9]{{4}}[0-9A-Z]|[A-V][0-9]{{4}}) *({COMPONENT}|$)"
)
_LEFTOVER = f"^([^{COMPONENT}]*{COMPONENT}){{{DESCRIPTION}}}.*[^{COMPONENT} ]"


@dataclass(frozen=True)
class Service:
    """Which element of a service segment holds what, and what its guide demands."""

    claim_type: str
    procedure: int
    charge: int
    units: int
    facility: int = NOWHERE
    revenue: int = NOWHERE
    pointers: int = NOWHERE
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
        frame: the facts of it and of the other segments of its line.
        pointers: to diagnoses.
        flags: the findings on each, by name.
    """

    rows: Numbers
    frame: pl.DataFrame
    pointers: Composites
    flags: dict[str, Flags]


def services(chunk: Chunk, facts: Facts) -> Services:
    """The finished service segments, in file order, and the facts of the other segments of their lines."""
    rows = chunk.finished(*SERVICES)
    segments, line = chunk.rows.segment[rows], chunk.line[rows]
    kinds = [kind for kind in SERVICES if chunk.rows.are(kind).any()] or ["SV1"]
    which = np.argmax([chunk.rows.are(kind)[rows] for kind in kinds], axis=0)

    def of(name: str) -> Any:  # noqa: ANN401 -- an array of numbers, or of flags
        """The guide of each."""
        return np.array([getattr(SERVICES[kind], name) for kind in kinds])[which]

    composites = chunk.segments.composites(segments, of("procedure"))
    procedure, flags = _procedures(chunk.segments, composites, may_have_no_code=of("may_have_no_code"))
    start, end = facts.days(line, "DTP*472")
    elements = {
        "charge_amount": (segments, of("charge")),
        "service_unit_quantity": (segments, of("units")),
        "revenue_center_code": (segments, of("revenue")),
        "line_facility_code": (segments, of("facility")),
        "claim_line_number": (facts.first(line, "LX"), 1),
        "line_item_control_number": (facts.first(line, "REF*6R"), 2),
        "line_trial": (facts.first(line, "REF*P4"), 2),
        "line_exemption": (facts.first(line, "REF*LX"), 2),
        "line_authorization": (facts.first(line, "REF*G1"), 2),
        "line_rendering_npi": (facts.with_npi(line, "NM1*82"), 9),
        "line_facility_npi": (facts.with_npi(line, "NM1*77"), 9),
    }
    frame = pl.DataFrame({
        "claim_type": pl.Series([SERVICES[kind].claim_type for kind in kinds]).gather(which),
        **chunk.segments.columns(elements),
        **procedure,
        "claim_line_start_date": start,
        "claim_line_end_date": end,
        "has_line_rendering": facts.has(line, "NM1*82"),
        "has_line_facility": facts.has(line, "NM1*77"),
    })  # fmt: skip
    flags |= {
        "needs_diagnosis": of("needs_diagnosis"),
        "must_point": of("must_point"),
        "is_renumbered": facts.contradicted(line, "REF*6R"),
        "is_contradicted": facts.contradicted(line, "DTP*472", "NM1*82", "NM1*77"),
    }
    return Services(rows, frame, chunk.segments.composites(segments, of("pointers")), flags)


def _procedures(
    segments: Segments, composites: Composites, *, may_have_no_code: Flags
) -> tuple[dict[str, pl.Series], dict[str, Flags]]:
    """The procedure codes of composite elements and their modifiers; and why they are not taken for what they seem.

    A refused procedure is shown in full in place of the code, so that a candidate code is visible in any form.
    """
    size = segments.sizes(composites)
    is_given = size > 0
    system, _ = segments.trimmed_words(*segments.component(composites, 1))
    is_evaluable, is_other = (np.isin(system, [word(code) for code in codes]) for codes in (EVALUABLE, OTHER_SYSTEMS))
    parts = segments.parts(composites, {"hcpcs_code": 2, **MODIFIERS})
    code = parts["hcpcs_code"]
    flags = {
        "is_not_evaluable": ~is_evaluable & is_given,
        "is_missing": code.is_null().to_numpy() & (is_evaluable | (~is_given & ~may_have_no_code)),
        "is_unqualified": is_given & ~is_evaluable & ~is_other,
        "is_of_other_system": is_other.copy(),
        "is_leftover": size > DESCRIPTION,
        "is_several": np.zeros(size.size, dtype=np.bool_),
    }
    others = np.flatnonzero(is_other)
    flags["is_of_other_system"][others] = _contain(code[others], HCPCS)
    longer = np.flatnonzero(flags["is_leftover"])
    if longer.size:
        whole = segments.whole_composites(composites.where(longer))
        flags["is_leftover"][longer] = _contain(whole, _LEFTOVER)
        flags["is_several"][longer] = flags["is_leftover"][longer] & _contain(whole, _SECOND_CODE)
    is_refused = flags["is_unqualified"] | flags["is_of_other_system"] | flags["is_several"]
    refused = np.flatnonzero(is_refused)
    if (is_given & (~is_evaluable | is_refused)).any():
        keeps = pl.lit(pl.Series(is_evaluable & ~is_refused))
        parts = pl.DataFrame(parts).select(pl.when(keeps).then(pl.all())).to_dict()
    if refused.size:
        shown = segments.whole_composites(composites.where(refused)).str.replace_all(COMPONENT, ":", literal=True)
        parts["hcpcs_code"] = parts["hcpcs_code"].scatter(refused, shown)
    return parts, flags


def _contain(texts: pl.Series, pattern: str) -> Flags:
    return pl.select(pl.lit(texts).str.contains(pattern).fill_null(value=False)).to_series().to_numpy()


def transaction_numbers(chunk: Chunk, rows: Numbers) -> pl.Series:
    """ST02 of the rows' transactions."""
    return chunk.segments.elements(chunk.opening_of(chunk.transaction[rows]), 2)
