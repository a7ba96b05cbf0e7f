"""An edit: conditions that must all be met, the text for each unmet one, and its sentences on a line it decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from claims_edit.edits.line import Line
    from claims_edit.edits.sentences import Sentence
    from claims_edit.rule_files.policies import Policy, Version
    from claims_edit.rule_files.tables import ProcedureCode


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of an edit.

    Attributes:
        name: the condition, in a few words.
        holds: Boolean over the facts of a line; null counts as not met.
        unmet: a line that does not meet it → the sentence with the reason.
    """

    name: str
    holds: pl.Expr = field(repr=False, compare=False)
    unmet: Callable[[Line], str] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Decidable:
    """The parts of a rule pack that a line can reach: its codes, and the policy versions that decide one of them."""

    codes: tuple[ProcedureCode, ...]
    versions: tuple[tuple[Policy, Version], ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """One named check of a line; it is triggered where all of its conditions are met.

    Attributes:
        id: the `reason_code`.
        label: its meaning, in one line.
        meaning: the paragraph behind the label, with its source.
        conditions: in order; a later one depends on an earlier one.
        sentences: a line that the edit decides → notes, and what would change the outcome.
        may_deny: whether reasons.yaml may let it deny: only if payer, program, version and code are established.
        may_pass: whether reasons.yaml may let it pass a line: not if a fact is missing, in conflict or silent.
        held: the column of the fact that prevents every denial while it is present, if the edit is about one.
        shown_by: label → a column of a claim line and a value that triggers the edit; the proof tries each.
        ground: whether some line must reach the edit under a pack; None if that depends on more.
        ask: what to ask, and whom, to decide a line that the edit sends to review, as one sentence.
    """

    id: str
    label: str
    meaning: str
    conditions: tuple[Condition, ...] = field(repr=False, compare=False)
    sentences: Callable[[Line], Iterator[Sentence]] = field(repr=False, compare=False)
    may_deny: bool = False
    may_pass: bool = False
    held: str | None = None
    shown_by: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False, compare=False)
    ground: Callable[[Decidable], bool] | None = field(default=None, repr=False, compare=False)
    ask: str | None = None

    @property
    def hit(self) -> pl.Expr:
        """Boolean over the facts; never null, whatever facts are missing."""
        return reduce(and_, (condition.holds for condition in self.conditions))

    @property
    def first_unmet(self) -> pl.Expr:
        """The index of the first condition that is not met; null where all are (UInt8)."""
        return pl.coalesce(
            pl.when(~condition.holds.fill_null(value=False)).then(pl.lit(place, pl.UInt8))
            for place, condition in enumerate(self.conditions)
        )


def edit(
    *conditions: Condition,
    may_deny: bool = False,
    may_pass: bool = False,
    held: str | None = None,
    shown_by: Mapping[str, tuple[str, str]] | None = None,
    ground: Callable[[Decidable], bool] | None = None,
    ask: str | None = None,
) -> Callable[[Callable[[Line], Iterator[Sentence]]], Edit]:
    """Make an edit of its conditions and the function with its sentences.

    `payer_not_on_file` becomes `payer-not-on-file`; the docstring's first line is the label, its paragraph the meaning.
    """

    def of(sentences: Callable[[Line], Iterator[Sentence]]) -> Edit:
        label, _, meaning = (sentences.__doc__ or sentences.__name__).partition("\n")
        return Edit(
            sentences.__name__.replace("_", "-"), label.rstrip("."), " ".join(meaning.split()), conditions, sentences,
            may_deny, may_pass, held, shown_by or {}, ground, ask,
        )  # fmt: skip

    return of


def edits_of(module: ModuleType) -> tuple[Edit, ...]:
    """The edits of a module, in the order in which it defines them."""
    return tuple(each for each in vars(module).values() if isinstance(each, Edit))
