"""Why a row was decided, refused or not edited: from the results folder, the run's rules and its candidate lines.

`explained` turns decision rows into explanations (its docstring lists the keys); `find` looks rows up in a results
folder. Modules follow the data: search → replayed → lines (facts, rulebook, changes, misses) → sections → a format.
"""

from claims_edit.report.explain.accepted import explain_accepted
from claims_edit.report.explain.formats import EXPLANATION_FORMATS
from claims_edit.report.explain.line_explanations import REMITTANCE, Explainer, explained
from claims_edit.report.explain.plain_text import explanation_text
from claims_edit.report.explain.search import Wanted, explain, find, not_found

__all__ = [
    "EXPLANATION_FORMATS",
    "REMITTANCE",
    "Explainer",
    "Wanted",
    "explain",
    "explain_accepted",
    "explained",
    "explanation_text",
    "find",
    "not_found",
]
