"""Claims and their lines as frames of canonical columns."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import polars as pl

from claims_edit.columns import DATE_COLUMNS
from claims_edit.intake.extract import EXPLAINS, FAULT, ORDINAL, RANK
from claims_edit.intake.fhir.claim_facts import CLAIM_COLUMNS
from claims_edit.intake.fhir.items import LINE_COLUMNS, LINE_WIDTH
from claims_edit.intake.fhir.rare import EXEMPTION, Rare, shared_columns
from claims_edit.model import DIAGNOSIS_COLUMNS, MODIFIER_COLUMNS, PROCEDURE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

DATE_TIME = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})T.*$"
ISO_DAY = len("2026-11-20")
CLAIM_WIDTH = len(CLAIM_COLUMNS)
SOURCES = {
    **CLAIM_COLUMNS,
    "claim_line_number": "item.sequence",
    **LINE_COLUMNS,
    **{name: f"item.modifier[{place}]" for place, name in enumerate(MODIFIER_COLUMNS)},
    **{name: f"diagnosis[{place}].diagnosisCodeableConcept" for place, name in enumerate(DIAGNOSIS_COLUMNS)},
    **{name: f"procedure[{place}].procedureCodeableConcept" for place, name in enumerate(PROCEDURE_COLUMNS)},
    EXEMPTION: "item.productOrService.extension",
    "doubts": "doubts",
    "posting_holds": "posting_holds",
}


class Table:
    """Lines that wait to become a frame.

    Attributes:
        lines: what `Lines.read` gives, one after another, flat (tuples that stay are what garbage collection costs).
        claims: likewise, the values of CLAIM_COLUMNS; lines point to their claim.
        modifiers: those of all lines; lines point to their first one.
        diagnoses: likewise.
        procedures: those of lines that have some, by ordinal.
        rare_lines: what few lines have, by ordinal.
        rare_claims: what few claims have, by place.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """`names` are the columns of a frame, beside ORDINAL and FAULT."""
        self._names = names
        self.lines: list[Any] = []
        self.claims: list[str | None] = []
        self.modifiers: list[str] = []
        self.diagnoses: list[str] = []
        self.procedures: dict[int, tuple[str, ...]] = {}
        self.rare_lines, self.rare_claims = Rare(), Rare()

    @property
    def height(self) -> int:
        """How many lines wait."""
        return len(self.lines) // LINE_WIDTH

    @property
    def next_claim(self) -> int:
        """The place of the next claim."""
        return len(self.claims) // CLAIM_WIDTH

    def drop_from(self, ordinal: int) -> None:
        """Forget what is kept apart of a line and all behind it."""
        self.rare_lines.drop_from(ordinal)
        for at in [at for at in self.procedures if at >= ordinal]:
            del self.procedures[at]

    def frame(self) -> pl.DataFrame:
        """The lines as a frame; the table is empty afterwards."""
        ordinal, claim, number, modifier, modifiers, code, codes, *texts = (
            self.lines[column::LINE_WIDTH] for column in range(LINE_WIDTH)
        )
        of_claims = [pl.Series(self.claims[column::CLAIM_WIDTH], dtype=pl.String) for column in range(CLAIM_WIDTH)]
        claim_place = _places(claim)
        rare_lines = Rare({bisect_left(ordinal, at): values for at, values in self.rare_lines.items()})
        columns = [
            pl.Series(ORDINAL, ordinal, pl.Int64),
            pl.Series("claim_line_number", number, pl.Int64).cast(pl.String),
            *(pl.Series(name, values, pl.String) for name, values in zip(LINE_COLUMNS, texts, strict=True)),
            *_spread(self.modifiers, modifier, modifiers, MODIFIER_COLUMNS),
            *_spread(self.diagnoses, code, codes, DIAGNOSIS_COLUMNS),
            *_of_few(self.procedures, ordinal, PROCEDURE_COLUMNS),
            *(values.gather(claim_place).alias(name) for name, values in zip(CLAIM_COLUMNS, of_claims, strict=True)),
            *shared_columns(rare_lines, self.rare_claims, claim_place, self.next_claim),
        ]
        for waiting in (
            self.lines, self.claims, self.modifiers, self.diagnoses, self.procedures, self.rare_lines, self.rare_claims,
        ):  # fmt: skip
            waiting.clear()
        frame = pl.DataFrame(columns)
        return frame.with_columns(*_days(frame)).select(*self._names, ORDINAL, FAULT, EXPLAINS, RANK)


def _spread(values: list[str], first: list[int], count: list[int], names: Sequence[str]) -> list[pl.Series]:
    """Columns of the values that each line has: from `first` on, `count` of them."""
    most = max(count, default=0)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(first))
    texts, begin, end = pl.Series(values, dtype=pl.String), _places(first), _places(first) + _places(count)
    columns = []
    for place, name in enumerate(names):
        where = begin + place if place < most else None
        column = texts.gather(where.set(where >= end, None)) if where is not None else nothing
        columns.append(column.alias(name))
    return columns


def _of_few(values: dict[int, tuple[str, ...]], ordinals: list[int], names: Sequence[str]) -> list[pl.Series]:
    """Columns of the values of few lines, by ordinal."""
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(ordinals))
    columns = []
    for place, name in enumerate(names):
        held = {bisect_left(ordinals, at): codes[place] for at, codes in values.items() if len(codes) > place}
        column = nothing.clone().scatter(list(held), list(held.values())) if held else nothing
        columns.append(column.alias(name))
    return columns


def _places(places: list[int]) -> pl.Series:
    return pl.Series(places, dtype=pl.UInt32)


def _days(frame: pl.DataFrame) -> list[pl.Expr]:
    """Moments as their day; parts of a date stay, for validation to refuse."""
    named = [name for name in DATE_COLUMNS if (frame[name].str.len_bytes() > ISO_DAY).any()]
    return [pl.col(name).str.replace(DATE_TIME, "${1}") for name in named]
