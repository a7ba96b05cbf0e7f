"""claims-edit: a batch claim editor for services that medical policies call investigational.

The library: `load_rules`, `validate`, `process_batch`, `decide` on data frames, and `run_batch`, the whole nightly job.
They load on first use, so that `claims-edit --help` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claims_edit.core.control_totals import ControlTotals
    from claims_edit.core.validate import ValidationResult
    from claims_edit.errors import ClaimsEditError, InputError, ResultsError, RulesError, UsageError
    from claims_edit.intake import Mapping, load_mapping
    from claims_edit.library import BatchResult, decide, load_rules, process_batch, validate
    from claims_edit.model import Mode, StalePolicy
    from claims_edit.policy import Catalog
    from claims_edit.runner.options import RunOptions
    from claims_edit.runner.run import RunOutcome, run_batch
    from claims_edit.store.manifest import RunManifest

__version__ = "0.1.0"

_HOMES = {
    "runner.options": ("RunOptions",),
    "runner.run": ("RunOutcome", "run_batch"),
    "store.manifest": ("RunManifest",),
    "core.control_totals": ("ControlTotals",),
    "core.validate": ("ValidationResult",),
    "errors": ("ClaimsEditError", "InputError", "ResultsError", "RulesError", "UsageError"),
    "intake": ("Mapping", "load_mapping"),
    "library": ("BatchResult", "decide", "load_rules", "process_batch", "validate"),
    "model": ("Mode", "StalePolicy"),
    "policy": ("Catalog",),
}
_HOME = {name: f"claims_edit.{home}" for home, names in _HOMES.items() for name in names}

__all__ = [
    "BatchResult",
    "Catalog",
    "ClaimsEditError",
    "ControlTotals",
    "InputError",
    "Mapping",
    "Mode",
    "ResultsError",
    "RulesError",
    "RunManifest",
    "RunOptions",
    "RunOutcome",
    "StalePolicy",
    "UsageError",
    "ValidationResult",
    "decide",
    "load_mapping",
    "load_rules",
    "process_batch",
    "run_batch",
    "validate",
]


def __getattr__(name: str) -> object:
    """A name of the library, from its module.

    Raises:
        AttributeError: the name does not exist.
    """
    if name not in _HOME:
        raise AttributeError(f"claims_edit has no {name}")
    found: object = getattr(import_module(_HOME[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
