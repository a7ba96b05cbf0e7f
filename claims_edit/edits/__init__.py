"""The decision table: the edits in order of modules, and in each from top to bottom; the first one triggered decides.

The notes are informational, and come last. Everything about an edit is in its module.
"""

from __future__ import annotations

from claims_edit.edits import claim_line, coverage, notes, program, safeguards
from claims_edit.edits.edit import Condition, Decidable, Edit, edits_of

TABLE_EDITS: tuple[Edit, ...] = tuple(
    each for module in (claim_line, program, safeguards, coverage) for each in edits_of(module)
)
INFORMATIONAL_EDITS: tuple[Edit, ...] = edits_of(notes)
EDITS: tuple[Edit, ...] = (*TABLE_EDITS, *INFORMATIONAL_EDITS)
EDIT_IDS: tuple[str, ...] = tuple(edit.id for edit in TABLE_EDITS)
INFORMATIONAL_EDIT_IDS: tuple[str, ...] = tuple(edit.id for edit in INFORMATIONAL_EDITS)
LABELS: dict[str, str] = {edit.id: edit.label for edit in EDITS}
ASKS: dict[str, str] = {edit.id: edit.ask for edit in EDITS if edit.ask}
"""What to ask to decide a line in review, by its edit; a line in doubt has the remedy of each doubt too."""
HOLDING_FACTS: tuple[str, ...] = tuple(edit.held for edit in TABLE_EDITS if edit.held)
"""The facts that prevent every denial of a line."""

__all__ = [
    "ASKS",
    "EDITS",
    "EDIT_IDS",
    "HOLDING_FACTS",
    "INFORMATIONAL_EDITS",
    "INFORMATIONAL_EDIT_IDS",
    "LABELS",
    "TABLE_EDITS",
    "Condition",
    "Decidable",
    "Edit",
]
