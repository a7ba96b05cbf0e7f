"""The sample deck, run once for the tests that read its results."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from claims_edit.batch import RunOptions, run_batch

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]
AS_OF = dt.date(2026, 11, 20)


def run_deck(tmp: Path, monkeypatch: pytest.MonkeyPatch, *extracts: str, contracts: bool = True) -> Path:
    """The results of a run over files of sample_claims, named as from the root of the project."""
    monkeypatch.chdir(ROOT)
    given = Path("sample_claims/contracts.csv") if contracts else None
    names = tuple(f"sample_claims/{name}" for name in extracts or ("claims.csv",))
    run_batch(RunOptions(names, tmp, AS_OF, contracts=given))
    return tmp
