"""How many examples a property test draws: a few in `make test`, more of them in `make test-long`."""

from __future__ import annotations

import os

TIMES = int(os.environ.get("CLAIMS_EDIT_EXAMPLES", "1"))


def examples(few: int, *, more: int | None = None) -> int:
    """`few`, or as many times `more` (as `few`, if not given) as CLAIMS_EDIT_EXAMPLES says."""
    return few if TIMES == 1 else (more or few) * TIMES
