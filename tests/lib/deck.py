"""The sample deck, run for the tests that read its results."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

from claims_edit.report.registry import RUN_REPORTS
from claims_edit.runner import RunOptions, run_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

ROOT = Path(__file__).resolve().parents[2]
AS_OF = dt.date(2026, 11, 20)


def run_deck(
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    *extracts: str,
    contracts: bool = True,
    reports: Sequence[str] = (),
) -> Path:
    """The results of a run over files of sample_claims, named as from the root of the project."""
    monkeypatch.chdir(ROOT)
    given = Path("sample_claims/contracts.csv") if contracts else None
    names = tuple(f"sample_claims/{name}" for name in extracts or ("claims.csv",))
    run_batch(RunOptions(names, out, AS_OF, contracts=given, reports=tuple(reports)))
    return out


def shared_deck(folders: pytest.TempPathFactory, name: str, monkeypatch: pytest.MonkeyPatch, *extracts: str) -> Path:
    """The results of such a run with every report, made once for all processes of a test run: to be read only."""
    own = folders.getbasetemp()
    base = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    out = base / name / "results"
    out.parent.mkdir(exist_ok=True)
    with (base / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            made = run_deck(base / name / "staged", monkeypatch, *extracts, reports=RUN_REPORTS)
            made.rename(out)
    return out
