"""The codes that make a line a candidate: its own procedure code, or one of its claim as a whole.

A claim's procedures (ICD-10-PCS, OPCS-4) do not show which line they are for, so each line of the row has them. The
line's own code comes first, unless it is a catch-all code beside a procedure that names the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import polars as pl

from claims_edit.model import LINE_CODE, PROCEDURE_COLUMNS, CodeKind

if TYPE_CHECKING:
    from claims_edit.policy import Catalog

CODE_COLUMN = "code_column"
"""The column of a candidate line that its code is from: LINE_CODE, or one of PROCEDURE_COLUMNS."""
_SIGNS = r"[^0-9A-Za-z]"
_BETWEEN = " "


@dataclass(frozen=True)
class CandidateCodes:
    """The candidate codes of a rule pack: plain data.

    Attributes:
        of_lines: codes of lines.
        catch_all: those of them that are unlisted codes.
        of_claims: codes of claims, with the codes that each needs together: itself, or several.
    """

    of_lines: frozenset[str]
    catch_all: frozenset[str] = frozenset()
    of_claims: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, catalog: Catalog) -> Self:
        """The candidate codes of a pack."""
        rows = catalog.codes.select("hcpcs_code", "kind", "of_claims", "members").rows()
        return cls(
            frozenset(code for code, _, of_claims, _ in rows if not of_claims),
            frozenset(code for code, kind, _, _ in rows if kind == CodeKind.UNLISTED),
            tuple((code, tuple(members)) for code, _, of_claims, members in rows if of_claims),
        )

    @cached_property
    def alone(self) -> list[str]:
        """The codes that are enough in a procedure column, sorted."""
        return sorted({*self.of_lines, *(code for code, members in self.of_claims if len(members) == 1)})

    @cached_property
    def together(self) -> list[tuple[str, tuple[str, ...]]]:
        """The combinations."""
        return [(code, members) for code, members in self.of_claims if len(members) > 1]

    @cached_property
    def of_procedures(self) -> list[str]:
        """Every code in a procedure column that may make a line a candidate, alone or with others, sorted."""
        return sorted({*self.alone, *(code for _, members in self.together for code in members)})

    @cached_property
    def in_any_column(self) -> frozenset[str]:
        """Every code in a column of a line that may make it a candidate, alone or with others."""
        return self.of_lines.union(self.of_procedures)

    def __contains__(self, code: object) -> bool:
        """Whether a line's own code is a candidate code."""
        return code in self.of_lines

    def in_row(self, text: pl.Expr) -> pl.Expr:
        """Whether the text of a whole row holds a code, or all of a combination (never null)."""
        upper = text.str.to_uppercase()
        return self._in(upper, upper.str.replace_all(".", "", literal=True))

    def in_values(self, raw: pl.DataFrame) -> pl.Expr:
        """Whether the code columns of a row as read hold a code in any form (`="0600T"`, `0600T-59`; never null).

        A code inside a longer run of characters counts too: an extra row to review is better than a missed one.
        """
        columns = [name for name in (LINE_CODE, *PROCEDURE_COLUMNS) if name in raw.columns]
        if not columns:
            return pl.lit(value=False)
        plain = [pl.col(name).cast(pl.String).str.replace_all(_SIGNS, "").str.to_uppercase() for name in columns]
        own = plain.pop(0) if LINE_CODE in columns else pl.lit(None, pl.String)
        is_own = own.str.contains_any(sorted(self.of_lines)).fill_null(value=False)
        if not plain:
            return is_own
        procedures = pl.concat_str(plain, separator=_BETWEEN, ignore_nulls=True)
        return is_own | self._in(procedures, procedures)

    def _in(self, text: pl.Expr, together: pl.Expr) -> pl.Expr:
        """Whether `text` holds a code that is enough alone, or `together`, without dots, all of a combination."""
        several = [
            pl.all_horizontal(together.str.contains(each, literal=True) for each in members)
            for _, members in self.together
        ]
        return pl.any_horizontal(text.str.contains_any(self.alone), *several).fill_null(value=False)


def candidate_code(frame: pl.DataFrame, codes: CandidateCodes) -> pl.DataFrame:
    """The code by which each canonical line is a candidate, and its column: LINE_CODE, CODE_COLUMN; null for others."""
    given = frame if LINE_CODE in frame.columns else frame.with_columns(pl.lit(None, pl.String).alias(LINE_CODE))
    own, columns = pl.col(LINE_CODE), [name for name in PROCEDURE_COLUMNS if name in frame.columns]
    ways = [(_is_in(LINE_CODE, sorted(codes.of_lines)), own, pl.lit(LINE_CODE))]
    if columns and given.select(_any(columns, codes.of_procedures)).to_series().any():
        names_it = sorted({*codes.alone} - codes.catch_all)
        ways = [
            (_is_in(LINE_CODE, sorted(codes.of_lines - codes.catch_all)), own, pl.lit(LINE_CODE)),
            *((_is_in(name, names_it), pl.col(name), pl.lit(name)) for name in columns),
            *((_all(columns, members), pl.lit(code), _column(columns, members[0])) for code, members in codes.together),
            *ways,
            *((_is_in(name, codes.alone), pl.col(name), pl.lit(name)) for name in columns),
        ]
    return given.select(
        pl.coalesce(pl.when(hit).then(code) for hit, code, _ in ways).alias(LINE_CODE),
        pl.coalesce(pl.when(hit).then(column) for hit, _, column in ways).alias(CODE_COLUMN),
    )


def _column(columns: list[str], code: str) -> pl.Expr:
    """The first column with a code."""
    return pl.coalesce(pl.when(_is_in(name, [code])).then(pl.lit(name)) for name in columns)


def _is_in(name: str, codes: list[str]) -> pl.Expr:
    return pl.col(name).is_in(codes).fill_null(value=False)


def _any(columns: list[str], codes: list[str]) -> pl.Expr:
    return pl.any_horizontal(_is_in(name, codes) for name in columns)


def _all(columns: list[str], codes: tuple[str, ...]) -> pl.Expr:
    return pl.all_horizontal(_any(columns, [code]) for code in codes)
