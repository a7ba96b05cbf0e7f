"""The batch job: extracts in, a published run out."""

from claims_edit.runner.options import RunOptions
from claims_edit.runner.run import RunOutcome, run_batch
from claims_edit.runner.validation import Validation, validate_batch

__all__ = ["RunOptions", "RunOutcome", "Validation", "run_batch", "validate_batch"]
