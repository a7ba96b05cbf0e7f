"""How much a test tries: a few examples or cases in `make test`, more of them in `make test-long`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.mark.structures import ParameterSet

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMES = int(os.environ.get("CLAIMS_EDIT_EXAMPLES", "1"))


def examples(few: int, *, more: int | None = None) -> int:
    """`few`, or as many times `more` (as `few`, if not given) as CLAIMS_EDIT_EXAMPLES says."""
    return few if TIMES == 1 else (more or few) * TIMES


def first(few: int, cases: Iterable[Any]) -> list[Any]:
    """The cases of a parametrized test: the first `few` in `make test`, the others in `make test-long`.

    A tuple is one value for each of several arguments.
    """
    every = list(cases)
    return [*every[:few], *map(_long, every[few:])]


def _long(case: Any) -> Any:
    if isinstance(case, ParameterSet):
        return case._replace(marks=(*case.marks, pytest.mark.long))
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.long)
