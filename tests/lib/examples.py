"""How many examples a property test draws: a few in `make test`, more of them in `make test-long`."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("CLAIMS_EDIT_EXAMPLES", "1"))


def examples(few: int) -> int:
    """`few`, or as many times that as CLAIMS_EDIT_EXAMPLES says."""
    return few * TIMES
