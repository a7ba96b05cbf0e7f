"""What a run decided on, kept beside its manifest, so that a line can be explained and decided again at any time.

`runs/<id>/replay/` holds the candidate lines as they were decided, the replacements and voids that name their claims,
the contracts, and the rule pack. Nothing else is needed, neither the extract nor the rules of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from claims_edit.errors import ResultsError

if TYPE_CHECKING:
    from pathlib import Path

REPLAY = "replay"
CANDIDATES, REVISIONS, CONTRACTS, RULES = "candidates-*.parquet", "revisions.parquet", "contracts.parquet", "rules.zip"


@dataclass(frozen=True)
class Replay:
    """The arguments of `engine.decide`, as a run had them.

    Attributes:
        candidates: accepted candidate lines with every canonical column, `source_file` and `source_row`, in the order
            of the decisions.
        revisions: payer, claim_id, claim_frequency_code, original_claim_id of what replaces or voids one of them.
        contracts: the contracts file as it was read; empty if there was none.
        rules: the archive of the rule pack, for `load_catalog`.
    """

    candidates: pl.LazyFrame
    revisions: pl.LazyFrame
    contracts: pl.DataFrame
    rules: Path


def candidates_in(folder: Path) -> pl.LazyFrame:
    """The candidate lines that a run keeps in its replay folder."""
    return pl.scan_parquet(sorted(folder.glob(CANDIDATES)), glob=False)


def replay_of(out: Path, run_id: str) -> Replay:
    """What one published run decided on.

    Raises:
        ResultsError: it is not there, or damaged.
    """
    folder = out / "runs" / run_id / REPLAY
    rules = folder / RULES
    try:
        if not any(folder.glob(CANDIDATES)) or not rules.is_file():
            raise FileNotFoundError
        candidates, revisions = candidates_in(folder), pl.scan_parquet(folder / REVISIONS, glob=False)
        revisions.collect_schema()
        return Replay(candidates, revisions, pl.read_parquet(folder / CONTRACTS, glob=False), rules)
    except (OSError, pl.exceptions.PolarsError):
        raise ResultsError(
            f"{folder}: is missing or damaged, so the run's lines cannot be looked at again. Restore it from a backup,"
            " or run the extracts again with --force."
        ) from None
