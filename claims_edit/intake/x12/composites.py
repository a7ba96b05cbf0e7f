"""What of the HI segments is not understood: unknown qualifiers, missing codes, and components that no guide has there.

Whatever an HI composite holds beside its own code may have been the diagnosis or condition code of a trial, so all of
the claim's lines are in doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from claims_edit.intake.x12.delimiters import COMPONENT
from claims_edit.intake.x12.diagnoses import PRINCIPAL

if TYPE_CHECKING:
    from claims_edit.intake.x12.diagnoses import Diagnoses, HealthCodes
    from claims_edit.intake.x12.doubts import Doubts
    from claims_edit.intake.x12.loops import Chunk
    from claims_edit.intake.x12.segments import Flags, Numbers


class Composite(NamedTuple):
    """How a composite with one of some qualifiers is made.

    Attributes:
        qualifiers: its first component.
        code: the shape of its second one (a regular expression; letters in any case).
        more: the components behind these that a guide fills.
        doubts: of which it is where it has no code, where the code has another shape, and where it has other parts.
    """

    qualifiers: tuple[str, ...]
    code: str
    more: tuple[int, ...]
    doubts: tuple[str, str, str]


_DIAGNOSIS = ("diagnosis-code-missing", "diagnosis-code-malformed", "diagnosis-composite-leftover")
_ICD_10, _ICD_9 = r"^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$", r"^([0-9]{3}|V[0-9]{2}|E[0-9]{3})\.?[0-9]{0,2}$"
PRESENT_ON_ADMISSION = 9
COMPOSITES = (
    Composite(("ABK", "ABF", "ABJ", "APR", "ABN"), _ICD_10, (PRESENT_ON_ADMISSION,), _DIAGNOSIS),
    Composite(("BK", "BF", "BJ", "PR", "BN"), _ICD_9, (PRESENT_ON_ADMISSION,), _DIAGNOSIS),
    Composite(("BG",), "^[0-9A-Z]{2}$", (), ("condition-code-not-understood",) * 3),
    Composite(("BE",), "^[0-9A-Z]{2}$", (5,), ("value-code-not-understood",) * 3),
    Composite(
        ("BBR", "BBQ", "BR", "BQ", "CAH", "BP", "BO", "BH", "BI"), ".", (3, 4), ("health-code-not-understood",) * 3
    ),
    Composite(("DR", "TC"), ".", (), ("health-code-not-understood",) * 3),
)
_POA = ("Y", "N", "U", "W", "1")
_MOST = 9  # components of a composite
_ONLY_ADMISSION = f"^[^{COMPONENT}]*{COMPONENT}[^{COMPONENT}]*{COMPONENT}{{7}}[{''.join(_POA)}]?$"
_KNOWN = tuple(qualifier for composite in COMPOSITES for qualifier in composite.qualifiers)
_PLAIN = COMPOSITES[0]  # most are a diagnosis and nothing else
_PARTS = len(("qualifier", "code"))


def doubt_composites(doubts: Doubts, chunk: Chunk, codes: HealthCodes) -> None:
    """Doubt each HI composite of which something is not understood."""
    is_shaped = _contain(codes.code, _PLAIN.code, where_null=False)
    is_plain = is_shaped & (codes.size == _PARTS) & codes.are(_PLAIN.qualifiers)
    if is_plain.all():
        return
    others = codes.where(~is_plain)
    _doubt(doubts, others, ~others.are(_KNOWN), "diagnosis-qualifier-unknown")
    for composite in COMPOSITES:
        is_own = others.are(composite.qualifiers)
        if not is_own.any():
            continue
        missing, malformed, leftover = composite.doubts
        is_shaped = _contain(others.code, f"(?i){composite.code}", where_null=True)
        _doubt(doubts, others, is_own & others.code.is_null().to_numpy(), missing)
        _doubt(doubts, others, is_own & ~is_shaped, malformed)
        longer = np.flatnonzero(is_own & (others.size > _PARTS))
        if longer.size:
            has_more = np.zeros(others.claim.size, dtype=np.bool_)
            has_more[longer] = _has_leftover(chunk, others, longer, composite)
            _doubt(doubts, others, has_more, leftover)


def _contain(codes: pl.Series, pattern: str, *, where_null: bool) -> Flags:
    return pl.select(pl.lit(codes).str.contains(pattern).fill_null(where_null)).to_series().to_numpy()


def _has_leftover(chunk: Chunk, codes: HealthCodes, which: Numbers, composite: Composite) -> Flags:
    """Whether composites have components that no guide fills."""
    whole = chunk.segments.whole_composites(chunk.segments.composites(codes.segment[which], codes.place[which]))
    if PRESENT_ON_ADMISSION in composite.more and whole.str.contains(_ONLY_ADMISSION).fill_null(value=False).all():
        return np.zeros(which.size, dtype=np.bool_)
    parts = _components(whole, **{str(place): place for place in range(3, _MOST + 1)})
    others = [str(place) for place in range(3, _MOST + 1) if place not in composite.more]
    found = parts.select(pl.any_horizontal(pl.col(name).is_not_null() for name in others)).to_series()
    if PRESENT_ON_ADMISSION in composite.more:
        found |= ~parts[str(PRESENT_ON_ADMISSION)].is_in(_POA).fill_null(value=True)
    more: Flags = found.to_numpy() | (codes.size[which] > _MOST)
    return more


def _components(elements: pl.Series, /, **places: int) -> pl.DataFrame:
    """The named components of composite elements, trimmed, null where empty; 1 is the first."""
    listed = elements.str.split(COMPONENT).to_frame("")
    parts = listed.select(
        pl.col("").list.get(place - 1, null_on_oob=True).alias(name) for name, place in places.items()
    )
    if elements.str.contains(" ", literal=True).any():
        parts = parts.select(pl.all().str.strip_chars())
    return parts.select(pl.when(pl.col(name) != "").then(name).alias(name) for name in places)


def doubt_missing_principal(doubts: Doubts, chunk: Chunk, codes: HealthCodes, claims: Numbers) -> None:
    """Doubt claims (rows, as often as they like) without a principal diagnosis, which each guide puts before others."""
    is_without = np.zeros(chunk.claim.size, dtype=np.bool_)
    is_without[claims] = True
    is_without[codes.claim[codes.are(PRINCIPAL)]] = False
    without = np.flatnonzero(is_without)
    doubts.add("diagnosis-principal-missing", without, chunk.rows.segment[without])


def doubt_pointers(doubts: Doubts, chunk: Chunk, rows: Numbers, diagnoses: Diagnoses, *, must_point: Flags) -> None:
    """Doubt service lines (`rows`) whose pointers are not understood, or name nothing.

    `must_point`: the guide of the line has it point to diagnoses.
    """
    for name, which in {
        "diagnosis_pointer-dangling": diagnoses.dangling,
        "diagnosis_pointer-not-understood": diagnoses.misread,
        "diagnosis_pointer-missing": diagnoses.unpointed & must_point,
    }.items():
        found = rows[which]
        doubts.add(name, chunk.line[found], chunk.rows.segment[found])


def _doubt(doubts: Doubts, codes: HealthCodes, which: Flags, name: str) -> None:
    found = np.flatnonzero(which)
    if found.size:
        places = pl.Series(codes.place[found]).cast(pl.String).str.zfill(2)
        doubts.add(name, codes.claim[found], codes.segment[found], "HI" + places)
