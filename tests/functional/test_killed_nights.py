"""Runs of several nights that are killed: readers see whole runs, and a rerun leaves what an undisturbed one does.

`python bench/kills.py --kills 100` kills as many as one likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lib.examples import examples
from tests.lib.kills import campaign

if TYPE_CHECKING:
    from pathlib import Path

KILLS = examples(2)
SEED = 20_261_126


@pytest.mark.long
def test_a_killed_run_is_whole_or_absent_and_its_rerun_is_as_an_undisturbed_one(tmp_path: Path) -> None:
    counts = campaign(KILLS, SEED, tmp_path)
    assert counts.broken == []
    assert counts.kills >= KILLS
