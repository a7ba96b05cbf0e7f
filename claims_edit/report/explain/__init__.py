"""Why a row was decided, refused or left alone: from the results folder, the run's rules and what it decided on.

`explained` turns decision rows into explanations (its docstring lists the keys); `find` looks rows up in a results
folder. Modules follow the data: search → replayed → lines (facts, rulebook, changes, misses) → sections → a format.
"""

from claims_edit.report.explain.lines import REMITTANCE, explained
from claims_edit.report.explain.search import Wanted, explain, find, not_found

__all__ = ["REMITTANCE", "Wanted", "explain", "explained", "find", "not_found"]
