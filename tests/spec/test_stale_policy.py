"""The table pictures in `stale_policy/`, decided as `--stale-policy review` does; see test_decisions for their form."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from claims_edit.model import StalePolicy
from tests.spec.test_decisions import EXPECTED, Case, decided_as, read_cases, shown

PICTURE = Path(__file__).parent / "stale_policy" / "review.txt"
CASES = list(read_cases(PICTURE))


@cache
def suspended() -> dict[int, dict[str, Any]]:
    return decided_as(CASES, StalePolicy.REVIEW)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_decision(case: Case) -> None:
    decision = shown(suspended()[case.line])
    expected = {name: cell for name, cell in case.cells.items() if name in EXPECTED}
    assert {name: decision[name] for name in expected} == expected
