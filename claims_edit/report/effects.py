"""The words for what a run did to lines and to the work list (ADR 0017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims_edit.edits.phrases import capital, listed
from claims_edit.model import Effect

if TYPE_CHECKING:
    from claims_edit.store import Counted, Reviews

EFFECT_LABELS: dict[Effect, str] = {
    Effect.SEEN_AGAIN: "seen again, unchanged",
    Effect.LATE: "late, of an older night",
}
"""Of a decision that changes nothing."""
_WITHDRAWN: dict[Effect, str] = {
    Effect.CHANGED: "came again, changed",
    Effect.VOIDED: "voided by {by}",
    Effect.REPLACED: "replaced by {by}",
    Effect.DROPPED: "replaced by {by}, which does not have this line",
    Effect.NO_CANDIDATE: "came without a code of rules/codes",
    Effect.REFUSED: "came again and was refused",
    Effect.REVISION_UNCLEAR: "{by}, which replaces or voids it, was refused",
}


def withdrawn_why(effect: Effect, by: str | None = None) -> str:
    """Why a decision was withdrawn, in words; `by` is the claim to name."""
    return capital(_WITHDRAWN[effect].format(by=f"claim {by}" if by else "a later claim"))


WITHDRAWN_LABELS: dict[Effect, str] = {effect: withdrawn_why(effect) for effect in _WITHDRAWN}
"""The causes of a withdrawal, in words, without a claim."""


def work_list_note(reviews: Reviews) -> str:
    """One sentence: how many reviews are open, new, still open, and gone."""
    opened = f"{reviews.open:,} review{'' if reviews.open == 1 else 's'} open"
    split = f"{reviews.new:,} of them new and {reviews.still_open:,} still open"
    return f"Work list: {opened}, {split}; {reviews.gone:,} gone."


def uncounted_note(counted: Counted) -> str:
    """One sentence on the decisions of a run that its reports do not count; empty without any."""
    lines = {effect: lines for effect, (lines, _) in counted.others.items()}
    again, late = lines.get(Effect.SEEN_AGAIN, 0), lines.get(Effect.LATE, 0)
    parts = [f"{again:,} came again unchanged from an earlier night"] if again else []
    parts += [f"{late:,} came from an older night than their current decision"] if late else []
    return f"Of these lines, {listed(parts)}: they are not counted again." if parts else ""
