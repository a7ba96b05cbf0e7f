"""How much a test tries: a few examples or cases in `make test`, more of them in `make test-long`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMES = int(os.environ.get("CLAIMS_EDIT_EXAMPLES", "1"))


def examples(few: int, *, more: int | None = None) -> int:
    """`few`, or as many times `more` (as `few`, if not given) as CLAIMS_EDIT_EXAMPLES says."""
    return few if TIMES == 1 else (more or few) * TIMES


def first(few: int, cases: Iterable[Any]) -> list[Any]:
    """The cases of a parametrized test: the first `few` in `make test`, the others in `make test-long`."""
    every = list(cases)
    return [*every[:few], *(pytest.param(case, marks=pytest.mark.long) for case in every[few:])]
